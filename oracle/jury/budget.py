"""What a job may spend on models: tokens and money, reserved before a call and settled after it."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.amounts import format_usdc
from oracle.domain.errors import EarnestError

MILLION = 1_000_000  # prices are per million tokens
BYTES_PER_TOKEN = 2  # an estimate on the safe side for prose and code; what was really used is settled


class BudgetError(EarnestError):
    """A call would exceed what the job may spend. It was not made."""


@dataclass(frozen=True, slots=True)
class Price:
    """Base units of USDC per million tokens."""

    per_million_in: int
    per_million_out: int

    def of(self, tokens_in: int, tokens_out: int) -> int:
        """Base units, rounded up."""
        whole = tokens_in * self.per_million_in + tokens_out * self.per_million_out
        return -(-whole // MILLION)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens and base units held for a call under way."""

    tokens: int
    money: int


class Budget:
    """One job's budget, shared by all its criteria. Used from one event loop.

    Args:
        tokens: Prompt and answer tokens together.
        money: Base units of USDC.
    """

    def __init__(self, *, tokens: int, money: int) -> None:
        self._tokens_limit, self._money_limit = tokens, money
        self._tokens_held = self._money_held = 0
        self.tokens = self.money = 0

    def reserve(self, prompt_bytes: int, answer_tokens: int, price: Price) -> Reservation:
        """Hold what a call may cost at the most.

        Raises:
            BudgetError: it could exceed the job's tokens or money.
        """
        tokens_in = -(-prompt_bytes // BYTES_PER_TOKEN)
        wanted = Reservation(tokens_in + answer_tokens, price.of(tokens_in, answer_tokens))
        tokens = self.tokens + self._tokens_held + wanted.tokens
        money = self.money + self._money_held + wanted.money
        if tokens > self._tokens_limit:
            raise BudgetError(
                f"the job's {self._tokens_limit} tokens would be exceeded: this call needs up to "
                f"{wanted.tokens}, {self.tokens + self._tokens_held} are used or held",
                field="limits.models.job_tokens",
            )
        if money > self._money_limit:
            raise BudgetError(
                f"the job's {format_usdc(self._money_limit)} for models would be exceeded: this call may "
                f"cost {format_usdc(wanted.money)}, {format_usdc(self.money + self._money_held)} are used "
                "or held",
                field="limits.models.job_money",
            )
        self._tokens_held += wanted.tokens
        self._money_held += wanted.money
        return wanted

    def settle(self, held: Reservation, tokens_in: int, tokens_out: int, price: Price) -> None:
        """Replace what was held by what was used; where no usage is stated, what was held counts."""
        self._tokens_held -= held.tokens
        self._money_held -= held.money
        if tokens_in == tokens_out == 0:
            self.tokens += held.tokens
            self.money += held.money
            return
        self.tokens += tokens_in + tokens_out
        self.money += price.of(tokens_in, tokens_out)
