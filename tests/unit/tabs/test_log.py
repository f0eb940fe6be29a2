"""The log: what comes back, what is refused, and what is left after a crash at any byte."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from oracle.domain.tab import Call
from oracle.domain.types import Party
from oracle.tabs.log import LogFullError, LogLimits, TabLog
from oracle.tabs.reading import LogError, LogReader
from oracle.tabs.records import ABANDONED, UNANSWERED, Asked, Note, Served, Signed
from oracle.tabs.signing import sign
from tests.unit.tabs.parties import BUYER, DOMAIN, NOW, PROVIDER, TAB, Parties


def interactions(count: int) -> list[tuple[Asked, Served, Signed]]:
    """What a provider stores for each of some interactions."""
    parties, made = Parties(), []
    for _ in range(count):
        call = parties.ask()
        parties.admit(call)
        receipt, tally = parties.answer(call)
        parties.accept(call, receipt, tally)
        parties.take()
        made.append(
            (
                Asked(call, sign(BUYER, DOMAIN, call), b"GET /\n\n"),
                Served(
                    call.number,
                    receipt,
                    tally,
                    sign(PROVIDER, DOMAIN, tally),
                    b"200\n\n",
                    parties.buyer.frontier,
                ),
                Signed(Party.BUYER, tally, sign(BUYER, DOMAIN, tally)),
            )
        )
    return made


def test_what_was_stored_comes_back_after_closing(tmp_path: Path) -> None:
    made = interactions(5)
    log = TabLog(tmp_path / "tab.sqlite3")
    for entries in made:
        log.append(*entries).result(60)
    log.close()
    again = TabLog(tmp_path / "tab.sqlite3")
    head = again.head(TAB)
    assert head.tally(TAB) == made[-1][1].tally
    assert (head.count, head.next_number) == (5, 5)
    assert again.signed(TAB) == made[-1][2]
    assert again.signed(TAB, up_to=3) == made[2][2]
    assert again.given(TAB, 4).tally == made[3][1].tally
    assert [answer.receipt for answer in again.answers(TAB)] == [served.receipt for _, served, _ in made]
    assert [answer.call for answer in again.answers(TAB, 1, 3)] == [asked.call for asked, _, _ in made[1:3]]
    answer = again.answer(TAB, 2)
    assert answer is not None
    assert (answer.signature, answer.message) == (made[2][1].signature, b"200\n\n")
    assert again.answer(TAB, 99) is None
    assert again.pending(TAB) == []
    assert again.tabs() == [TAB]
    again.close()
    assert stat.S_IMODE((tmp_path / "tab.sqlite3").stat().st_mode) == 0o600


def test_calls_without_an_answer_are_pending_until_abandoned(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "tab.sqlite3")
    asked = interactions(1)[0][0]
    log.append(asked).result(60)
    assert log.pending(TAB) == [asked]
    assert log.asked(TAB, 0) == asked
    log.append(Note(TAB, 0, UNANSWERED, NOW)).result(60)
    assert log.pending(TAB) == [asked]
    log.append(Note(TAB, 0, ABANDONED, NOW, b"why")).result(60)
    assert log.pending(TAB) == []
    assert [note.kind for note in log.notes(TAB)] == [UNANSWERED, ABANDONED]
    log.close()


def test_gaps_and_repeats_are_refused_and_leave_nothing_behind(tmp_path: Path) -> None:
    first, second, third = interactions(3)
    log = TabLog(tmp_path / "tab.sqlite3")
    log.append(*first).result(60)
    # In one batch: only what is wrong is refused, and what follows from it.
    done = [log.append(*third), log.append(*first), log.append(*second)]
    wait(done, 60)
    assert isinstance(done[0].exception(), LogError)
    assert "does not follow" in str(done[0].exception())
    assert isinstance(done[1].exception(), LogError)
    assert done[2].exception() is None
    assert log.asked(TAB, third[0].call.number) is None
    log.append(*third).result(60)
    assert log.head(TAB).count == 3
    log.close()


def test_rows_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "tab.sqlite3")
    log.append(*interactions(1)[0]).result(60)
    log.append(Note(TAB, 0, UNANSWERED, NOW)).result(60)
    log.close()
    connection = sqlite3.connect(tmp_path / "tab.sqlite3")
    for table in ("calls", "receipts", "tallies", "notes"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET tab = 9"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    connection.close()


def test_one_process_writes_and_others_read(tmp_path: Path) -> None:
    path = tmp_path / "tab.sqlite3"
    log = TabLog(path)
    log.append(*interactions(1)[0]).result(60)
    with pytest.raises(LogError, match="another process"):
        TabLog(path)
    reader = LogReader(path)
    assert reader.head(TAB).count == 1
    reader.close()
    log.close()
    with pytest.raises(LogError, match="closed"):
        log.append(*interactions(1)[0]).result(60)
    TabLog(path).close()


def test_limits_of_one_message_and_of_the_whole_log(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "tab.sqlite3", limits=LogLimits(message=10, total=200_000))
    asked = interactions(1)[0][0]
    with pytest.raises(LogError, match="the limit is 10"):
        log.append(Asked(asked.call, asked.signature, bytes(11))).result(60)
    for number in range(1, 10_000, 100):
        if log.full:
            break
        call = Call.model_validate(dict(asked.call) | {"number": number})
        log.append(
            *(
                Asked(call.model_copy(update={"number": number + more}), asked.signature, b"x" * 10)
                for more in range(100)
            )
        ).result(60)
    with pytest.raises(LogFullError):
        log.append(asked).result(60)
    assert log.asked(TAB, 1) is not None
    log.close()


def test_what_is_no_log_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "tab.sqlite3"
    with pytest.raises(LogError, match="no log"):
        LogReader(path)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LogError, match="not a log"):
        TabLog(path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE other (a); PRAGMA user_version = 7;")
    connection.close()
    for kind in (TabLog, LogReader):
        with pytest.raises(LogError, match="version 7"):
            kind(path)


def test_a_tree_that_does_not_end_with_the_signed_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tab.sqlite3"
    log = TabLog(path)
    for entries in interactions(2):
        log.append(*entries).result(60)
    log.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE tabs SET peaks = ?", (bytes(32),))
    connection.commit()
    connection.close()
    log = TabLog(path)
    with pytest.raises(LogError, match="root that was signed"):
        log.head(TAB)
    log.close()


def test_after_a_crash_at_any_byte_whole_interactions_are_left(tmp_path: Path) -> None:
    """The files as a kill leaves them, the WAL cut or spoilt at every few bytes: never half an entry."""
    made = interactions(6)
    path = tmp_path / "tab.sqlite3"
    log = TabLog(path)
    kept = []
    for entries in made:
        log.append(*entries).result(60)
        kept.append(path.with_name("tab.sqlite3-wal").stat().st_size)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("tab.sqlite3", "tab.sqlite3-wal"):
        shutil.copy(tmp_path / name, crashed / name)
    log.close()
    base = (crashed / "tab.sqlite3").read_bytes()
    wal = (crashed / "tab.sqlite3-wal").read_bytes()
    schema = kept[0] - 1  # before this the tables themselves are not there yet
    seen = set()
    for cut in [*range(schema, len(wal), 1_999), *kept]:
        for torn in (wal[:cut], wal[:cut] + b"\xa5" * min(700, len(wal) - cut)):
            for old in crashed.iterdir():
                old.unlink()
            (crashed / "tab.sqlite3").write_bytes(base)
            (crashed / "tab.sqlite3-wal").write_bytes(torn)
            again = TabLog(crashed / "tab.sqlite3")
            count = again.head(TAB).count
            assert count == sum(end <= cut for end in kept)
            assert len(list(again.answers(TAB))) == count
            assert again.pending(TAB) == []
            if count < len(made):
                again.append(*made[count]).result(60)  # and it goes on
                assert again.head(TAB).tally(TAB) == made[count][1].tally
            again.close()
            seen.add(count)
    assert seen >= {1, 2, 3, 4, 5, 6}


async def test_coroutines_are_told_by_their_loop__one_that_does_not_follow_alone_is_refused(
    tmp_path: Path,
) -> None:
    log = TabLog(tmp_path / "log.sqlite3")
    first, second, third = interactions(3)
    waiting = [log.store(*third), log.store(*first), log.store(*second)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in found] == [LogError, type(None), type(None)]
    assert log.head(TAB).count == 2
    log.close()
    with pytest.raises(LogError, match="closed"):
        await log.store(*third)


async def test_who_stops_waiting__does_not_undo_what_was_given(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "log.sqlite3")
    first, second, third = interactions(3)
    log.store(*first).cancel()
    await asyncio.gather(log.store(*second), log.store(*third))
    log.close()
    reader = LogReader(tmp_path / "log.sqlite3")
    assert reader.head(TAB).count == 3
    reader.close()


def test_a_loop_that_is_gone__stops_nobody_else(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "log.sqlite3")
    first, second, _ = interactions(3)

    async def give() -> None:
        log.store(*first)

    asyncio.run(give())
    log.append(*second).result(60)
    log.close()


def test_many_at_once__share_a_few_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    commit = TabLog._commit

    def counting(self: TabLog, connection: sqlite3.Connection, batch: list[Any], ids: dict[str, int]) -> None:
        batches.append(len(batch))
        commit(self, connection, batch, ids)

    monkeypatch.setattr(TabLog, "_commit", counting)
    log = TabLog(tmp_path / "log.sqlite3")
    waiting = [log.append(*entries) for entries in interactions(200)]
    for each in waiting:
        each.result(60)
    assert log.head(TAB).count == 200
    assert len(batches) < 40
    log.close()
