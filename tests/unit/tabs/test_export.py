"""Exports: the same bytes each time, everything wrong named, single interactions opened and proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from oracle.domain.errors import EarnestError
from oracle.domain.types import Party
from oracle.evidence.errors import StoreUnreachableError
from oracle.evidence.store import ContentStore
from oracle.tabs.errors import ForgedSignatureError
from oracle.tabs.exchange import Request, Response, hash_of
from oracle.tabs.export import Export, ExportError, NotOpenedError
from oracle.tabs.exporting import prove_receipt, write_export
from oracle.tabs.log import TabLog
from oracle.tabs.manifest import Manifest, Pack, ReceiptProof
from oracle.tabs.records import Asked, Served, Signed
from oracle.tabs.signing import sign
from oracle.tabs.tree import is_included
from tests.unit.tabs.parties import BUYER, DOMAIN, NOW, PROVIDER, STRANGER, TAB, Parties

REQUESTS = [Request("GET", f"/{number}", (), b"").encode() for number in range(7)]
RESPONSES = [
    Response(200, (("content-type", "text/plain"),), b"answer %d" % number).encode() for number in range(7)
]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[TabLog]:
    """Seven interactions, five of them signed by the buyer."""
    parties, log = Parties(), TabLog(tmp_path / "log.sqlite3")
    for number, (request, response) in enumerate(zip(REQUESTS, RESPONSES, strict=True)):
        call = parties.buyer.call(hash_of(request), 10, NOW)
        parties.admit(call)
        receipt, tally = parties.provider.record(call, hash_of(response), 200, 10, NOW)
        signature = sign(PROVIDER, DOMAIN, tally)
        (done,) = parties.buyer.accept(call.number, receipt, tally, signature, hash_of(response), 200, NOW)
        entries: list[Asked | Served | Signed] = [
            Asked(call, sign(BUYER, DOMAIN, call), request),
            Served(call.number, receipt, tally, signature, response, done.frontier),
        ]
        if number < 5:
            parties.take()
            entries.append(Signed(Party.BUYER, tally, sign(BUYER, DOMAIN, tally)))
        log.append(*entries).result(60)
    yield log
    log.close()


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


def raw(root: str) -> bytes:
    return bytes.fromhex(root[2:])


def kinds(export: Export, ceiling: int | None = None) -> set[str]:
    found = export.verify(buyer=BUYER.address, provider=PROVIDER.address, messages=True, ceiling=ceiling)
    return {finding.kind for finding in found}


def test_an_export_is_sound_and_the_same_every_time(log: TabLog, store: ContentStore, tmp_path: Path) -> None:
    told: list[int] = []
    manifest = write_export(log, DOMAIN, TAB, Party.PROVIDER, store, count=5, progress=told.append)
    again = write_export(log, DOMAIN, TAB, Party.PROVIDER, ContentStore(tmp_path / "again"), count=5)
    assert manifest == again
    assert told == [5]
    export = Export(store, manifest, expected=log.given(TAB, 5).tally)
    assert kinds(export) == set()
    assert export.sound
    assert (export.count, export.root) == (5, export.tally.root)
    assert export.manifest.buyer_signature is not None
    receipts = [receipt for _, _, receipt in export.receipts()]
    assert receipts == [answer.receipt for answer in log.answers(TAB, 0, 5)]
    opened = export.opening(3)
    assert (opened.request, opened.response) == (REQUESTS[3], RESPONSES[3])
    assert "ceiling" in kinds(export, ceiling=9)


def test_what_the_buyer_did_not_sign_is_exported_under_the_provider_alone(
    log: TabLog, store: ContentStore
) -> None:
    export = Export(store, write_export(log, DOMAIN, TAB, Party.PROVIDER, store))
    assert export.count == 7
    assert export.manifest.buyer_signature is None
    assert kinds(export) == set()


def test_what_was_settled_before_is_given_as_leaves(log: TabLog, store: ContentStore) -> None:
    export = Export(store, write_export(log, DOMAIN, TAB, Party.BUYER, store, first=3))
    assert kinds(export) == set()
    assert [receipt is None for _, _, receipt in export.receipts()] == [True] * 3 + [False] * 4
    assert export.opening(3).response == RESPONSES[3]
    with pytest.raises(NotOpenedError, match="does not open interaction 2"):
        export.opening(2)
    with pytest.raises(NotOpenedError):
        export.opening(7)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_an_export_is_read_as_far_as_a_tally_goes(log: TabLog, store: ContentStore, count: int) -> None:
    manifest = write_export(log, DOMAIN, TAB, Party.PROVIDER, store)
    export, tally = Export(store, manifest, up_to=count), log.given(TAB, count).tally
    assert (export.count, export.root, export.sound) == (count, tally.root, True)
    opened = export.opening(count - 1)
    assert is_included(opened.receipt.leaf(), count - 1, count, opened.path, raw(tally.root))
    with pytest.raises(NotOpenedError):
        export.opening(count)


def test_files_after_the_tally_are_not_read(
    log: TabLog, store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a party's export of forty million receipts is work for every evaluator."""
    monkeypatch.setattr("oracle.tabs.exporting.CHUNK_ROWS", 2)
    monkeypatch.setattr("oracle.tabs.export.CHUNK_ROWS", 2)
    manifest = write_export(log, DOMAIN, TAB, Party.PROVIDER, store)
    read: list[str] = []

    class Counting:
        put = store.put

        def get(self, content_hash: str, *, max_bytes: int) -> bytes:
            read.append(content_hash)
            return store.get(content_hash, max_bytes=max_bytes)

    assert Export(Counting(), manifest, up_to=4).count == 4
    assert len(read) == 3  # the manifest, and two of four files


