"""A policy: who owns it, when it is reviewed, which signals it watches, and what follows. Hashed canonically.

Written by people as TOML; its hash is that of the canonical JSON of the same content. Amounts are "250 USDC",
or base units as a decimal string; shares are thousandths; dates are days of the calendar, UTC.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, HashField
from oracle.policy.errors import PolicyError
from oracle.policy.fields import Day, Line, Name, Share, Threshold, Usdc, known_signal
from oracle.policy.signals import MEANINGS, USDC, Signal

MAX_POLICY_BYTES = 65_536


class Owner(Part):
    """Who answers for the policy. `page` is where it is called: a URL of a webhook."""

    name: Line
    page: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,500}$")] | None = None


class Review(Part):
    """When the policy is looked at again, in days. Later than `grace` days after that it is missed."""

    every_days: Annotated[int, Field(ge=1, le=366)]
    grace_days: Annotated[int, Field(ge=0, le=90)] = 7
    reviewed: Day


class Scope(Part):
    """Whom and what a policy is about; what is not named is not limited.

    `agents` limits whose signals count; `committees` and `pacts` limit which agreements consequences touch.
    """

    agents: Annotated[tuple[AddressField, ...], Field(max_length=1_000)] = ()
    committees: Annotated[tuple[HashField, ...], Field(max_length=1_000)] = ()
    pacts: Annotated[tuple[HashField, ...], Field(max_length=1_000)] = ()


class RefuseAbove(Part):
    """New agreements are refused above a price; 0 refuses all."""

    kind: Literal["refuse-above"]
    amount: Usdc


class RequireBond(Part):
    """New agreements need a bond of at least this share of the price, in percent."""

    kind: Literal["require-bond"]
    percent: Annotated[int, Field(ge=1, le=1_000)]


class ShrinkCredit(Part):
    """Prices of all jobs that run, with the new one, stay within a limit."""

    kind: Literal["shrink-credit"]
    limit: Usdc


class ReEvaluate(Part):
    """The last so many Passes are asked to be evaluated again: the firing names them."""

    kind: Literal["re-evaluate"]
    passes: Annotated[int, Field(ge=1, le=50)]


class PageOwner(Part):
    """The owner is called."""

    kind: Literal["page-owner"]


Consequence: TypeAlias = Annotated[
    RefuseAbove | RequireBond | ShrinkCredit | ReEvaluate | PageOwner, Field(discriminator="kind")
]


class Drift(Part):
    """A drift test: shares of failures in thousandths, and how many jobs there are to a false alarm."""

    good: Annotated[int, Field(ge=1, le=998)]
    bad: Annotated[int, Field(ge=2, le=999)]
    one_false_alarm_in: Annotated[int, Field(ge=2, le=10**9)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.good >= self.bad:
            raise ValueError(f"good is {self.good} and bad {self.bad}; bad must be the larger share")
        return self


class Rule(Part):
    """One signal, one threshold, and what follows while it is crossed.

    Args:
        if_unknown: What a signal that cannot be computed does: "fires" or "waits".
        hold_days: The rule holds at least so long after the signal has recovered.
        then: What follows; several are allowed, one of a kind.
    """

    id: Name
    signal: Annotated[Signal, BeforeValidator(known_signal)]
    below: Threshold | None = None
    above: Threshold | None = None
    drift: Drift | None = None
    window_days: Annotated[int, Field(ge=1, le=366)] = 90
    if_unknown: Literal["fires", "waits"] = "fires"
    hold_days: Annotated[int, Field(ge=0, le=366)] = 0
    then: Annotated[tuple[Consequence, ...], Field(min_length=1, max_length=5)]

    @field_validator("below", "above", mode="before")
    @classmethod
    def _in_its_unit(cls, given: Any, info: ValidationInfo) -> Any:
        signal = info.data.get("signal")
        if given is None or not isinstance(signal, Signal):
            return given
        money = MEANINGS[signal].unit == USDC
        if money and not isinstance(given, str):
            raise ValueError(f'{signal} is an amount; write it like "250 USDC"')
        if not money and isinstance(given, str) and not given.isdigit():
            raise ValueError(f"{signal} is in {MEANINGS[signal].unit}; write a whole number")
        return given

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        meaning = MEANINGS[self.signal]
        if self.signal is Signal.DRIFT:
            if self.drift is None or self.below is not None or self.above is not None:
                raise ValueError(
                    "drift takes a table `drift` (good, bad, one_false_alarm_in) and no threshold"
                )
            return self
        if self.drift is not None:
            raise ValueError(f"{self.signal} takes a threshold; the table `drift` belongs to signal drift")
        if (self.below is None) == (self.above is None):
            raise ValueError(f"{self.signal} takes one threshold: `{meaning.worse}`")
        if getattr(self, meaning.worse) is None:
            raise ValueError(
                f"{self.signal} is worse {meaning.worse} a threshold; this fires while all is well"
            )
        if not 0 <= self.threshold <= meaning.high:
            raise ValueError(
                f"the threshold {self.threshold} is not between 0 and {meaning.high} {meaning.unit}"
            )
        kinds = [one.kind for one in self.then]
        if len(set(kinds)) < len(kinds):
            raise ValueError("`then` names a kind of consequence twice")
        return self

    @property
    def threshold(self) -> int:
        """The threshold in the signal's unit; 0 for a drift test, which has its own."""
        found = self.below if self.below is not None else self.above
        return 0 if found is None else int(found)

    def crossed(self, value: int | None) -> bool:
        """Whether a value, in the signal's unit, crosses the threshold."""
        if value is None:
            return self.if_unknown == "fires"
        return value < self.threshold if self.below is not None else value > self.threshold


