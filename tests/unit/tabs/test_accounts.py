"""Which tabs are served, and how far they are covered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from oracle.domain.tab import tabs_domain
from oracle.domain.tab_terms import Phase, TabAgreement, TabOpening, TabTerms
from oracle.domain.types import Hash, Outcome
from oracle.tabs.accounts import ChainAccounts, account_of
from tests.unit.tabs.parties import BUYER, PROVIDER

TERMS = TabTerms(
    buyer=BUYER.address,
    provider=PROVIDER.address,
    committee="0x" + "01" * 32,
    deposit=1_000,
    credit=300,
    bond=50,
    ceiling=10,
    fee=1,
    verdict_fee=1,
    due=0,
    end_by=2_000_000_000,
    period=86_400,
    window=3_600,
    verdict=3_600,
    challenge=3_600,
    ruling=3_600,
    grace=3_600,
    notice=3_600,
    periods=4,
)
AGREEMENT = TabAgreement(TERMS, TabOpening("0x" + "02" * 32, "0x" + "03" * 32, 0, 1_900_000_000, 7))
DOMAIN = tabs_domain(31337, "0x" + "7a" * 20)


@dataclass
class View:
    phase: Phase = Phase.OPEN
    closing: bool = False
    last: bool = False
    outcome: Outcome = Outcome.NONE
    balance: int = 700
    settled_amount: int = 400


def test_an_open_tab_is_covered_by_what_was_settled_the_balance_and_the_credit() -> None:
    account = account_of("0x" + "09" * 32, TERMS, View())
    assert account is not None
    assert (account.covered, account.ceiling, account.ends) == (400 + 700 + 300, 10, 2_000_000_000)
    assert (account.buyer, account.provider) == (BUYER.address, PROVIDER.address)


@pytest.mark.parametrize(
    "view", [View(phase=Phase.PRESENTED), View(phase=Phase.JUDGED, outcome=Outcome.PASS)]
)
def test_while_a_period_is_pending_no_credit_is_given(view: View) -> None:
    """A default on it gives the collateral back and closes the tab, newer tallies or not."""
    account = account_of("0x" + "09" * 32, TERMS, view)
    assert account is not None
    assert account.covered == 400 + 700


@pytest.mark.parametrize(
    "view",
    [
        View(closing=True),
        View(phase=Phase.PRESENTED, last=True),
        View(phase=Phase.JUDGED, outcome=Outcome.FAIL),
        View(phase=Phase.JUDGED, outcome=Outcome.LAPSE),
        *(
            View(phase=phase)
            for phase in (Phase.NONE, Phase.DISPUTED, Phase.RULED, Phase.OWING, Phase.CLOSED)
        ),
    ],
)
def test_a_tab_that_may_be_over_is_not_served(view: View) -> None:
    assert account_of("0x" + "09" * 32, TERMS, view) is None


async def test_only_known_tabs_are_asked_for() -> None:
    asked: list[Hash] = []

    def state(tab: Hash) -> View:
        asked.append(tab)
        return View()

    accounts = ChainAccounts(DOMAIN, [AGREEMENT], state)
    other = TabAgreement(replace(TERMS, ceiling=11), AGREEMENT.opening)
    tab = accounts.add(other)
    assert await accounts("0x" + "00" * 32) is None
    assert asked == []
    account = await accounts(tab)
    assert account is not None
    assert (account.tab, account.ceiling) == (tab, 11)
