"""The driver's jobs: what each party does next, by what the chain shows. It alone knows what is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oracle.chain import calls
from oracle.domain import typed
from oracle.domain.job import JobView
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement
from oracle.domain.types import Funding, Hash, Outcome, State
from scripts.chaos.driver import Actor
from scripts.chaos.plan import Course, Delivery, PlannedJob
from scripts.chaos.table import right_outcome
from scripts.local.market import Market

OPEN_WITHIN = 80  # seconds of the chain's time
NO_SHOW_AFTER = 110
SETTLED = 40  # seconds: longer than any reorg goes back, so that an opening cannot come again
DELIVER_WITHIN = 20_000
CHALLENGE = 300
RULING = 120


@dataclass
class Parties:
    """Who acts."""

    buyer: Actor
    provider: Actor
    arbiter: Actor

    def all(self) -> tuple[Actor, ...]:
        """Each of them."""
        return self.buyer, self.provider, self.arbiter


@dataclass
class Job:
    """A job under way. `deliverables` by kind of delivery."""

    plan: PlannedJob
    agreement: Agreement
    job: Hash
    deliverable: Hash | None
    opening: bytes
    opened_at_step: int | None = None
    view: JobView | None = None

    @property
    def right(self) -> Outcome:
        """What an honest evaluation comes to."""
        return right_outcome(self.plan.delivery)

    @property
    def closed(self) -> bool:
        """Whether it is over, as the chain is now."""
        return self.view is not None and self.view.state is State.CLOSED

    def progress(self) -> int:
        """Grows with what has happened to it; never shrinks while there is no reorg."""
        return 0 if self.view is None else 2 * self.view.state.value + self.view.delivered

    def is_stale(self, now: int) -> bool:
        """Whether it was not opened in time, so that the parties must agree anew. Nobody has paid."""
        unopened = self.view is not None and self.view.state is State.NONE
        return unopened and now >= self.agreement.opening.open_by + SETTLED

    def awaits_time(self) -> bool:
        """Whether nothing but the passing of time is needed from here on, up to the evaluators' settling."""
        if self.view is None:
            return False
        match self.view.state:
            case State.OPEN:
                return self.plan.delivery is Delivery.NONE
            case State.JUDGED:
                return self.plan.course in (Course.ACCEPT, Course.UNSECURED)
            case State.DISPUTED:
                return self.plan.course is Course.NO_RULING
            case State.CLOSED:
                return True
            case _:
                return False


def make_job(
    market: Market, plan: PlannedJob, pacts: dict[Delivery, Hash], deliverables: dict[Delivery, Hash]
) -> Job:
    """Agree on a job, now; it is opened by the provider with the buyer's authorization."""
    now = market.now()
    drafted = market.agreement(
        gated=plan.gated,
        bond=plan.bond,
        fee=plan.fee,
        up_front=plan.up_front,
        challenge=0 if plan.course is Course.UNSECURED else CHALLENGE,
    )
    deliver = NO_SHOW_AFTER if plan.delivery is Delivery.NONE else DELIVER_WITHIN
    agreement = Agreement(
        replace(drafted.terms, ruling=RULING),
        replace(
            drafted.opening, pact=pacts[plan.delivery], open_by=now + OPEN_WITHIN, deliver_by=now + deliver
        ),
    )
    job = typed.job_id(market.escrow.domain, agreement)
    pays = typed.receive_authorization_digest(
        market.usdc_domain,
        agreement.terms.buyer,
        market.escrow.address,
        agreement.pays_in,
        0,
        agreement.opening.open_by,
        job,
    )
    accepted = compact(sign_digest(bytes(market.provider.key), job))
    opening = calls.open_job(
        agreement,
        Funding.AUTHORIZATION,
        buyer_signature=sign_digest(bytes(market.buyer.key), pays),
        provider_signature=b"".join(bytes.fromhex(half[2:]) for half in accepted),
    )
    return Job(plan, agreement, job, deliverables.get(plan.delivery), opening)


def act(job: Job, step: int, market: Market, parties: Parties) -> None:
    """Send what the parties send next, unless it is under way."""
    view = job.view
    if view is None:
        return
    terms, opening_hash = job.agreement.terms, typed.opening_hash(job.agreement.opening)
    passed = view.outcome is Outcome.PASS
    loser = parties.buyer if passed else parties.provider
    course = job.plan.course
    match view.state:
        case State.NONE:
            job.opened_at_step = None
            _send(job, "open", parties.provider, market, job.opening)
        case State.OPEN if job.deliverable is not None and not view.delivered:
            job.opened_at_step = job.opened_at_step or step
            if step >= job.opened_at_step + job.plan.deliver_after:
                _send(job, "deliver", parties.provider, market, calls.deliver(job.job, job.deliverable))
        case State.JUDGED if course is Course.CONCEDED:
            concession = calls.concede(terms, opening_hash, party=loser.address)
            _send(job, "concede", loser, market, concession)
        case State.JUDGED if course in (Course.UPHELD, Course.OVERTURNED, Course.NO_RULING):
            dispute = calls.dispute(
                terms,
                opening_hash,
                party=loser.address,
                sought=Outcome.FAIL if passed else Outcome.PASS,
                funding=Funding.COLLATERAL,
            )
            _send(job, "dispute", loser, market, dispute)
        case State.DISPUTED if course is not Course.NO_RULING:
            other = Outcome.FAIL if passed else Outcome.PASS
            ruling = view.outcome if course is Course.UPHELD else other
            _send(job, "rule", parties.arbiter, market, calls.rule(terms, opening_hash, ruling))
        case _:
            pass  # it is the evaluators' turn, or time's


def _send(job: Job, label: str, actor: Actor, market: Market, data: bytes) -> None:
    name = f"{label} {job.job}"
    if not actor.under_way(name):
        actor.send(market.rpc, name, market.escrow.address, data)
