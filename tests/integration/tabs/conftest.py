"""A market with a book of tabs, and a methodology that judges them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.local.anvil import Anvil
from scripts.local.market import Market
from tests.markets import running_market
from tests.unit.pact.builders import methodology, pact
from tests.unit.tabs.periods import ADDS_UP, FREE

METHODOLOGY = methodology(
    schema="earnest/methodology/2",
    draw={"source": "block-hash", "delay_seconds": 2},
    sampling=[{"value_up_to": None, "interactions": 15}],
    tabs={"detection_bps": 9_000, "gain_bps": 5_000, "fail_share_bps": 4_000, "hand_over_seconds": 2},
)
PACT = pact(conditions=[ADDS_UP], evidence=[{"path": "response/body"}], materials=[], declares=FREE)


@pytest.fixture(scope="module")  # evaluators that were silent in one serve in no other
def tab_market() -> Iterator[tuple[Anvil, Market]]:
    with running_market(methodology=METHODOLOGY.hash(), with_tabs=True) as market:
        yield market
