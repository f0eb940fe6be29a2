"""What a settled period of a tab says of its provider, in the form of every other piece of evidence."""

from __future__ import annotations

from oracle.decide.tab_payouts import position
from oracle.domain.tab_terms import TabTerms
from oracle.domain.types import Outcome
from oracle.history.tab import PeriodLife
from oracle.score.evidence import CAPITAL_RATE, Contest, Finding

_YEAR = 365 * 86_400  # seconds
_MILLION = 1_000_000


def finding_of_period(life: PeriodLife, terms: TabTerms) -> Finding:
    """What a period says that is settled, or that the parties ended with the tab.

    A Lapse says nothing, whether attested or by silence. Where the parties agreed on a split, a Fail that
    stood until then says Fail, as for jobs: whoever could buy its failures back would have none.

    A Fail that was ruled is a lost dispute only where the provider lost it: what is payable of a Fail can be
    disputed too, by the buyer in vain and by the provider with success.
    """
    if life.settled is not None:
        outcome = life.settled.outcome
    else:
        outcome = _standing(life)[0]
        if outcome is not Outcome.FAIL:
            return Finding.NOTHING
    if outcome is Outcome.FAIL:
        return Finding.LOST if contest_of_period(life, terms) is Contest.LOST else Finding.FAIL
    return Finding.PASS if outcome is Outcome.PASS else Finding.NOTHING


def contest_of_period(life: PeriodLife, terms: TabTerms) -> Contest:
    """How a dispute over a period went for the provider: whether the one who disputed got something by it."""
    if life.disputed is None:
        return Contest.NONE
    if life.ruled is None:
        return Contest.UNDECIDED
    ruled = position(life.ruled.outcome, life.ruled.payable, terms.bond)
    before = position(*_provisional(life), terms.bond)
    won = ruled > before if life.disputed.party == terms.provider else ruled >= before
    return Contest.WON if won else Contest.LOST


def value_of_period(life: PeriodLife) -> int:
    """What was payable, in base units: what was withheld is no success."""
    return 0 if life.settled is None else life.settled.payable


def outlay_of_period(life: PeriodLife, terms: TabTerms, *, counted_fee: bool) -> int:
    """What a period cost its buyer that it cannot get back, in millionths of a base unit.

    What was presented lay in the tab from then to its settlement at least. The fee is the verdict's; see
    `oracle.score.evidence.outlay_of`.

    Args:
        counted_fee: Whether the reader names the tab's committee.
    """
    if terms.challenge == 0 or life.settled is None:
        return 0
    lasted = max(0, life.settled_at - life.presented_at)
    interest = life.presented_amount * CAPITAL_RATE * lasted // _YEAR
    fee = min(terms.verdict_fee, life.settled.to_evaluators) if counted_fee else 0
    return interest + fee * _MILLION


def _provisional(life: PeriodLife) -> tuple[Outcome, int]:
    return (Outcome.LAPSE, 0) if life.judged is None else (life.judged.outcome, life.judged.payable)


def _standing(life: PeriodLife) -> tuple[Outcome, int]:
    return _provisional(life) if life.ruled is None else (life.ruled.outcome, life.ruled.payable)