def test_an_export_of_fewer_than_asked_for_is_refused(log: TabLog, store: ContentStore) -> None:
    manifest = write_export(log, DOMAIN, TAB, Party.PROVIDER, store, count=5)
    with pytest.raises(ExportError, match="ends after 5 interactions; 6 are needed"):
        Export(store, manifest, up_to=6)


def test_more_than_there_is_cannot_be_exported(log: TabLog, store: ContentStore) -> None:
    for count in (0, 8):
        with pytest.raises(ExportError, match="7 interactions"):
            write_export(log, DOMAIN, TAB, Party.BUYER, store, count=count)


Rows = list[list[object]]


def dropped(rows: Rows) -> Rows:
    return [*rows[:2], *rows[3:]]


def repeated(rows: Rows) -> Rows:
    return [*rows[:3], rows[2], *rows[3:]]


def swapped(rows: Rows) -> Rows:
    return [rows[1], rows[0], *rows[2:]]


def dearer(rows: Rows) -> Rows:
    return [*rows[:6], [*rows[6][:3], "11", *rows[6][4:]]]


def late(rows: Rows) -> Rows:
    return [[*rows[0][:4], NOW + 61, rows[0][5]], *rows[1:]]


def other_answer(rows: Rows) -> Rows:
    return [[*rows[0][:2], "0x" + "99" * 32, *rows[0][3:]], *rows[1:]]


def left_out(rows: Rows) -> Rows:
    return [[0, "0x" + "00" * 32], *rows[1:]]


def malformed(rows: Rows) -> Rows:
    return [["zero", 1, 2], *rows[1:]]


def longer(rows: Rows) -> Rows:
    return [*rows, [7, *rows[6][1:]]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (dropped, {"gap", "count", "root", "amount"}),
        (repeated, {"repeat", "count", "root"}),
        (swapped, {"gap", "repeat", "root"}),
        (dearer, {"root", "amount"}),
        (late, {"order", "root"}),
        (other_answer, {"root", "message"}),
        (left_out, {"gap", "root", "amount"}),
        (malformed, {"chunk", "root", "amount"}),
        (longer, {"count"}),
    ],
)
def test_every_change_to_the_receipts_is_found_and_named(
    log: TabLog, store: ContentStore, change: Callable[[Rows], Rows], expected: set[str]
) -> None:
    manifest = Manifest.parse(
        store.get(write_export(log, DOMAIN, TAB, Party.PROVIDER, store), max_bytes=100_000)
    )
    rows = [orjson.loads(line) for line in store.get(manifest.chunks[0], max_bytes=100_000).splitlines()]
    chunk = b"".join(orjson.dumps(row) + b"\n" for row in change(rows))
    forged = store.put(manifest.model_copy(update={"chunks": (store.put(chunk),)}).canonical())
    export = Export(store, forged)
    assert expected <= kinds(export)
    assert not export.sound


def test_forged_and_missing_signatures_are_named(log: TabLog, store: ContentStore) -> None:
    manifest = Manifest.parse(
        store.get(write_export(log, DOMAIN, TAB, Party.PROVIDER, store, count=5), max_bytes=100_000)
    )
    forged = "0x" + sign(STRANGER, DOMAIN, manifest.tally).hex()

    def changed(**what: str | None) -> Export:
        return Export(store, store.put(manifest.model_copy(update=what).canonical()))

    assert kinds(changed(buyer_signature=forged)) == {"buyer-signature"}
    assert kinds(changed(provider_signature=manifest.buyer_signature)) == {"provider-signature"}
    assert kinds(changed(provider_signature=None, buyer_signature=None)) == {"unsigned"}
    assert kinds(changed(contract="0x" + "11" * 20)) == {"buyer-signature", "provider-signature"}


