"""What a condition measures, and how: one class per method, told apart by the field `method`.

No measure has a field that names a juror, a model, a rubric, a rate or a probe: those belong to the
committee's methodology, and a party to the job cannot reach them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from oracle.domain.document import Part
from oracle.pact.paths import FileOrFolder, FilePath

Identifier: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
DecimalText: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$")
]
"""A finite decimal number as text, such as "0.05": documents hold no floats."""
Tolerance: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$")]


def _check_pointer(pointer: str) -> str:
    if pointer and not pointer.startswith("/"):
        raise ValueError('a JSON pointer is "" for the whole document or begins with "/" (RFC 6901)')
    if any(part not in {"0", "1"} for part in (rest[:1] for rest in pointer.split("~")[1:])):
        raise ValueError("in a JSON pointer ~ is followed by 0 or 1 (RFC 6901)")
    return pointer


JsonPointer: TypeAlias = Annotated[str, StringConstraints(max_length=500), AfterValidator(_check_pointer)]
"""RFC 6901; "" is the whole document."""


class Operator(StrEnum):
    """How a measured figure is held against its threshold."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "=="


class SchemaMeasure(Part):
    """The delivered JSON file is valid under the JSON Schema (draft 2020-12) given inline."""

    method: Literal["json_schema"]
    file: FilePath
    schema_: dict[str, Any] = Field(alias="schema")


class Fact(Part):
    """One name a CEL expression may use.

    `source` is where the file lies: what the provider delivers, or what the buyer gave as material.
    `form` is how it is bound: parsed JSON, or the text itself (in NFC).
    """

    name: Identifier
    source: Literal["delivery", "material"] = "delivery"
    path: FilePath
    form: Literal["json", "text"] = "json"


class CelMeasure(Part):
    """A CEL expression over the facts yields true. Anything but a boolean is an error, so undecided.

    The language is CEL with the few functions of `oracle.pact.expressions.EXTENSIONS` (`sum` among them).
    """

    method: Literal["cel"]
    expression: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    facts: Annotated[tuple[Fact, ...], Field(min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [fact.name for fact in self.facts]
        if len(set(names)) != len(names):
            raise ValueError("two facts have the same name")
        return self


class PatternMeasure(Part):
    """An RE2 pattern is found somewhere in the delivered text file, or nowhere in it."""

    method: Literal["pattern"]
    file: FilePath
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    must: Literal["match", "not_match"]


class TestsMeasure(Part):
    """A test suite of the buyer's runs in the sandbox, and every expected test is reported as passed.

    The delivered tree is the base materials with the delivered files on top. Each file lies there under its
    path without the folder that `base`, `delivered` or `suite` names (`base/lib/a.py` and `patch/lib/a.py`
    are both `lib/a.py`); of the delivery, only what the pact's evidence asks for is laid. The suite is never
    part of that tree: it runs in a sandbox of its own and calls the delivery, in a second one, over a pipe
    (module `candidate`), so delivered code cannot touch a test, its runner or its report. A test that is not
    individually reported as passed has not passed.

    `expected` names: for python pytest's node id (`test_cart.py::TestCart::test_add`); for node
    `<file>::<full test name>`; files relative to the suite, nested names joined by " > ".
    """

    __test__ = False  # the name begins with Test; pytest must not collect it

    method: Literal["tests"]
    runner: Literal["python", "node"]
    suite: FileOrFolder
    base: FileOrFolder | None = None
    delivered: FileOrFolder
    expected: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=300)], ...],
        Field(min_length=1, max_length=2000),
    ]
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    memory_mib: Annotated[int, Field(ge=32, le=4096)] = 512

    @model_validator(mode="after")
    def _expected_are_unique(self) -> Self:
        if len(set(self.expected)) != len(self.expected):
            raise ValueError("expected names a test twice")
        return self


class ReceiptsMeasure(Part):
    """A figure from signed receipts in the delivered file: a latency percentile, or how many there are.

    `percentile` is given for latency only, in whole percent (nearest rank). The unit is milliseconds for
    latency, receipts for a count. A receipt whose signature fails is not counted.
    """

    method: Literal["receipts"]
    file: FilePath
    metric: Literal["latency", "count"]
    percentile: Annotated[int, Field(ge=1, le=100)] | None = None
    operator: Operator
    threshold: Annotated[int, Field(ge=0)]
    unit: Literal["ms", "receipts"]

    @model_validator(mode="after")
    def _metric_fits(self) -> Self:
        if (self.percentile is not None) != (self.metric == "latency"):
            raise ValueError("percentile is given for latency and only for latency")
        if self.unit != {"latency": "ms", "count": "receipts"}[self.metric]:
            raise ValueError("unit is ms for latency and receipts for count")
        return self


class MaterialReference(Part):
    """The expected value stands in a JSON material, at a pointer."""

    source: Literal["material"]
    path: FilePath
    pointer: JsonPointer = ""


class ValueReference(Part):
    """The expected value stands in the pact itself."""

    source: Literal["value"]
    value: Any


class DecimalReference(Part):
    """The expected number stands in the pact itself."""

    source: Literal["value"]
    value: DecimalText


class ExactMeasure(Part):
    """The value at a pointer in the delivered JSON file equals the reference, type and all."""

    method: Literal["exact"]
    file: FilePath
    pointer: JsonPointer = ""
    expected: Annotated[MaterialReference | ValueReference, Field(discriminator="source")]


class NumericMeasure(Part):
    """The number at a pointer lies within a tolerance of the reference number.

    Holds when |found - expected| <= max(absolute_tolerance, relative_tolerance * |expected|), computed in
    decimals. The number found may be a JSON number or a decimal string.
    """

    method: Literal["numeric"]
    file: FilePath
    pointer: JsonPointer
    expected: Annotated[MaterialReference | DecimalReference, Field(discriminator="source")]
    absolute_tolerance: Tolerance = "0"
    relative_tolerance: Tolerance = "0"


class QuotesMeasure(Part):
    """Every quotation in the delivered file occurs word for word in a source the buyer named.

    With `form` "json", `pointer` leads to an array of objects with the strings `quote` and `source` (the
    path of a material). With "blockquote", every Markdown block quote counts and may come from any source.
    Runs of white space count as one space; nothing else is forgiven.
    """

    method: Literal["quotes"]
    file: FilePath
    form: Literal["json", "blockquote"]
    pointer: JsonPointer = ""
    sources: Annotated[tuple[FileOrFolder, ...], Field(min_length=1, max_length=64)]
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1
    shortest: Annotated[int, Field(ge=1, le=1000)] = 20  # characters; shorter ones prove nothing


class JuryMeasure(Part):
    """A criterion that only a reader can judge, put to the committee's jury one at a time.

    `criterion` is what must hold; `standard` is what it is held against (what passes, what fails, which
    material rules). The juror sees both, the delivered files and the materials named here, nothing else.
    """

    method: Literal["jury"]
    criterion: Text
    standard: Text | None = None
    files: Annotated[tuple[FileOrFolder, ...], Field(min_length=1, max_length=16)]
    materials: Annotated[tuple[FileOrFolder, ...], Field(max_length=16)] = ()


Measure: TypeAlias = Annotated[
    SchemaMeasure
    | CelMeasure
    | PatternMeasure
    | TestsMeasure
    | ReceiptsMeasure
    | ExactMeasure
    | NumericMeasure
    | QuotesMeasure
    | JuryMeasure,
    Field(discriminator="method"),
]
