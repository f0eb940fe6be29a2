"""What is known of mutants from runs before: a run that was stopped goes on where it was.

An entry counts only while its contract's code has the hash that it had then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from scripts.verify.mutation.mutants import Mutant

# Said in a killer's place of what passes analysis but does not build: no mutant.
UNBUILT = "does not build"


class Entry(BaseModel):
    """One mutant: `code` is its contract's hash, `killer` the test that failed, or None where none did."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    code: str
    killer: str | None


class State:
    """The killer of every mutant tried so far, by key; every new one is written down at once."""

    def __init__(self, path: Path, codes: Mapping[str, str]) -> None:
        """`codes` are today's hashes of the contracts, by file."""
        self._path = path
        self._codes = codes
        self._entries: dict[str, Entry] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                entry = Entry.model_validate_json(line)
                self._entries[entry.key] = entry

    def knows(self, mutant: Mutant) -> bool:
        """Whether it was tried on this code."""
        entry = self._entries.get(mutant.key)
        return entry is not None and entry.code == self._codes[mutant.file]

    def killer(self, mutant: Mutant) -> str | None:
        """What killed a mutant that was tried; KeyError of one that was not."""
        return self._entries[mutant.key].killer

    def hints(self) -> dict[str, str]:
        """What killed a mutant before, on whatever code: likely to do it again."""
        return {key: e.killer for key, e in self._entries.items() if e.killer and e.killer != UNBUILT}

    def note(self, mutant: Mutant, killer: str | None) -> None:
        """Remember, in memory and on disk."""
        entry = Entry(key=mutant.key, code=self._codes[mutant.file], killer=killer)
        self._entries[mutant.key] = entry
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as lines:
            lines.write(entry.model_dump_json() + "\n")

    def forget(self, mutants: Iterable[Mutant]) -> None:
        """They are to be tried again."""
        for mutant in mutants:
            self._entries.pop(mutant.key, None)
