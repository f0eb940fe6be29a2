"""A service behind a tab: paid once, answered again after a loss or a crash, closed to everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from x402.http.utils import decode_payment_required_header, decode_payment_response_header
from x402.schemas import PaymentRequired

from oracle.domain.tab import Call, Tally
from oracle.signing.signer import LocalSigner
from oracle.tabs import wire
from oracle.tabs.client import PaymentRefusedError, TooDearError, UnansweredError
from oracle.tabs.errors import EndedTabError, NotCoveredError, RefusedError, StoppedError
from oracle.tabs.exchange import Request, hash_of
from oracle.tabs.records import CONTRADICTION, UNANSWERED
from oracle.tabs.rules import Rules
from oracle.tabs.signing import sign
from tests.unit.tabs.parties import ACCOUNT, BUYER, DOMAIN, NOW, PROVIDER, STRANGER, TAB
from tests.unit.tabs.web import ORIGIN, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def both_agree(world: World, count: int, amount: int) -> None:
    for log in (world.provider_log, world.buyer_log):
        head = log.head(TAB)
        assert (head.count, head.amount) == (count, amount)
    assert world.provider_log.head(TAB).tally(TAB) == world.buyer_log.head(TAB).tally(TAB)


async def test_calls_are_paid_and_both_logs_agree(world: World) -> None:
    for word in ("a", "b", "c"):
        response = await world.client.get(f"/echo/{word}?x=1")
        assert response.json() == {"word": word}
    assert (await world.client.post("/sum", json=[1, 2, 3])).json() == 6
    both_agree(world, 4, 40)
    signed = world.provider_log.signed(TAB)
    assert signed is not None
    assert signed.tally.count == 3  # the last is not signed for yet
    await world.client.aclose()
    signed = world.provider_log.signed(TAB)
    assert signed is not None
    assert signed.tally == world.provider_log.head(TAB).tally(TAB)
    assert world.served == ["a", "b", "c", "sum"]


async def test_the_wire_is_x402_version_2(world: World) -> None:
    async with world.raw() as raw:
        refused = await raw.get("/echo/a")
        assert refused.status_code == 402
        required = decode_payment_required_header(refused.headers["PAYMENT-REQUIRED"])
        assert isinstance(required, PaymentRequired)
        (offer,) = required.accepts
        assert (offer.scheme, offer.network, offer.amount) == ("tab", "eip155:31337", "10")
        assert offer.pay_to == PROVIDER.address
        assert offer.extra["contract"] == DOMAIN.contract
    response = await world.client.get("/echo/a")
    settled = decode_payment_response_header(response.headers["PAYMENT-RESPONSE"])
    assert (settled.success, settled.payer, settled.amount) == (True, BUYER.address, "10")


async def test_many_at_once_stay_within_what_may_be_in_flight(world: World) -> None:
    answers = await asyncio.gather(*(world.client.get(f"/echo/{number}") for number in range(25)))
    assert [answer.json()["word"] for answer in answers] == [str(number) for number in range(25)]
    both_agree(world, 25, 250)


async def test_one_at_a_time_where_the_provider_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, rules=Rules(maximum=10, in_flight=1))
    await asyncio.gather(*(world.client.get(f"/echo/{number}") for number in range(6)))
    both_agree(world, 6, 60)
    world.close()


async def test_a_failed_answer_has_a_receipt_and_costs_nothing(world: World) -> None:
    assert (await world.client.get("/fails")).status_code == 500
    assert (await world.client.get("/nowhere")).status_code == 404
    both_agree(world, 2, 0)


async def test_an_answer_lost_on_the_line_is_given_again_not_made_again(world: World) -> None:
    lost = [True, True, False]
    world.lose = lambda _request, response: wire.RESPONSE in response.headers and lost.pop(0)
    assert (await world.client.get("/echo/once")).json() == {"word": "once"}
    assert world.served == ["once"]
    both_agree(world, 1, 10)


async def test_a_server_that_takes_the_call_and_does_not_answer(world: World) -> None:
    await world.client.get("/echo/before")
    world.lose = lambda _request, response: wire.RESPONSE in response.headers
    with pytest.raises(UnansweredError, match="was not answered"):
        await world.client.get("/echo/kept")
    assert world.purse.tally.count == 1  # nothing is signed for it
    (complaint,) = [note for note in world.buyer_log.notes(TAB) if note.kind == UNANSWERED]
    asked = world.buyer_log.asked(TAB, complaint.number)
    assert asked is not None
    assert asked.message.startswith(b"GET /echo/kept\n")
    # Once the line is back, the answer is fetched before the next call, and served only once.
    world.lose = lambda _request, _response: False
    await world.client.get("/echo/after")
    assert world.served == ["before", "kept", "after"]
    both_agree(world, 3, 30)


async def test_a_call_that_never_reached_the_service_is_called_off(world: World) -> None:
    await world.client.get("/echo/first")
    app = world.app

    async def dead(scope: object, receive: object, send: object) -> None:
        raise ConnectionError("nobody there")

    world.app = dead  # type: ignore[assignment]
    with pytest.raises(UnansweredError):
        await world.client.get("/echo/never")
    world.app = app
    await world.client.get("/echo/second")
    assert world.served == ["first", "second"]
    assert world.buyer_log.pending(TAB) == []
    both_agree(world, 2, 20)
    # What was called off stays so, even where the call arrives after all.
    asked = world.buyer_log.asked(TAB, 1)
    assert asked is not None
    await refused_with(world, "NumberError", path="/echo/never", number=1)


async def test_a_crash_of_the_buyer_loses_and_repeats_nothing(world: World) -> None:
    await world.client.get("/echo/a")
    world.lose = lambda _request, response: wire.RESPONSE in response.headers
    task = asyncio.create_task(world.client.get("/echo/b"))
    for _ in range(60_000):
        if world.provider_log.head(TAB).count == 2:
            break
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    world.lose = lambda _request, _response: False
    world.restart_buyer()
    assert world.purse.ledger.calls
    (recovered,) = await world.transport.recover()
    assert recovered.request.target == "/echo/b"
    assert b'{"word":"b"}' in recovered.response.body
    await world.client.get("/echo/c")
    assert world.served == ["a", "b", "c"]
    both_agree(world, 3, 30)


async def test_a_crash_of_the_provider_loses_and_repeats_nothing(world: World) -> None:
    await world.client.get("/echo/a")
    lost = [True, False]

    def lose(_request: httpx.Request, response: httpx.Response) -> bool:
        if wire.RESPONSE in response.headers and lost and lost.pop(0):
            world.restart_provider()  # the answer is on its disk, and nowhere else
            return True
        return False

    world.lose = lose
    assert (await world.client.get("/echo/b")).json() == {"word": "b"}
    await world.client.get("/echo/c")
    assert world.served == ["a", "b", "c"]
    both_agree(world, 3, 30)


async def test_a_defect_of_the_service_is_no_receipt_and_owes_nothing(world: World) -> None:
    with pytest.raises(UnansweredError, match="500 without a receipt"):
        await world.client.get("/crashes")
    with pytest.raises(UnansweredError, match="500 without a receipt"):
        await world.client.get("/large")
    await world.client.get("/echo/a")
    both_agree(world, 1, 10)


async def test_a_service_that_takes_too_long_is_not_paid(tmp_path: Path) -> None:
    world = World(tmp_path, rules=Rules(maximum=400, in_flight=4, timeout=0))
    with pytest.raises(UnansweredError, match="504"):
        await world.client.get("/slow")
    assert world.provider_log.head(TAB).count == 0
    world.close()


async def test_prices_are_held_to(tmp_path: Path) -> None:
    prices = [10]
    world = World(tmp_path, price=lambda scope: None if scope["path"] == "/nowhere" else prices[0])
    await world.client.get("/echo/a")
    prices[0] = 20
    await world.client.get("/echo/a")  # asked anew at the new price
    both_agree(world, 2, 30)
    assert (await world.client.get("/nowhere")).status_code == 404  # free, and no receipt
    prices[0] = 101
    with pytest.raises(TooDearError):
        await world.client.get("/echo/a")
    both_agree(world, 2, 30)
    world.close()


async def test_an_empty_tab_serves_again_once_it_is_topped_up(world: World) -> None:
    world.accounts[TAB] = replace(ACCOUNT, covered=15)
    await world.client.get("/echo/a")
    with pytest.raises(PaymentRefusedError) as refused:
        await world.client.get("/echo/b")
    assert refused.value.name == NotCoveredError.__name__
    world.accounts[TAB] = replace(ACCOUNT, covered=100)
    await world.client.get("/echo/b")
    both_agree(world, 2, 20)


async def test_a_closed_tab_serves_no_more(world: World) -> None:
    await world.client.get("/echo/a")
    del world.accounts[TAB]
    world.now += 31  # the chain is asked again
    with pytest.raises(PaymentRefusedError, match="UnknownTabError"):
        await world.client.get("/echo/b")
    world.now = ACCOUNT.ends
    with pytest.raises(EndedTabError):
        await world.client.get("/echo/b")


async def test_while_the_chain_cannot_be_asked__what_it_said_last_is_good_for_a_while(world: World) -> None:
    await world.client.get("/echo/a")
    world.chain_down = True
    world.now += 300
    await world.client.get("/echo/b")
    world.now += 1
    with pytest.raises(UnansweredError, match="503 without a receipt: UnreadableTabError"):
        await world.client.get("/echo/c")
    signed = world.provider_log.signed(TAB)
    assert signed is not None
    assert signed.tally.count == 1
    await world.transport.sign()  # what was served is signed for all the same
    signed = world.provider_log.signed(TAB)
    assert signed is not None
    assert signed.tally.count == 2
    world.chain_down = False
    world.now += 31
    await world.client.get("/echo/d")
    assert world.served == ["a", "b", "d"]
    both_agree(world, 3, 30)


async def test_a_tab_the_chain_never_spoke_of__is_not_served_and_is_asked_for_again(world: World) -> None:
    world.chain_down = True
    await unread(world)
    world.chain_down = False
    await world.client.get("/echo/a")
    both_agree(world, 1, 10)


async def unread(world: World) -> None:
    async with world.raw() as raw:
        response = await raw.get("/echo/x", headers=paid())
    assert (response.status_code, response.json()["error"]) == (503, "UnreadableTabError")
    assert world.served == []


async def test_a_provider_with_another_clock_is_told(world: World) -> None:
    world.purse._clock = lambda: NOW + 3_600
    with pytest.raises(PaymentRefusedError, match="ClockSkewError"):
        await world.client.get("/echo/a")
    assert world.buyer_log.pending(TAB) == []


async def test_a_provider_that_contradicts_itself_is_paid_no_more(world: World) -> None:
    await world.client.get("/echo/a")
    ledger = world.service._tabs[TAB].ledger
    ledger.amount += 5  # its tallies now say more than its receipts
    ledger._frontier = ledger._frontier.append(bytes(32))
    world.provider_log.store = lambda *_entries: _done()  # type: ignore[method-assign]
    with pytest.raises(RefusedError):
        await world.client.get("/echo/b")
    assert [note.kind for note in world.buyer_log.notes(TAB)] == [CONTRADICTION]
    with pytest.raises(StoppedError):
        await world.client.get("/echo/c")
    assert world.purse.tally == Tally.model_validate(world.buyer_log.head(TAB).tally(TAB))
    world.restart_buyer()  # and it is remembered
    with pytest.raises(StoppedError):
        await world.client.get("/echo/d")


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


async def test_requests_elsewhere_are_not_paid(world: World) -> None:
    response = await world.client.get("http://elsewhere.test/echo/a")
    assert response.status_code == 402
    assert world.buyer_log.head(TAB).next_number == 0


def paid(
    path: str = "/echo/x",
    *,
    signer: LocalSigner = BUYER,
    body: bytes = b"",
    **call: object,
) -> dict[str, str]:
    """Headers of a payment as a buyer of its own making sends it."""
    request = Request("GET", path, (), body).encode()
    made = Call.model_validate(
        {"tab": TAB, "number": 0, "request": hash_of(request), "price": 10, "time": NOW} | call
    )
    payment = wire.Payment(call=made, call_signature="0x" + sign(signer, DOMAIN, made).hex())
    offer = wire.requirements_of(DOMAIN, "0x" + "5c" * 20, PROVIDER.address, Rules(400), 10)
    return {wire.SIGNATURE: wire.payment_header(offer, payment)}


async def refused_with(world: World, name: str, path: str = "/echo/x", **call: object) -> None:
    async with world.raw() as raw:
        response = await raw.get(path, headers=paid(path, **call))  # type: ignore[arg-type]
    assert response.status_code == 402
    assert response.json()["error"] == name


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ({"signer": STRANGER}, "ForgedSignatureError"),
        ({"signer": PROVIDER}, "ForgedSignatureError"),
        ({"tab": "0x" + "cd" * 32}, "UnknownTabError"),
        ({"price": 9}, "PriceError"),
        ({"time": NOW - 91}, "ClockSkewError"),
        ({"request": "0x" + "00" * 32}, "NumberError"),
        ({"number": 2**64 - 1}, "NumberError"),
        ({"body": b"another"}, "NumberError"),
    ],
)
async def test_what_is_not_the_buyers_own_call_is_refused(
    world: World, call: dict[str, object], name: str
) -> None:
    await refused_with(world, name, **call)  # type: ignore[arg-type]
    assert world.served == []


async def test_a_replayed_call_gets_the_old_answer_and_another_under_its_number_none(world: World) -> None:
    async with world.raw() as raw:
        first = await raw.get("/echo/x", headers=paid())
        again = await raw.get("/echo/x", headers=paid())
        assert first.content == again.content
        assert first.headers[wire.RESPONSE] == again.headers[wire.RESPONSE]
        assert (await raw.get("/echo/x", headers=paid(signer=STRANGER))).status_code == 402
    await refused_with(world, "NumberError", path="/echo/y")
    assert world.served == ["x"]


async def test_the_same_call_twice_at_once_is_served_once(world: World) -> None:
    async with world.raw() as raw:
        first, second = await asyncio.gather(*(raw.get("/echo/x", headers=paid()) for _ in range(2)))
    assert first.headers[wire.RESPONSE] == second.headers[wire.RESPONSE]
    assert world.served == ["x"]


async def test_a_buyer_that_never_signs__gets_the_signed_maximum_once_and_not_again_after_a_crash(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, rules=Rules(maximum=30, in_flight=8))
    async with world.raw() as raw:
        calls = [
            raw.get(f"/echo/{number}", headers=paid(f"/echo/{number}", number=number)) for number in range(8)
        ]
        answers = await asyncio.gather(*calls)
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 402]
    assert refused == ["UnsignedMaximumError"] * 5
    assert len(world.served) == 3
    world.restart_provider()
    await refused_with(world, "UnsignedMaximumError", number=8)
    assert world.provider_log.head(TAB).amount == 30
    world.close()


@pytest.mark.parametrize(
    "header",
    ["", "%%%", "bm90IGpzb24=", "e30=", "eyJ4NDAyVmVyc2lvbiI6MX0=", "A" * 9_000],
)
async def test_malformed_payments_are_refused(world: World, header: str) -> None:
    async with world.raw() as raw:
        response = await raw.get("/echo/x", headers={wire.SIGNATURE: header})
    assert response.status_code == 402
    assert response.json()["error"] == "BadPaymentError"


async def test_bodies_are_bounded_in_bytes_and_time(world: World) -> None:
    async def forever() -> object:
        while True:
            yield b"x" * 100
            await asyncio.sleep(0)

    class Stuck(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]
            yield b"x"
            await asyncio.sleep(600)
            yield b"y"

    async with world.raw() as raw:
        headers = paid("/body")
        assert (await raw.post("/body", content=b"x" * 1_001, headers=headers)).status_code == 413
        assert (await raw.post("/body", content=forever(), headers=headers)).status_code == 413  # type: ignore[arg-type]
    world.bounds = replace(world.bounds, body_seconds=0.3)
    world.restart_provider()
    async with world.raw() as raw:
        slow = httpx.Request("POST", f"{ORIGIN}/body", headers=headers, stream=Stuck())
        assert (await raw.send(slow)).status_code == 504


async def test_the_route_for_signing_takes_only_what_it_should(world: World) -> None:
    await world.client.get("/echo/a")
    newest = world.purse.newest
    assert newest is not None
    good = wire.Signing(tally=newest.tally, tally_signature="0x" + newest.signature.hex())
    forged = wire.Signing(
        tally=newest.tally, tally_signature="0x" + sign(STRANGER, DOMAIN, newest.tally).hex()
    )
    async with world.raw() as raw:
        for body in (b"", b"{}", b'{"tally":null}', b"x" * 9_000, good.model_dump_json().encode()[:-9]):
            assert (await raw.post(wire.WELL_KNOWN, content=body)).status_code in (402, 413)
        assert (await raw.get(wire.WELL_KNOWN)).status_code == 405
        refused = await raw.post(wire.WELL_KNOWN, content=forged.model_dump_json())
        assert refused.json()["error"] == "ForgedSignatureError"
        assert world.provider_log.signed(TAB) is None
        for _ in range(2):
            taken = await raw.post(wire.WELL_KNOWN, content=good.model_dump_json())
            assert taken.json()["signed"]["count"] == "1"
    assert world.provider_log.signed(TAB) is not None


async def test_nobody_else_may_ask_what_came_of_a_call(world: World) -> None:
    await world.client.get("/echo/a")
    asked = world.buyer_log.asked(TAB, 0)
    assert asked is not None
    signature = sign(STRANGER, DOMAIN, asked.call)
    async with world.raw() as raw:
        body = wire.Signing(call=asked.call, call_signature="0x" + signature.hex()).model_dump_json()
        assert (await raw.post(wire.WELL_KNOWN, content=body)).json()["error"] == "ForgedSignatureError"


async def test_a_full_log_serves_nothing_and_loses_nothing(world: World) -> None:
    await world.client.get("/echo/a")
    world.provider_log.limits = replace(world.provider_log.limits, total=0)
    with pytest.raises(UnansweredError, match="503"):
        await world.client.get("/echo/b")
    world.provider_log.limits = replace(world.provider_log.limits, total=10**9)
    await world.client.get("/echo/c")
    assert world.served == ["a", "c"]
    both_agree(world, 2, 20)
