"""A pool of nodes that fail, lag, limit and lie: who is asked, who is believed, what is sent where."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from oracle.chain import errors
from oracle.chain.anyone import Anyone
from oracle.chain.breaker import Breaker, BreakerState
from oracle.chain.endpoint import Endpoint
from oracle.chain.pool import Pool, PoolPolicy
from oracle.chain.turn import Turn
from tests.unit.chain.fake_node import FakeNode, NodeError, rpc_for

CHAIN = 8453
ESCROW = "0x" + "e5" * 20
SENT = "0x" + "5e" * 32


def digest(number: int, fork: int = 0) -> str:
    return f"0x{fork:02x}{number:062x}"


class ModelNode:
    """A node of a chain without events, `head` blocks high. Attributes may be changed at any time."""

    def __init__(self, head: int = 100, chain_id: int = CHAIN) -> None:
        self.head = head
        self.chain_id = chain_id
        self.refuse: Exception | None = None
        self.refuse_sends: Exception | None = None
        self.sent: list[str] = []
        self.node = FakeNode(self.answer)
        self.blocked: threading.Event | None = None
        self.status = 200
        self.headers: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.blocked is not None:
            self.blocked.wait(60.0)
        if self.status != 200:
            return httpx.Response(self.status, headers=self.headers, json={})
        return self.node(request)

    def answer(self, method: str, params: list[Any]) -> Any:
        if self.refuse is not None:
            raise self.refuse
        match method:
            case "eth_chainId":
                return hex(self.chain_id)
            case "eth_blockNumber":
                return hex(self.head)
            case "eth_getBlockByNumber":
                number = self.head if not params[0].startswith("0x") else int(params[0], 16)
                return None if number > self.head else self.block(number)
            case "eth_getLogs":
                return []
            case "eth_sendRawTransaction":
                if self.refuse_sends is not None:
                    raise self.refuse_sends
                self.sent.append(params[0])
                return SENT
        raise NodeError("method not found", -32601)

    def block(self, number: int) -> dict[str, Any]:
        return {
            "number": hex(number),
            "hash": digest(number),
            "parentHash": digest(number - 1),
            "timestamp": hex(1_000 + number),
            "logsBloom": "0x" + "00" * 256,
        }

    @property
    def asked(self) -> int:
        return len(self.node.calls)


@contextmanager
def pool_of(*nodes: ModelNode, max_lag: int = 5, clock: Callable[[], float] = lambda: 0.0) -> Iterator[Pool]:
    endpoints = [
        Endpoint(name, rpc_for(node, chain_id=CHAIN, attempts=1), Breaker(failures=3, clock=clock))
        for name, node in zip("abcdef", nodes, strict=False)
    ]
    pool = Pool(endpoints, chain_id=CHAIN, policy=PoolPolicy(max_lag=max_lag))
    try:
        yield pool
    finally:
        for node in nodes:
            if node.blocked is not None:
                node.blocked.set()
        pool.close()


def test_a_turn_sticks_to_one_endpoint_and_the_next_one_leaves_it_when_it_fails() -> None:
    one, two = ModelNode(), ModelNode()
    with pool_of(one, two) as pool:
        turn = Turn(pool, [])
        turn.heads()
        assert turn.endpoint == "a"
        one.refuse = NodeError("internal error", -32603)
        with pytest.raises(errors.RpcError, match="internal error"):
            turn.block_number()  # not of `b`: headers and logs must fit together
        turn.heads()
        assert turn.endpoint == "b"
        assert turn.block_number() == 100
        one.refuse = None
        turn.heads()
        assert turn.endpoint == "b", "what works is kept"


def test_an_endpoint_that_fails_again_and_again_is_left_alone__until_a_probe_finds_it_well() -> None:
    one, two = ModelNode(), ModelNode()
    now = 100.0
    with pool_of(one, two, clock=lambda: now) as pool:
        turn = Turn(pool, [])
        one.status = 503
        for _ in range(3):
            turn.heads()
        assert pool.standings()[0].state is BreakerState.OPEN
        one.status = 200
        asked = one.asked
        turn.heads()
        assert one.asked == asked
        now += 2.1
        turn.heads()
        assert one.asked > asked
        assert pool.standings()[0].state is BreakerState.CLOSED
        assert pool.standings()[0].error is None


def test_a_node_that_limits_us_is_given_the_time_it_asks_for() -> None:
    one, two = ModelNode(), ModelNode()
    now = 100.0
    one.status, one.headers = 429, {"retry-after": "30"}
    with pool_of(one, two, clock=lambda: now) as pool:
        Turn(pool, []).heads()
        one.status = 200
        for later in (110.0, 129.0):
            now = later
            Turn(pool, []).heads()
            assert one.asked == 0, "one refusal is enough"
        now = 131.0
        Turn(pool, []).heads()
        assert one.asked > 0


@pytest.mark.parametrize(
    ("heads", "chosen"),
    [
        ((100, 100), "a"),
        ((95, 100), "a"),  # behind, but by no more than is allowed
        ((94, 100), "b"),
        ((94, 100, 100), "b"),
        ((100, 100, 900), "a"),  # one that invents blocks does not make the others late
        ((100, 900), "b"),  # of two, nobody can say which is right: nothing is signed without both
    ],
)
def test_an_endpoint_that_lags_is_not_read_from(heads: tuple[int, ...], chosen: str) -> None:
    with pool_of(*map(ModelNode, heads)) as pool:
        turn = Turn(pool, [])
        turn.heads()
        assert turn.endpoint == chosen


def test_an_endpoint_of_another_chain_is_left_alone__and_named() -> None:
    one, two = ModelNode(chain_id=1), ModelNode()
    with pool_of(one, two) as pool:
        turn = Turn(pool, [])
        turn.heads()
        assert turn.endpoint == "b"
        assert pool.standings()[0].state is BreakerState.OPEN
        assert "serves chain 1, not 8453" in str(pool.standings()[0].error)
        Anyone(pool).send_raw(b"\x02")
        assert one.sent == []


def test_an_endpoint_that_becomes_another_chain_is_noticed_at_the_next_turn() -> None:
    one, two = ModelNode(), ModelNode()
    with pool_of(one, two) as pool:
        turn = Turn(pool, [])
        turn.heads()
        one.chain_id = 1
        turn.heads()
        assert turn.endpoint == "b"


def test_all_of_another_chain_is_a_mistake_and_not_an_outage() -> None:
    with pool_of(ModelNode(chain_id=1), ModelNode(chain_id=1)) as pool:
        with pytest.raises(errors.WrongChainError):
            Turn(pool, []).heads()
        with pytest.raises(errors.WrongChainError):
            Anyone(pool).block_number()


def test_one_of_another_chain_and_the_rest_down_is_an_outage() -> None:
    one, two = ModelNode(chain_id=1), ModelNode()
    two.status = 503
    with pool_of(one, two) as pool:
        with pytest.raises(errors.RpcUnavailableError, match=r"a: .* serves chain 1, not 8453; b: "):
            Turn(pool, []).heads()
        with pytest.raises(errors.RpcUnavailableError):
            Anyone(pool).block_number()


def test_a_single_endpoint_is_asked_however_often_it_failed() -> None:
    one = ModelNode()
    one.status = 503
    with pool_of(one) as pool:
        turn = Turn(pool, [])
        for _ in range(6):
            with pytest.raises(errors.RpcUnavailableError):
                turn.heads()
        one.status = 200
        assert turn.heads().latest.number == 100


def test_one_that_hangs_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.chain.pool.PATIENCE", 0.05)
    one, two, three = ModelNode(), ModelNode(), ModelNode()
    one.blocked = threading.Event()
    with pool_of(one, two, three) as pool:
        turn = Turn(pool, [])
        for _ in range(10):
            turn.heads()
            assert turn.endpoint in ("b", "c")  # whichever was there within the patience
        assert set(pool.poll(lambda rpc: rpc.block_number() == 100, enough=2).yes) == {"b", "c"}
        assert Anyone(pool).send_raw(b"\x02") == SENT


def test_questions_outside_a_turn_go_to_the_next_where_one_fails() -> None:
    one, two = ModelNode(), ModelNode()
    with pool_of(one, two) as pool:
        one.refuse = NodeError("internal error", -32603)
        assert Anyone(pool).block_number() == 100
        two.status = 503
        with pytest.raises(errors.RpcError, match="internal error"):
            Anyone(pool).block_number()


def test_a_refusal_of_the_question_is_an_answer() -> None:
    one, two = ModelNode(), ModelNode()
    one.refuse = NodeError("execution reverted", 3)
    with pool_of(one, two) as pool:
        for _ in range(5):
            with pytest.raises(errors.RevertedError):
                Anyone(pool).eth_call(ESCROW, b"")
        assert two.asked == 0
        assert pool.standings()[0].state is BreakerState.CLOSED


def test_a_transaction_goes_to_every_healthy_endpoint() -> None:
    one, two, three = ModelNode(), ModelNode(), ModelNode()
    two.refuse_sends = NodeError("nonce too low")
    with pool_of(one, two, three) as pool:
        assert Anyone(pool).send_raw_batch([b"\x02", b"\x03"]) == [SENT, SENT]
        for node in (one, three):
            for _ in range(6_000):
                if len(node.sent) == 2:
                    break
                threading.Event().wait(0.01)
            assert node.sent == ["0x02", "0x03"]


@pytest.mark.parametrize(
    ("refusals", "fate"),
    [
        (("already known", "nonce too low"), errors.AlreadyKnownError),
        (("nonce too low", "already known"), errors.AlreadyKnownError),
        (("nonce too low", None), errors.NonceTooLowError),
        ((None, "nonce too low"), errors.NonceTooLowError),
        (("insufficient funds", "insufficient funds"), errors.InsufficientFundsError),
        ((None, None), errors.RpcUnavailableError),
    ],
)
def test_what_became_of_a_transaction_that_nobody_takes(
    refusals: tuple[str | None, str | None], fate: type[errors.RpcError]
) -> None:
    nodes = ModelNode(), ModelNode()
    for node, refusal in zip(nodes, refusals, strict=True):
        if refusal is None:
            node.status = 503
        else:
            node.refuse_sends = NodeError(refusal)
    with pool_of(*nodes) as pool, pytest.raises(fate):
        Anyone(pool).send_raw(b"\x02")


def test_a_doubted_endpoint_is_not_the_one_of_the_next_turn() -> None:
    with pool_of(ModelNode(), ModelNode()) as pool:
        turn = Turn(pool, [])
        turn.heads()
        turn.doubt("headers do not link")
        turn.heads()
        assert turn.endpoint == "b"


def test_two_that_hang_or_contradict_do_not_add_up_to_agreement() -> None:
    one, two, three = ModelNode(), ModelNode(), ModelNode()
    three.status = 503
    with pool_of(one, two, three) as pool:
        poll = pool.poll(lambda rpc: rpc.block(7).hash == digest(7), enough=2)
        assert sorted(poll.yes) == ["a", "b"]
        two.head = 3
        poll = pool.poll(lambda rpc: rpc.blocks([7])[0] is not None, enough=2)
        assert (poll.yes, poll.no, poll.silent) == (("a",), ("b",), ("c",))


def test_names_and_addresses_of_endpoints_hold_no_secret() -> None:
    one, two = ModelNode(), ModelNode()
    one.status = two.status = 503
    with pool_of(one, two) as pool:
        with pytest.raises(errors.RpcUnavailableError) as caught:
            Turn(pool, []).heads()
        shown = f"{caught.value} {pool.standings()} {Anyone(pool).url_shown}"
        assert "secret-key" not in shown
        assert "pass" not in shown
