"""Deliveries handed over directly: what the anchored hash leads to is taken, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from oracle.daemon.deliveries import MAX_ROOT, DeliveryCounter
from oracle.domain import events
from oracle.domain.canonical import keccak_hex
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.typed import job_id
from oracle.domain.types import Basis, Hash, Outcome
from oracle.evidence.private import seal_delivery
from oracle.evidence.sealing import read_identities, write_identity
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.offchain import OffchainTerms
from oracle.pact.packing import PackedDelivery, pack
from oracle.peers.limits import Rates
from oracle.store import chain as chain_store
from oracle.store import work as work_store
from oracle.store.database import Database
from oracle.store.events import save_events
from oracle.web.app import make_app
from oracle.web.deliveries import delivery_router
from oracle.web.limits import Limits
from tests.databases import Databases, unsynced
from tests.unit.daemon.peer_nodes import COMMITTEE, DOMAIN, JUDGE_BY, OTHER_COMMITTEE, SIGNERS, Chain


def terms(*places: str) -> OffchainTerms:
    return OffchainTerms.model_validate(
        {"schema": "earnest/offchain/1", "handover": list(places), "keys": None}, strict=False
    )


DIRECT = terms("direct+https://evaluator.example/")
STORED = terms("https://store.example")


class Counter:
    """An evaluator's counter, and a chain to anchor on."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database = Database(url)
        unsynced(self.database)
        self.chain = Chain()
        self.chain.begin()
        self.woken: list[int] = []
        self.store = ContentStore(folder / "evidence", identities=read_identities(self.identity(folder)))
        self.folder = folder
        self.client = self.app(10_000)
        self._read = [0, 0]

    def identity(self, folder: Path) -> Path:
        path = folder / "age.txt"
        self.public = write_identity(path)
        return path

    def app(self, most: int, rates: Rates | None = None) -> TestClient:
        counter = DeliveryCounter(
            self.database,
            self.store,
            [SIGNERS[0].address],
            most=most,
            wake=lambda: self.woken.append(1),
            rates=rates,
        )
        return TestClient(make_app([delivery_router(counter)], limits=Limits(body=most)))

    def job(
        self, agreed: OffchainTerms, deliverable: Hash | None, *, committee: Hash = COMMITTEE, salt: int = 1
    ) -> Hash:
        opening = Opening("0x" + "a1" * 32, agreed.hash(), 0, 0, 10_100, 11_000, salt)
        money = Terms("0x" + "b1" * 20, "0x" + "b2" * 20, committee, 5, 1, 1, JUDGE_BY, 100, 50)
        agreement = Agreement(money, opening)
        job = job_id(DOMAIN, agreement)
        opened = events.JobOpened(job, money.buyer, money.provider, agreement, 0b111, 0)
        self.chain.block(10_005, opened)
        if deliverable is not None:
            self.chain.block(10_010, events.Delivered(job, deliverable))
        self.sync()
        return job

    def sync(self) -> None:
        with self.database.write() as session:
            chain_store.save_blocks(session, self.chain.headers[self._read[0] :])
            save_events(session, self.chain.happened[self._read[1] :])
        self._read = [len(self.chain.headers), len(self.chain.happened)]

    def put(self, job: Hash, data: bytes, content: Hash | None = None) -> httpx.Response:
        answer = self.client.put(f"/deliveries/1/{job}/{content or keccak_hex(data)}", content=data)
        return httpx.Response(answer.status_code, content=answer.content)

    def kept(self, data: bytes) -> bool:
        return self.store.directory.path(keccak_hex(data)).exists()


