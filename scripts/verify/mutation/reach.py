"""Which tests can touch which contracts, by what their sources name.

A test reaches the files that it imports, the artifacts that it deploys by name ("Lens.sol:Lens"), and what
those reach in turn. A mutant of any other contract cannot change it.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from scripts.verify.tools import ROOT

_IMPORT = re.compile(r'(?:\bfrom|\bimport)\s+"(\.[^"]+\.sol)"')
_ARTIFACT = re.compile(r'"(\w+\.sol)[:/]\w')


def reached(root: Path = ROOT) -> dict[str, frozenset[str]]:
    """Of each test file the files below `root` that it reaches, itself among them."""
    texts: dict[str, str] = {}
    named: dict[str, list[str]] = defaultdict(list)
    for folder in ("contracts", "tests/contracts"):
        for path in (root / folder).rglob("*.sol"):
            file = str(path.relative_to(root))
            texts[file] = path.read_text()
            named[path.name].append(file)
    nearby: dict[str, set[str]] = {}
    for file, text in texts.items():
        imports = {os.path.normpath(Path(file).parent / name) for name in _IMPORT.findall(text)}
        artifacts = {found for name in _ARTIFACT.findall(text) for found in named[name]}
        nearby[file] = (imports | artifacts) & set(texts)
    return {file: _closure(file, nearby) for file in texts if file.endswith(".t.sol")}


def _closure(file: str, nearby: dict[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    left = [file]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += nearby[one]
    return frozenset(found)
