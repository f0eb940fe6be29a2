"""What is known of a tab's pending period, gathered from the store for the decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.daemon.facts import unproven
from oracle.decide.exchange import reveal_limit
from oracle.decide.jobs import EvaluatorRecord
from oracle.decide.tabs import Pending, Tab
from oracle.domain.committee import Committee
from oracle.domain.types import Address, Hash
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store import work
from oracle.store.peers import Equivocation
from oracle.store.work import StoredAttestation, StoredEvaluation


@dataclass(frozen=True, slots=True)
class Seat:
    """A tab, and who we are on its committee.

    Args:
        records: Of the committee's evaluators, by index.
        held: Indices whose current key is held here.
        proofs: Contradictions about the tab that the contract was not shown, by evaluator.
    """

    tab: Tab
    committee: Committee
    records: Mapping[int, EvaluatorRecord]
    held: Collection[int]
    proofs: Mapping[int, Equivocation]

    @property
    def expelled(self) -> frozenset[int]:
        """Indices that count no more."""
        return frozenset(index for index, record in self.records.items() if record.expelled)

    def key(self, index: int) -> Address:
        """With which an evaluator signs now."""
        return self.records[index].key


@dataclass(frozen=True, slots=True)
class PeriodCase:
    """A pending period with what is stored about it. `attestations` are those that count."""

    seat: Seat
    pending: Pending
    evaluation: StoredEvaluation | None
    attestations: Mapping[int, StoredAttestation]

    @property
    def tab(self) -> Tab:
        """Whose period it is."""
        return self.seat.tab

    @property
    def deliverable(self) -> Hash:
        """What its attestations name."""
        return self.pending.period.deliverable()

    @property
    def judge_by(self) -> int:
        """End of the time for a verdict, Unix seconds."""
        return self.pending.window_ends + self.tab.terms.verdict


def find_seat(session: Session, tab: Tab, keys: Collection[Address]) -> Seat | None:
    """None where the committee is unknown here, or none of `keys` signs in it."""
    committee = job_store.get_committee(session, tab.terms.committee)
    if committee is None:
        return None
    records = job_store.evaluators(session, tab.terms.committee)
    held = [index for index, record in records.items() if not record.expelled and record.key in keys]
    if not held:
        return None
    return Seat(tab, committee, records, held, unproven(session, tab.tab, tab.terms.committee))


def gather_period(
    session: Session, seat: Seat, pending: Pending, *, now: int, reveal_before: int
) -> PeriodCase:
    """A period's case.

    Args:
        now: The chain's time.
        reveal_before: Seconds before the end of the time for a verdict from which an attestation counts that
            its evaluator had not committed to.
    """
    tab, deliverable = seat.tab, pending.period.deliverable()
    evaluation = work.get_evaluation(session, tab.tab, deliverable)
    if evaluation is not None and evaluation.anchor_hash != pending.at.block_hash:
        evaluation = None
    late = now >= reveal_limit(pending.window_ends, pending.window_ends + tab.terms.verdict, reveal_before)
    both = {
        proof.evaluator
        for proof in peer_store.equivocations(session, [tab.tab])
        if proof.a.attestation.deliverable == deliverable
    }
    attestations = {
        item.evaluator: item
        for item in work.attestations_of(session, [tab.tab])
        if item.attestation.deliverable == deliverable
        and item.committee == tab.terms.committee
        and item.evaluator in seat.records
        and item.signer == seat.key(item.evaluator)
        and item.evaluator not in seat.expelled
        # Who has said both has said neither; who said something else than it committed to waits.
        and item.evaluator not in both
        and (item.opens or late)
    }
    return PeriodCase(seat, pending, evaluation, attestations)
