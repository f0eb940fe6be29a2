"""Reading finalized history: ranges that come at once share a transaction; what was read is kept."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from oracle.chain.errors import DecodeError, RangeTooWideError, RpcUnavailableError
from oracle.daemon import ranges, watcher
from oracle.daemon.ports import Logged, LoggedRange
from oracle.daemon.watcher import Watcher
from oracle.decide.reorg import BrokenChainError, Heights
from oracle.domain.events import Delivered, JobOpened
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Hash
from oracle.store import chain as chain_store
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Piece, Saving
from oracle.store.rollback import roll_back
from oracle.store.tables import Block, EventRow
from oracle.store.tasks import tasks_of
from tests.databases import Databases

HEAD = 400
SPAN = 16


def block_hash(number: int) -> Hash:
    return f"0x{number:064x}"


@dataclass
class History:
    """A node with a job opened in every fourth block and delivered in the next one; `fails_from`: a block
    from which on it answers no question for logs, `slow`: seconds that each of these takes, `widest`: most
    blocks that one may be about, `garbled`: a block whose logs are no events."""

    fails_from: int = HEAD + 1
    slow: float = 0.0
    changes: bool = False
    widest: int = HEAD
    garbled: int | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def heights(self) -> Heights:
        return Heights(HEAD, HEAD, HEAD, 1_000 + HEAD)

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        salt = len(self.asked) << 128 if self.changes else 0
        return [Header(n, block_hash(n + salt), block_hash(n - 1), 1_000 + n) for n in numbers]

    def logged(self, from_block: int, to_block: int) -> LoggedRange:
        if to_block - from_block + 1 > self.widest:
            raise RangeTooWideError("too many blocks at once")
        self.asked.append((from_block, to_block))
        time.sleep(self.slow)
        if to_block >= self.fails_from:
            raise RpcUnavailableError("no answer")
        numbers = [n for n in range(from_block, to_block + 1) if n % 4 in (0, 1) and n > 3]
        events = [Logged(happened(n), n, block_hash(n), "0x" + "77" * 32, 0) for n in numbers]
        return LoggedRange(set(numbers), len(events), self._decoded(events))

    def _decoded(self, events: list[Logged]) -> Iterator[Logged]:
        for event in events:
            if event.block_number == self.garbled:
                raise DecodeError("this log is no event")
            yield event


def happened(number: int) -> JobOpened | Delivered:
    job = block_hash(number // 4)
    if number % 4:
        return Delivered(job, "0x" + "dd" * 32)
    who = "0x" + "11" * 20
    terms = Terms(who, who, "0x" + "cc" * 32, 1, 1, 1, 2**33, 0, 0)
    return JobOpened(job, who, who, Agreement(terms, Opening(job, job, 0, 0, 2**33, 2**33, 0)), 1, 0)


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, what comes at once counts as at once."""
    monkeypatch.setattr(watcher, "HURRY", 600.0)
    monkeypatch.setattr(watcher, "LONGEST_WRITE", 600.0)


def follow(database: Database, history: History) -> tuple[Watcher, list[int]]:
    """A watcher of it, and the number of the last block at each commit."""
    commits: list[int] = []

    def progressed() -> None:
        with database.read() as session:
            cursor = chain_store.cursor(session)
        commits.append(0 if cursor is None else cursor.number)

    made = Watcher(database, history, first_block=1, largest_span=SPAN, progressed=progressed)  # type: ignore[arg-type]
    return made, commits


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(EventRow.name).order_by(EventRow.block_number)))


def test_ranges_that_come_at_once_share_a_transaction(database: Database) -> None:
    following, commits = follow(database, History())
    following.step()
    assert commits == [HEAD]
    assert names(database) == ["JobOpened", "Delivered"] * (HEAD // 4 - 1) + ["JobOpened"]


def test_many_events_are_committed_before_the_rest_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "MANY_EVENTS", 20)
    following, commits = follow(database, History())
    following.step()
    assert len(commits) > 5
    assert commits[-1] == HEAD
    assert len(names(database)) == HEAD // 2 - 1


