"""The JSON-RPC client against nodes that fail, lie, or answer strangely."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import orjson
import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from oracle.chain import errors
from oracle.chain.quantities import RawLog, log_of, logs_of
from oracle.chain.rpc import Rpc
from oracle.chain.transport import MAX_BATCH
from oracle.chain.unread import Unread, unread
from tests.unit.chain.fake_node import FakeNode, NodeError, rpc_for

HASH = "0x" + "ab" * 32
ESCROW = "0x" + "e5" * 20
BLOCK = {
    "number": "0x7",
    "hash": HASH,
    "parentHash": HASH,
    "timestamp": "0x64",
    "baseFeePerGas": "0x3b9aca00",
}
LOG = {
    "address": ESCROW,
    "topics": [HASH],
    "data": "0x",
    "blockNumber": "0x7",
    "blockHash": HASH,
    "transactionHash": HASH,
    "transactionIndex": "0x0",
    "logIndex": "0x1",
}


def fixed(value: Any) -> FakeNode:
    return FakeNode(lambda _method, _params: value)


def failing(message: str, code: int = -32000, data: Any = None) -> FakeNode:
    def answer(_method: str, _params: list[Any]) -> Any:
        raise NodeError(message, code, data)

    return FakeNode(answer)


@pytest.mark.parametrize("known", errors.KNOWN_MESSAGES, ids=lambda known: known.text)
def test_every_known_message_becomes_its_type(known: errors.KnownMessage) -> None:
    error = errors.error_of(-32000, f"err: {known.text.upper()}!", method="eth_sendRawTransaction")
    assert type(error) is known.error
    assert error.code == -32000
    assert known.source


def test_replacement_underpriced_is_not_taken_for_underpriced() -> None:
    error = errors.error_of(-32000, "replacement transaction underpriced", method="eth_sendRawTransaction")
    assert type(error) is errors.ReplacementUnderpricedError


def test_messages_without_a_row_stay_what_they_are() -> None:
    assert type(errors.error_of(-1, "odd", method="eth_sendRawTransaction")) is errors.TransactionRefusedError
    assert type(errors.error_of(-1, "odd", method="eth_getLogs")) is errors.RpcError
    assert type(errors.error_of(-32005, "odd", method="eth_getLogs")) is errors.RangeTooWideError
    assert type(errors.error_of(-32005, "odd", method="eth_call")) is errors.RateLimitedError
    assert len(str(errors.error_of(-1, "x" * 10_000, method="eth_call"))) < 400


def test_a_read_is_tried_again_and_a_send_is_not() -> None:
    tries = 0

    def flaky(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused", request=request)
        number = orjson.loads(request.content)["id"]
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": number, "result": "0x5"})

    assert rpc_for(flaky).block_number() == 5
    assert tries == 3
    tries = 0
    with pytest.raises(errors.RpcUnavailableError):
        rpc_for(flaky).send_raw(b"\x02")
    assert tries == 1


def test_the_chain_is_checked_once_before_anything_else() -> None:
    node = FakeNode(lambda method, _params: {"eth_chainId": "0x2105", "eth_blockNumber": "0x1"}[method])
    rpc = rpc_for(node, chain_id=8453)
    rpc.block_number()
    rpc.block_number()
    assert [method for method, _ in node.calls] == ["eth_chainId", "eth_blockNumber", "eth_blockNumber"]
    wrong = rpc_for(node, chain_id=1)
    for act in (wrong.block_number, lambda: wrong.send_raw(b"\x02"), lambda: wrong.send_raw_batch([b"\x02"])):
        with pytest.raises(errors.WrongChainError, match="serves chain 8453, not 1"):
            act()
    assert "eth_sendRawTransaction" not in [method for method, _ in node.calls]


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(200, text="not json"),
        httpx.Response(503, json={"message": "overloaded"}),
        httpx.Response(429, json={"error": {"code": -32005, "message": "slow down"}}),
    ],
)
def test_no_usable_answer_is_unavailable(response: httpx.Response) -> None:
    with pytest.raises(errors.RpcUnavailableError):
        rpc_for(lambda _request: response).block_number()


@pytest.mark.parametrize(
    "body",
    [{}, [], {"jsonrpc": "2.0", "id": 999, "result": "0x1"}, {"jsonrpc": "2.0", "id": 1}, "text", 7],
)
def test_an_answer_that_is_no_answer_is_refused(body: Any) -> None:
    with pytest.raises(errors.BadAnswerError):
        rpc_for(lambda _request: httpx.Response(200, json=body)).block_number()


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.chain.transport.MAX_ANSWER_BYTES", 1_000)
    with pytest.raises(errors.BadAnswerError, match="more than 1000 bytes"):
        rpc_for(lambda _request: httpx.Response(200, content=b" " * 5_000)).block_number()


def test_secrets_in_the_address_never_show() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot reach {request.url}", request=request)

    rpc = rpc_for(refuse)
    with pytest.raises(errors.RpcUnavailableError) as caught:
        rpc.block_number()
    shown = f"{caught.value} {caught.value.as_dict()} {rpc.url_shown}"
    assert "secret-key" not in shown
    assert "pass" not in shown
    assert rpc.url_shown == "http://node.test:8545"
    with pytest.raises(errors.RpcUnavailableError) as malformed:
        Rpc("ftp://secret-key")
    assert "secret-key" not in str(malformed.value)


def test_a_batch_keeps_order_and_stands_an_error_in_its_place() -> None:
    def answer(method: str, params: list[Any]) -> Any:
        if params == [3]:
            raise NodeError("nonce too low")
        return params[0]

    results = rpc_for(FakeNode(answer)).batch([("m", [n]) for n in range(MAX_BATCH + 5)])
    assert isinstance(results[3], errors.NonceTooLowError)
    assert [r for n, r in enumerate(results) if n != 3] == [n for n in range(MAX_BATCH + 5) if n != 3]


def test_a_batch_answered_in_another_order_with_one_missing() -> None:
    def shuffled(request: httpx.Request) -> httpx.Response:
        items = orjson.loads(request.content)
        return httpx.Response(
            200,
            json=[{"jsonrpc": "2.0", "id": i["id"], "result": i["params"][0]} for i in reversed(items[1:])],
        )

    first, second, third = rpc_for(shuffled).batch([("m", [1]), ("m", [2]), ("m", [3])])
    assert isinstance(first, errors.BadAnswerError)
    assert (second, third) == (2, 3)


def test_a_batch_refused_as_a_whole() -> None:
    whole = httpx.Response(200, json={"error": {"code": -32600, "message": "batches are not supported"}})
    with pytest.raises(errors.RpcError, match="batches are not supported"):
        rpc_for(lambda _request: whole).batch([("m", [1])])


@pytest.mark.parametrize("bad", ["7", "0x", "0x07", "0xzz", 7, None, "0x" + "f" * 65, "-0x1"])
def test_a_quantity_must_be_one(bad: Any) -> None:
    with pytest.raises(errors.BadAnswerError, match="not a hex number"):
        rpc_for(fixed(bad)).block_number()


@pytest.mark.parametrize("field", ["number", "hash", "parentHash", "timestamp"])
def test_a_block_must_be_whole(field: str) -> None:
    block = {name: value for name, value in BLOCK.items() if name != field}
    with pytest.raises(errors.BadAnswerError):
        rpc_for(fixed(block)).block("latest")


def test_blocks_that_are_not_there_or_not_the_ones_asked_for() -> None:
    with pytest.raises(errors.BlockUnknownError):
        rpc_for(fixed(None)).block(9)
    with pytest.raises(errors.BadAnswerError, match="block 7 for block 9"):
        rpc_for(fixed(BLOCK)).block(9)
    assert rpc_for(fixed(BLOCK)).block(7).base_fee == 10**9

    def some(_method: str, params: list[Any]) -> Any:
        if params[0] == "0x8":
            raise NodeError("header not found")
        return BLOCK if params[0] == "0x7" else None

    found = rpc_for(FakeNode(some)).blocks([7, 8, 9])
    assert [block.number if block else None for block in found] == [7, None, None]


@pytest.mark.parametrize(
    "change",
    [
        {"address": "0x" + "99" * 20},
        {"blockNumber": "0x9"},
        {"blockNumber": None},
        {"removed": True},
        {"topics": [HASH] * 5},
        {"topics": "0x"},
        {"data": "0xabc"},
        {"logIndex": "1"},
    ],
    ids=str,
)
def test_logs_that_were_not_asked_for_are_a_lie(change: dict[str, Any]) -> None:
    with pytest.raises(errors.BadAnswerError):
        rpc_for(fixed([LOG | change])).logs(ESCROW, 1, 8)


def test_logs_come_in_chain_order_and_lower_case() -> None:
    later = LOG | {"logIndex": "0x5", "address": ESCROW.upper().replace("0X", "0x")}
    logs = rpc_for(fixed([later, LOG])).logs(ESCROW, 1, 8)
    assert [log.log_index for log in logs] == [1, 5]
    assert [log.address for log in logs] == [ESCROW, ESCROW]
    with pytest.raises(errors.BadAnswerError):
        rpc_for(fixed({})).logs(ESCROW, 1, 8)


@pytest.mark.parametrize(
    "change",
    [
        {"removed": True},
        {"removed": "no"},
        {"topics": [HASH] * 5},
        {"topics": HASH},
        {"topics": [None]},
        {"topics": [HASH + "00"]},
        {"data": "0x12|0x34"},
        {"data": "0xabc"},
        {"data": "0xAB"},
        {"data": "120x"},
        {"data": "0x0x"},
        {"data": ""},
        {"data": "0x\u00e91"},
        {"data": 7},
        {"transactionHash": HASH[:-1] + "g"},
        {"transactionHash": "00" + HASH[2:]},
        {"blockNumber": "0x07"},
        {"blockNumber": None},
        {"blockNumber": ["0x7"]},
        {"logIndex": "0xA"},
        {"transactionIndex": "1"},
        {"transactionHash": HASH.upper().replace("0X", "0x")},
        {"transactionHash": f"{HASH}|{HASH}"},
        {"blockHash": HASH[:-1]},
        {"address": ESCROW.upper().replace("0X", "0x")},
        {"address": ESCROW + "|"},
        None,
    ],
    ids=str,
)
def test_many_logs_are_read_as_each_of_them(change: dict[str, Any] | None) -> None:
    """In columns where all are as usual; whatever is not is read, or refused, as it is alone."""
    other: Any = LOG | {"data": "0x12", "logIndex": "0x2", "topics": []}
    for third in ["a text" if change is None else LOG | change, *([] if change is None else [LOG])]:
        answers = [LOG, other, third]
        try:
            each = [log_of(answer) for answer in answers]
        except errors.BadAnswerError as error:
            with pytest.raises(errors.BadAnswerError, match=re.escape(error.message)):
                logs_of(told(answers))
        else:
            assert logs_of(told(answers)) == each
            assert all(type(log) is RawLog for log in logs_of(told(answers)))
    missing = {name: value for name, value in LOG.items() if name != "logIndex"}
    with pytest.raises(errors.BadAnswerError, match="lacks a field"):
        logs_of(told([LOG, missing]))
    assert logs_of(told([])) == []


def told(answers: list[Any]) -> Unread:
    answer = unread(json.dumps({"jsonrpc": "2.0", "id": 1, "result": answers}).encode())
    assert answer is not None
    assert isinstance(answer["result"], Unread)
    return answer["result"]


def test_logs_by_the_thousand_are_read_in_pieces__each_in_order() -> None:
    answers = [LOG | {"logIndex": hex(number)} for number in range(1_000)]
    assert len(list(told(answers).pieces())) > 1
    assert logs_of(told(answers)) == [log_of(answer) for answer in answers]
    assert [log.log_index for log in rpc_for(fixed(answers)).logs(ESCROW, 1, 8)] == list(range(1_000))
    with pytest.raises(errors.BadAnswerError, match="malformed"):
        logs_of(told([*answers, LOG | {"data": "0x\u00e91"}]))


@pytest.mark.parametrize(
    "item",
    [b'{"data":"0x\xff"}', b'{"data":"\\ud800"}', b'{"data":NaN}', b"[" * 5_000 + b"]" * 5_000, b"{"],
    ids=["no UTF-8", "no character", "no number", "too deep", "no end"],
)
def test_a_log_that_is_no_json_is_refused(item: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = orjson.loads(request.content)["id"]
        return httpx.Response(200, content=b'{"jsonrpc":"2.0","id":%d,"result":[%b]}' % (number, item))

    with pytest.raises((errors.BadAnswerError, errors.RpcUnavailableError), match="JSON"):
        rpc_for(answer, attempts=1).logs(ESCROW, 1, 8)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"result": [LOG], "error": {"code": -32005, "message": "limit exceeded"}}, errors.RpcError),
        ({"result": [LOG], "id": 77}, errors.BadAnswerError),
        ({"result": None}, errors.BadAnswerError),
        ({"result": "0x"}, errors.BadAnswerError),
        ({}, errors.BadAnswerError),
    ],
    ids=str,
)
def test_a_list_of_logs_with_an_error__or_none_at_all__is_refused(
    said: dict[str, Any], error: type[Exception]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(request.content)
        return httpx.Response(200, content=orjson.dumps({"jsonrpc": "2.0", "id": asked["id"]} | said))

    with pytest.raises(error):
        rpc_for(answer, attempts=1).logs(ESCROW, 1, 8)


def test_a_range_that_is_too_wide_has_its_own_error() -> None:
    with pytest.raises(errors.RangeTooWideError):
        rpc_for(failing("eth_getLogs is limited to a 10,000 block range", -32614)).logs(ESCROW, 1, 8)


def revert(signature: str, types: list[str], values: list[Any]) -> str:
    return "0x" + (keccak(signature.encode())[:4] + encode(types, values)).hex()


def test_a_custom_error_is_named_with_its_arguments() -> None:
    data = revert(
        "InsufficientCollateral(address,uint256,uint256)",
        ["address", "uint256", "uint256"],
        ["0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266", 1_000_000, 3_500_000],
    )
    with pytest.raises(errors.RevertedError) as caught:
        rpc_for(failing("execution reverted", 3, data)).eth_call(ESCROW, b"")
    error = caught.value
    assert error.name == "InsufficientCollateral"
    assert error.args_by_name == {
        "account": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "has": 1_000_000,
        "needs": 3_500_000,
    }
    assert "has 1.00 USDC of free collateral and needs 3.50 USDC" in error.message
    assert error.next_step == "deposit 2.50 USDC more: oracle account deposit"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"data": revert("ZeroAmount()", [], [])}, "must be above zero"),
        (revert("Error(string)", ["string"], ["FiatTokenV2: invalid signature"]), "invalid signature"),
        (revert("Panic(uint256)", ["uint256"], [0x11]), "panicked with code 0x11"),
        ("0xdeadbeef", "unknown error 0xdeadbeef"),
        ("0x", "without saying why"),
        (revert("TooLate(uint256,uint256)", ["uint256"], [1]), "malformed TooLate"),
        (revert("Error(string)", ["uint256"], [1]), "a malformed text"),
        ("0xzz", "without saying why"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_whatever_a_revert_holds_becomes_a_sentence(data: Any, message: str) -> None:
    with pytest.raises(errors.RevertedError, match=message):
        rpc_for(failing("execution reverted", 3, data)).eth_call(ESCROW, b"")


def test_a_revert_without_data_is_still_one() -> None:
    with pytest.raises(errors.RevertedError, match="without saying why"):
        rpc_for(failing("execution reverted")).estimate_gas(sender=ESCROW, to=ESCROW, data=b"")


def test_sending_many_tells_each_one_s_fate() -> None:
    def answer(_method: str, params: list[Any]) -> Any:
        if params == ["0x02"]:
            raise NodeError("already known")
        return HASH

    first, second = rpc_for(FakeNode(answer)).send_raw_batch([b"\x01", b"\x02"])
    assert first == HASH
    assert isinstance(second, errors.AlreadyKnownError)


def test_fees_leave_room_for_a_rising_base_fee_and_live_without_a_tip() -> None:
    def answer(method: str, _params: list[Any]) -> Any:
        if method == "eth_maxPriorityFeePerGas":
            raise NodeError("method not found", -32601)
        return BLOCK

    fees = rpc_for(FakeNode(answer)).fees()
    assert fees.max_priority_fee_per_gas == 1_000_000
    assert fees.max_fee_per_gas == 2 * 10**9 + 1_000_000


def test_a_receipt_of_another_transaction_is_a_lie() -> None:
    receipt = {
        "transactionHash": HASH,
        "blockNumber": "0x7",
        "blockHash": HASH,
        "status": "0x1",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
        "contractAddress": None,
        "logs": [LOG],
    }
    rpc = rpc_for(fixed(receipt))
    found = rpc.receipt(HASH)
    assert found is not None
    assert (found.ok, found.gas_used, len(found.logs)) == (True, 21_000, 1)
    with pytest.raises(errors.BadAnswerError, match="another transaction"):
        rpc.receipt("0x" + "cd" * 32)
    assert rpc_for(fixed(None)).receipt(HASH) is None
    assert rpc_for(fixed(None)).receipts([HASH, HASH]) == [None, None]
