"""Go through the record of a period again, offline: exports, draw, every interaction drawn, estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.evaluation.interaction import delivery_of
from oracle.evaluation.record import parse_record
from oracle.evaluation.tab import Plan, conclude, entry_of, parties_of, plan, unopened
from oracle.evaluation.tab_intake import OpenExport, PeriodTask, TakenIn, open_interaction, take_in
from oracle.evaluation.tab_record import (
    MAX_TAB_RECORD_BYTES,
    DrawnEntry,
    PeriodSubject,
    TabRecord,
    parse_tab_record,
    unbundle,
)
from oracle.evaluation.verify import Difference, ReplayerFactory, Verification, compare, verify
from oracle.evaluation.working import WorkingStore
from oracle.evidence.errors import StoreUnreachableError
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology

_DOCUMENT_BYTES = 1_048_576

NOT_RECOMPUTED: tuple[str, ...] = (
    "/software/*",
    "/evaluator",
    "/subject/*",
    "/started_at",
    "/finished_at",
    "/draw/randomness/*",
)
"""The subject is compared with the chain instead; a drand value proves itself, a block hash on the chain."""


def verify_period(
    data: bytes,
    store: ContentStore,
    open_export: OpenExport,
    *,
    expected_hash: str | None = None,
    subject: PeriodSubject | None = None,
    evaluator: str | None = None,
    replayer: ReplayerFactory | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Verification:
    """Recompute the record of a period.

    Args:
        data: The record's bytes.
        store: Has the documents, exports and messages it names, and the records of the interactions drawn.
        open_export: Opens an export out of that store.
        expected_hash: The evidence hash of the attestation.
        subject: What the chain says was judged.
        evaluator: Who signed the attestation.
        replayer: As for `oracle.evaluation.verify.verify`.
        progress: Told how many of the interactions drawn are gone through.

    Raises:
        JsonError, DocumentError: the bytes are no record of a period.
    """
    record = parse_tab_record(data)
    found = keccak_hex(data)
    differences = list(_frame(record, data, found, expected_hash, subject, evaluator))
    notes = [] if subject is not None else ["the subject was not compared with the chain: no tab was given"]
    try:
        task = PeriodTask(
            record.subject,
            Pact.parse(store.get(record.pact, max_bytes=_DOCUMENT_BYTES)),
            Methodology.parse(store.get(record.methodology, max_bytes=_DOCUMENT_BYTES)),
            record.evaluator,
        )
        away = {each.document: each for each in record.intake.troubles if each.out_of_reach}
        if away:
            notes.append(f"{len(away)} documents handed over could not be fetched then, as the record says")
        taken = take_in(task, store, open_export, away=away)
        planned = plan(task, taken, record.draw.randomness)
        records = unbundle(store.get(record.records, max_bytes=MAX_TAB_RECORD_BYTES))
        entries = _entries(
            task, record, taken, planned, records, store, replayer, differences, notes, progress
        )
    except EarnestError as error:
        differences.append(Difference("", "a record", f"it cannot be gone through: {error.message}"))
        return Verification(found, tuple(differences), tuple(notes))
    if record.draw.randomness.source == "block-hash":
        notes.append("the draw's block hash proves itself only against the chain")
    again = conclude(
        task,
        taken,
        planned,
        entries,
        record.records,
        started_at=record.started_at,
        finished_at=record.finished_at,
    ).model_copy(update={"software": record.software})
    differences += compare(record.as_json(), again.as_json())
    return Verification(found, tuple(differences), tuple(notes))


def _frame(
    record: TabRecord,
    data: bytes,
    found: str,
    expected_hash: str | None,
    subject: PeriodSubject | None,
    evaluator: str | None,
) -> Iterator[Difference]:
    if record.canonical() != data:
        yield Difference("", "bytes", "not the canonical form of the record")
    if expected_hash is not None and expected_hash != found:
        yield Difference("", found, f"the attestation names {expected_hash}")
    if record.finished_at < record.started_at:
        yield Difference("/finished_at", str(record.finished_at), f"not before {record.started_at}")
    if (deliverable := record.subject.period.deliverable()) != record.subject.deliverable:
        yield Difference("/subject/deliverable", record.subject.deliverable, deliverable)
    if subject is not None:
        yield from compare(record.subject.as_json(), subject.as_json(), "/subject")
    if evaluator is not None and evaluator != record.evaluator:
        yield Difference("/evaluator", record.evaluator, evaluator)


def _entries(
    task: PeriodTask,
    record: TabRecord,
    taken: TakenIn,
    planned: Plan,
    records: Mapping[str, bytes],
    store: ContentStore,
    replayer: ReplayerFactory | None,
    differences: list[Difference],
    notes: list[str],
    progress: Callable[[int], None],
) -> dict[int, DrawnEntry]:
    """What became of each interaction that has to be drawn, gone through again."""
    recorded = {entry.index: entry for stratum in record.strata for entry in stratum.drawn}
    done: dict[int, DrawnEntry] = {}
    for number, index in enumerate(planned.drawn):
        progress(number)
        before = recorded.get(index)
        receipt = taken.receipts[index]
        try:
            opened = open_interaction(taken, index)
            delivery = delivery_of(receipt, opened.request, opened.response, task.pact)
        except StoreUnreachableError as error:
            done[index] = unopened(index, receipt, "undecided", error.message)
            if before is not None and before.record is None and before.state == "undecided":
                done[index] = before  # out of reach then, too
            continue
        except EarnestError as error:
            done[index] = unopened(index, receipt, "failed", f"it cannot be opened: {error.message}")
            if before is not None and before.record is None and before.state == "failed":
                done[index] = before  # why it could not be opened may be told otherwise here
            continue
        if before is None or before.record is None:
            done[index] = unopened(index, receipt, "undecided", "it was not evaluated, but can be opened")
            if before is not None and before.state == "undecided":
                done[index] = before  # out of reach then
            continue
        working = WorkingStore(store)
        for data in (*delivery.contents, delivery.manifest.canonical()):
            working.put(data)
        own = records.get(before.record)
        if own is None:
            raise EarnestError(f"the record of interaction {index} is not among those of the period")
        done[index] = _again(
            task, index, own, taken, delivery.manifest.hash(), working, replayer, differences, notes
        )
    return done


def _again(
    task: PeriodTask,
    index: int,
    data: bytes,
    taken: TakenIn,
    deliverable: str,
    store: WorkingStore,
    replayer: ReplayerFactory | None,
    differences: list[Difference],
    notes: list[str],
) -> DrawnEntry:
    """Verify an interaction's own record. Another key of the same process may have made it."""
    inner = parse_record(data)
    found = verify(
        data,
        store,
        subject=parties_of(task.subject).subject(deliverable),
        evaluator=inner.evaluator,
        replayer=replayer,
    )
    differences += [
        Difference(f"/interactions/{index}{each.pointer}", each.recorded, each.recomputed)
        for each in found.differences
    ]
    notes += [note for note in found.notes if note not in notes]
    for name, value, wanted in (
        ("pact", inner.pact, task.pact.hash()),
        ("methodology", inner.methodology, task.methodology.hash()),
    ):
        if value != wanted:
            differences.append(Difference(f"/interactions/{index}/{name}", value, wanted))
    return entry_of(index, taken.receipts[index], inner, found.record_hash)
