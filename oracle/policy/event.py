"""What a policy did, as evidence: one document an event, named by its hash.

Everything in it follows from the policy and the chain (a review: from the policy and who reviewed), so the
same history makes the same event, with the same hash, on every machine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from oracle.decide.jobs import Place
from oracle.domain.canonical import keccak_hex
from oracle.domain.document import Document, Part
from oracle.domain.fields import HashField, TimeField
from oracle.domain.types import ZERO_HASH, Hash

MAX_JOBS = 50  # named in one event


class Happened(StrEnum):
    """What happened."""

    FIRED = "fired"
    """A signal crossed its threshold: the consequences hold from now on."""
    LIFTED = "lifted"
    WIDENED = "widened"
    NARROWED = "narrowed"
    REVIEW_DUE = "review-due"
    REVIEW_MISSED = "review-missed"
    REVIEWED = "reviewed"


class SubjectField(Part):
    """Whom it is about: an agent by its address, an evaluator as committee/index, a policy by its name."""

    kind: Literal["agent", "evaluator", "policy"]
    key: Annotated[str, Field(max_length=100)]


class At(Part):
    """The block whose event decided it."""

    block: int
    block_hash: HashField


class PolicyEvent(Document):
    """One event. Values in the signal's unit; a cap in base units, as decimal strings.

    Args:
        time: Unix seconds: of the deciding block, of the midnight a signal was looked at, or of a review.
        jobs: The jobs, and the tabs, that decided it, the newest last.
        consequences: What holds from now on, or held until now.
    """

    schema_: Literal["earnest/policy-event/1"] = Field(alias="schema", default="earnest/policy-event/1")
    happened: Happened
    policy: str
    policy_hash: HashField
    owner: str
    rule: str | None
    subject: SubjectField
    signal: str | None
    value: str | None
    threshold: str | None
    says: str
    time: TimeField
    at: At | None
    jobs: tuple[HashField, ...] = ()
    consequences: tuple[dict[str, Any], ...] = ()


def at_place(place: Place | None) -> At | None:
    """The block of a place."""
    return None if place is None else At(block=place.block_number, block_hash=place.block_hash)


def link(previous: Hash | None, event: Hash) -> Hash:
    """The chain's next link: keccak-256 of the link before (zeros at first) and the event's hash."""
    return keccak_hex(bytes.fromhex((previous or ZERO_HASH)[2:]) + bytes.fromhex(event[2:]))
