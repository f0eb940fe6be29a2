"""PROTOCOL.md's payout table: who gets what at every ending of a job. Pure; USDC base units throughout.

The letters are the table's: G gated amount, B bond, F fee, D deposit, A arbiter's cost, Z price of silence,
M moved amount, k threshold, n members; h is half of D - A rounded up, h' the other half. For every payout

    buyer + provider + evaluators + arbiter  =  G + B + F + (D, if disputed) + what is taken from stakes.

The contract computes the same in contracts/libraries/Payouts.sol; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.errors import EarnestError
from oracle.domain.types import Basis, Outcome, Party

DEPOSIT_PART = 5  # a deposit is a fifth of the value at stake, or A where that is more


class PayoutError(EarnestError):
    """No row of the table: such a case cannot come up in the contract."""


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a job's payouts depend on. `members` and `silent` are counts, and matter by silence only."""

    gated: int
    bond: int
    fee: int
    threshold: int
    arbiter_cost: int = 0
    silence: int = 0
    members: int = 0
    silent: int = 0

    @property
    def value(self) -> int:
        """V: gated amount and bond."""
        return self.gated + self.bond

    @property
    def deposit(self) -> int:
        """D: what a party puts down to dispute."""
        return max(ceil_div(self.value, DEPOSIT_PART), self.arbiter_cost)


@dataclass(frozen=True, slots=True)
class Payout:
    """What an ending gives.

    `evaluators` goes in equal parts to the signers, or to all members where nobody signed. `slash_each` is
    taken from every signer of an overturned verdict, or from every silent member: `slashed` of them.
    """

    buyer: int
    provider: int
    evaluators: int
    arbiter: int = 0
    slash_each: int = 0
    slashed: int = 0

    @property
    def taken(self) -> int:
        """What the stakes lose in all."""
        return self.slash_each * self.slashed

    @property
    def total(self) -> int:
        """Everything that is handed out."""
        return self.buyer + self.provider + self.evaluators + self.arbiter


