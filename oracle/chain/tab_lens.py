"""The lens on tabs: what becomes of a tab if nobody acts, when, and who gets how much.

Amounts are USDC base units, times Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from oracle.chain.abi import load_abi
from oracle.chain.client import Client, Tag
from oracle.chain.errors import BadAnswerError, ChainError, RevertedError
from oracle.chain.tab_calls import terms_tuple
from oracle.domain.tab_terms import Phase, TabTerms
from oracle.domain.types import Address, Hash, Outcome

_MOST_STEPS = 5  # of the contract


class LensAct(IntEnum):
    """What anyone may do about a tab (Solidity `ITabLens.Act`)."""

    NONE = 0
    LAPSE = 1
    SETTLE = 2
    CLOSE = 3


@dataclass(frozen=True, slots=True)
class LensStep:
    """One act, and what it hands out (Solidity `ITabLens.Step`, in its order; `start` is its `from`).

    Args:
        start: Anyone may from then on; now, where that is past.
        next: Where the tab stands after it.
        outcome: Of the period that it ends; else NONE.
        provider: What is payable, and its bond.
        signers: To `set` (bits), for verdicts.
        members: To the tab's members, for readiness.
        slash_each: Taken from the stake of each evaluator in `slashed` (bits); in `buyer` or `provider`.
    """

    act: LensAct
    start: int
    next: Phase
    outcome: Outcome
    buyer: int
    provider: int
    signers: int
    set: int
    members: int
    slash_each: int
    slashed: int


@dataclass(frozen=True, slots=True)
class LensStanding:
    """Every step that follows if nobody else acts, in order, and what all of them come to.

    Args:
        closes_from: When the last of them can be taken.
        evaluators: Signers and members.
        slashed: From all stakes together.
    """

    tab: Hash
    steps: tuple[LensStep, ...]
    closes_from: int
    buyer: int
    provider: int
    evaluators: int
    slashed: int


class TabLens:
    """The lens of one tab contract.

    Args:
        tabs: The tab contract it must look at.
    """

    def __init__(self, rpc: Client, address: Address, tabs: Address) -> None:
        self._rpc = rpc
        self.address = address
        self._tabs = tabs

    def check(self) -> None:
        """Refuse a lens that looks at another contract of tabs.

        Raises:
            ChainError: it does.
            BadAnswerError: there is no lens.
        """
        function = load_abi("TabLens").functions["tabs"]
        try:
            found = str(function.decode(self._rpc.eth_call(self.address, function.encode()))[0]).lower()
        except (ValueError, RevertedError) as error:
            raise BadAnswerError(f"there is no lens on tabs at {self.address}", field="TabLens") from error
        if found != self._tabs:
            raise ChainError(
                f"the lens {self.address} looks at the tabs of {found}, not at those of {self._tabs}",
                field="TabLens",
                next_step="correct the companion TabLens of the deployment",
            )

    def standing(
        self, tab: Hash, terms: TabTerms, opening_hash: Hash, *, block: Tag = "latest"
    ) -> LensStanding:
        """What follows if from now on nobody acts but to take each step as soon as anyone may.

        Raises:
            BadAnswerError: there is something else than the lens, or it speaks of another tab.
        """
        function = load_abi("TabLens").functions["standing"]
        data = function.encode(terms_tuple(terms), bytes.fromhex(opening_hash[2:]))
        try:
            found, _, steps, *sums = function.decode(self._rpc.eth_call(self.address, data, block=block))[0]
            made = tuple(
                LensStep(LensAct(act), start, Phase(after), Outcome(outcome), *amounts)
                for act, start, after, outcome, *amounts in steps
            )
            standing = LensStanding("0x" + found.hex(), made, *sums)
        except ValueError as error:
            raise BadAnswerError(
                f"standing of {self.address} returned something else than expected", field="TabLens"
            ) from error
        if standing.tab != tab or len(made) > _MOST_STEPS:
            raise BadAnswerError(
                f"the lens {self.address} speaks of tab {standing.tab} in {len(made)} steps", field="TabLens"
            )
        return standing
