"""Tabs are followed beside jobs, in the same transactions and from the same blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from oracle.chain.tab_decoder import TabOccurrence
from oracle.daemon import ranges
from oracle.daemon.ranges import Ranges, TabSource
from oracle.daemon.watcher import Watcher
from oracle.decide.reorg import BrokenChainError
from oracle.domain.tab_events import TabOpened, ToppedUp
from oracle.domain.tab_terms import TabAgreement, TabOpening
from oracle.domain.types import Hash
from oracle.store import chain as chain_store
from oracle.store import scores
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from oracle.store.rollback import roll_back
from oracle.store.tables import ScoreProgressRow, TabEventRow
from tests.databases import Databases
from tests.unit.daemon.test_watcher import HEAD, SPAN, History, block_hash
from tests.unit.tabs.test_tab_steps import BUYER, HASH, PROVIDER, TERMS

CONTRACT, OTHER = "0x" + "7a" * 20, "0x" + "7b" * 20
FIRST, EVERY = 40, 8


@dataclass
class Tabs:
    """A tab opened in every eighth block from `FIRST` on, and topped up in the same block."""

    lies: bool = False
    offset: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    def events(self, start: int, end: int) -> list[TabOccurrence]:
        self.asked.append((start, end))
        found = []
        for number in range(start, end + 1):
            if number % EVERY != self.offset:
                continue
            tab, terms = block_hash(number), replace(TERMS, buyer=BUYER, provider=PROVIDER)
            opened = TabOpened(tab, BUYER, PROVIDER, TabAgreement(terms, TabOpening(HASH, HASH, 0, 1, 1)), 7)
            name = block_hash(number + (1 if self.lies else 0))
            found += [
                TabOccurrence(event, number, name, "0x" + "77" * 32, index)
                for index, event in ((5, opened), (6, ToppedUp(tab, 1, BUYER)))
            ]
        return found


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def follow(database: Database, tabs: Tabs | None, contract: str = CONTRACT) -> Watcher:
    source = None if tabs is None else TabSource(contract, FIRST, tabs.events)
    return Watcher(database, History(), first_block=1, largest_span=SPAN, tabs=source)  # type: ignore[arg-type]


def blocks(database: Database) -> list[tuple[int, int]]:
    with database.read() as session:
        rows = session.execute(
            select(TabEventRow.block_number, TabEventRow.at).order_by(
                TabEventRow.block_number, TabEventRow.log_index
            )
        )
        return [(number, at) for number, at in rows]


EXPECTED = [(number, 1_000 + number) for number in range(FIRST, HEAD + 1, EVERY) for _ in range(2)]


def test_events_of_tabs_are_stored_with_their_blocks(database: Database) -> None:
    tabs = Tabs()
    follow(database, tabs).step()
    assert blocks(database) == EXPECTED
    assert min(start for start, _ in tabs.asked) == FIRST
    with database.read() as session:
        assert len(tab_store.list_tabs(session, limit=1_000, parties={})) == len(EXPECTED) // 2


def test_many_events_of_tabs__make_ranges_narrower_as_those_of_jobs_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranges, "PIECE", 9)  # of jobs alone there are fewer in the blocks asked for
    tabs = Tabs()
    source = TabSource(CONTRACT, FIRST, tabs.events)
    following = Ranges(History(), source, smallest=1, largest=SPAN)  # type: ignore[arg-type]
    read = following.settled(FIRST, FIRST + SPAN - 1)
    assert read.found < 9 <= read.count
    assert following.width == SPAN // 2


def test_where_jobs_were_followed_alone__what_came_before_is_read_and_scores_begin_anew(
    database: Database,
) -> None:
    roots: frozenset[Hash] = frozenset()
    follow(database, None).step()
    with database.write() as session:
        session.add(ScoreProgressRow(block_number=HEAD, roots=scores.roots_hash(roots)))
    assert blocks(database) == []
    again = follow(database, Tabs())
    again.step()
    assert blocks(database) == EXPECTED
    with database.read() as session:
        assert scores.progress(session, roots) is None
    follow(database, Tabs()).step()  # and once only
    assert blocks(database) == EXPECTED


def test_where_jobs_were_followed_alone__blocks_of_tabs_get_their_headers(database: Database) -> None:
    follow(database, None).step()
    follow(database, Tabs(offset=2)).step()  # blocks in which nothing happened to jobs
    numbers = {number for number, _ in blocks(database)}
    assert len(numbers) > 40
    with database.read() as session:
        assert numbers == set(chain_store.block_hashes(session, numbers))


def test_another_contract__replaces_the_first(database: Database) -> None:
    follow(database, Tabs()).step()
    follow(database, Tabs(), OTHER).step()
    assert blocks(database) == EXPECTED
    with database.read() as session:
        assert not tab_store.is_followed(session, CONTRACT)


def test_a_log_of_another_block__is_not_taken(database: Database) -> None:
    with pytest.raises(BrokenChainError):
        follow(database, Tabs(lies=True)).step()
    assert blocks(database) == []


def test_a_rollback_takes_tabs_along(database: Database) -> None:
    follow(database, Tabs()).step()
    with database.write() as session:
        roll_back(session, 100)
    assert blocks(database) == [each for each in EXPECTED if each[0] <= 100]
