"""Many mutants in one build.

Compiling takes twenty times as long as testing, so mutants share a build: every body that has mutants becomes

    { if (Mutant.from(LOW, HIGH)) { if (Mutant.is_(N)) BODY_N else if … } else BODY }

and which of them lives is said from outside by the block's randomness, which the contracts do not use
(`forge test --block-prevrandao N`; zero is the original). A body keeps its own text, so a mutant behaves
as if it had been compiled alone.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.verify.mutation.mutants import Body, Mutant
from scripts.verify.tools import REMAPPINGS, ROOT, VerifyError, run, tail

SWITCH = "contracts/Mutant.sol"
# Reading the block is `view`; pure functions have mutants too, so a pointer changes its type.
SWITCH_SOURCE = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

library Mutant {
    function _read() private view returns (uint256 n) {
        assembly {
            n := prevrandao()
        }
    }

    function _now() private pure returns (uint256) {
        function() view returns (uint256) reads = _read;
        function() pure returns (uint256) claims;
        assembly {
            claims := reads
        }
        return claims();
    }

    function from(uint256 low, uint256 high) internal pure returns (bool) {
        uint256 n = _now();
        return n >= low && n <= high;
    }

    function is_(uint256 n) internal pure returns (bool) {
        return _now() == n;
    }
}
"""


@dataclass(frozen=True)
class Span:
    """Bytes of a merged file that belong to one mutant alone."""

    start: int
    end: int
    number: int


@dataclass(frozen=True)
class Merged:
    """A file with several mutants in it, and where each stands."""

    text: bytes
    spans: tuple[Span, ...]

    def numbers_at(self, line: int, column: int) -> list[int]:
        """The mutants that stand at a place as compilers name it, from 1 on."""
        before = self.text.split(b"\n")[: line - 1]
        return _at(self, sum(len(b) + 1 for b in before) + column - 1)


def merge(file: str, source: bytes, mutants: Iterable[tuple[int, Mutant]]) -> Merged:
    """Put numbered mutants of one file into it. Each must lie within a body."""
    by_body: dict[Body, list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in mutants:
        if mutant.body is None:
            raise VerifyError(f"mutant {mutant.key} of {file} lies outside of every body")
        by_body[mutant.body].append((number, mutant))
    text = bytearray()
    spans: list[Span] = []
    at = 0
    for body in sorted(by_body, key=lambda b: b.start):
        text += source[at : body.start]
        numbers = [number for number, _ in by_body[body]]
        text += f"{{ if (Mutant.from({min(numbers)}, {max(numbers)})) {{ ".encode()
        for number, mutant in by_body[body]:
            text += f"if (Mutant.is_({number})) ".encode()
            start = len(text)
            text += source[body.start : mutant.start] + mutant.text + source[mutant.end : body.end]
            spans.append(Span(start, len(text), number))
            text += b" else "
        # A number between the lowest and the highest that is another body's: the original.
        text += source[body.start : body.end] + b" } else " + source[body.start : body.end] + b" }"
        at = body.end
    text += source[at:]
    path = os.path.relpath(SWITCH, Path(file).parent)
    path = path if path.startswith(".") else f"./{path}"
    # At the end, so that nothing before it moves.
    text += f'\nimport {{Mutant}} from "{path}";\n'.encode()
    return Merged(bytes(text), tuple(spans))


def merge_all(mutants: dict[int, Mutant], root: Path = ROOT) -> dict[str, Merged]:
    """All files that numbered mutants change."""
    files: dict[str, list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in sorted(mutants.items()):
        files[mutant.file].append((number, mutant))
    return {file: merge(file, (root / file).read_bytes(), found) for file, found in files.items()}


def valid(mutants: Sequence[Mutant]) -> tuple[list[Mutant], list[Mutant]]:
    """The mutants that compile, and those that do not, by the compiler's analysis."""
    left = dict(enumerate(mutants, 1))
    refused: set[int] = set()
    while left:
        merged = merge_all(left)
        errors = _errors({file: m.text for file, m in merged.items()})
        if not errors:
            break
        hit = {number for file, at in errors if file in merged for number in _at(merged[file], at)}
        if not hit:
            if len(left) == 1:
                hit = set(left)
            else:
                # An error outside of every mutant: found by halves.
                numbers = list(left)
                for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
                    good, _ = valid([left[n] for n in half])
                    keys = {m.key for m in good}
                    hit |= {n for n in half if left[n].key not in keys}
                if not hit:
                    raise VerifyError(f"the compiler refuses mutants together but not apart: {errors[:3]}")
        refused |= hit
        for number in hit:
            del left[number]
    return list(left.values()), [m for n, m in enumerate(mutants, 1) if n in refused]


def _at(merged: Merged, at: int) -> list[int]:
    return [span.number for span in merged.spans if span.start <= at < span.end]


def _errors(changed: dict[str, bytes]) -> list[tuple[str, int]]:
    """The compiler's errors in changed contracts, 256 at most: file and byte."""
    sources = {file: {"content": text.decode()} for file, text in changed.items()}
    sources[SWITCH] = {"content": SWITCH_SOURCE}
    request = {
        "language": "Solidity",
        "sources": sources,
        # No output is asked for: the compiler stops after its analysis.
        "settings": {"remappings": REMAPPINGS, "evmVersion": "cancun", "outputSelection": {}},
    }
    folder = ROOT / ".build" / "mutation"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"analysis-{os.getpid()}.json"
    path.write_text(json.dumps(request))
    try:
        command: list[str | Path] = [
            ROOT / "scripts/solc/solc-v0.8.30",
            "--standard-json",
            "--base-path",
            ROOT,
            path,
        ]
        done = run(command, timeout=300)
    finally:
        path.unlink()
    if done.returncode != 0:
        raise VerifyError(f"the compiler failed:\n{tail(done.stderr)}")
    found = []
    for error in json.loads(done.stdout).get("errors", []):
        if error["severity"] == "error":
            place = error.get("sourceLocation") or {"file": "", "start": -1}
            found.append((place["file"], place["start"]))
    return found
