"""`receipts_per_second`: interactions on a tab, each signed by both, checked by both and on both disks.

Buyer and provider are two processes with a core and a log of their own, joined by a socket; HTTP is left out
here (`overhead` measures it). Each interaction has a signed call, a receipt, and a tally that both sign, all
made and all checked; nothing is sent on before it is synced. Many are in flight: one sync serves many.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from oracle.domain.tab import tabs_domain
from oracle.domain.types import Hash
from oracle.signing.signer import LocalSigner
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from oracle.tabs.records import Answer
from oracle.tabs.rules import Account, Rules
from oracle.tabs.service import Service
from oracle.tabs.wire import Given, Payment

INTERACTIONS = 12_000
WARM_UP = 1_000
IN_FLIGHT = 384
BODY = 512  # bytes of a request, and of a response

DOMAIN = tabs_domain(31337, "0x" + "7a" * 20)
BUYER, PROVIDER = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)
ACCOUNT = Account("0x" + "ab" * 32, BUYER.address, PROVIDER.address, 1_000, 10**12, 2**40 - 1)
RULES = Rules(maximum=10**9, in_flight=2 * IN_FLIGHT)
REQUEST = b"POST /\n\n" + b"q" * BODY
RESPONSE = b"200\n\n" + b"a" * BODY


def run() -> dict[str, float]:
    """Interactions a second, and the processor time of one on each side in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = socket.socketpair()
        told, tells = get_context("fork").Pipe(duplex=False)
        processes = [
            get_context("fork").Process(target=_alone, args=(core, side, Path(folder), end, other, tells))
            for core, (side, end, other) in enumerate(((_provide, theirs, ours), (_buy, ours, theirs)))
        ]
        for process in processes:
            process.start()
        for end in (ours, theirs, tells):
            end.close()
        try:
            figures = told.recv() | told.recv()
        except EOFError as error:
            raise RuntimeError("a side of the tab ended before its time") from error
        finally:
            for process in processes:
                process.join(10)
                process.kill()
    print(
        f"  {figures['receipts_per_second']:,.0f} receipts/s, {IN_FLIGHT} in flight;"
        f" {figures['receipt_buyer_ms']:.3f} ms of the buyer's core and"
        f" {figures['receipt_provider_ms']:.3f} ms of the provider's for each",
        flush=True,
    )
    return dict(figures)


Side = Callable[[Path, socket.socket], Coroutine[Any, Any, dict[str, float]]]


def _alone(
    core: int, side: Side, folder: Path, end: socket.socket, other: socket.socket, tells: Connection
) -> None:
    other.close()  # it is the other process's, which must be able to end the line
    os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})
    tells.send(asyncio.run(side(folder, end)))


async def _provide(folder: Path, end: socket.socket) -> dict[str, float]:
    async def account(_tab: Hash) -> Account:
        return ACCOUNT

    log = TabLog(folder / "provider.sqlite3")
    service = Service(log, PROVIDER, DOMAIN, account, RULES)
    reader, writer = await asyncio.open_connection(sock=end, limit=2**20)
    used, served = 0.0, 0

    async def serve(line: bytes) -> None:
        nonlocal served, used
        payment = Payment.model_validate_json(line)
        admitted = await service.admit(
            payment.call,
            bytes.fromhex(payment.call_signature[2:]),
            payment.tally,
            bytes.fromhex((payment.tally_signature or "0x")[2:]),
            REQUEST,
            1_000,
        )
        if isinstance(admitted, Answer):
            raise TypeError("nothing was asked twice")
        answer = await service.answer(admitted, 200, RESPONSE, 1_000)
        given = Given(receipt=answer.receipt, tally=answer.tally, signature="0x" + answer.signature.hex())
        writer.write(orjson.dumps(payment.call.number) + b" " + given.model_dump_json().encode() + b"\n")
        served += 1
        if served == WARM_UP:
            used = time.process_time()

    async with asyncio.TaskGroup() as group:  # one that raises ends this side, and so the other
        while line := await reader.readline():
            group.create_task(serve(line))
    spent = time.process_time() - used
    log.close()
    writer.close()
    return {"receipt_provider_ms": spent / (served - WARM_UP) * 1e3}


async def _buy(folder: Path, end: socket.socket) -> dict[str, float]:
    log = TabLog(folder / "buyer.sqlite3")
    purse = Purse(ACCOUNT, DOMAIN, log, BUYER)
    purse.agree(RULES)
    reader, writer = await asyncio.open_connection(sock=end, limit=2**20)
    waiting: dict[int, asyncio.Future[Given]] = {}

    async def listen() -> None:
        while line := await reader.readline():
            number, given = line.split(b" ", 1)
            waiting.pop(int(number)).set_result(Given.model_validate_json(given))
        raise RuntimeError("the provider ended before its time")

    async def call() -> None:
        asked = await purse.call(REQUEST, 1_000)
        newest = purse.newest
        payment = Payment(
            call=asked.call,
            call_signature="0x" + asked.signature.hex(),
            tally=newest.tally if newest else None,
            tally_signature="0x" + newest.signature.hex() if newest else None,
        )
        answer = waiting[asked.call.number] = asyncio.get_running_loop().create_future()
        writer.write(payment.model_dump_json(by_alias=True).encode() + b"\n")
        await purse.accept(asked.call.number, await answer, 200, RESPONSE)

    async def calls(count: int) -> None:
        left = iter(range(count))

        async def one_after_another() -> None:
            for _ in left:
                await call()

        await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await calls(WARM_UP)
        started, used = time.perf_counter(), time.process_time()
        await calls(INTERACTIONS)
        seconds, spent = time.perf_counter() - started, time.process_time() - used
        listening.cancel()
    if purse.tally.count != WARM_UP + INTERACTIONS:
        raise RuntimeError(f"{purse.tally.count} interactions are signed for")
    writer.close()
    log.close()
    return {
        "receipts_per_second": INTERACTIONS / seconds,
        "receipt_buyer_ms": spent / INTERACTIONS * 1e3,
    }
