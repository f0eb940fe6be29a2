"""Speaks to the honest evaluators with a real key of the committee, as whoever holds it could."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from oracle.chain.escrow import Escrow
from oracle.domain import typed
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Attestation
from oracle.domain.types import Hash, Outcome
from oracle.peers.messages import ROUTE, SIGNATURE_HEADER, ExchangeRequest, Reveal, Statement

_WORDS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.LAPSE: "lapse"}


@dataclass
class Voice:
    """One evaluator's signing key in whatever hands.

    Args:
        index: Of the evaluator in its committee.
        peers: Where the others are reached, by index.
    """

    key: bytes
    index: int
    committee: Hash
    escrow: Escrow
    peers: Mapping[int, str]
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=3.0))

    def say(self, job: Hash, deliverable: Hash, outcome: Outcome, *, shown: bool = True) -> Statement:
        """A commitment and, where shown, the attestation that opens it; both well signed."""
        attestation = Attestation(job, deliverable, outcome, "0x" + secrets.token_hex(32))
        digest = typed.attestation_digest(self.escrow.domain, attestation)
        salt = "0x" + secrets.token_hex(32)
        commitment = typed.commitment_to(digest, salt)
        signed = typed.commitment_digest(
            typed.peers_domain(self.escrow.domain), self.committee, self.index, job, deliverable, commitment
        )
        r, vs = compact(sign_digest(self.key, digest))
        reveal = Reveal.model_validate(
            {
                "outcome": _WORDS[outcome],
                "payable": "0",
                "evidence": attestation.evidence,
                "r": r,
                "vs": vs,
                "salt": salt,
            }
        )
        return Statement(
            evaluator=self.index,
            subject=job,
            deliverable=deliverable,
            commitment=commitment,
            signature="0x" + sign_digest(self.key, signed).hex(),
            reveal=reveal if shown else None,
        )

    def request(self, peer: int, statements: list[Statement]) -> bytes:
        """A well-formed request with these statements."""
        return ExchangeRequest(
            committee=self.committee,
            sender=self.index,
            recipient=peer,
            time=self.escrow.rpc.block("latest").timestamp,
            nonce="0x" + secrets.token_hex(16),
            statements=tuple(statements),
        ).canonical()

    def post(self, peer: int, body: bytes) -> httpx.Response | None:
        """Send anything, well signed. None where no answer came."""
        digest = typed.request_digest(typed.peers_domain(self.escrow.domain), ROUTE, body)
        headers = {SIGNATURE_HEADER: "0x" + sign_digest(self.key, digest).hex()}
        try:
            return self.http.post(self.peers[peer] + ROUTE, content=body, headers=headers)
        except httpx.HTTPError:
            return None
