"""Attestations as they went over the evaluators' wires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson
from pydantic import ValidationError

from oracle.domain import typed
from oracle.domain.terms import Attestation
from oracle.domain.types import Outcome
from oracle.peers.messages import Statement
from scripts.chaos.transactions import Signed, recovered
from scripts.chaos.wire import Said

_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


def attestations_in(said: Iterable[Said], domain: typed.Domain) -> list[Signed]:
    """Every attestation that one evaluator showed another, whether it was taken or not."""
    known: dict[tuple[str, str], Signed] = {}
    for item in said:
        for body in (item.request, item.answer):
            for statement in _statements(body):
                reveal = statement.reveal
                if reveal is None:
                    continue
                attestation = Attestation(
                    statement.subject,
                    statement.deliverable,
                    _OUTCOMES[reveal.outcome],
                    reveal.evidence,
                    int(reveal.payable),
                )
                signature = bytes.fromhex(reveal.r[2:] + reveal.vs[2:])
                if (reveal.r, reveal.vs) not in known:
                    signed = recovered(domain, attestation, signature, "between evaluators")
                    if signed is not None:
                        known[reveal.r, reveal.vs] = signed
    return list(known.values())


def _statements(body: bytes) -> Iterator[Statement]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    items = parsed.get("statements", []) if isinstance(parsed, dict) else []
    for item in items if isinstance(items, list) else []:
        try:
            yield Statement.model_validate(item)
        except ValidationError:
            continue  # the liar's rubbish: no honest evaluator's signature could count in it
