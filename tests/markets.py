"""Markets for the fixtures of a whole session: a chain takes seconds to start, a snapshot milliseconds."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from web3 import HTTPProvider, Web3

from scripts.local.anvil import Anvil, anvil
from scripts.local.market import ACCOUNTS, UNIT, Market, build_market, fund_collateral


@contextmanager
def running_market(**limits: Any) -> Iterator[tuple[Anvil, Market]]:
    """A chain with a market whose provider has free collateral. `limits` are those of `build_market`."""
    with anvil(accounts=ACCOUNTS) as chain:
        market = build_market(chain, **limits)
        fund_collateral(market, Web3(HTTPProvider(chain.url)), market.provider, 10_000 * UNIT)
        yield chain, market
        market.rpc.close()
    # web3 leaves its sockets to the garbage collector.
    del market
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
