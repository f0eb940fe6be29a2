"""A made-up history of jobs for tests of scores."""

from __future__ import annotations

import random

from oracle.decide.jobs import Place
from oracle.domain import events as e
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome
from oracle.store import chain as chain_store
from oracle.store import scores
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Happened, save_events

ROOT, OTHER = "0x" + "c0" * 32, "0x" + "c1" * 32
AGENTS = [f"0x{'a':0>38}{number:02x}" for number in range(3)]
BUYERS = [f"0x{'b':0>38}{number:02x}" for number in range(4)]
USDC = 1_000_000


def block(number: int) -> Header:
    return Header(number, f"0x{number:064x}", f"0x{max(0, number - 1):064x}", 1_767_225_600 + number * 3_600)


def job(number: int, agent: str, buyer: str, *, committee: str = ROOT, challenge: int = 60) -> e.JobOpened:
    agreement = Agreement(
        Terms(buyer, agent, committee, (number + 1) * USDC, USDC, 10 * USDC, 900, challenge, 50),
        Opening("0x" + "a1" * 32, "0x" + "b2" * 32, number % 2, 0, 100, 200, number),
    )
    return e.JobOpened(f"0x{number + 1:064x}", buyer, agent, agreement, 0b111, 0)


def history(count: int = 40, seed: int = 1) -> list[Happened]:
    """Jobs of every kind, overlapping, several closed in one block."""
    choose = random.Random(seed)
    events: list[tuple[int, e.EscrowEvent]] = []
    for number in range(count):
        opened = job(
            number,
            choose.choice(AGENTS),
            choose.choice(BUYERS),
            committee=choose.choice([ROOT, ROOT, OTHER]),
            challenge=choose.choice([0, 60, 60]),
        )
        begin = 1 + number // 2
        verdict = choose.choice([Outcome.PASS, Outcome.PASS, Outcome.FAIL])
        events += [(begin, opened), (begin + 1, e.Delivered(opened.job, "0x" + "d1" * 32))]
        events.append((begin + 2, e.Judged(opened.job, verdict, 0b11, 99, ())))
        final, ending = verdict, Ending.SETTLED
        if choose.random() < 0.3:
            loser = opened.buyer if verdict is Outcome.PASS else opened.provider
            events.append((begin + 3, e.Disputed(opened.job, loser, Outcome.PASS, 5, 99)))
            final, ending = choose.choice([Outcome.PASS, Outcome.FAIL]), Ending.RULED
        if choose.random() < 0.1:
            final, ending = Outcome.NONE, Ending.AGREED
        end = begin + 4 + choose.randrange(8)
        events.append((end, e.JobClosed(opened.job, final, ending, 1, 2, 10 * USDC, 7, 3)))
    ordered = sorted(events, key=lambda one: one[0])
    return [
        Happened(event, "0x" + "77" * 32, Place(number, block(number).hash, block(number).timestamp, index))
        for index, (number, event) in enumerate(ordered)
    ]


def store(database: Database, items: list[Happened]) -> None:
    numbers = sorted({item.place.block_number for item in items})
    with database.write() as session:
        chain_store.save_blocks(session, [block(number) for number in numbers])
        save_events(session, items)


def advance_all(database: Database, *, limit: int, roots: tuple[str, ...] = (ROOT,)) -> set[str]:
    grown: set[str] = set()
    while True:
        with database.write() as session:
            found = scores.advance(session, roots, limit=limit)
        if found is None:
            return grown
        grown |= set(found)
