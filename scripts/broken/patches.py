"""Patches that break the escrow: read, checked against the sources, and put behind switches."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

# What tabs share with other books.
_BESIDE_TABS = (
    "arbiters/IRulable.sol",
    "evaluators/base/BookMoney.sol",
    "evaluators/base/Contradictions.sol",
    "evaluators/interfaces/IBook.sol",
)


class VariantsError(Exception):
    """A patch does not fit the sources, or a variant is not tested."""


class Variant(BaseModel):
    """One fault. `old` stands exactly once in `file`; BROKEN in `new` becomes the switch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    rule: str
    file: str
    old: str
    new: str


class _Variants(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: tuple[Variant, ...]


def read_variants(text: str) -> tuple[Variant, ...]:
    """The variants of a TOML document; their numbers are their places in it, from one on."""
    return _Variants.model_validate(tomllib.loads(text)).variant


def patched(sources: dict[str, str], variants: tuple[Variant, ...]) -> dict[str, str]:
    """Sources by path below contracts/, with every variant behind its switch.

    Raises:
        VariantsError: `old` does not stand once in its file, or another variant changes the same place.
    """
    texts = dict(sources)
    for number, v in enumerate(variants, start=1):
        found = sources.get(v.file, "").count(v.old)
        if found != 1:
            where = f"contracts/{v.file}"
            raise VariantsError(
                f"{v.name}: `old` stands {found} times in {where}, not once; fit the patch to it"
            )
        if texts[v.file].count(v.old) != 1:
            raise VariantsError(f"{v.name}: another variant changes the same place in contracts/{v.file}")
        texts[v.file] = texts[v.file].replace(v.old, v.new.replace("BROKEN", f"Broken.on({number})"))
    for file in {v.file for v in variants}:
        up = "../" * file.count("/") or "./"
        pragma = "pragma solidity 0.8.30;\n"
        texts[file] = texts[file].replace(pragma, f'{pragma}\nimport {{Broken}} from "{up}Broken.sol";\n', 1)
    return texts


def check_tested(
    variants: tuple[Variant, ...], tests: str, *, first: int = 1, file: str = "Broken.t.sol"
) -> None:
    """Every variant, numbered from `first` on, has its test, in which the rule it names must notice it.

    Raises:
        VariantsError: One has none.
    """
    for number, v in enumerate(variants, start=first):
        name = v.name[0].lower() + v.name[1:]
        test = f"function test_{name}() public {{\n        _noticed({number}, world.{v.rule}.selector);"
        if test not in tests:
            raise VariantsError(f"{v.name} has no test: {file} must hold `{test} }}`")


def read_sources(folder: Path) -> dict[str, str]:
    """Sources of the escrow and of tabs by path below `folder`; other contracts are left out."""
    parts = [folder / name for name in ("Annex.sol", "Escrow.sol", *_BESIDE_TABS)]
    for name in ("base", "interfaces", "libraries", "parts", "tabs"):
        parts.extend(sorted((folder / name).rglob("*.sol")))
    return {p.relative_to(folder).as_posix(): p.read_text() for p in parts}
