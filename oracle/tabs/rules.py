"""What both sides of a tab know: what the chain says of it, and how much may be unsigned.

The buyer signs a `Call` for each request and, once it holds the answer, a `Tally` of everything so far. The
provider serves a call, appends its receipt and signs the tally with it. What is served and not yet under the
buyer's tally is the provider's risk; `Rules.maximum` bounds it. The buyer signs for nothing it did not get.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.tab import Call
from oracle.domain.types import Address, Hash

MAX_NUMBER = 2**63 - 1  # what the log's columns hold


@dataclass(frozen=True, slots=True)
class Account:
    """What the chain says of a tab.

    Args:
        tab: Its id.
        buyer: Who signs calls and tallies.
        provider: Who signs tallies with receipts.
        ceiling: Base units an interaction may cost at most.
        covered: Base units up to which the tab's whole amount is paid for: what was settled in earlier
            periods, the deposit that is left, and the credit limit.
        ends: Unix seconds from which on nothing is served.
    """

    tab: Hash
    buyer: Address
    provider: Address
    ceiling: int
    covered: int
    ends: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What a provider asks of its buyers, and what a buyer agrees to.

    Args:
        maximum: Base units that may be served, or in service, without the buyer's tally: the signed maximum.
        in_flight: Interactions of which the same is true. With 1, at most one is unsigned at any time.
        timeout: Seconds within which a call is answered.
        skew: Seconds by which the two clocks may differ.
    """

    maximum: int
    in_flight: int = 16
    timeout: int = 60
    skew: int = 30

    def window(self, call: Call) -> tuple[int, int]:
        """First and last second, by the provider's clock, at which a call may be taken up."""
        return call.time - self.skew, call.time + self.timeout + self.skew
