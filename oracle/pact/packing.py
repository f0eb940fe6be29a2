"""From folders on disk to documents: materials of a pact, and the manifest and blobs of a delivery."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.pact.delivery import MAX_DELIVERED_FILES, Declaration, DeliveredFile, DeliveryManifest
from oracle.pact.document import MAX_FILE_BYTES, Material, Pact
from oracle.pact.paths import check_path, covers

# Fixed here and not taken from the system: a manifest must have the same hash on every machine.
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".toml": "application/toml",
    ".txt": "text/plain",
}
_MAX_FOLDER_BYTES = 4 * MAX_FILE_BYTES  # all of a folder is held in memory
_IGNORED_FOLDERS = frozenset({"__pycache__", ".git"})


class PackingError(EarnestError):
    """A folder cannot be packed: something in it is not a plain file, or is too large."""


class BlobStore(Protocol):
    """Where blobs go: content in, keccak-256 as 0x-hex out."""

    def put(self, data: bytes) -> str:
        """Keep `data` and return its hash."""
        ...


class PackedDelivery(NamedTuple):
    """A delivery ready to hand over: the manifest's canonical bytes, its hash (anchored), blobs by hash."""

    manifest: bytes
    hash: str
    blobs: Mapping[str, bytes]


def read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file beneath a folder, in path order; paths relative, with "/".

    Raises:
        PackingError: no such folder, a symbolic link or special file in it, a file beyond 64 MiB, 256 MiB
            in all, or more than 1000 files.
        PathError: a name that a document may not hold.
    """
    if not folder.is_dir():
        raise PackingError(f"there is no folder {folder}", field=str(folder))
    paths = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _IGNORED_FOLDERS)
        # A linked folder is listed among the folders and not entered; refuse it rather than skip it.
        paths += [Path(place, name) for name in names]
        paths += [Path(place, name) for name in folders if Path(place, name).is_symlink()]
    if len(paths) > MAX_DELIVERED_FILES:
        raise PackingError(f"{folder} has more than {MAX_DELIVERED_FILES} files", field=str(folder))
    total = 0
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
        name = check_path(path.relative_to(folder).as_posix())
        if path.is_symlink() or not path.is_file():
            raise PackingError(f"{name} is not a plain file", field=name, next_step="replace links by files")
        size = path.stat().st_size
        total += size
        if size > MAX_FILE_BYTES:
            raise PackingError(f"{name} is larger than {MAX_FILE_BYTES} bytes", field=name)
        if total > _MAX_FOLDER_BYTES:
            raise PackingError(f"{folder} holds more than {_MAX_FOLDER_BYTES} bytes", field=str(folder))
        yield name, path.read_bytes()


def media_type(path: str) -> str:
    """The media type a file name suggests."""
    return _MEDIA_TYPES.get(Path(path).suffix.lower(), "application/octet-stream")


def materials(folder: Path, *, evaluators: tuple[str, ...] = ()) -> tuple[Material, ...]:
    """The material entries of a folder's files; those an entry of `evaluators` covers are for them only.

    Raises:
        PackingError: as `read_folder`.
    """
    return tuple(
        Material(
            path=path,
            bytes=len(data),
            keccak256=keccak_hex(data),
            media_type=media_type(path),
            disclosed="evaluators" if any(covers(entry, path) for entry in evaluators) else "all",
        )
        for path, data in read_folder(folder)
    )


def check_materials(pact: Pact, folder: Path) -> tuple[str, ...]:
    """What is wrong with a folder as the materials of a pact: files missing, or with another content.

    Raises:
        PackingError: as `read_folder`.
    """
    return _material_problems(pact, dict(read_folder(folder)))


def _material_problems(pact: Pact, found: Mapping[str, bytes]) -> tuple[str, ...]:
    problems = []
    for entry in pact.materials:
        data = found.get(entry.path)
        if data is None:
            problems.append(f"{entry.path} is missing")
        elif keccak_hex(data) != entry.keccak256:
            problems.append(f"{entry.path} has the hash {keccak_hex(data)}, the pact says {entry.keccak256}")
    return tuple(problems)


def publish(pact: Pact, folder: Path | None, store: BlobStore) -> None:
    """Put a pact's materials and then its canonical form into a store, where those who judge find them.

    Args:
        pact: The pact.
        folder: Its materials; None where it has none.
        store: Where to. Materials for the evaluators only must go to a store that only they can read.

    Raises:
        PackingError: a material is missing or has another content; as `read_folder`.
    """
    found = dict(read_folder(folder)) if folder is not None else {}
    problems = _material_problems(pact, found)
    if problems:
        raise PackingError(
            f"the materials are not the pact's: {'; '.join(problems)}",
            field="materials",
            next_step="restore the files, or list them anew with `oracle pact materials`",
        )
    for entry in pact.materials:
        _put(store, entry.keccak256, found[entry.path])
    _put(store, pact.hash(), pact.canonical())


def pack(folder: Path, *, pact: str, declared: Declaration) -> PackedDelivery:
    """Make the manifest of a folder's files for the pact with the hash `pact`.

    Raises:
        PackingError: as `read_folder`, or the folder is empty.
    """
    blobs: dict[str, bytes] = {}
    files = []
    for path, data in read_folder(folder):
        digest = keccak_hex(data)
        blobs[digest] = data
        files.append(DeliveredFile(path=path, bytes=len(data), keccak256=digest, media_type=media_type(path)))
    if not files:
        raise PackingError(f"{folder} has no files; a delivery has at least one", field=str(folder))
    manifest = DeliveryManifest(pact=pact, files=tuple(files), declared=declared).canonical()
    return PackedDelivery(manifest, keccak_hex(manifest), blobs)


def hand_over(packed: PackedDelivery, store: BlobStore) -> None:
    """Put every blob and then the manifest into a store.

    Raises:
        PackingError: the store names a blob by another hash than its own.
    """
    for digest, data in [*packed.blobs.items(), (packed.hash, packed.manifest)]:
        _put(store, digest, data)


def _put(store: BlobStore, digest: str, data: bytes) -> None:
    if (kept := store.put(data)) != digest:
        raise PackingError(f"the store named {digest} as {kept}", field="store")
