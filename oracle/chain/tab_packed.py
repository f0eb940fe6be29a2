"""Events of tabs whose small fields share words: ITabEvents.sol says which bits are what."""

from __future__ import annotations

from collections.abc import Callable

from oracle.chain.packed import OUTCOMES, named, nothing_above
from oracle.domain.tab_events import AttestationsPosted, PeriodJudged, PeriodSettled, TabEvent
from oracle.domain.types import Hash

_U16 = (1 << 16) - 1
_U32 = (1 << 32) - 1
_U40 = (1 << 40) - 1
_U64 = (1 << 64) - 1
_U80 = (1 << 80) - 1


def _posted(tab: Hash, posted: int, evidence: tuple[Hash, ...]) -> AttestationsPosted:
    verdict = _judged(tab, posted, evidence)
    if verdict.challenge_ends:
        raise ValueError("posted has an end of the challenge")
    return AttestationsPosted(
        tab, verdict.period, verdict.outcome, verdict.payable, verdict.signers, evidence
    )


def _judged(tab: Hash, verdict: int, evidence: tuple[Hash, ...]) -> PeriodJudged:
    nothing_above(verdict, 160, "verdict")
    return PeriodJudged(
        tab,
        verdict >> 144,  # period
        named(OUTCOMES, verdict & 0xFF, "Outcome"),
        verdict >> 80 & _U64,  # payable
        verdict >> 8 & _U32,  # signers
        verdict >> 40 & _U40,  # challenge_ends
        evidence,
    )


def _settled(tab: Hash, settled: int, on_top: int) -> PeriodSettled:
    nothing_above(settled, 184, "settled")
    nothing_above(on_top, 240, "onTop")
    return PeriodSettled(
        tab,
        settled >> 40 & _U16,  # period
        named(OUTCOMES, settled & 0xFF, "Outcome"),
        settled >> 56 & _U64,  # payable
        settled >> 120,  # paid
        on_top & _U80,  # to_buyer
        on_top >> 80 & _U80,  # to_provider
        on_top >> 160,  # to_evaluators
        settled >> 8 & _U32,  # evaluator_set
    )


PACKED: dict[str, Callable[..., TabEvent]] = {
    "AttestationsPosted": _posted,
    "PeriodJudged": _judged,
    "PeriodSettled": _settled,
}
"""By the event's name, what makes the domain's event of its words. They raise ValueError."""
