"""Events whose small fields share words: IDocket.sol says which bits are what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oracle.domain.events import EscrowEvent, JobClosed, JobOpened, Judged
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Address, Ending, Hash, Outcome

_Member = TypeVar("_Member", Outcome, Ending)

_U32 = (1 << 32) - 1
_U40 = (1 << 40) - 1
_U64 = (1 << 64) - 1
_U72 = (1 << 72) - 1
# An enum's own call takes five times as long.
_OUTCOMES = {int(member): member for member in Outcome}
_ENDINGS = {int(member): member for member in Ending}


def job_opened(
    job: Hash,
    buyer: Address,
    provider: Address,
    committee: Hash,
    pact: Hash,
    offchain: Hash,
    agent_id: int,
    salt: int,
    amounts: int,
    times: int,
) -> JobOpened:
    _nothing_above(times, 224, "times")
    terms = Terms(
        buyer=buyer,
        provider=provider,
        committee=committee,
        gated=amounts & _U64,
        bond=amounts >> 64 & _U64,
        fee=amounts >> 128 & _U64,
        judge_by=times & _U40,
        challenge=times >> 120 & _U32,
        ruling=times >> 152 & _U32,
    )
    opening = Opening(
        pact=pact,
        offchain=offchain,
        agent_id=agent_id,
        up_front=amounts >> 192,
        open_by=times >> 40 & _U40,
        deliver_by=times >> 80 & _U40,
        salt=salt,
    )
    return JobOpened(
        job, buyer, provider, Agreement(terms, opening), members=times >> 184 & _U32, epoch=times >> 216
    )


def judged(job: Hash, verdict: int, evidence: tuple[Hash, ...]) -> Judged:
    _nothing_above(verdict, 80, "verdict")
    return Judged(
        job, _named(_OUTCOMES, verdict & 0xFF, "Outcome"), verdict >> 8 & _U32, verdict >> 40, evidence
    )


def job_closed(job: Hash, ending: int) -> JobClosed:
    _nothing_above(ending, 255, "ending")
    return JobClosed(
        job=job,
        outcome=_OUTCOMES[ending >> 248 & 3],
        how=_named(_ENDINGS, ending >> 250 & 7, "Ending"),
        to_buyer=ending & _U72,
        to_provider=ending >> 72 & _U72,
        to_evaluators=ending >> 144 & _U72,
        evaluator_set=ending >> 216 & _U32,
        paid=ending >> 253,
    )


def _nothing_above(word: int, bits: int, name: str) -> None:
    if word >> bits:
        raise ValueError(f"{name} has bits above {bits}")


def _named(members: dict[int, _Member], value: int, name: str) -> _Member:
    member = members.get(value)
    if member is None:
        raise ValueError(f"{value} is not a valid {name}")
    return member


PACKED: dict[str, Callable[..., EscrowEvent]] = {
    "JobOpened": job_opened,
    "Judged": judged,
    "JobClosed": job_closed,
}
"""By the event's name, what makes the domain's event of its words. They raise ValueError."""
