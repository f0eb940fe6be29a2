"""The desk over a model of the registry: whose feedback is written, how often it is tried, when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from eth_abi.abi import decode

from oracle.daemon.registry_desk import RegistryDesk, RegistryPolicy
from oracle.decide.reorg import Heights
from oracle.domain.types import Address
from oracle.registry.aggregate import Aggregate, Period, Place, digest_of
from oracle.registry.contract import Summary
from oracle.store import chain as chain_store
from oracle.store import outbox as outbox_store
from oracle.store import registry as store
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.registry import Post
from tests.databases import Databases

WEEK = 604_800
PERIOD = Period(10 * WEEK, 11 * WEEK)
OWNER, WALLET, CLIENT = "0x" + "a1" * 20, "0x" + "a2" * 20, "0x" + "c1" * 20
PLACE = Place(31_337, "0x" + "e5" * 20, "0x" + "84" * 20)
AGENT_ID = 7
_FEEDBACK = ("uint256", "int128", "uint8", "string", "string", "string", "string", "bytes32")


class ModelRegistry:
    """Counts what was given by its tags. Whose the identity is, and whether it counts, can be changed."""

    address = PLACE.registry

    def __init__(self) -> None:
        self.accounts = {OWNER, WALLET}
        self.given: dict[tuple[str, str], list[int]] = {}
        self.counts = True

    def is_of(self, agent_id: int, account: Address) -> bool:
        assert agent_id == AGENT_ID
        return account in self.accounts

    def summary(self, agent_id: int, clients: Sequence[Address], tags: tuple[str, str]) -> Summary:
        assert (agent_id, list(clients)) == (AGENT_ID, [CLIENT])
        values = self.given.get(tags, []) if self.counts else []
        return Summary(len(values), sum(values) // max(1, len(values)), 2)


class Desk:
    """The desk, its registry and a lane in which everything is final at once."""

    sender = CLIENT

    def __init__(self, database: Database) -> None:
        self.database = database
        self.registry = ModelRegistry()
        self.sent = 0
        self.now = 1_000.0
        self.heights = Heights(0, 0, 0, 0)
        self.desk = RegistryDesk(
            database,
            self.registry,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            PLACE,
            RegistryPolicy(WEEK, back=4),
            heights=lambda: self.heights,
            evaluators=(),
            clock=lambda: self.now,
        )

    def chain_is_at(self, time: int) -> None:
        """A new final block of this time."""
        number = self.heights.finalized + 1
        self.heights = Heights(number, number, number, time)
        with self.database.write() as session:
            block = Header(number, f"0x{number:064x}", f"0x{number - 1:064x}", time)
            chain_store.save_blocks(session, [block])

    def step(self, _heights: Heights) -> None:
        """What the outbox does."""
        with self.database.write() as session:
            for entry in outbox_store.live_entries(session, CLIENT):
                _, value, _, tag, period, *_ = decode(_FEEDBACK, entry.call.data[4:])
                self.registry.given.setdefault((tag, period), []).append(value)
                self.sent += 1
                outbox_store.finish(session, [(entry.id, self.heights.finalized, None)])

    def turn(self) -> None:
        """A step once everything that waits is due."""
        self.now += 200_000
        self.desk.step()

    def posts(self) -> list[Post]:
        with self.database.read() as session:
            return [one for who in (OWNER, WALLET) for one in store.of_agent(session, who, limit=10)]


@pytest.fixture
def desk(databases: Databases) -> Iterator[Desk]:
    database = Database(databases.made())
    made = Desk(database)
    made.chain_is_at(PERIOD.end)
    yield made
    database.close()


def decided(desk: Desk, provider: Address, passes: int, failures: int) -> None:
    """A feedback that waits to be written."""
    one = Aggregate(AGENT_ID, provider, PERIOD, passes, failures, ())
    document = one.document(PLACE)
    post = Post(
        one.subject(PLACE, CLIENT), AGENT_ID, provider, PERIOD.start, PERIOD.end, passes, failures, one.value,
        digest_of(document), document.decode(), store.WAITING, None, 0, 0.0, None,
    )  # fmt: skip
    with desk.database.write() as session:
        store.add(session, [post])


def test_owner_and_wallet_of_one_identity__are_both_written(desk: Desk) -> None:
    decided(desk, OWNER, 1, 0)
    desk.turn()
    decided(desk, WALLET, 0, 1)  # what is there of the owner must not pass for it
    desk.turn()
    assert [(post.state, post.summary) for post in desk.posts()] == [
        (store.POSTED, (1, 10_000)),
        (store.POSTED, (1, 0)),
    ]
    assert desk.sent == 2


def test_identity_moved_away_and_back__is_written_all_the_same(desk: Desk) -> None:
    decided(desk, OWNER, 0, 1)
    desk.registry.accounts.clear()
    waits = []
    for tries in range(1, 4):
        desk.turn()
        (post,) = desk.posts()
        assert (post.state, post.tries) == (store.WAITING, tries)
        assert "neither owned" in str(post.reason)
        waits.append(post.retry_at - desk.now)
    assert waits == [60, 120, 240]
    desk.registry.accounts.add(OWNER)
    desk.chain_is_at(PERIOD.end + 4 * WEEK - 1)
    desk.turn()
    (post,) = desk.posts()
    assert (post.state, post.summary, desk.sent) == (store.POSTED, (1, 0), 1)


def test_identity_of_somebody_else__is_refused_once_the_period_is_old(desk: Desk) -> None:
    decided(desk, OWNER, 0, 1)
    desk.registry.accounts.clear()
    desk.turn()
    desk.chain_is_at(PERIOD.end + 4 * WEEK)
    desk.turn()
    (post,) = desk.posts()
    assert (post.state, desk.sent) == (store.REFUSED, 0)
    assert "neither owned" in str(post.reason)
    desk.registry.accounts.add(OWNER)
    desk.turn()
    assert desk.sent == 0


def test_final_but_never_counted__is_sent_three_times_and_then_said(desk: Desk) -> None:
    desk.registry.counts = False
    decided(desk, OWNER, 1, 0)
    for sent in (1, 2):
        desk.turn()
        (post,) = desk.posts()
        assert (desk.sent, post.state) == (sent, store.WAITING)
        assert "does not count it" in str(post.reason)
    for _ in range(3):
        desk.turn()
    (post,) = desk.posts()
    assert (desk.sent, post.state) == (3, store.REFUSED)
    assert post.reason == "3 transactions are final, and getSummary counts none; no more are sent"
