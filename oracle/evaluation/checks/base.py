"""What every check takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from oracle.domain.canonical import HashHex, JsonValue, keccak_hex, parse_json
from oracle.domain.document import Part
from oracle.domain.errors import EarnestError
from oracle.evaluation.checks.nursery import Sitting
from oracle.pact.methodology import Limits
from oracle.pact.paths import covers

State: TypeAlias = Literal["passed", "failed", "undecided"]

MAX_LOG = 4_000  # characters of free text kept in a record
MAX_REASON = 600  # characters
_REMEMBERED = 65_536  # bytes of a JSON file that is parsed once for all checks: what it becomes is larger


class NotDeliveredError(EarnestError):
    """The condition reads a file that was not delivered: it does not hold."""


class UnusableDeliveryError(EarnestError):
    """A delivered file is not what the condition reads it as (not JSON, not UTF-8): it does not hold."""


class MaterialError(EarnestError):
    """A material is missing or unusable, which is not the provider's fault: undecided."""


class CheckError(EarnestError):
    """The check could not be carried out: undecided."""


class CheckResult(Part):
    """What came of one deterministic check.

    Args:
        state: undecided where the check itself failed; never passed in that case.
        reason: one sentence for a person.
        tool: what did the measuring.
        version: its version.
        inputs: content hashes of all that was read, by `delivery/<path>` and `material/<path>`.
        output: what was found, reproducible; figures that are not whole are text.
        log: free text of a run, not reproducible.
        duration_ms: milliseconds, not reproducible.
    """

    state: State
    reason: Annotated[str, Field(max_length=MAX_REASON)]
    tool: str
    version: str
    inputs: dict[str, HashHex]
    output: dict[str, Any]
    log: Annotated[str, Field(max_length=MAX_LOG)] = ""
    duration_ms: Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Finding:
    """What a check's own code returns; `run_check` makes the result of it."""

    state: State
    reason: str
    output: Mapping[str, JsonValue] = field(default_factory=dict)
    log: str = ""


@dataclass
class CheckInputs:
    """The only way to delivered files and materials; remembers the hash of everything that was read.

    Args:
        files: delivered files the pact asks for, by path.
        materials: the buyer's files, by path.
        limits: the methodology's limits.
        buyer: the buyer's address, 0x-hex in lower case.
        provider: the provider's address.
        job: the job id.
        sitting: where checks in a process of their own are made.
        parsed: JSON files that checks of the same delivery have read, by kind and path; nobody changes them.
    """

    files: Mapping[str, bytes]
    materials: Mapping[str, bytes]
    limits: Limits
    buyer: str
    provider: str
    job: str
    sitting: Sitting
    parsed: dict[tuple[str, str], JsonValue] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    def delivered(self, path: str) -> bytes:
        """A delivered file.

        Raises:
            NotDeliveredError: it is not there.
        """
        if path not in self.files:
            raise NotDeliveredError(f"{path} was not delivered", field=path)
        return self._note("delivery", path, self.files[path])

    def material(self, path: str) -> bytes:
        """A material.

        Raises:
            MaterialError: it is not there.
        """
        if path not in self.materials:
            raise MaterialError(f"the material {path} is not there", field=path)
        return self._note("material", path, self.materials[path])

    def delivered_tree(self, entry: str) -> dict[str, bytes]:
        """The delivered files an entry covers, by path without the folder's name."""
        paths = [path for path in self.files if covers(entry, path)]
        return {_within(entry, path): self.delivered(path) for path in paths}

    def material_tree(self, entry: str) -> dict[str, bytes]:
        """The materials an entry covers, by path without the folder's name.

        Raises:
            MaterialError: there is none.
        """
        paths = [path for path in self.materials if covers(entry, path)]
        if not paths:
            raise MaterialError(f"there is no material under {entry}", field=entry)
        return {_within(entry, path): self.material(path) for path in paths}

    def delivered_json(self, path: str) -> JsonValue:
        """A delivered JSON file, parsed strictly.

        Raises:
            NotDeliveredError, UnusableDeliveryError.
        """
        try:
            return self._parsed("delivery", path, self.delivered(path))
        except NotDeliveredError:
            raise
        except EarnestError as error:
            raise UnusableDeliveryError(error.message, field=path) from error

    def material_json(self, path: str) -> JsonValue:
        """A JSON material, parsed strictly.

        Raises:
            MaterialError: it is not there, or no JSON.
        """
        try:
            return self._parsed("material", path, self.material(path))
        except MaterialError:
            raise
        except EarnestError as error:
            raise MaterialError(error.message, field=path) from error

    def delivered_text(self, path: str) -> str:
        """A delivered UTF-8 text.

        Raises:
            NotDeliveredError, UnusableDeliveryError.
        """
        try:
            return self.delivered(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnusableDeliveryError(f"{path} is not UTF-8 text", field=path) from error

    def material_text(self, path: str) -> str:
        """A UTF-8 material.

        Raises:
            MaterialError: it is not there, or no text.
        """
        try:
            return self.material(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MaterialError(f"{path} is not UTF-8 text", field=path) from error

    def _parsed(self, kind: str, path: str, data: bytes) -> JsonValue:
        if (kind, path) in self.parsed:
            return self.parsed[kind, path]
        limits = self.limits.checks
        value = parse_json(
            data, what=path, max_bytes=limits.json_bytes, max_depth=limits.json_depth, allow_floats=True
        )
        if len(data) <= _REMEMBERED:
            self.parsed[kind, path] = value
        return value

    def _note(self, kind: str, path: str, data: bytes) -> bytes:
        self.read[f"{kind}/{path}"] = keccak_hex(data)
        return data


def _within(entry: str, path: str) -> str:
    return path.removeprefix(entry) if entry.endswith("/") else path.rsplit("/", 1)[-1]


def resolve_pointer(document: JsonValue, pointer: str) -> JsonValue:
    """The value a JSON pointer leads to (RFC 6901).

    Raises:
        LookupError: it leads nowhere.
    """
    value = document
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            raise LookupError(pointer)
    return value


def _is_index(step: str) -> bool:
    return step == "0" or (step.isascii() and step.isdigit() and step[0] != "0" and len(step) < 10)


def short(values: Sequence[str], most: int = 5) -> str:
    """A few of many, for a sentence."""
    shown = ", ".join(values[:most])
    return f"{shown} and {len(values) - most} more" if len(values) > most else shown
