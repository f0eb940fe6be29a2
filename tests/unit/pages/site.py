"""Pages over a store with history, and a job whose evidence is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastapi.testclient import TestClient

from oracle.daemon.openness import kept_in
from oracle.domain import events as e
from oracle.domain.types import Hash, Outcome
from oracle.evaluation.record import EvaluationRecord
from oracle.pages.app import Front, make_pages
from oracle.pages.place import Place
from oracle.store import chain as chain_store
from oracle.store.events import Happened, save_events
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World, made_world, place
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, block, job

JUDGED = 700  # block in which the job with evidence is judged


def made_site(databases: Databases) -> World:
    """The API's world with the pages before it."""
    made = made_world(databases)
    made.client = client_of(made)
    return made


def client_of(world: World) -> TestClient:
    """Pages before the API, with nothing kept from an earlier look."""
    pages = make_pages(world.source, limits=Limits(), place=Place(world.source))
    return TestClient(Front(pages, world.app), raise_server_exceptions=False)


def judged_job(world: World, pact: Hash, evidence: Hash, *, number: int = 800) -> Hash:
    """Open a job under a pact and judge it on a record. Returns its id."""
    opened = job(number, AGENTS[0], BUYERS[0])
    opening = replace(opened.agreement.opening, pact=pact)
    opened = replace(opened, agreement=replace(opened.agreement, opening=opening))
    events: list[e.EscrowEvent] = [
        opened,
        e.Delivered(opened.job, "0x" + "d1" * 32),
        e.Judged(opened.job, Outcome.PASS, 0b01, 2**33, (evidence,)),
    ]
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(JUDGED + number)])
        save_events(
            session,
            [
                Happened(event, "0x" + "77" * 32, place(index, JUDGED + number))
                for index, event in enumerate(events)
            ],
        )
    world.catch_up()
    return opened.job


def keep(world: World, folder: Path) -> None:
    """Let the pages read what is kept in a folder."""
    world.source.read_document = kept_in(folder)
    world.client = client_of(world)


def every_path(world: World) -> list[str]:
    """A path of each kind of page."""
    one = world.get("/jobs", limit=1)["items"][0]
    return [
        "/",
        f"/agents/{AGENTS[0]}",
        f"/agents/{AGENTS[1]}:1",
        "/jobs",
        "/jobs?state=closed",
        f"/jobs/{one['job']}",
        "/committees",
        f"/committees/{ROOT}",
        "/evaluators/0x" + "e1" * 20,
        f"/pacts/{one['pact']}",
        "/report",
        "/about",
    ]


def with_notes(record: EvaluationRecord, text: str) -> EvaluationRecord:
    """The record with every condition's reason replaced by a text."""
    conditions = tuple(
        entry.model_copy(update={"check": None, "jury": None, "note": text}) for entry in record.conditions
    )
    return record.model_copy(update={"conditions": conditions})
