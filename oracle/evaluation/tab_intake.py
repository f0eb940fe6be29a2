"""What a tab's parties handed over for a period: read, held against the presented root, opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from oracle.domain.errors import EarnestError
from oracle.domain.tab import Receipt
from oracle.evaluation.pipeline import EvidenceStore
from oracle.evaluation.tab_record import (
    MAX_COMPLAINTS_BYTES,
    Complaints,
    HandedTrouble,
    PeriodIntake,
    PeriodSubject,
)
from oracle.evidence.errors import StoreUnreachableError
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology, TabRules


class NoTabRulesError(EarnestError):
    """The methodology has no rules for tabs, so a committee with it judges none."""


class Opened(Protocol):
    """One interaction with both messages, as `oracle.tabs.exchange` writes them."""

    @property
    def request(self) -> bytes:
        """The request's bytes."""
        ...

    @property
    def response(self) -> bytes:
        """The response's bytes."""
        ...


class Export(Protocol):
    """One party's export, as far as it was asked for: `oracle.tabs.export` makes it."""

    @property
    def count(self) -> int:
        """Interactions since opening."""
        ...

    @property
    def root(self) -> str:
        """Root of the leaves that `receipts` gives, 0x-hex: recomputed, not claimed."""
        ...

    def receipts(self) -> Iterator[tuple[int, bytes, Receipt | None]]:
        """(index, leaf, receipt) of every interaction; None where the receipt is left out."""
        ...

    def opening(self, index: int) -> Opened:
        """Both messages of an interaction.

        Raises:
            StoreUnreachableError: it cannot be said now whether they are there.
            EarnestError: they are not there, or not what the receipt names.
        """
        ...


OpenExport = Callable[[str, int], Export]
"""Opens the first so many interactions of an export by its manifest's hash; EarnestError where it cannot."""


@dataclass(frozen=True)
class PeriodTask:
    """What is to be judged, by whom, and by which rules; see `oracle.evaluation.pipeline.Task`."""

    subject: PeriodSubject
    pact: Pact
    methodology: Methodology
    evaluator: str

    @property
    def rules(self) -> TabRules:
        """The methodology's rules for tabs.

        Raises:
            NoTabRulesError: it has none.
        """
        if self.methodology.tabs is None:
            raise NoTabRulesError(
                "the methodology has no rules for tabs",
                field="methodology.tabs",
                next_step="agree on a committee whose methodology is of the schema earnest/methodology/2",
            )
        return self.methodology.tabs


@dataclass(frozen=True)
class TakenIn:
    """What the exports came to.

    Args:
        receipts: Of the period's interactions, by index, those of which one is there.
        exports: That can be opened, in the order in which they were handed over.
        complained: Indices the buyer complained of.
        section: The record's form.
    """

    receipts: Mapping[int, Receipt]
    exports: Sequence[Export]
    complained: frozenset[int]
    section: PeriodIntake


def take_in(
    task: PeriodTask,
    store: EvidenceStore,
    open_export: OpenExport,
    *,
    last_chance: bool = False,
    away: Mapping[str, HandedTrouble] = MappingProxyType({}),
) -> TakenIn:
    """Read what both parties handed over, and hold every receipt against the presented root.

    An export counts where its first leaves, as many as were presented, make the presented root. What goes on
    after them is not read: a tally can be replaced until the window's last second, and who hands over all it
    has need not know by which. What one party left out, the other's export may have.

    Args:
        last_chance: What cannot be fetched now is gone on without.
        away: Documents that are not asked for, since whoever judged could not fetch them.

    Raises:
        StoreUnreachableError: something handed over cannot be fetched now, and there is time.
    """
    subject, period = task.subject, task.subject.period
    receipts: dict[int, Receipt] = {}
    exports: list[Export] = []
    used: list[str] = []
    complaints: list[str] = []
    complained: set[int] = set()
    troubles: list[HandedTrouble] = []
    for handed in dict.fromkeys(subject.handed):
        if handed.document in away:
            troubles.append(away[handed.document])
            continue
        try:
            found = _complaints(handed.document, store) if handed.by == subject.buyer else None
            if found is not None and found.tab == period.tab:
                complained.update(found.indices)
                complaints.append(handed.document)
                continue
            export = open_export(handed.document, period.count)
            receipts |= _of_period(task, export)
        except StoreUnreachableError as error:
            if not last_chance:
                raise
            message = error.message[:500]
            troubles.append(HandedTrouble(document=handed.document, message=message, out_of_reach=True))
        except EarnestError as error:
            troubles.append(HandedTrouble(document=handed.document, message=error.message[:500]))
        else:
            exports.append(export)
            used.append(handed.document)
    interactions = period.count - period.settled_count
    section = PeriodIntake(
        exports=tuple(used),
        complaints=tuple(complaints),
        troubles=tuple(troubles),
        interactions=interactions,
        left_out=interactions - len(receipts),
        amount=str(sum(receipt.price for receipt in receipts.values())),
    )
    return TakenIn(receipts, exports, frozenset(complained), section)


def open_interaction(taken: TakenIn, index: int) -> Opened:
    """Both messages of an interaction, from whichever export has them.

    Raises:
        StoreUnreachableError: it cannot be said now whether they are there, nor could it be when documents
            were taken in.
        EarnestError: nobody has them.
    """
    last: EarnestError = EarnestError("no export has the interaction")
    if taken.section.is_partial:
        last = StoreUnreachableError("it may be in a document that could not be fetched")
    for export in taken.exports:
        try:
            return export.opening(index)
        except StoreUnreachableError as error:
            last = error
        except EarnestError as error:
            if not isinstance(last, StoreUnreachableError):
                last = error
    raise last


def _of_period(task: PeriodTask, export: Export) -> dict[int, Receipt]:
    """The period's receipts that an export has and that are what their leaf says.

    Raises:
        EarnestError: the presented tally is no beginning of the export.
    """
    period = task.subject.period
    if (export.count, export.root) != (period.count, period.root):
        raise EarnestError(f"its first {period.count} receipts do not make the presented root")
    found = {}
    for index, leaf, receipt in export.receipts():
        if index < period.settled_count or receipt is None:
            continue
        if receipt.index == index and receipt.tab == period.tab and receipt.leaf() == leaf:
            found[index] = receipt
    return found


def _complaints(document: str, store: EvidenceStore) -> Complaints | None:
    """The document as complaints, or None where it is something else."""
    try:
        return Complaints.parse(store.get(document, max_bytes=MAX_COMPLAINTS_BYTES))
    except StoreUnreachableError:
        raise
    except EarnestError:  # an export's manifest, or nothing that can be had: the caller says which
        return None
