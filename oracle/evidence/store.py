"""A store of bytes by their keccak-256 hash: a directory, and to read from what fsspec or HTTPS reaches."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import fsspec

from oracle.domain.canonical import keccak_hex
from oracle.evidence.errors import (
    EvidenceError,
    ForbiddenLocationError,
    MissingContentError,
    OversizedContentError,
    StoreUnreachableError,
    WrongContentError,
)
from oracle.evidence.http import HttpFetcher
from oracle.evidence.sealing import Identities

ALLOWED_SCHEMES: Final = frozenset({"file", "https", "ipfs", "s3"})
DEFAULT_SECONDS: Final = 30.0

_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


class Location(Protocol):
    """One place that may have content."""

    @property
    def name(self) -> str:
        """For messages; never holds a credential."""
        ...

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:
        """The bytes kept under a hash, unchecked; raises an EvidenceError."""
        ...


@dataclass(frozen=True)
class DirectoryLocation:
    """A directory of this machine: `<root>/<first two hex digits>/<hash>`."""

    root: Path

    @property
    def name(self) -> str:
        """For messages."""
        return "the evidence directory"

    def path(self, content_hash: str) -> Path:
        """Where content with this hash lies."""
        digits = content_hash.removeprefix("0x")
        return self.root / digits[:2] / content_hash

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:  # noqa: ARG002
        """See `Location`."""
        try:
            with self.path(content_hash).open("rb") as file:
                data = file.read(max_bytes + 1)
        except FileNotFoundError as error:
            raise MissingContentError(f"{content_hash} is not in {self.name}", field=content_hash) from error
        except OSError as error:
            raise StoreUnreachableError(
                f"{self.name} cannot be read: {error.strerror}", field=content_hash
            ) from error
        return data

    def write(self, content_hash: str, data: bytes) -> None:
        """Keep bytes so that after a crash the whole file is there, or none of it."""
        path = self.path(content_hash)
        temporary = path.with_name(f".{content_hash}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreUnreachableError(
                f"{self.name} cannot be written: {error.strerror}", field=content_hash
            ) from error


@dataclass(frozen=True)
class FilesystemLocation:
    """Anything fsspec speaks, read-only: `<prefix>/<hash>`."""

    prefix: str

    @property
    def name(self) -> str:
        """For messages: scheme and host only."""
        parts = urlsplit(self.prefix)
        return f"{parts.scheme}://{parts.hostname or ''}"

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:
        """See `Location`."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        try:
            return pool.submit(self._read, content_hash, max_bytes).result(timeout=seconds)
        except FutureTimeoutError as error:
            raise StoreUnreachableError(
                f"{self.name} did not answer within {seconds:.0f} s", field=content_hash
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, content_hash: str, max_bytes: int) -> bytes:
        try:
            with fsspec.open(f"{self.prefix.rstrip('/')}/{content_hash}", "rb") as file:
                return bytes(file.read(max_bytes + 1))
        except FileNotFoundError as error:
            raise MissingContentError(f"{content_hash} is not at {self.name}", field=content_hash) from error
        except Exception as error:  # each fsspec back end raises errors of its own
            raise StoreUnreachableError(
                f"{self.name} failed with {type(error).__name__}", field=content_hash
            ) from error


@dataclass(frozen=True)
class HttpLocation:
    """An HTTPS server: `<prefix>/<hash>`."""

    prefix: str
    fetcher: HttpFetcher

    @property
    def name(self) -> str:
        """For messages: scheme and host only."""
        parts = urlsplit(self.prefix)
        return f"{parts.scheme}://{parts.hostname or ''}"

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:
        """See `Location`."""
        url = f"{self.prefix.rstrip('/')}/{content_hash}"
        return self.fetcher.get(url, max_bytes=max_bytes, seconds=seconds)


def open_location(where: str, *, fetcher: HttpFetcher | None = None) -> Location:
    """A location from a configured text: a path, or a URL with an allowed scheme.

    Raises:
        ForbiddenLocationError: the scheme is not on the allow-list.
    """
    scheme = urlsplit(where).scheme if "://" in where else "file"
    if scheme == "http" and fetcher is not None and "http" in fetcher.schemes:
        scheme = "https"
    if scheme not in ALLOWED_SCHEMES:
        raise ForbiddenLocationError(
            f"evidence cannot be read from the scheme {scheme!r}",
            field="scheme",
            next_step=f"use one of {sorted(ALLOWED_SCHEMES)}",
        )
    if scheme == "file":
        return DirectoryLocation(Path(where.removeprefix("file://")))
    if scheme == "https":
        return HttpLocation(where, fetcher or HttpFetcher())
    return FilesystemLocation(where)


class ContentStore:
    """Keeps bytes in a directory and finds them there or at other places, always by hash.

    Args:
        directory: where `put` writes and `get` looks first.
        others: further places to read from, in this order; see `open_location`.
        identities: secret keys that open private deliveries found here.
    """

    def __init__(
        self,
        directory: Path | str,
        others: Sequence[Location] = (),
        identities: Identities = Identities(),  # noqa: B008 - frozen and empty
    ) -> None:
        self.directory = DirectoryLocation(Path(directory))
        self.identities = identities
        self._others = tuple(others)

    def put(self, data: bytes) -> str:
        """Keep `data` and return its keccak-256 hash as 0x-hex; the same bytes again change nothing.

        Raises:
            StoreUnreachableError: the directory cannot be written.
        """
        content_hash = keccak_hex(data)
        try:
            self.get(content_hash, max_bytes=len(data), places=(self.directory,))
        except EvidenceError:  # not there, or damaged: write it
            self.directory.write(content_hash, data)
        return content_hash

    def get(
        self,
        content_hash: str,
        *,
        max_bytes: int,
        seconds: float = DEFAULT_SECONDS,
        places: Sequence[Location] | None = None,
    ) -> bytes:
        """The bytes with this hash, from the first place that has them.

        A place that fails or lies is passed over; what is raised in the end is the most telling of what
        happened:
        unreachable before oversized before wrong before missing, so that only certain absence reads as
        absence.

        Raises:
            MissingContentError, WrongContentError, OversizedContentError, StoreUnreachableError.
        """
        if not _HASH.fullmatch(content_hash):
            raise ForbiddenLocationError(
                f"{content_hash[:80]!r} is not a hash (0x and 64 lower-case hex digits)", field="hash"
            )
        problems: list[EvidenceError] = []
        deadline = time.monotonic() + seconds
        for place in (self.directory, *self._others) if places is None else places:
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise StoreUnreachableError(f"no time left to ask {place.name}", field=content_hash)
                return _checked(
                    place.read(content_hash, max_bytes=max_bytes, seconds=left), content_hash, max_bytes
                )
            except EvidenceError as error:
                problems.append(error)
        ranks = (StoreUnreachableError, ForbiddenLocationError, OversizedContentError, WrongContentError)
        for kind in ranks:
            for problem in problems:
                if isinstance(problem, kind):
                    raise problem
        raise MissingContentError(f"{content_hash} is at none of the places it may be", field=content_hash)


def _checked(data: bytes, content_hash: str, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise OversizedContentError(f"{content_hash} is larger than {max_bytes} bytes", field=content_hash)
    if (found := keccak_hex(data)) != content_hash:
        raise WrongContentError(
            f"asked for {content_hash}, got bytes with the hash {found}", field=content_hash
        )
    return data
