"""From folders to documents: nothing but plain files, the same hash everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oracle.domain.canonical import keccak_hex
from oracle.pact import packing
from oracle.pact.delivery import Declaration, DeliveryManifest
from oracle.pact.packing import PackingError, check_materials, hand_over, materials, pack, read_folder
from oracle.pact.paths import PathError
from tests.unit.pact.builders import HASH, pact


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "b.py").write_text("b")
    (tmp_path / "a.md").write_text("a")
    return tmp_path


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        self.kept[keccak_hex(data)] = data
        return keccak_hex(data)


def test_pack__folder__is_a_manifest_whose_hash_names_it(folder: Path) -> None:
    packed = pack(folder, pact=HASH, declared=Declaration())
    manifest = DeliveryManifest.parse_named(packed.manifest, packed.hash)
    assert [(file.path, file.media_type) for file in manifest.files] == [
        ("a.md", "text/markdown"),
        ("src/b.py", "text/x-python"),
    ]
    assert packed.blobs[manifest.files[0].keccak256] == b"a"
    store = Memory()
    hand_over(packed, store)
    assert set(store.kept) == {packed.hash, *packed.blobs}


def test_hand_over__store_that_names_otherwise__is_refused(folder: Path) -> None:
    class Liar:
        def put(self, data: bytes) -> str:  # noqa: ARG002 - a store's signature
            return HASH

    with pytest.raises(PackingError, match="the store named"):
        hand_over(pack(folder, pact=HASH, declared=Declaration()), Liar())


def test_read_folder__links__are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(PackingError, match="link is not a plain file"):
        list(read_folder(folder))


def test_read_folder__linked_folders__are_refused(folder: Path) -> None:
    (folder / "etc").symlink_to("/etc", target_is_directory=True)
    with pytest.raises(PackingError, match="etc is not a plain file"):
        list(read_folder(folder))


def test_read_folder__pipes__are_refused_without_reading(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(PackingError, match="pipe is not a plain file"):
        list(read_folder(folder))


def test_read_folder__unsafe_name__is_refused(folder: Path) -> None:
    (folder / "a\u202eb").write_text("x")
    with pytest.raises(PathError, match=r"U\+202E"):
        list(read_folder(folder))


def test_read_folder__too_much__is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MAX_FOLDER_BYTES", 1)
    with pytest.raises(PackingError, match="holds more than 1 bytes"):
        list(read_folder(folder))
    monkeypatch.setattr(packing, "MAX_DELIVERED_FILES", 1)
    with pytest.raises(PackingError, match="more than 1 files"):
        list(read_folder(folder))
    monkeypatch.undo()
    monkeypatch.setattr(packing, "MAX_FILE_BYTES", 0)
    with pytest.raises(PackingError, match=r"a\.md is larger than 0 bytes"):
        list(read_folder(folder))


def test_pack__nothing_there__is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackingError, match="has no files"):
        pack(tmp_path, pact=HASH, declared=Declaration())
    with pytest.raises(PackingError, match="there is no folder"):
        pack(tmp_path / "no", pact=HASH, declared=Declaration())


def test_materials__evaluators_only__by_folder(folder: Path) -> None:
    entries = materials(folder, evaluators=("src/",))
    assert [(entry.path, entry.disclosed) for entry in entries] == [
        ("a.md", "all"),
        ("src/b.py", "evaluators"),
    ]


def test_check_materials__changed_and_missing__are_named(folder: Path) -> None:
    promise = pact(materials=[entry.as_json() for entry in materials(folder)])
    assert check_materials(promise, folder) == ()
    (folder / "a.md").write_text("changed")
    (folder / "src" / "b.py").unlink()
    first, second = check_materials(promise, folder)
    assert first.startswith("a.md has the hash 0x")
    assert second == "src/b.py is missing"
