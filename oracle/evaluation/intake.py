"""Fetch what was delivered, once, by hash, under limits; and say plainly what was not as agreed.

Two kinds of trouble are kept apart. A *problem* is the delivery's: it is missing, has other bytes than the
anchored hash names, is too large, or is not what the pact asks for; then the verdict is Fail. An
*obstacle* is not: a store that does not answer, or a material of the buyer's that nobody has; then nothing
can be decided.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from oracle.domain.errors import EarnestError
from oracle.domain.unicode_facts import HiddenText, inspect_text
from oracle.evidence.errors import EvidenceError, StoreUnreachableError
from oracle.evidence.private import Source, open_delivery, read_envelope
from oracle.evidence.sealing import Identities, NotForUsError
from oracle.pact.delivery import DeliveryManifest
from oracle.pact.document import Material, Pact
from oracle.pact.handover import check_handover
from oracle.pact.methodology import FetchLimits

SEALED = "sealed"  # the rule of the obstacle where no key held here opens the delivery


class Store(Source, Protocol):
    """Where content comes from; `oracle.evidence.store.ContentStore` is one."""

    @property
    def identities(self) -> Identities:
        """Secret keys that open private deliveries."""
        ...


class Trouble(NamedTuple):
    """What stood in the way: a stable `rule`, the `field` (a path, or `manifest`), and a sentence."""

    rule: str
    field: str
    message: str


@dataclass(frozen=True)
class Intake:
    """What was fetched.

    Args:
        manifest: None where it could not be had or read.
        files: delivered files the pact asks for.
        unasked: delivered paths that nothing may read.
        materials: the buyer's files.
        texts: delivered files that are UTF-8, normalised, for readers.
        hidden: what was hidden in them; files with nothing hidden are left out.
        problems: the delivery's faults.
        obstacles: everything else that kept the intake from being complete.
        sealed_to: keys a private delivery is sealed to; none where it is public.
    """

    manifest: DeliveryManifest | None
    files: Mapping[str, bytes]
    unasked: tuple[str, ...]
    materials: Mapping[str, bytes]
    texts: Mapping[str, str]
    hidden: tuple[HiddenText, ...]
    problems: tuple[Trouble, ...]
    obstacles: tuple[Trouble, ...]
    sealed_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Delivered:
    """What the anchored hash led to: the manifest, and where its files come from."""

    source: Source
    manifest: DeliveryManifest | None = None
    sealed_to: tuple[str, ...] = ()


class _Budget:
    """Bytes and seconds left of one intake."""

    def __init__(self, limits: FetchLimits) -> None:
        self.limits = limits
        self.bytes = limits.total_bytes
        self.deadline = time.monotonic() + limits.seconds

    def seconds(self) -> float:
        """What is left.

        Raises:
            StoreUnreachableError: nothing.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise StoreUnreachableError(f"the intake took more than {self.limits.seconds} s")
        return left

    def fetch(self, store: Source, content_hash: str, most: int) -> bytes:
        data = store.get(content_hash, max_bytes=min(most, self.bytes), seconds=self.seconds())
        self.bytes -= len(data)
        return data


def take_in(store: Store, pact: Pact, deliverable: str, limits: FetchLimits) -> Intake:
    """Fetch the manifest with the anchored hash, then each file the pact asks for, then the materials.

    Args:
        store: where content comes from.
        pact: what the delivery is held against.
        deliverable: the anchored hash, 0x-hex.
        limits: the methodology's caps.
    """
    budget = _Budget(limits)
    problems: list[Trouble] = []
    obstacles: list[Trouble] = []
    delivered = _manifest(store, deliverable, budget, problems, obstacles)
    manifest = delivered.manifest
    files: dict[str, bytes] = {}
    unasked: tuple[str, ...] = ()
    if manifest is not None:
        handover = check_handover(pact, manifest)
        problems += [Trouble(*problem) for problem in handover.problems]
        unasked = handover.unasked
        if not problems:  # what is not as agreed is not looked at
            files = _files(delivered.source, manifest, handover.asked, budget, problems, obstacles)
    materials = {} if problems else dict(_materials(store, pact.materials, budget, obstacles))
    texts, hidden = _texts(files)
    return Intake(
        manifest=manifest,
        files=files,
        unasked=unasked,
        materials=materials,
        texts=texts,
        hidden=hidden,
        problems=tuple(problems),
        obstacles=tuple(obstacles),
        sealed_to=delivered.sealed_to,
    )


def _manifest(
    store: Store, deliverable: str, budget: _Budget, problems: list[Trouble], obstacles: list[Trouble]
) -> _Delivered:
    """The manifest, of a private delivery out of its envelope."""
    source: Source = store
    sealed_to: tuple[str, ...] = ()
    try:
        data = budget.fetch(store, deliverable, budget.limits.manifest_bytes)
        if (envelope := read_envelope(data)) is not None:
            sealed_to = envelope.recipients
            opened = open_delivery(envelope, store, store.identities, seconds=budget.seconds())
            data = budget.fetch(opened, opened.manifest, budget.limits.manifest_bytes)
            source = opened
        manifest = DeliveryManifest.parse(data, what="the delivery manifest")
    except NotForUsError as error:
        obstacles.append(Trouble(SEALED, "manifest", error.message))
    except StoreUnreachableError as error:
        obstacles.append(Trouble("unreachable", "manifest", error.message))
    except EvidenceError as error:
        problems.append(Trouble("not-retrievable", "manifest", error.message))
    except EarnestError as error:  # not JSON, or not a manifest
        problems.append(Trouble("bad-manifest", error.field or "manifest", error.message[:500]))
    else:
        if manifest.canonical() == data:
            return _Delivered(source, manifest, sealed_to)
        problems.append(Trouble("bad-manifest", "manifest", "the manifest is not in canonical form"))
    return _Delivered(source, None, sealed_to)


def _files(
    store: Source,
    manifest: DeliveryManifest,
    asked: Sequence[str],
    budget: _Budget,
    problems: list[Trouble],
    obstacles: list[Trouble],
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    wanted = [entry for entry in manifest.files if entry.path in set(asked)]
    total = sum(entry.bytes for entry in wanted)
    if total > budget.bytes:
        problems.append(
            Trouble(
                "too-large", "manifest", f"the delivery has {total} bytes; at most {budget.bytes} are fetched"
            )
        )
        return found
    for entry in wanted:
        try:
            data = budget.fetch(store, entry.keccak256, min(entry.bytes, budget.limits.file_bytes))
        except StoreUnreachableError as error:
            obstacles.append(Trouble("unreachable", entry.path, error.message))
            continue
        except EvidenceError as error:
            problems.append(Trouble("not-retrievable", entry.path, error.message))
            continue
        if len(data) != entry.bytes:
            message = f"{entry.path} has {len(data)} bytes, the manifest says {entry.bytes}"
            problems.append(Trouble("wrong-size", entry.path, message))
            continue
        found[entry.path] = data
    return found


def _materials(
    store: Store, entries: Sequence[Material], budget: _Budget, obstacles: list[Trouble]
) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        try:
            yield entry.path, budget.fetch(store, entry.keccak256, entry.bytes)
        except EvidenceError as error:
            obstacles.append(Trouble("material", entry.path, error.message))


def _texts(files: Mapping[str, bytes]) -> tuple[dict[str, str], tuple[HiddenText, ...]]:
    texts: dict[str, str] = {}
    hidden: list[HiddenText] = []
    for path, data in files.items():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue  # not a text; a check that needs one says so
        texts[path], found = inspect_text(path, text)
        if not found.is_clean:
            hidden.append(found)
    return texts, tuple(hidden)
