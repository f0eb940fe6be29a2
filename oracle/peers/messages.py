"""The messages of the exchange. Everything in them is checked against the chain as stored, never believed.

A statement is what one evaluator says about one delivery: a commitment it has signed, and, once it may be
shown, the attestation that opens it. Statements of others are passed on in the same form: their signatures
speak for themselves.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, StringConstraints

from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.domain.fields import Number256

ROUTE: Final = "/peers/1/exchange"
SIGNATURE_HEADER: Final = "Earnest-Signature"
MAX_STATEMENTS: Final = 128  # in a request; an answer holds at most four times as many
MAX_ANSWER_BYTES: Final = 1_048_576

SignatureHex: TypeAlias = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]
Nonce: TypeAlias = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{32}$")]
Index: TypeAlias = Annotated[int, Field(ge=0, le=31)]
Line: TypeAlias = Annotated[str, StringConstraints(max_length=200)]


def wire(message: Document) -> bytes:
    """A message as it is sent. What is signed is these bytes, so no canonical form is needed."""
    return message.model_dump_json(by_alias=True).encode()


class Reveal(Part):
    """An attestation and the salt that opens the commitment to it."""

    outcome: Literal["pass", "fail", "lapse"]
    payable: Number256
    evidence: HashHex
    r: HashHex
    vs: HashHex
    salt: HashHex


class Statement(Part):
    """What one evaluator says about one delivery. `signature` is over the commitment."""

    evaluator: Index
    subject: HashHex
    deliverable: HashHex
    commitment: HashHex
    signature: SignatureHex
    reveal: Reveal | None


class ExchangeRequest(Document):
    """From one evaluator to another of the same committee.

    Args:
        sender: Index of the evaluator whose key signed the request.
        recipient: Index of the one it is for: a request is of no use at anybody else's.
        time: The time of the last block the sender has read; bounds how long nonces are kept.
        nonce: Random, never used twice.
    """

    schema_: Literal["earnest/exchange/1"] = Field(alias="schema", default="earnest/exchange/1")
    committee: HashHex
    sender: Index
    recipient: Index
    time: Annotated[int, Field(ge=0, lt=2**40)]
    nonce: Nonce
    statements: Annotated[tuple[Statement, ...], Field(max_length=MAX_STATEMENTS)]


class ExchangeAnswer(Document):
    """What became of each statement, in order, and what the answerer says about the same deliveries."""

    schema_: Literal["earnest/exchange-answer/1"] = Field(alias="schema", default="earnest/exchange-answer/1")
    results: Annotated[tuple[Line, ...], Field(max_length=MAX_STATEMENTS)]
    statements: Annotated[tuple[Statement, ...], Field(max_length=4 * MAX_STATEMENTS)]
