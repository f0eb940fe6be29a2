"""The outbox over a model of a node: cut off between any two steps, nothing is lost or done twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import pytest
from sqlalchemy.orm import Session

from oracle.daemon.calldata import wanted_now
from oracle.daemon.outbox import Outbox, Wanted
from oracle.decide.due import Purpose
from oracle.decide.lane import LanePolicy
from oracle.signing.signer import LocalSigner
from oracle.store import outbox as store
from oracle.store.chain import cursor, save_blocks
from tests.databases import Databases
from tests.unit.daemon.model_chain import CutDatabase, Cuts, ModelChain, PowerCutError

ESCROW = "0x" + "e5" * 20
JOBS = ["0x" + f"{n:02x}" * 32 for n in range(1, 3)]
SIGNER = LocalSigner(b"\x11" * 32)


def call_for(job: str, purpose: Purpose = Purpose.JUDGE, extra: bytes = b"") -> store.Call:
    return store.Call(purpose, job, ESCROW, purpose.value.encode() + bytes.fromhex(job[2:]) + extra)


class Desk:
    """A database that outlives the process, the model chain, and a process that can be started again."""

    def __init__(self, databases: Databases, cuts: Cuts) -> None:
        self.url = databases.made()
        self.database = CutDatabase(self.url, cuts)
        self.cuts = cuts
        self.chain = ModelChain(cuts)
        self.now = 0.0

    def start(self, wanted: Wanted | None = None) -> None:
        self.database.close()
        self.database = CutDatabase(self.url, self.cuts)
        self.outbox = Outbox(
            self.database,
            self.chain,  # type: ignore[arg-type]
            SIGNER,
            chain_id=31337,
            policy=LanePolicy(),
            wanted=wanted or self.undone,
            clock=lambda: self.now,
        )

    def undone(self, _session: Session, entries: Sequence[store.LiveEntry]) -> set[int]:
        executed = self.chain.executed()
        return {entry.id for entry in entries if entry.call.data not in executed}

    def turn(self, calls: list[store.Call]) -> None:
        """What the service does: read blocks, queue what is due, send."""
        with self.database.write() as session:
            seen = cursor(session)
            start = 0 if seen is None else seen.number + 1
            save_blocks(session, [self.chain.header(n) for n in range(start, len(self.chain.blocks))])
        with self.database.read() as session:
            pending = store.pending_purposes(session)
        for call in calls:
            done = call.data in self.chain.executed()
            if not done and call.purpose not in pending.get(call.subject or "", set()):
                with self.database.write() as session:
                    store.enqueue(session, SIGNER.address, call)
        self.outbox.step(self.chain.heights())

    def settle(self, calls: list[store.Call], turns: int = 12) -> None:
        for _ in range(turns):
            self.turn(calls)
            if set(self.standings()) == {"final"}:
                return
            self.chain.mine()
            self.now += 2

    def standings(self) -> list[str]:
        with self.database.read() as session:
            return sorted(standing for _, standing in store.list_entries(session, limit=50))


CALLS = [call_for(job) for job in JOBS]


def steps_without_a_cut(databases: Databases) -> int:
    desk = Desk(databases, Cuts())
    desk.start()
    desk.settle(CALLS)
    assert sorted(desk.chain.executed()) == sorted(call.data for call in CALLS)
    desk.database.close()
    return desk.cuts.passed


@pytest.mark.parametrize("moment", ["before", "after"])
def test_power_cut_at_any_step__each_call_is_mined_exactly_once(
    databases: Databases, moment: Literal["before", "after"]
) -> None:
    steps = steps_without_a_cut(databases)
    assert steps > 12
    for at in range(1, steps + 1):
        desk = Desk(databases, Cuts(at, moment))
        desk.start()
        with pytest.raises(PowerCutError):
            desk.settle(CALLS)
        desk.database.close()
        desk.now += 1
        desk.start()
        desk.settle(CALLS)
        assert sorted(desk.chain.executed()) == sorted(call.data for call in CALLS), (at, moment)
        assert desk.chain.nonce("0x", "latest") == len(CALLS), "a nonce was used for nothing"
        assert desk.standings() == ["final"] * len(CALLS)
        desk.database.close()


@pytest.fixture
def desk(databases: Databases) -> Iterator[Desk]:
    begun = Desk(databases, Cuts())
    begun.start()
    yield begun
    begun.database.close()


def test_the_same_bytes_go_out_again_after_a_restart(desk: Desk) -> None:
    desk.chain.forgets = True
    desk.turn(CALLS[:1])
    with desk.database.read() as session:
        (entry,) = store.live_entries(session, SIGNER.address)
        stored = store.attempts_of(session, entry.id)
    desk.chain.forgets = False
    desk.now += 1
    desk.start()
    desk.turn(CALLS[:1])
    assert [desk.chain.pool[0].hash] == stored


def test_stuck__the_same_nonce_with_higher_fees(desk: Desk) -> None:
    desk.turn(CALLS[:1])
    cheap = desk.chain.pool[0]
    desk.now += 31
    desk.turn(CALLS[:1])
    dear = desk.chain.pool[0]
    assert dear.nonce == cheap.nonce
    assert dear.data == cheap.data
    assert dear.max_fee >= cheap.max_fee * 1.1


def test_purpose_gone__a_no_op_at_its_nonce(desk: Desk) -> None:
    desk.turn(CALLS[:1])
    desk.start(lambda _session, _entries: set())
    desk.outbox.step(desk.chain.heights())
    assert desk.chain.pool[0].data == b""


def test_queued_and_not_signed__takes_over_what_is_decided_later(desk: Desk) -> None:
    # A signer of the queued verdict changes its key: as queued it would revert until the time for it is over.
    void, good = call_for(JOBS[0], extra=b"old key"), call_for(JOBS[0], extra=b"new key")
    desk.chain.refuses = lambda data: "NotTheKey" if data.endswith(b"old key") else None
    desk.turn([void])
    assert desk.chain.pool == {}
    desk.turn([good])
    assert desk.chain.pool[0].data == good.data
    desk.settle([good])
    assert desk.chain.executed() == [good.data]
    assert desk.standings() == ["final"]


def test_refused_by_the_estimate__tried_again_later_and_only_then(desk: Desk) -> None:
    asked: list[bytes] = []

    def refuse(data: bytes) -> str:
        asked.append(data)
        return "not yet"

    desk.chain.refuses = refuse
    for _ in range(5):
        desk.turn(CALLS[:1])
    assert len(asked) == 1
    desk.now += 6
    desk.turn(CALLS[:1])
    assert len(asked) == 2


def test_mined_and_failed__another_goes_out_before_the_block_is_final(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.store.outbox.time.time", lambda: desk.now)
    void, good = call_for(JOBS[0], extra=b"old key"), call_for(JOBS[0], extra=b"new key")
    desk.chain.fails = lambda data: data.endswith(b"old key")
    desk.turn([void])
    desk.chain.mine()
    desk.turn([good])  # finds the receipt
    desk.turn([good])
    assert desk.chain.heights().finalized == 0
    assert desk.chain.pool == {}, "not at once: what failed may fail again"
    desk.now += 6
    desk.turn([good])
    assert desk.chain.pool[1].data == good.data


def test_a_nonce_used_elsewhere_for_good__the_call_gets_another(desk: Desk) -> None:
    desk.turn(CALLS[:1])
    theirs = desk.chain.pool.pop(0)
    desk.chain.first_nonce = 1
    for _ in range(5):
        desk.chain.mine()
    desk.settle(CALLS[:1])
    assert desk.chain.executed() == [theirs.data]
    assert desk.chain.nonce("0x", "latest") == 2


def test_a_filled_nonce_that_was_used_by_another__is_dropped_not_filled_again(desk: Desk) -> None:
    with desk.database.write() as session:
        store.next_nonce(session, SIGNER.address)
        store.set_next_nonce(session, SIGNER.address, 1)
    desk.start(wanted_now)
    desk.chain.forgets = True
    desk.outbox.step(desk.chain.heights())  # a no-op for nonce 0, which the node loses
    desk.chain.forgets = False
    desk.chain.first_nonce = 1  # and the key was used elsewhere
    for _ in range(6):
        desk.chain.mine()
        desk.outbox.step(desk.chain.heights())
    assert desk.standings() == ["dropped"]
    assert desk.chain.nonce("0x", "latest") == 1


def test_the_most_that_may_be_paid_is_never_exceeded(desk: Desk) -> None:
    desk.chain.price = 10**12
    desk.turn(CALLS[:1])
    assert desk.chain.pool[0].max_fee == LanePolicy().max_fee
