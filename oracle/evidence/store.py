"""A store of bytes by their keccak-256 hash: a directory, copies of it elsewhere, and places to read from.

Every place but an HTTPS server has the directory's layout, so `aws s3 sync` and `ipfs add -r` of the
directory make one too.
"""

from __future__ import annotations

import importlib.util
import io
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import fsspec
import structlog

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

log = structlog.get_logger(__name__)
ALLOWED_SCHEMES: Final = frozenset({"file", "https", "ipfs", "s3"})
DEFAULT_SECONDS: Final = 30.0

SUPPORT: Final = {"s3": "s3fs", "ipfs": "ipfsspec"}
"""What must be installed for a scheme; the extra of this package has the scheme's name."""

T = TypeVar("T")
_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


def _below(content_hash: str) -> str:
    return f"{content_hash.removeprefix('0x')[:2]}/{content_hash}"


class Location(Protocol):
    """One place that may have content."""

    @property
    def name(self) -> str:
        """For messages; never holds a credential."""
        ...

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:
        """The bytes kept under a hash, unchecked; raises an EvidenceError."""
        ...


class Copy(Protocol):
    """One place that content is copied to."""

    @property
    def name(self) -> str:
        """For messages; never holds a credential."""
        ...

    def write(self, content_hash: str, data: bytes, *, seconds: float) -> None:
        """Keep bytes under their hash; raises an EvidenceError."""
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
        return self.root / _below(content_hash)

    def hashes(self) -> Iterator[str]:
        """Every hash content is kept under, sorted."""
        found = (path.name for path in self.root.glob("??/0x*") if _HASH.fullmatch(path.name))
        return iter(sorted(found))

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

    def write(self, content_hash: str, data: bytes, *, seconds: float = 0) -> None:  # noqa: ARG002
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
    """Anything fsspec speaks: `<prefix>/<first two hex digits>/<hash>`.

    Accounts and addresses of servers are the operator's, from the environment (`AWS_PROFILE`,
    `AWS_ENDPOINT_URL`, `IPFS_GATEWAY`); they are never part of the prefix.
    """

    prefix: str

    @property
    def name(self) -> str:
        """For messages: scheme and host only."""
        parts = urlsplit(self.prefix)
        return f"{parts.scheme}://{parts.hostname or ''}"

    def read(self, content_hash: str, *, max_bytes: int, seconds: float) -> bytes:
        """See `Location`."""
        return self._in_time(lambda: self._read(content_hash, max_bytes), content_hash, seconds)

    def write(self, content_hash: str, data: bytes, *, seconds: float) -> None:
        """See `Copy`."""
        self._in_time(lambda: self._write(content_hash, data), content_hash, seconds)

    def _in_time(self, act: Callable[[], T], content_hash: str, seconds: float) -> T:
        pool = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        try:
            return pool.submit(self._told, act, content_hash).result(timeout=seconds)
        except FutureTimeoutError as error:
            raise StoreUnreachableError(
                f"{self.name} did not answer within {seconds:.0f} s", field=content_hash
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _told(self, act: Callable[[], T], content_hash: str) -> T:
        try:
            return act()
        except EvidenceError:
            raise
        except FileNotFoundError as error:
            raise MissingContentError(f"{content_hash} is not at {self.name}", field=content_hash) from error
        except Exception as error:  # each fsspec back end raises errors of its own
            raise StoreUnreachableError(
                f"{self.name} failed with {type(error).__name__}", field=content_hash
            ) from error

    def _at(self, content_hash: str) -> tuple[Any, str]:
        filesystem, path = fsspec.core.url_to_fs(f"{self.prefix.rstrip('/')}/{_below(content_hash)}")
        return filesystem, path

    def _read(self, content_hash: str, max_bytes: int) -> bytes:
        filesystem, path = self._at(content_hash)
        if self.prefix.startswith("ipfs:"):  # its `open` would load whatever a gateway sends
            kept = _Capped(max_bytes)
            filesystem.get_file(path, kept)
            return kept.getvalue()
        with filesystem.open(path, "rb") as file:
            return bytes(file.read(max_bytes + 1))

    def _write(self, content_hash: str, data: bytes) -> None:
        filesystem, path = self._at(content_hash)
        filesystem.pipe_file(path, data)


class _Capped(io.BytesIO):
    """Holds at most so many bytes."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._room = max_bytes

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Keep more bytes.

        Raises:
            OversizedContentError: there is more.
        """
        if len(data) > self._room:
            raise OversizedContentError("more bytes were sent than may be", field="size")
        self._room -= len(data)
        return super().write(data)


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
    return _filesystem(where, scheme)


def open_copy(where: str) -> Copy:
    """A place to copy content to, from a configured text: a path, or an s3:// address.

    Raises:
        ForbiddenLocationError: nothing can be written there, or what it takes is not installed.
    """
    scheme = urlsplit(where).scheme if "://" in where else "file"
    if scheme == "file":
        return DirectoryLocation(Path(where.removeprefix("file://")))
    if scheme != "s3":
        raise ForbiddenLocationError(
            f"evidence cannot be written to the scheme {scheme!r}",
            field="scheme",
            next_step="name a folder or an s3:// address; onto IPFS, add the directory itself",
        )
    return _filesystem(where, scheme)


def _filesystem(where: str, scheme: str) -> FilesystemLocation:
    if importlib.util.find_spec(SUPPORT[scheme]) is None:
        raise ForbiddenLocationError(
            f"{scheme}:// needs {SUPPORT[scheme]}, which is not installed",
            field="scheme",
            next_step=f"install earnest-oracle[{scheme}]",
        )
    if "@" in urlsplit(where).netloc:
        raise ForbiddenLocationError(
            f"an {scheme}:// address must not hold an account",
            field="where",
            next_step="leave it to the environment, as docs/evaluation.md says",
        )
    return FilesystemLocation(where)


class ContentStore:
    """Keeps bytes in a directory and finds them there or at other places, always by hash.

    Args:
        directory: where `put` writes and `get` looks first.
        others: further places to read from, in this order; see `open_location`.
        identities: secret keys that open private deliveries found here.
        copies: where `put` writes too. One that fails stops nothing: it is logged, and `oracle evidence copy`
            makes up for it.
    """

    def __init__(
        self,
        directory: Path | str,
        others: Sequence[Location] = (),
        identities: Identities = Identities(),  # noqa: B008 - frozen and empty
        copies: Sequence[Copy] = (),
    ) -> None:
        self.directory = DirectoryLocation(Path(directory))
        self.identities = identities
        self._others = tuple(others)
        self._copies = tuple(copies)

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
        for copy in self._copies:
            try:
                copy.write(content_hash, data, seconds=DEFAULT_SECONDS)
            except EvidenceError as error:  # the directory has it; a copy must not hold up a verdict
                log.warning("evidence_not_copied", place=copy.name, hash=content_hash, reason=error.message)
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
        try:
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
            raise _most_telling(problems, content_hash)
        finally:
            # They hold this frame, and through it all that the callers hold, for as long as it holds them.
            problems.clear()


def _most_telling(problems: Sequence[EvidenceError], content_hash: str) -> EvidenceError:
    """What is raised where no place had the content."""
    ranks = (StoreUnreachableError, ForbiddenLocationError, OversizedContentError, WrongContentError)
    for kind in ranks:
        for problem in problems:
            if isinstance(problem, kind):
                return problem
    return MissingContentError(f"{content_hash} is at none of the places it may be", field=content_hash)


def _checked(data: bytes, content_hash: str, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise OversizedContentError(f"{content_hash} is larger than {max_bytes} bytes", field=content_hash)
    if (found := keccak_hex(data)) != content_hash:
        raise WrongContentError(
            f"asked for {content_hash}, got bytes with the hash {found}", field=content_hash
        )
    return data