def test_missing_files_and_wrong_messages_are_named(log: TabLog, store: ContentStore) -> None:
    whole = write_export(log, DOMAIN, TAB, Party.PROVIDER, store)
    manifest = Manifest.parse(store.get(whole, max_bytes=100_000))
    absent = "0x" + "44" * 32

    def changed(**what: object) -> Export:
        return Export(store, store.put(manifest.model_copy(update=what).canonical()))

    assert {"chunk", "count", "root"} <= kinds(changed(chunks=(absent,)))
    assert kinds(changed(packs=(Pack(first=0, hash=absent),))) == {"message"}
    assert kinds(changed(packs=())) == {"message"}
    pack = store.get(manifest.packs[0].hash, max_bytes=100_000)
    for broken in (pack[:-1], pack[:50], pack.replace(b"answer 4", b"answer !"), b"\xff" * 40):
        found = changed(packs=(Pack(first=0, hash=store.put(broken)),)).verify(
            buyer=BUYER.address, provider=PROVIDER.address, messages=True
        )
        assert {finding.kind for finding in found} == {"message"}


def test_a_file_out_of_reach_is_not_taken_for_one_that_is_missing(log: TabLog, store: ContentStore) -> None:
    """Else a store that is down for five minutes costs an honest provider its bond."""
    name = write_export(log, DOMAIN, TAB, Party.PROVIDER, store)
    chunk = Manifest.parse(store.get(name, max_bytes=100_000)).chunks[0]
    down = True

    class Failing:
        put = store.put

        def get(self, content_hash: str, *, max_bytes: int) -> bytes:
            if content_hash == chunk and down:
                raise StoreUnreachableError("no answer")
            return store.get(content_hash, max_bytes=max_bytes)

    with pytest.raises(StoreUnreachableError):
        Export(Failing(), name)
    down = False
    assert Export(Failing(), name).sound


def test_after_a_file_that_is_missing_nothing_more_is_read(
    log: TabLog, store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.tabs.exporting.CHUNK_ROWS", 2)
    monkeypatch.setattr("oracle.tabs.export.CHUNK_ROWS", 2)
    manifest = Manifest.parse(
        store.get(write_export(log, DOMAIN, TAB, Party.PROVIDER, store), max_bytes=100_000)
    )
    chunks = (manifest.chunks[0], "0x" + "44" * 32, *manifest.chunks[2:])
    export = Export(store, store.put(manifest.model_copy(update={"chunks": chunks}).canonical()))
    assert export.count == 2
    assert {finding.kind for finding in export.findings} == {"chunk", "count", "root", "amount"}


def test_another_export_than_the_one_on_record_is_not_read(log: TabLog, store: ContentStore) -> None:
    manifest = write_export(log, DOMAIN, TAB, Party.PROVIDER, store)
    with pytest.raises(ExportError, match="on record"):
        Export(store, manifest, expected=log.given(TAB, 6).tally)
    with pytest.raises(EarnestError):
        Export(store, store.put(b"{}"))


def test_one_receipt_is_proven_by_the_providers_signature(log: TabLog) -> None:
    proof = prove_receipt(log, DOMAIN, TAB, 2)
    again = ReceiptProof.parse(proof.canonical())
    assert again == proof
    assert again.holds()
    again.check_signature(PROVIDER.address)
    with pytest.raises(ForgedSignatureError):
        again.check_signature(BUYER.address)
    dearer = proof.receipt.model_copy(update={"price": 11})
    assert not proof.model_copy(update={"receipt": dearer}).holds()
    moved = proof.receipt.model_copy(update={"index": 1})
    assert not proof.model_copy(update={"receipt": moved}).holds()
    other = proof.tally.model_copy(update={"tab": "0x" + "cd" * 32})
    assert not proof.model_copy(update={"tally": other}).holds()


def test_a_receipt_left_out_is_proven_by_what_the_provider_signed_before(
    log: TabLog, store: ContentStore
) -> None:
    proof = prove_receipt(log, DOMAIN, TAB, 4)
    honest = Export(store, write_export(log, DOMAIN, TAB, Party.PROVIDER, store))
    assert not honest.leaves_out(proof, PROVIDER.address)
    short = Export(store, write_export(log, DOMAIN, TAB, Party.PROVIDER, store, count=4))
    assert short.leaves_out(proof, PROVIDER.address)
    rows = store.get(honest.manifest.chunks[0], max_bytes=100_000).replace(
        proof.receipt.response.encode(), b"0x" + b"77" * 32
    )
    changed = honest.manifest.model_copy(update={"chunks": (store.put(rows),)})
    forged = Export(store, store.put(changed.canonical()))
    assert forged.leaves_out(proof, PROVIDER.address)
    with pytest.raises(ForgedSignatureError):
        honest.leaves_out(proof, STRANGER.address)
    moved = proof.receipt.model_copy(update={"index": 3})
    with pytest.raises(ExportError, match="own proof"):
        honest.leaves_out(proof.model_copy(update={"receipt": moved}), PROVIDER.address)
    with pytest.raises(ExportError, match="not the provider's"):
        honest.leaves_out(proof.model_copy(update={"contract": "0x" + "11" * 20}), PROVIDER.address)