def ceil_div(amount: int, parts: int) -> int:
    """`amount` over `parts`, rounded up."""
    return -(-amount // parts)


def moved(stakes: Stakes, one: Outcome, other: Outcome) -> int:
    """M: what lies between two outcomes."""
    pair = {one, other}
    if pair == {Outcome.PASS, Outcome.FAIL}:
        return stakes.gated + stakes.bond
    if pair == {Outcome.PASS, Outcome.LAPSE}:
        return stakes.gated
    if pair == {Outcome.FAIL, Outcome.LAPSE}:
        return stakes.bond
    raise PayoutError(f"nothing lies between {one.word} and {other.word}")


def may_dispute(provisional: Outcome, party: Party) -> bool:
    """Whether the outcome goes against the party; Lapse goes against both."""
    against = {Outcome.PASS: {Party.BUYER}, Outcome.FAIL: {Party.PROVIDER}, Outcome.LAPSE: set(Party)}
    return party in against.get(provisional, set())


def stands(stakes: Stakes, provisional: Outcome, basis: Basis, disputant: Party | None = None) -> Payout:
    """The provisional outcome stands without a ruling.

    Rows: Pass; Fail, no-show Fail; Lapse, attested; Lapse by silence; losing side concedes in Judged; with a
    disputant "arbiter silent": the deposit goes back.

    Raises:
        PayoutError: no such row.
    """
    _require(provisional, basis, disputant)
    back = stakes.deposit if disputant else 0
    buyer, provider = _plain(stakes, provisional)
    evaluators, each, silent = stakes.fee, 0, 0
    if basis is Basis.SILENCE:
        each, silent = _price(stakes, stakes.silence), stakes.silent
        buyer, provider, evaluators = buyer + stakes.fee, provider + each * silent, 0
    if disputant is Party.BUYER:
        buyer += back
    elif disputant is Party.PROVIDER:
        provider += back
    return Payout(buyer, provider, evaluators, slash_each=each, slashed=silent)


def upheld(stakes: Stakes, provisional: Outcome, basis: Basis, disputant: Party) -> Payout:
    """The arbiter ruled for the provisional outcome, or the disputant conceded.

    Rows: Pass upheld; Fail or no-show Fail upheld; attested Lapse upheld; Lapse by silence upheld.

    Raises:
        PayoutError: no such row.
    """
    _require(provisional, basis, disputant)
    rest = stakes.deposit - stakes.arbiter_cost
    buyer, provider = _plain(stakes, provisional)
    if basis is Basis.SILENCE:
        each = _price(stakes, stakes.silence)
        buyer, provider = buyer + stakes.fee, provider + each * stakes.silent
        evaluators, to_other, silent = 0, rest, stakes.silent
    else:
        to_other = ceil_div(rest, 2)  # h
        evaluators, each, silent = stakes.fee + rest - to_other, 0, 0
    if disputant is Party.BUYER:
        provider += to_other
    else:
        buyer += to_other
    return Payout(buyer, provider, evaluators, stakes.arbiter_cost, each, silent)


def overturned(
    stakes: Stakes, provisional: Outcome, basis: Basis, disputant: Party, ruling: Outcome
) -> Payout:
    """The arbiter ruled for another outcome.

    Rows: every "X -> Y" of the table. What is in the pot beyond the ruling's plain share goes to the party
    that the ruling favours, whoever disputed.

    Raises:
        PayoutError: no such row.
    """
    _require(provisional, basis, disputant)
    if ruling in (Outcome.NONE, provisional):
        raise PayoutError(f"a ruling for {ruling.word} does not overturn {provisional.word}")
    rest = stakes.deposit - stakes.arbiter_cost
    buyer, provider = _plain(stakes, ruling)
    to_provider = ruling is Outcome.PASS or provisional is Outcome.FAIL
    difference = moved(stakes, provisional, ruling)
    evaluators, each, slashed, prize = 0, 0, 0, rest
    if basis is Basis.VERDICT:
        each, slashed = ceil_div(difference, stakes.threshold), stakes.threshold
        prize += stakes.fee + each * slashed
    elif basis is Basis.NO_SHOW:
        evaluators = stakes.fee
    else:
        each, slashed = _price(stakes, max(stakes.silence, difference)), stakes.silent
        prize += each * slashed
        buyer += stakes.fee
    if to_provider:
        provider += prize
    else:
        buyer += prize
    return Payout(buyer, provider, evaluators, stakes.arbiter_cost, each, slashed)


def ruled(stakes: Stakes, provisional: Outcome, basis: Basis, disputant: Party, ruling: Outcome) -> Payout:
    """What a ruling gives, whichever it is."""
    if ruling is provisional:
        return upheld(stakes, provisional, basis, disputant)
    return overturned(stakes, provisional, basis, disputant, ruling)


def conceded_in_open(stakes: Stakes, party: Party) -> Payout:
    """A side gives in before any verdict: the other gets everything. All members share the fee."""
    outcome = Outcome.PASS if party is Party.BUYER else Outcome.FAIL
    return Payout(*_plain(stakes, outcome), stakes.fee)


def agreed(
    stakes: Stakes, to_buyer: int, *, by_silence: bool = False, disputant: Party | None = None
) -> Payout:
    """Both sides split gated amount and bond.

    Args:
        stakes: The job's.
        to_buyer: x; the provider gets G + B - x.
        by_silence: Whether the job is Judged or Disputed by silence.
        disputant: Where the job is Disputed.

    Raises:
        PayoutError: x is negative or more than G + B.
    """
    if not 0 <= to_buyer <= stakes.value:
        raise PayoutError(f"the buyer's part is {to_buyer}; there are {stakes.value}", field="toBuyer")
    buyer, provider, evaluators = to_buyer, stakes.value - to_buyer, stakes.fee
    each, silent, arbiter = 0, 0, 0
    if disputant is not None:
        arbiter = stakes.arbiter_cost
        rest = stakes.deposit - arbiter
        buyer, provider = (buyer + rest, provider) if disputant is Party.BUYER else (buyer, provider + rest)
    if by_silence:
        each, silent = _price(stakes, stakes.silence), stakes.silent
        buyer, provider, evaluators = buyer + stakes.fee, provider + each * silent, 0
    return Payout(buyer, provider, evaluators, arbiter, each, silent)


def _plain(stakes: Stakes, outcome: Outcome) -> tuple[int, int]:
    """(buyer, provider) of gated amount and bond alone."""
    if outcome is Outcome.PASS:
        return 0, stakes.gated + stakes.bond
    if outcome is Outcome.FAIL:
        return stakes.gated + stakes.bond, 0
    return stakes.gated, stakes.bond


def _price(stakes: Stakes, amount: int) -> int:
    """Each silent member's 1/n part, rounded up against it."""
    if not 0 <= stakes.silent <= stakes.members or not stakes.members:
        raise PayoutError(f"{stakes.silent} of {stakes.members} members cannot be silent", field="silent")
    return ceil_div(amount, stakes.members)


def _require(provisional: Outcome, basis: Basis, disputant: Party | None) -> None:
    rows = {
        Basis.VERDICT: {Outcome.PASS, Outcome.FAIL, Outcome.LAPSE},
        Basis.NO_SHOW: {Outcome.FAIL},
        Basis.SILENCE: {Outcome.LAPSE},
    }
    if provisional not in rows[basis]:
        raise PayoutError(f"{provisional.word} never rests on {basis.word}", field="outcome")
    if disputant is not None and not may_dispute(provisional, disputant):
        raise PayoutError(f"the {disputant} cannot dispute {provisional.word}", field="disputant")