@pytest.fixture
def counter(databases: Databases, tmp_path: Path) -> Iterator[Counter]:
    made = Counter(databases.made(), tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def packed(tmp_path: Path) -> PackedDelivery:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("first")
    (folder / "b.txt").write_text("second")
    return pack(folder, pact="0x" + "a1" * 32, declared=Declaration())


def test_terms_then_manifest_then_files(counter: Counter, packed: PackedDelivery) -> None:
    job = counter.job(DIRECT, packed.hash)
    with counter.database.write() as session:
        anchor = "0x" + "ab" * 32
        work_store.begin_evaluations(session, [(job, packed.hash, anchor)])
        work_store.postpone_evaluation(session, job, packed.hash, anchor, 9e9, "nobody has it")
    assert counter.put(job, DIRECT.canonical()).json()["wanted"] == [packed.hash]
    wanted = counter.put(job, packed.manifest).json()["wanted"]
    assert sorted(wanted) == sorted(packed.blobs)
    for left, content in enumerate(reversed(wanted)):
        assert not counter.woken
        answer = counter.put(job, packed.blobs[content])
        assert answer.status_code == 201
        assert len(answer.json()["wanted"]) == len(wanted) - left - 1
    assert counter.woken
    assert all(counter.kept(data) for data in packed.blobs.values())
    with counter.database.read() as session:
        waiting = work_store.get_evaluation(session, job, packed.hash)
    assert waiting is not None
    assert waiting.retry_at == 0.0, "what waited for it goes on at once"


def test_a_private_delivery__its_sealed_parts_only(counter: Counter, packed: PackedDelivery) -> None:
    source = ContentStore(counter.folder / "provider")
    anchored, envelope = seal_delivery(packed.manifest, packed.blobs, (counter.public,), source)
    job = counter.job(DIRECT, anchored)
    counter.put(job, DIRECT.canonical())
    wanted = counter.put(job, envelope).json()["wanted"]
    assert len(wanted) == 1, "first the index, which says what else there is"
    wanted = counter.put(job, source.get(wanted[0], max_bytes=10_000)).json()["wanted"]
    assert len(wanted) == 3, "the manifest and two files, sealed"
    assert counter.put(job, packed.manifest).status_code == 403, "not in the clear"
    for content in wanted:
        assert counter.put(job, source.get(content, max_bytes=10_000)).status_code == 201
    assert counter.woken


def test_only_where_the_agreement_says_so(counter: Counter, packed: PackedDelivery) -> None:
    job = counter.job(STORED, packed.hash)
    assert counter.put(job, packed.manifest).status_code == 409, "the terms are not here"
    assert counter.put(job, STORED.canonical()).status_code == 403
    assert counter.put(job, DIRECT.canonical()).status_code == 409, "other terms than were agreed"
    counter.store.put(STORED.canonical())
    assert counter.put(job, packed.manifest).status_code == 403
    assert not counter.kept(packed.manifest)


def test_nothing_before_it_is_anchored__nor_after_the_verdict(
    counter: Counter, packed: PackedDelivery
) -> None:
    job = counter.job(DIRECT, None)
    assert counter.put(job, DIRECT.canonical()).json()["wanted"] == []
    assert counter.put(job, packed.manifest).status_code == 409
    counter.chain.block(10_010, events.Delivered(job, packed.hash))
    counter.sync()
    assert counter.put(job, packed.manifest).status_code == 201
    counter.chain.block(10_020, events.Lapsed(job, Outcome.LAPSE, Basis.SILENCE, 0b111, 20_500))
    counter.sync()
    assert counter.put(job, next(iter(packed.blobs.values()))).status_code == 409


@pytest.mark.parametrize(
    ("what", "status"),
    [("stranger", 403), ("lie", 400), ("no job", 404), ("foreign", 404), ("no hash", 422), ("huge", 413)],
)
def test_what_the_anchored_hash_does_not_lead_to__is_refused(
    counter: Counter, packed: PackedDelivery, what: str, status: int
) -> None:
    job = counter.job(DIRECT, packed.hash)
    foreign = counter.job(DIRECT, packed.hash, committee=OTHER_COMMITTEE, salt=2)
    # The other committee's evaluator has another key by now.
    counter.chain.block(10_020, events.KeyRotated(OTHER_COMMITTEE, 0, "0x" + "99" * 20, SIGNERS[0].address))
    counter.sync()
    counter.put(job, DIRECT.canonical())
    counter.put(job, packed.manifest)
    blob = next(iter(packed.blobs.values()))
    answer = {
        "stranger": lambda: counter.put(job, b"something else"),
        "lie": lambda: counter.put(job, b"something else", keccak_hex(blob)),
        "no job": lambda: counter.put("0x" + "77" * 32, blob),
        "foreign": lambda: counter.put(foreign, blob),
        "no hash": lambda: counter.put(job, blob, "0x" + ".." * 32),
        "huge": lambda: counter.put(job, b"x" * 20_000),
    }[what]()
    assert answer.status_code == status, answer.text
    assert not counter.kept(b"something else")
    assert not counter.kept(blob)


def test_roots_that_are_too_large_or_nothing(counter: Counter) -> None:
    counter.client = counter.app(4 * MAX_ROOT)
    big = b"x" * (MAX_ROOT + 1)
    job = counter.job(DIRECT, keccak_hex(big))
    counter.put(job, DIRECT.canonical())
    assert counter.put(job, big).status_code == 413
    assert not counter.kept(big)
    other = counter.job(DIRECT, keccak_hex(b"junk"), salt=2)
    assert counter.put(other, b"junk").json()["wanted"] == [], "no manifest names nothing"


def test_one_address_cannot_flood(counter: Counter, packed: PackedDelivery) -> None:
    counter.client = counter.app(10_000, Rates(per_second=0.001, burst=2))
    job = counter.job(DIRECT, packed.hash)
    assert [counter.put(job, DIRECT.canonical()).status_code for _ in range(3)] == [201, 201, 429]
