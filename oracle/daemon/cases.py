"""What evaluators exchange votes about: the delivery of a job, or the period of a tab."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from oracle.decide.tabs import Tab
from oracle.domain.types import Address, Hash, State
from oracle.store import chain as chain_store
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store import work as work_store
from oracle.store.work import StoredAttestation

JUDGED_BLOCKS = 30  # for so long after a verdict what was found is still told


@dataclass(frozen=True, slots=True)
class Case:
    """A delivery under exchange.

    Args:
        subject: What attestations name: the job's id, or the tab's.
        deliverable: What is judged; None where nothing is.
        members: Who may sign, as bits.
        judged: Whether a verdict stands on chain: then there is nothing left to copy.
        closed: Whether all is over.
        delivered_at: Since when it can be judged, Unix seconds of the chain.
        judge_by: Until when a verdict is taken.
        most_payable: Base units an attestation may name: none for a job, what was presented for a period.
    """

    subject: Hash
    committee: Hash
    deliverable: Hash | None
    members: int
    judged: bool
    closed: bool
    delivered_at: int
    judge_by: int
    most_payable: int = 0


class Cases(Protocol):
    """Where cases are known from."""

    def find(self, session: Session, subjects: Collection[Hash]) -> dict[Hash, Case]:
        """Those of the subjects that are known, as the chain has them now."""
        ...

    def under_way(self, session: Session, committee: Hash, signers: Collection[Address]) -> dict[Hash, int]:
        """What one of `signers` attested and is not over, oldest first: how many attestations are stored."""
        ...

    def uncommitted(
        self, session: Session, committee: Hash, signers: Collection[Address]
    ) -> list[StoredAttestation]:
        """Attestations by `signers` that may be shown one day and to which nothing binds yet."""
        ...


class JobCases:
    """Deliveries of jobs, from the store."""

    def find(self, session: Session, subjects: Collection[Hash]) -> dict[Hash, Case]:
        """See `Cases`."""
        return {
            job.job: Case(
                subject=job.job,
                committee=job.agreement.terms.committee,
                deliverable=job.record.deliverable,
                members=job.record.members,
                judged=job.record.state is not State.OPEN,
                closed=job.record.state is State.CLOSED,
                delivered_at=job.record.delivered_at,
                judge_by=job.agreement.terms.judge_by,
            )
            for job in job_store.get_jobs(session, subjects).values()
        }

    def under_way(self, session: Session, committee: Hash, signers: Collection[Address]) -> dict[Hash, int]:
        """See `Cases`."""
        cursor = chain_store.cursor(session)
        since = 0 if cursor is None else max(0, cursor.number - JUDGED_BLOCKS)
        return peer_store.subjects_under_way(session, committee, signers, since_block=since)

    def uncommitted(
        self, session: Session, committee: Hash, signers: Collection[Address]
    ) -> list[StoredAttestation]:
        """See `Cases`."""
        return peer_store.uncommitted(session, committee, signers)


class TabCases:
    """Periods of tabs, as the desk for tabs last read them. Written by its thread, read by others."""

    def __init__(self) -> None:
        self._cases: Mapping[Hash, Case] = {}

    def publish(self, tabs: Collection[Tab]) -> None:
        """What the chain says of all tabs now."""
        self._cases = {tab.tab: case_of(tab) for tab in tabs}

    def find(self, _session: Session, subjects: Collection[Hash]) -> dict[Hash, Case]:
        """See `Cases`."""
        cases = self._cases
        return {subject: cases[subject] for subject in subjects if subject in cases}

    def under_way(self, session: Session, committee: Hash, signers: Collection[Address]) -> dict[Hash, int]:
        """See `Cases`."""
        counts: dict[Hash, int] = {}
        own: set[Hash] = set()
        for item in self._attestations(session, committee):
            counts[item.attestation.subject] = counts.get(item.attestation.subject, 0) + 1
            if item.signer in signers:
                own.add(item.attestation.subject)
        return {subject: count for subject, count in counts.items() if subject in own}

    def uncommitted(
        self, session: Session, committee: Hash, signers: Collection[Address]
    ) -> list[StoredAttestation]:
        """See `Cases`."""
        cases = self._cases
        return [
            item
            for item in self._attestations(session, committee)
            if item.signer in signers and item.salt is None and not cases[item.attestation.subject].judged
        ]

    def _attestations(self, session: Session, committee: Hash) -> list[StoredAttestation]:
        """About the periods that are pending now."""
        cases = {
            subject: case
            for subject, case in self._cases.items()
            if case.committee == committee and case.deliverable is not None
        }
        return [
            item
            for item in work_store.attestations_of(session, cases)
            if item.committee == committee
            and item.attestation.deliverable == cases[item.attestation.subject].deliverable
        ]


class AllCases:
    """Several kinds as one; ids are hashes, so no two kinds share one."""

    def __init__(self, *kinds: Cases) -> None:
        self._kinds = kinds

    def find(self, session: Session, subjects: Collection[Hash]) -> dict[Hash, Case]:
        """See `Cases`."""
        found: dict[Hash, Case] = {}
        for kind in self._kinds:
            found |= kind.find(session, subjects)
        return found

    def under_way(self, session: Session, committee: Hash, signers: Collection[Address]) -> dict[Hash, int]:
        """See `Cases`."""
        found: dict[Hash, int] = {}
        for kind in self._kinds:
            found |= kind.under_way(session, committee, signers)
        return found

    def uncommitted(
        self, session: Session, committee: Hash, signers: Collection[Address]
    ) -> list[StoredAttestation]:
        """See `Cases`."""
        return [item for kind in self._kinds for item in kind.uncommitted(session, committee, signers)]


def case_of(tab: Tab) -> Case:
    """A tab as the exchange sees it: its pending period, where there is one."""
    pending = tab.pending
    return Case(
        subject=tab.tab,
        committee=tab.terms.committee,
        deliverable=None if pending is None else pending.period.deliverable(),
        members=tab.members,
        judged=pending is not None and pending.judged,
        closed=tab.closed,
        delivered_at=0 if pending is None else pending.window_ends,
        judge_by=0 if pending is None else pending.window_ends + tab.terms.verdict,
        most_payable=0 if pending is None else pending.period.presented,
    )
