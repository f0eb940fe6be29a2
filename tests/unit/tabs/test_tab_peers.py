"""Evaluators fetch each other's attestations about tabs; only what its evaluator signed is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from oracle.daemon.tab_peers import TabPeers, TabStatement, TabStatements, statements_router
from oracle.decide.jobs import EvaluatorRecord
from oracle.domain.signatures import address_of, compact, sign_digest
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Outcome
from oracle.store import work
from oracle.store.database import Database
from oracle.store.work import StoredAttestation
from tests.databases import Databases

ESCROW = Domain(31337, "0x" + "ee" * 20)
COMMITTEE, TAB, DELIVERABLE, EVIDENCE = ("0x" + digits * 32 for digits in ("cc", "7a", "de", "e0"))
KEY, STRANGER = bytes([7]) * 32, bytes([8]) * 32
RECORDS = {2: EvaluatorRecord(key=address_of(KEY))}


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def statement(payable: int = 900, key: bytes = KEY, **changes: object) -> TabStatement:
    attestation = Attestation(TAB, DELIVERABLE, Outcome.PASS, EVIDENCE, payable)
    r, vs = compact(sign_digest(key, attestation_digest(ESCROW, attestation)))
    values = {
        "evaluator": 2, "outcome": "pass", "payable": str(payable), "evidence": EVIDENCE, "r": r, "vs": vs,
    } | changes  # fmt: skip
    return TabStatement.model_validate(values)


def answer(*statements: TabStatement, tab: str = TAB) -> bytes:
    said = TabStatements(committee=COMMITTEE, tab=tab, deliverable=DELIVERABLE, statements=statements)
    return said.canonical()


def said_as(data: bytes) -> httpx.Response:
    """An answer that is still to be read, as from a socket."""
    return httpx.Response(200, stream=httpx.ByteStream(data))


def fetched(database: Database, respond: Callable[[httpx.Request], httpx.Response]) -> list[int]:
    """What is stored, by its payable, after asking one peer."""
    http = httpx.Client(transport=httpx.MockTransport(respond))
    peers = TabPeers(["http://127.0.0.1:1"], ESCROW, seconds=1, http=http)
    peers.fetch(database, COMMITTEE, TAB, DELIVERABLE, RECORDS)
    peers.close()
    with database.read() as session:
        return [item.attestation.payable for item in work.attestations_of(session, [TAB])]


def test_signed_by_its_evaluator__is_stored_once(database: Database) -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        return said_as(answer(statement(), statement()))

    assert fetched(database, respond) == [900]
    assert fetched(database, respond) == [900]


@pytest.mark.parametrize(
    "bad",
    [
        statement(key=STRANGER),
        statement(evaluator=3),
        statement(payable=900, outcome="fail"),
        statement(r="0x" + "00" * 32),
    ],
)
def test_not_signed_by_its_evaluator__is_not_stored(database: Database, bad: TabStatement) -> None:
    assert fetched(database, lambda _request: said_as(answer(bad))) == []


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(503, stream=httpx.ByteStream(b"")),
        said_as(b"{}"),
        said_as(b"x" * 300_000),
        said_as(answer(statement(), tab="0x" + "00" * 32)),
    ],
)
def test_answer_that_is_none__is_passed_over(database: Database, response: httpx.Response) -> None:
    assert fetched(database, lambda _request: response) == []


def test_served__is_what_a_peer_takes(database: Database) -> None:
    attestation = Attestation(TAB, DELIVERABLE, Outcome.PASS, EVIDENCE, 900)
    digest = attestation_digest(ESCROW, attestation)
    attested = Attested(*compact(sign_digest(KEY, digest)), EVIDENCE)
    with database.write() as session:
        work.save_attestations(
            session, [StoredAttestation(COMMITTEE, 2, RECORDS[2].key, attestation, attested, digest)]
        )
    app = FastAPI()
    app.include_router(statements_router(database))
    with TestClient(app) as client:
        served = client.get(f"/tabs/1/attestations/{COMMITTEE}/{TAB}/{DELIVERABLE}")
        assert served.content == answer(statement())
        assert client.get(f"/tabs/1/attestations/{COMMITTEE}/{TAB}/nothing").status_code == 422