class Widen(Part):
    """The cap grows after so many audited Passes in a row that are fresh, while the lower limit is above."""

    passes: Annotated[int, Field(ge=1, le=1_000)]
    fresh_days: Annotated[int, Field(ge=1, le=366)] = 30
    lower_above: Share
    percent: Annotated[int, Field(ge=101, le=1_000)]


class Narrow(Part):
    """The cap shrinks at once to so many percent after a failure or a dispute."""

    percent: Annotated[int, Field(ge=0, le=99)]
    floor: Usdc = 0


class Rollout(Part):
    """An agent is let into one workflow step by step: prices of its running jobs there stay below a cap.

    Args:
        workflow: What is rolled out, for people.
        pact: Jobs under this pact are the workflow.
        start: The cap to begin with; `most`: the largest it may become.
    """

    workflow: Line
    pact: HashField
    start: Usdc
    most: Usdc
    widen: Widen
    narrow: Narrow


class Policy(Document):
    """A policy as a whole. `since`: before this day nothing binds, nor is stored of what it would say."""

    schema_: Literal["earnest/policy/1"] = Field(alias="schema")
    name: Name
    purpose: Line
    since: Day
    owner: Owner
    review: Review
    scope: Scope = Scope()
    rules: Annotated[tuple[Rule, ...], Field(max_length=50)] = ()
    rollout: Rollout | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.rules and self.rollout is None:
            raise ValueError("the policy has no rule and no rollout: it changes nothing")
        return self


def read_policy(data: bytes, *, what: str) -> Policy:
    """A policy from untrusted TOML.

    Raises:
        PolicyError: too large, or no TOML.
        JsonError, DocumentError: a field is unknown, missing or wrong; it names each.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(
            f"{what} has {len(data)} bytes; a policy has at most {MAX_POLICY_BYTES}", field=what
        )
    try:
        value = json.dumps(_plain(tomllib.loads(data.decode("utf-8")))).encode()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError(f"{what} is not TOML: {error}", field=what) from error
    return Policy.parse(value, what=what)


def _plain(value: Any) -> Any:
    """TOML's values as JSON's: days are written as texts."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value
