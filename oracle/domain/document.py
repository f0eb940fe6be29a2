"""The base of every hashed document: strict to read, frozen, with one canonical form and one hash."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from oracle.domain.canonical import (
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENT_DEPTH,
    JsonValue,
    canonical_bytes,
    keccak_hex,
    parse_json,
)
from oracle.domain.errors import EarnestError

_KIND_FIELDS = ("method", "source")  # what tells the classes of a union apart, in all our documents
_SHOWN_PROBLEMS = 20  # a hostile document can be wrong in a million places


class DocumentError(EarnestError):
    """A document breaks its own form. `problems` holds (field, what is wrong) pairs."""

    def __init__(self, what: str, problems: list[tuple[str, str]]) -> None:
        shown = "; ".join(f"{field}: {problem}" for field, problem in problems[:_SHOWN_PROBLEMS])
        more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        super().__init__(
            f"{what} is not valid: {shown}{more}",
            field=problems[0][0],
            next_step="correct what is named, or get the document that was meant",
        )
        self.problems = problems


class HashMismatchError(EarnestError):
    """A document is not the one its hash names."""

    def __init__(self, what: str, *, found: str, expected: str) -> None:
        super().__init__(
            f"{what} has the hash {found}, not {expected}",
            field="hash",
            next_step="get the document that was agreed; a changed document has another hash",
        )


class Part(BaseModel):
    """A piece of a document: frozen, strict, unknown fields refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        populate_by_name=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    def as_json(self) -> JsonValue:
        """Plain JSON values, by the names the document uses."""
        return self.model_dump(mode="json", by_alias=True)


class Document(Part):
    """A whole document. Its canonical form spells out every field, defaults included."""

    @classmethod
    def parse(
        cls,
        data: bytes,
        *,
        what: str | None = None,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        max_depth: int = MAX_DOCUMENT_DEPTH,
        allow_floats: bool = False,
    ) -> Self:
        """Read the document from untrusted JSON.

        Raises:
            JsonError: not strict JSON, or beyond the limits of size and depth.
            DocumentError: a field is unknown, missing or wrong; it names each.
        """
        name = what or cls.__name__
        value = parse_json(
            data, what=name, max_bytes=max_bytes, max_depth=max_depth, allow_floats=allow_floats
        )
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise DocumentError(name, describe_problems(error, value)) from error

    @classmethod
    def parse_named(cls, data: bytes, expected: str, *, what: str | None = None) -> Self:
        """Read the document that `expected` names.

        Raises:
            HashMismatchError: it is another document: the hash of its canonical form differs.
            JsonError: as `parse`.
            DocumentError: as `parse`.
        """
        document = cls.parse(data, what=what)
        if (found := document.hash()) != expected:
            raise HashMismatchError(what or cls.__name__, found=found, expected=expected)
        return document

    def canonical(self) -> bytes:
        """RFC 8785 bytes."""
        return self._canonical

    def hash(self) -> str:
        """keccak-256 of the canonical bytes, as 0x-hex."""
        return self._hash

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See pydantic. What was worked out for this one is not the copy's."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_canonical", None)
        copied.__dict__.pop("_hash", None)
        return copied

    @cached_property
    def _canonical(self) -> bytes:
        return canonical_bytes(self.as_json())

    @cached_property
    def _hash(self) -> str:
        return keccak_hex(self._canonical)


def describe_problems(error: ValidationError, value: JsonValue = None) -> list[tuple[str, str]]:
    """(field, what is wrong) pairs, without echoing the input, which may be huge.

    With the `value` that was validated, fields are named as they stand in it.
    """
    problems = []
    details = error.errors(include_url=False, include_input=False, include_context=False)
    broken = {detail["loc"] for detail in details}
    for detail in details:
        # A list whose entries are wrong is also reported as too short; only the entries matter.
        depth = len(detail["loc"])
        if detail["type"] == "too_short" and any(
            loc[:depth] == detail["loc"] and len(loc) > depth for loc in broken
        ):
            continue
        field = _field(detail["loc"], value)
        message = {
            "extra_forbidden": "unknown field; remove it or correct its name",
            "missing": "is missing",
        }.get(detail["type"], detail["msg"].removeprefix("Value error, "))
        problems.append((field, message))
    return problems


def _field(place: tuple[int | str, ...], value: JsonValue) -> str:
    """A place in a document as a dotted name; pydantic's extra step for the kind of a part is left out."""
    names = []
    entered = False  # whether `value` is a part that was entered by its kind
    for step in place:
        kinds = [value.get(name) for name in _KIND_FIELDS] if isinstance(value, dict) and not entered else []
        if step in kinds:
            entered = True
            continue
        names.append(str(step)[:80] if str(step).isprintable() else ascii(step)[:80])
        entered = False
        try:
            value = value[step]
        except (LookupError, TypeError):
            value = None
    return ".".join(names) or "document"
