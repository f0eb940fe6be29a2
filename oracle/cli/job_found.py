"""Finding a job: its terms are not stored by the contract, but its opening event carries them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.chain.decoder import TOPICS, Occurrence
from oracle.cli.chain import Connection
from oracle.decide.next_step import Rules
from oracle.domain.committee import CommitteeView
from oracle.domain.errors import EarnestError
from oracle.domain.events import Delivered, JobClosed, JobOpened
from oracle.domain.job import JobView
from oracle.domain.terms import Agreement, Terms
from oracle.domain.typed import opening_hash
from oracle.domain.types import Address, Hash

_JOB_EVENTS = (
    *("JobOpened", "UpFrontPaid", "Delivered", "AttestationsPosted", "Judged"),
    *("Lapsed", "Disputed", "JobClosed", "ArbiterPaid"),
)


class JobNotFoundError(EarnestError):
    """No job with this id was opened on this escrow."""


@dataclass(frozen=True, slots=True)
class FoundJob:
    """A job: its terms, what the contract stores of it, its history and its committee."""

    id: Hash
    agreement: Agreement
    view: JobView
    history: tuple[Occurrence, ...]
    committee: CommitteeView
    lapse_challenge: int

    @property
    def terms(self) -> Terms:
        """What every call about it needs."""
        return self.agreement.terms

    @property
    def opening_hash(self) -> Hash:
        """The other thing every call about it needs."""
        return opening_hash(self.agreement.opening)

    @property
    def rules(self) -> Rules:
        """What its next step depends on."""
        committee = self.committee
        return Rules(committee.threshold, committee.arbiter_cost, committee.silence, self.lapse_challenge)

    @property
    def deliverable(self) -> Hash | None:
        """What was anchored, in full."""
        return next((o.event.deliverable for o in self.history if isinstance(o.event, Delivered)), None)

    @property
    def closing(self) -> JobClosed | None:
        """How it ended."""
        return next((o.event for o in self.history if isinstance(o.event, JobClosed)), None)


def find_job(connection: Connection, job: Hash) -> FoundJob:
    """Look a job up by its id.

    Raises:
        JobNotFoundError: it was never opened here.
        ChainError: the node fails.
    """
    escrow = connection.escrow
    topics = [[TOPICS[name] for name in _JOB_EVENTS], job]
    head = connection.rpc.block_number()
    history = tuple(escrow.search(connection.deployment.block, head, topics=topics))
    agreement = next((o.event.agreement for o in history if isinstance(o.event, JobOpened)), None)
    if agreement is None:
        raise JobNotFoundError(
            f"no job {job} was opened on this escrow",
            field="job",
            next_step="check the id, --rpc and --deployment; oracle job list shows the jobs there are",
        )
    return FoundJob(
        id=job,
        agreement=agreement,
        view=escrow.job_state(job),
        history=history,
        committee=escrow.committee_state(agreement.terms.committee),
        lapse_challenge=connection.constants().lapse_challenge,
    )


def opened_jobs(
    connection: Connection, *, buyer: Address | None = None, provider: Address | None = None
) -> Sequence[JobOpened]:
    """Every job opened here, oldest first, of one buyer or provider where named."""
    topics = [TOPICS["JobOpened"], None, _topic(buyer), _topic(provider)]
    head = connection.rpc.block_number()
    found = connection.escrow.search(connection.deployment.block, head, topics=topics)
    return [o.event for o in found if isinstance(o.event, JobOpened)]


def _topic(address: Address | None) -> Hash | None:
    return None if address is None else "0x" + "0" * 24 + address[2:]
