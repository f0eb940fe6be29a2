"""A committee's terms as a file, to be agreed on by its evaluators before it is created.

Amounts are decimal strings of USDC base units, periods seconds; the fee rate is in millionths of the value at
stake for each day.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from oracle.domain.committee import MAX_EVALUATORS, Committee
from oracle.domain.document import Document
from oracle.domain.fields import AddressField, Amount64, HashField, Number256, PeriodField

COMMITTEE_SCHEMA: Literal["earnest/committee/1"] = "earnest/committee/1"


class CommitteeFile(Document):
    """Everything that is fixed about a committee. Evaluators are sorted when they are read."""

    schema_: Literal["earnest/committee/1"] = Field(COMMITTEE_SCHEMA, alias="schema")
    evaluators: Annotated[tuple[AddressField, ...], Field(min_length=1, max_length=MAX_EVALUATORS)]
    threshold: Annotated[int, Field(ge=1, le=MAX_EVALUATORS)]
    stake: Amount64
    methodology: HashField
    arbiter: AddressField
    arbiter_cost: Amount64 = 0
    fee_flat: Amount64 = 0
    fee_rate: Annotated[int, Field(ge=0, lt=2**32)] = 0
    max_value: Amount64
    min_verdict: PeriodField
    min_ruling: PeriodField
    max_challenge: PeriodField
    silence: Amount64 = 0
    salt: Number256 = 0

    @property
    def committee(self) -> Committee:
        """The terms as the contract takes them: evaluators strictly ascending."""
        return Committee(
            evaluators=tuple(sorted(self.evaluators)),
            threshold=self.threshold,
            stake=self.stake,
            methodology=self.methodology,
            arbiter=self.arbiter,
            arbiter_cost=self.arbiter_cost,
            fee_flat=self.fee_flat,
            fee_rate=self.fee_rate,
            max_value=self.max_value,
            min_verdict=self.min_verdict,
            min_ruling=self.min_ruling,
            max_challenge=self.max_challenge,
            silence=self.silence,
            salt=self.salt,
        )