@pytest.mark.parametrize("limit", ["HURRY", "LONGEST_WRITE"])
def test_a_slow_node_keeps_no_transaction_open(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(watcher, limit, 0.0)
    following, commits = follow(database, History(slow=0.03))
    following.step()
    assert len(commits) > 1


def test_what_was_read_before_a_failure_is_kept_and_read_on_from(database: Database) -> None:
    history = History(fails_from=100)
    following, commits = follow(database, history)
    with pytest.raises(RpcUnavailableError):
        following.step()
    assert commits == [96]
    history.fails_from = HEAD + 1
    history.asked.clear()
    following.step()
    assert min(history.asked)[0] == 97
    assert len(names(database)) == HEAD // 2 - 1


def test_logs_of_a_block_that_changed_meanwhile_are_refused(database: Database) -> None:
    following, commits = follow(database, History(changes=True))
    with pytest.raises(BrokenChainError, match="changed while"):
        following.step()
    assert commits == []


def test_what_came_before_a_log_that_is_none__is_kept_at_the_next_try(database: Database) -> None:
    history = History(garbled=100)
    following, commits = follow(database, history)
    with pytest.raises(DecodeError):
        following.step()
    assert commits == []  # it was in one transaction with what came before
    with pytest.raises(DecodeError):
        following.step()
    assert commits == [16, 32, 48, 64, 80, 96]
    assert names(database) == ["JobOpened", "Delivered"] * 23 + ["JobOpened"]
    history.garbled = None
    commits.clear()
    following.step()
    assert commits[-1] == HEAD
    assert names(database) == ["JobOpened", "Delivered"] * (HEAD // 4 - 1) + ["JobOpened"]


def test_after_a_step_in_which_all_fitted__ranges_share_a_transaction_again(database: Database) -> None:
    history = History(garbled=100)
    following, commits = follow(database, history)
    with pytest.raises(DecodeError):
        following.step()
    history.garbled = None
    following.step()
    assert len(commits) == HEAD // SPAN
    with database.write() as session:
        roll_back(session, 100)
    commits.clear()
    following.step()
    assert commits == [HEAD]


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
def test_events_are_stored_a_few_at_a_time__all_of_them_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    sizes: list[int] = []
    add = Saving.add

    def counted(saving: Saving, piece: Piece) -> None:
        sizes.append(len(piece.happened))
        add(saving, piece)

    monkeypatch.setattr(Saving, "add", counted)
    monkeypatch.setattr(ranges, "AT_ONCE", at_once)
    following, _ = follow(database, History())
    following.step()
    assert max(sizes) == min(at_once, SPAN // 2)
    assert names(database) == ["JobOpened", "Delivered"] * (HEAD // 4 - 1) + ["JobOpened"]


def test_records_that_were_written_are_let_go_before_more_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Saving]] = []
    alive: list[int] = []
    began = Saving.__init__

    def noted(saving: Saving, *given: Any, **named: Any) -> None:
        began(saving, *given, **named)
        made.append(weakref.ref(saving))

    monkeypatch.setattr(Saving, "__init__", noted)
    monkeypatch.setattr(watcher, "MANY_EVENTS", 20)
    following = Watcher(
        database,
        History(),  # type: ignore[arg-type]
        first_block=1,
        largest_span=SPAN,
        progressed=lambda: alive.append(sum(one() is not None for one in made)),
    )
    following.step()
    assert len(made) > 5
    assert set(alive) == {0}


@pytest.mark.parametrize("widest", [1, 5, 15])
def test_a_node_that_takes_fewer_blocks_at_once_is_asked_for_fewer__and_nothing_is_left_out(
    database: Database, widest: int
) -> None:
    following, commits = follow(database, History(widest=widest))
    following.step()
    assert commits[-1] == HEAD
    assert names(database) == ["JobOpened", "Delivered"] * (HEAD // 4 - 1) + ["JobOpened"]


def test_a_node_that_takes_none_at_all_is_an_error(database: Database) -> None:
    following, commits = follow(database, History(widest=0))
    with pytest.raises(RangeTooWideError):
        following.step()
    assert commits == []


def test_garbage_is_looked_for_while_history_is_read__and_as_before_after(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    monkeypatch.setattr(watcher, "look", lambda: looks.append(gc.isenabled()))
    monkeypatch.setattr(watcher, "LOOKED_AFTER", 2)
    monkeypatch.setattr(watcher, "MANY_EVENTS", 20)
    following, commits = follow(database, History())
    following.step()
    assert looks == [False] * (len(commits) // 2)
    assert looks
    assert gc.isenabled()


@pytest.mark.parametrize("fails_from", [100, HEAD + 1])
def test_headers_far_back_stay_where_something_happened(
    database: Database, monkeypatch: pytest.MonkeyPatch, fails_from: int
) -> None:
    monkeypatch.setattr(watcher, "KEPT_BLOCKS", 50)
    history = History(fails_from=fails_from)
    following, _ = follow(database, history)
    if fails_from <= HEAD:
        with pytest.raises(RpcUnavailableError):
            following.step()
        history.fails_from = HEAD + 1
        history.asked.clear()
        following, _ = follow(database, history)  # begun anew, from where the store ends
    following.step()
    assert min(history.asked)[0] == (97 if fails_from <= HEAD else 1)
    with database.read() as session:
        stored = set(session.scalars(select(Block.block_number)))
        tasks = tasks_of(session, roots=[])
    eventful = {number for number in range(4, HEAD + 1) if number % 4 in (0, 1)}
    assert eventful <= stored
    assert not {number for number in stored - eventful if number < HEAD - 50}
    assert [one.opened.block_number for one in tasks] == list(range(4, HEAD + 1, 4))
