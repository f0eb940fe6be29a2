"""A store with history, and the API over it."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from oracle.api.app import Switch, make_api
from oracle.api.signing import ResponseKey
from oracle.api.source import Source
from oracle.daemon.openness import Keeper
from oracle.decide.jobs import Place
from oracle.domain import events as e
from oracle.domain.committee import Committee
from oracle.store import chain as chain_store
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.web.app import make_app
from oracle.web.limits import Limits
from tests.databases import Databases, unsynced
from tests.unit.store.score_history import ROOT, block, history, store

ESCROW = "0x" + "e5" * 20
TERMS = Committee(("0x" + "e1" * 20, "0x" + "e2" * 20), 2, 10**9, "0x" + "4d" * 32, "0x" + "aa" * 20,
                  0, 10**6, 0, 10**12, 1, 1, 1, 0, 0)  # fmt: skip


class World:
    """A store with history, and the API over it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.key = ResponseKey(b"\x07" * 32)
        self.documents: dict[str, bytes] = {}
        self.source = Source(database, self.key, self.documents.get, frozenset([ROOT]))
        self.keeper = Keeper(database, self.source.book, self.source.directory)
        limits = Limits()
        self.app = Switch(make_api(self.source, limits=limits), make_app([], limits=limits))
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def catch_up(self) -> None:
        while self.keeper.step():
            pass

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.client.get("/v1" + path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def made_world(databases: Databases) -> World:
    """With a committee, one evaluator and 60 closed jobs."""
    database = Database(databases.made())
    unsynced(database)
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, ESCROW, 0)
        first: list[e.EscrowEvent] = [
            e.CommitteeCreated(ROOT, TERMS),
            e.Joined(ROOT, 0, "0x" + "e1" * 20, 10**9),
        ]
        at = block(0)
        chain_store.save_blocks(session, [at])
        save_events(
            session,
            [Happened(event, "0x" + "77" * 32, place(index, at.number)) for index, event in enumerate(first)],
        )
    store(database, history(60))
    made = World(database)
    made.catch_up()
    return made


def place(index: int, number: int) -> Place:
    """A place in a block of the history."""
    return Place(number, block(number).hash, block(number).timestamp, index)
