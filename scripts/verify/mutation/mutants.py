"""The mutants: gambit's changes to the contracts, as edits of the original text."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from scripts.verify.tools import GAMBIT, REMAPPINGS, ROOT, VerifyError, run, tail

_NOTE = re.compile(rb"^[ \t]*/// \w+Mutation\(|^[ \t]*/// SwapArguments\w*\(", re.MULTILINE)
_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Body:
    """The braces of a function, constructor or modifier: bytes `start` to `end` of the file."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """One change: bytes `start` to `end` of `file` become `text`. `key` outlives moved lines."""

    key: str
    file: str
    operator: str
    where: str
    line: int
    start: int
    end: int
    text: bytes
    before: str
    after: str
    body: Body | None

    def applied(self, source: bytes) -> bytes:
        """The whole file with this one change."""
        return source[: self.start] + self.text + source[self.end :]


def mutated_files(root: Path = ROOT) -> list[str]:
    """Every contract with code: interfaces have none."""
    files = sorted((root / "contracts").rglob("*.sol"))
    return [str(f.relative_to(root)) for f in files if "interfaces" not in f.parts]


def code_hash(path: Path) -> str:
    """SHA-256 of a contract without comments and white space: only code makes a result stale."""
    return hashlib.sha256("".join(_COMMENTS.sub(" ", path.read_text()).split()).encode()).hexdigest()


def code_hashes(root: Path = ROOT) -> dict[str, str]:
    """The hash of every contract with code, by its path."""
    return {file: code_hash(root / file) for file in mutated_files(root)}


def generate(folder: Path) -> list[Mutant]:
    """All mutants of all contracts, every operator on. `folder` keeps gambit's output.

    Raises VerifyError where gambit fails.
    """
    found: list[Mutant] = []
    for file in mutated_files():
        out = folder / file.replace("/", "_")
        results = out / "gambit_results.json"
        made_of = out / "made-of"
        key = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
        if not made_of.exists() or made_of.read_text() != key:
            shutil.rmtree(out, ignore_errors=True)
            command: list[str | Path] = [GAMBIT, "mutate", "--filename", file, "--sourceroot", "."]
            command += ["--outdir", out, "--solc", "scripts/verify/solc-ast", "--skip_validate"]
            command += ["--solc_remappings", *REMAPPINGS]
            done = run(command, timeout=300)
            if done.returncode != 0 or "ERROR" in done.stderr or not results.exists():
                raise VerifyError(f"gambit failed on {file}:\n{tail(done.stdout + done.stderr)}")
            made_of.write_text(key)
        source = (ROOT / file).read_bytes()
        tree = json.loads((out / "input_json" / f"{Path(file).name}_json.ast").read_text())
        bodies = _bodies(tree)
        seen: set[bytes] = set()
        counts: Counter[str] = Counter()
        for entry in json.loads(results.read_text()):
            text = without_note((out / entry["name"]).read_bytes())
            if text in seen or text == source:
                continue
            seen.add(text)
            found.append(cut(file, entry["description"], source, text, bodies, counts))
    return found


def cut(
    file: str, operator: str, source: bytes, text: bytes, bodies: list[Body], counts: Counter[str]
) -> Mutant:
    """The edit that makes `text` out of `source`. `counts` tells changes of the same words apart."""
    start = 0
    shortest = min(len(source), len(text))
    while start < shortest and source[start] == text[start]:
        start += 1
    same = 0
    while same < shortest - start and source[-1 - same] == text[-1 - same]:
        same += 1
    end = len(source) - same
    body = next((b for b in bodies if b.start < start and end < b.end), None)
    # For reading: the whole lines that change.
    first = source.rfind(b"\n", 0, start) + 1
    last_old = _line_end(source, end)
    last_new = _line_end(text, len(text) - same)
    before, after = _words(source[first:last_old]), _words(text[first:last_new])
    where = body.name if body else "outside"
    base = f"{file}|{where}|{before}|{after}"
    counts[base] += 1
    key = hashlib.sha256(f"{base}|{counts[base]}".encode()).hexdigest()[:12]
    line = source.count(b"\n", 0, start) + 1
    replaced = text[start : len(text) - same]
    return Mutant(key, file, operator, where, line, start, end, replaced, before, after, body)


def _line_end(text: bytes, at: int) -> int:
    found = text.find(b"\n", at)
    return len(text) if found < 0 else found


def _words(text: bytes) -> str:
    return " ".join(text.decode(errors="replace").split())


def without_note(text: bytes) -> bytes:
    """Gambit says in a comment line of its own what it did."""
    note = _NOTE.search(text)
    if note is None:
        return text
    end = text.find(b"\n", note.start())
    return text[: note.start()] + text[end + 1 :]


def _bodies(node: object, owner: str = "") -> list[Body]:
    """Every function's and modifier's body in a syntax tree."""
    if isinstance(node, list):
        return [body for child in node for body in _bodies(child, owner)]
    if not isinstance(node, dict):
        return []
    kind = node.get("nodeType")
    if kind == "ContractDefinition":
        return _bodies(node["nodes"], node["name"])
    if kind in ("FunctionDefinition", "ModifierDefinition") and node.get("body"):
        start, length, _ = (int(part) for part in node["body"]["src"].split(":"))
        return [Body(f"{owner}.{node.get('name') or node.get('kind')}", start, start + length)]
    return _bodies(node.get("nodes", []), owner)
