"""The daemon over several nodes, of which one fails, limits, lags or lies: on anvil, through proxies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from eth_hash.auto import keccak
from sqlalchemy import select
from structlog.testing import capture_logs

from oracle.chain import pool
from oracle.chain.decoder import TOPICS
from oracle.chain.errors import ChainError, RpcError
from oracle.chain.escrow import Escrow
from oracle.chain.pool import Pool, PoolPolicy, Source
from oracle.chain.turn import Turn
from oracle.daemon.adapter import NodeChain
from oracle.daemon.anchor import AnchorCheck
from oracle.daemon.service import Service
from oracle.decide.reorg import BrokenChainError
from oracle.domain.types import State
from oracle.store.tables import AttestationRow, EventRow, TransactionRow
from scripts.local import faults
from scripts.local.anvil import CHAIN_ID
from scripts.local.faults import Fault, Proxy, fault_proxy
from tests.integration.daemon.conftest import DELIVERABLE, FixedEvaluation, World, until

SHORT = 0.7  # seconds to wait for an answer that does not come


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, the first node is not left for the second because of a moment."""
    monkeypatch.setattr(pool, "PATIENCE", 30.0)


@dataclass
class Net:
    """Proxies before the node, and the daemon that reads through them."""

    world: World
    proxies: list[Proxy]
    pool: Pool
    service: Service

    def turn(self) -> bool:
        """One turn, and the evaluations it began; whether it could be done."""
        try:
            self.service.turn()
        except (RpcError, ChainError, BrokenChainError):
            return False
        finally:
            until(lambda: not self.service._parts.evaluator.busy)
        return True

    def turns(self, count: int = 4) -> int:
        """So many turns; how many could be done."""
        return sum(self.turn() for _ in range(count))

    def events(self) -> list[str]:
        with self.world.database().read() as session:
            order = EventRow.block_number, EventRow.log_index
            return list(session.scalars(select(EventRow.name).order_by(*order)))

    def signed(self) -> int:
        with self.world.database().read() as session:
            return len(list(session.scalars(select(AttestationRow.id))))

    def judged(self, job: str) -> bool:
        return self.world.market.escrow.job_state(job).state is State.JUDGED

    def settle(self, job: str, seconds: float = 150.0) -> bool:
        """Turn and mine until the job is judged: evaluators take their time to post, one after the other."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()
            self.world.mine()
            if self.judged(job):
                return True
        return False


@contextmanager
def net(
    world: World, count: int, *, agree: int = 1, max_lag: int = 5, timeout: float = 10.0
) -> Iterator[Net]:
    proxies: list[Proxy] = []

    def nested(left: int) -> Iterator[Net]:
        if left:
            with fault_proxy(world.chain.url) as proxy:
                proxies.append(proxy)
                yield from nested(left - 1)
            return
        pool = Pool.open(
            [Source(f"node{number}", proxy.url + "/SECRET") for number, proxy in enumerate(proxies)],
            chain_id=CHAIN_ID,
            policy=PoolPolicy(timeout=timeout, attempts=1),
        )
        turn = Turn(pool, TOPICS.values())
        address = world.market.escrow.address
        try:
            with world.service(
                FixedEvaluation(),
                chain=NodeChain(Escrow(turn, address, CHAIN_ID)),
                doubt=turn.doubt,
                is_anchored=AnchorCheck(pool, address, agree=agree),
            ) as service:
                yield Net(world, proxies, pool, service)
        finally:
            for proxy in proxies:
                proxy.ended.set()
            pool.close()

    yield from nested(count)


def stale(world: World) -> Fault:
    return faults.stale_head(world.rpc.call("eth_getBlockByNumber", ["latest", False]))


FAILING: dict[str, Callable[[World], Fault]] = {
    "hangs": lambda _world: faults.hangs(3.0),
    "truncates": lambda _world: faults.truncates(),
    "rate_limits": lambda _world: faults.rate_limits(60),
    "error_bodies": lambda _world: faults.error_bodies(),
    "other_chain": lambda _world: faults.other_chain(),
    "stale_head": stale,
}


@pytest.mark.parametrize("fault", FAILING)
def test_a_node_that_fails_is_left_and_the_job_is_judged_through_the_other(world: World, fault: str) -> None:
    with net(world, 2, agree=1, timeout=SHORT if fault == "hangs" else 10.0) as net_:
        net_.turns(2)
        net_.proxies[0].fault = FAILING[fault](world)
        _agreement, job = world.job()
        world.deliver(job)
        world.mine(8)
        assert net_.settle(job)
        assert net_.events().count("Delivered") == 1


@pytest.mark.parametrize("fault", [name for name in FAILING if name != "stale_head"])
def test_a_node_that_fails_alone_is_waited_for_and_nothing_is_lost(world: World, fault: str) -> None:
    with net(world, 1, timeout=SHORT if fault == "hangs" else 10.0) as net_:
        net_.turns(2)
        net_.proxies[0].fault = FAILING[fault](world)
        _agreement, job = world.job()
        world.deliver(job)
        assert not net_.turn()
        net_.proxies[0].fault = None
        assert net_.settle(job)


def test_logs_that_a_node_leaves_out_are_noticed_by_the_header_and_read_again(world: World) -> None:
    with net(world, 1) as net_:
        assert net_.turn()
        stored = net_.events()
        net_.proxies[0].fault = faults.missing_logs()
        world.job()
        with capture_logs() as said:
            assert not net_.turn()
        assert "left out logs" in str(said)
        assert net_.events() == stored
        net_.proxies[0].fault = None
        assert net_.turn()
        assert net_.events() == [*stored, "JobOpened"]


def test_logs_that_a_node_leaves_out_are_taken_from_the_other(world: World) -> None:
    with net(world, 2) as net_:
        assert net_.turn()
        net_.proxies[0].fault = faults.missing_logs()
        _agreement, job = world.job()
        world.deliver(job)
        with capture_logs() as said:
            assert net_.settle(job)
        assert net_.events().count("Delivered") == 1
        assert {entry.get("endpoint") for entry in said if entry["event"] == "endpoint_left_alone"} == {
            "node0"
        }


def false_delivery(world: World, job: str) -> Fault:
    """A delivery that never was, in the block that is now the newest."""
    block = world.rpc.call("eth_getBlockByNumber", ["latest", False])
    log = {
        "address": world.market.escrow.address,
        "topics": [TOPICS["Delivered"], job],
        "data": "0x" + "fa" * 32,
        "blockNumber": block["number"],
        "blockHash": block["hash"],
        "transactionHash": "0x" + keccak(b"false").hex(),
        "transactionIndex": "0x5",
        "logIndex": "0x7",
    }

    def make(params: list[Any]) -> list[dict[str, Any]]:
        if "blockHash" in params[0]:
            return [log] if params[0]["blockHash"] == block["hash"] else []
        first, last, here = (
            int(value, 16) for value in (params[0]["fromBlock"], params[0]["toBlock"], block["number"])
        )
        return [log] if first <= here <= last else []

    return faults.false_logs(make)


@pytest.mark.parametrize("nodes", [1, 2])
def test_logs_that_never_were_are_noticed_by_the_header(world: World, nodes: int) -> None:
    with net(world, nodes) as net_:
        assert net_.turn()
        _agreement, job = world.job()
        world.mine()
        net_.proxies[0].fault = false_delivery(world, job)
        with capture_logs() as said:
            net_.turns(3)
        assert "endpoint_wrong" in str(said)
        assert "Delivered" not in net_.events()
        net_.proxies[0].fault = None
        world.deliver(job)
        assert net_.settle(job)


def test_a_false_log_that_the_header_cannot_show_stops_two_and_is_outvoted_among_three(world: World) -> None:
    # The block holds a true delivery: the filter says "maybe" to any other delivery of that job.
    _agreement, job = world.job()
    world.deliver(job)
    with net(world, 3) as net_:
        net_.proxies[0].fault = false_delivery(world, job)
        net_.proxies[2].fault = faults.error_bodies()
        assert net_.turns(3) == 0, "of two, nobody can say which is right"
        assert "Delivered" not in net_.events()
        net_.proxies[2].fault = None
        net_.pool.endpoints[2].breaker.succeeded()  # its pause passes
        assert net_.settle(job)
        assert net_.events().count("Delivered") == 1


def test_nothing_is_signed_until_enough_nodes_hold_the_delivery_s_block(world: World) -> None:
    with net(world, 2, agree=2) as net_:
        _agreement, job = world.job()
        world.deliver(job)
        net_.turns(2)
        net_.proxies[1].fault = faults.other_blocks()
        world.mine(8)
        with capture_logs() as said:
            net_.turns(4)
        assert net_.signed() == 0
        assert [item["contradict"] for item in said if item["event"] == "anchor_not_agreed"] == [("node1",)]
        net_.proxies[1].fault = faults.error_bodies()
        net_.turns(2)
        assert net_.signed() == 0, "silence is not agreement"
        net_.proxies[1].fault = None
        net_.pool.endpoints[1].breaker.succeeded()  # its pause passes
        assert net_.settle(job)


def test_a_delivery_that_only_the_node_read_from_shows_is_not_signed_for(world: World) -> None:
    _agreement, job = world.job()
    world.mine()
    with net(world, 2, agree=2) as net_:
        # The other is down while the lie is read, and its header's filter is full of other contracts' logs.
        net_.proxies[0].fault = in_order(false_delivery(world, job), full_filters())
        net_.proxies[1].fault = faults.error_bodies()
        net_.turns(2)
        assert "Delivered" in net_.events(), "it was believed as far as reading goes"
        net_.proxies[1].fault = None
        net_.pool.endpoints[1].breaker.succeeded()
        world.mine(8)
        with capture_logs() as said:
            net_.turns(4)
        assert net_.signed() == 0
        assert [item for item in said if item["event"] == "anchor_not_agreed"]


def full_filters() -> Fault:
    def change(method: str, _params: list[Any], result: Any) -> Any:
        return result | {"logsBloom": "0x" + "ff" * 256} if method == "eth_getBlockByNumber" else result

    return faults.results(change)


def in_order(first: Fault, second: Fault) -> Fault:
    return lambda asked, forward, ended: second(asked, lambda: first(asked, forward, ended).body, ended)


def test_sends_go_to_all_and_one_that_takes_them_is_enough(world: World) -> None:
    _agreement, job = world.job()
    world.deliver(job)
    world.mine(8)
    with net(world, 2, agree=1) as net_:
        net_.proxies[0].fault = faults.error_bodies_to("eth_sendRawTransaction", "txpool is full")
        assert net_.settle(job)
        assert "eth_sendRawTransaction" in net_.proxies[0].methods
        assert "eth_sendRawTransaction" in net_.proxies[1].methods
        with world.database().read() as session:
            assert len(list(session.scalars(select(TransactionRow.tx_hash)))) == 1


def test_addresses_are_in_no_log_line(world: World) -> None:
    with net(world, 2, agree=2, timeout=SHORT) as net_, capture_logs() as said:
        for fault in FAILING.values():
            net_.proxies[0].fault = fault(world)
            net_.turns(2)
        net_.proxies[1].fault = faults.error_bodies()
        net_.turns(2)
        assert "SECRET" not in str(said)
        assert said
    assert DELIVERABLE not in str(said)
