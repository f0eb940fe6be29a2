"""Events whose small fields share words: IDocket.sol says which bits are what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oracle.domain.events import EscrowEvent, JobClosed, JobOpened, Judged
from oracle.domain.quick import maker
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Address, Ending, Hash, Outcome

_Member = TypeVar("_Member", Outcome, Ending)

_U32 = (1 << 32) - 1
_U40 = (1 << 40) - 1
_U64 = (1 << 64) - 1
_U72 = (1 << 72) - 1
_terms, _opening, _agreement = maker(Terms), maker(Opening), maker(Agreement)
_job_opened, _judged, _job_closed = maker(JobOpened), maker(Judged), maker(JobClosed)
# An enum's own call takes five times as long.
OUTCOMES = {int(member): member for member in Outcome}
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
    nothing_above(times, 224, "times")
    terms = _terms(
        buyer,
        provider,
        committee,
        amounts & _U64,  # gated
        amounts >> 64 & _U64,  # bond
        amounts >> 128 & _U64,  # fee
        times & _U40,  # judge_by
        times >> 120 & _U32,  # challenge
        times >> 152 & _U32,  # ruling
    )
    opening = _opening(
        pact,
        offchain,
        agent_id,
        amounts >> 192,  # up_front
        times >> 40 & _U40,  # open_by
        times >> 80 & _U40,  # deliver_by
        salt,
    )
    members, epoch = times >> 184 & _U32, times >> 216
    return _job_opened(job, buyer, provider, _agreement(terms, opening), members, epoch)


def judged(job: Hash, verdict: int, evidence: tuple[Hash, ...]) -> Judged:
    nothing_above(verdict, 80, "verdict")
    outcome = named(OUTCOMES, verdict & 0xFF, "Outcome")
    return _judged(job, outcome, verdict >> 8 & _U32, verdict >> 40, evidence)


def job_closed(job: Hash, ending: int) -> JobClosed:
    nothing_above(ending, 255, "ending")
    return _job_closed(
        job,
        OUTCOMES[ending >> 248 & 3],
        named(_ENDINGS, ending >> 250 & 7, "Ending"),  # how
        ending & _U72,  # to_buyer
        ending >> 72 & _U72,  # to_provider
        ending >> 144 & _U72,  # to_evaluators
        ending >> 216 & _U32,  # evaluator_set
        ending >> 253,  # paid
    )


def nothing_above(word: int, bits: int, name: str) -> None:
    """Raises ValueError where a word holds more than its fields."""
    if word >> bits:
        raise ValueError(f"{name} has bits above {bits}")


def named(members: dict[int, _Member], value: int, name: str) -> _Member:
    """The enum's member of that value, or ValueError."""
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
