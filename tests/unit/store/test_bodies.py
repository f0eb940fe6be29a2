"""An agreement is stored once, with its job; whoever reads the opening reads all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oracle.decide.jobs import Place
from oracle.domain.events import EscrowEvent, JobOpened
from oracle.store import chain as chain_store
from oracle.store import codec, feed, history, listing
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.tables import EventRow, JobRow
from tests.databases import Databases
from tests.unit.daemon.test_events_store import HISTORY, JOBS, happened, opened

EVENTS = [event for _, event in HISTORY]
OPENED = [event for event in EVENTS if isinstance(event, JobOpened)]
OF_A_JOB = [event for event in EVENTS if getattr(event, "job", None) == JOBS[0]]
OF_JOBS = [event for event in EVENTS if hasattr(event, "job")]
PROVIDER = OPENED[0].provider

Told = list[tuple[str, str]]
"""Events by name and text."""


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    with made.write() as session:
        blocks = {item.place.block_number: item.place for item in happened()}
        headers = [Header(n, at.block_hash, f"0x{n - 1:064x}", at.timestamp) for n, at in blocks.items()]
        chain_store.save_blocks(session, headers)
        save_events(session, happened())
    yield made
    made.close()


def texts(events: Sequence[EscrowEvent]) -> Told:
    return [(type(event).__name__, codec.event_text(event)) for event in events]


def listed(session: Session, **filters: Any) -> Told:
    return [(one.name, one.body) for one in reversed(listing.list_events(session, limit=99, **filters))]


def of_a_block(session: Session) -> Told:
    return [(one.name, one.body) for one in listing.events_in(session, 2, "JobOpened")]


def fed(session: Session) -> Told:
    names = sorted({type(event).__name__ for event in OF_JOBS})
    found, _ = feed.events_after(session, names, ("TabOpened",), after=0, limit=99)
    return [(one.name, one.body) for one in found]


def replayed(session: Session) -> Told:
    return texts([event for event, _ in history.job_events(session, JOBS[0])])


@pytest.mark.parametrize("in_full", [False, True], ids=["stored without", "stored with it"])
@pytest.mark.parametrize(
    ("read", "expected"),
    [
        pytest.param(listed, EVENTS, id="all"),
        pytest.param(lambda session: listed(session, name="JobOpened"), OPENED, id="by name"),
        pytest.param(lambda session: listed(session, subject=JOBS[0]), OF_A_JOB, id="of a job"),
        pytest.param(lambda session: listed(session, provider=PROVIDER), OF_JOBS, id="of a provider"),
        pytest.param(of_a_block, OPENED, id="of a block"),
        pytest.param(fed, OF_JOBS, id="to be told"),
        pytest.param(replayed, OF_A_JOB, id="history of a job"),
    ],
)
def test_whoever_reads_an_opening__reads_its_agreement(
    database: Database, read: Callable[[Session], Told], expected: Sequence[EscrowEvent], *, in_full: bool
) -> None:
    if in_full:  # as older programs stored it
        with database.write() as session:
            for event in OPENED:
                this = EventRow.name == "JobOpened", EventRow.subject == event.job
                session.execute(update(EventRow).where(*this).values(body=codec.event_text(event)))
    with database.read() as session:
        assert read(session) == texts(expected)


def test_an_agreement__is_stored_with_its_job_alone(database: Database) -> None:
    with database.read() as session:
        assert set(session.scalars(select(JobRow.agreement))) == {
            codec.AGREEMENTS.text(event.agreement) for event in OPENED
        }
        bodies = list(session.scalars(select(EventRow.body).where(EventRow.name == "JobOpened")))
    assert len(bodies) == len(OPENED)
    assert not any("terms" in body or OPENED[0].agreement.opening.pact in body for body in bodies)


def test_a_page_of_a_provider_s_events__looks_up_no_other_agreements(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite says which texts are put together")
    more = [opened(f"0x{number:064x}") for number in range(1, 41)]
    places = [Place(9, f"0x{9:064x}", 1_009, index) for index in range(len(more))]
    with database.write() as session:
        save_events(session, list(map(Happened, more, ["0x" + "77" * 32] * len(more), places)))
    made: list[str] = []

    def replaced(text: str, old: str, new: str) -> str:
        made.append(new)
        return text.replace(old, new)

    with database.read() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.create_function("replace", 3, replaced)
        found = listing.list_events(session, limit=5, provider=PROVIDER)
    assert [(one.name, one.body) for one in found] == texts(list(reversed(more[-5:])))
    assert len(made) == 5
