"""Content by hash: what is kept can be had again, and nothing else ever is."""

from __future__ import annotations

import contextlib
import gc
import os
import weakref
from pathlib import Path

import pytest

from oracle.domain.canonical import keccak_hex
from oracle.evidence.errors import (
    EvidenceError,
    ForbiddenLocationError,
    MissingContentError,
    OversizedContentError,
    StoreUnreachableError,
    WrongContentError,
)
from oracle.evidence.store import ContentStore, FilesystemLocation, open_location

DATA = b"what was agreed"
HASH = keccak_hex(DATA)


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "evidence")


class Place:
    """A location that answers as told."""

    name = "a place"

    def __init__(self, answer: bytes | EvidenceError) -> None:
        self.answer = answer

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:  # noqa: ARG002
        if isinstance(self.answer, EvidenceError):
            raise self.answer
        return self.answer


def test_put_get_round_trip_and_again(store: ContentStore) -> None:
    assert store.put(DATA) == HASH == store.put(DATA)
    assert store.get(HASH, max_bytes=100) == DATA


def test_empty_content(store: ContentStore) -> None:
    assert store.get(store.put(b""), max_bytes=0) == b""


def test_no_temporary_file_stays_behind(store: ContentStore) -> None:
    store.put(DATA)
    assert [path.name for path in store.directory.root.rglob("*") if path.is_file()] == [HASH]


def test_a_failed_write_leaves_nothing(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnreachableError, match="No space left"):
        store.put(DATA)
    assert not [path for path in store.directory.root.rglob("*") if path.is_file()]


def test_missing(store: ContentStore) -> None:
    with pytest.raises(MissingContentError):
        store.get(HASH, max_bytes=100)


def test_damaged_content_is_refused_and_mended_by_put(store: ContentStore) -> None:
    store.put(DATA)
    store.directory.path(HASH).write_bytes(b"something else")
    with pytest.raises(WrongContentError, match=HASH):
        store.get(HASH, max_bytes=100)
    store.put(DATA)
    assert store.get(HASH, max_bytes=100) == DATA


def test_oversized(store: ContentStore) -> None:
    store.put(DATA)
    with pytest.raises(OversizedContentError):
        store.get(HASH, max_bytes=len(DATA) - 1)


@pytest.mark.parametrize("name", ["../../etc/passwd", "0x" + "AB" * 32, HASH + "/..", "", HASH[:-1]])
def test_what_is_no_hash_is_never_a_path(store: ContentStore, name: str) -> None:
    with pytest.raises(ForbiddenLocationError, match="not a hash"):
        store.get(name, max_bytes=100)


def test_a_place_that_lies_is_passed_over(tmp_path: Path) -> None:
    store = ContentStore(tmp_path, [Place(b"a lie"), Place(DATA)])
    assert store.get(HASH, max_bytes=100) == DATA


def test_only_certain_absence_reads_as_absence(tmp_path: Path) -> None:
    store = ContentStore(tmp_path, [Place(StoreUnreachableError("down")), Place(MissingContentError("no"))])
    with pytest.raises(StoreUnreachableError):
        store.get(HASH, max_bytes=100)


@pytest.mark.parametrize("places", [[Place(DATA)], []], ids=["found at the second place", "found nowhere"])
def test_what_was_found_late_or_not_holds_nothing_of_who_asked(tmp_path: Path, places: list[Place]) -> None:
    """An error that outlives the question would keep whole deliveries until the collector comes."""

    class Held:
        pass

    def ask() -> weakref.ref[Held]:
        held = Held()
        with contextlib.suppress(MissingContentError):
            ContentStore(tmp_path, places).get(HASH, max_bytes=100)
        return weakref.ref(held)

    was = gc.isenabled()
    gc.disable()
    try:
        assert ask()() is None
    finally:
        if was:
            gc.enable()


def test_fsspec_location_reads_by_hash(tmp_path: Path) -> None:
    ContentStore(tmp_path).put(DATA)
    place = FilesystemLocation(f"file://{tmp_path}")
    assert ContentStore(tmp_path / "own", [place]).get(HASH, max_bytes=100) == DATA
    with pytest.raises(MissingContentError):
        place.read("0x" + "00" * 32, max_bytes=10, seconds=5)


@pytest.mark.parametrize(
    "where", ["ftp://host/x", "gopher://host", "http://host/x", "memory://x", "data://x"]
)
def test_schemes_beyond_the_list_are_refused(where: str) -> None:
    with pytest.raises(ForbiddenLocationError, match="scheme"):
        open_location(where)
