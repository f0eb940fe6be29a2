"""Recorded votes: one JSON object a line, gzip or plain. The form is described beside the recordings."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from oracle.domain.errors import EarnestError
from oracle.jury.ballots import Ballot, Opinion, Probe, Vote
from oracle.jury.readings import Bools, Floats, Ints, Roster, encode_asked, groups, reader_of, roster

MAXIMUM_BYTES = 512 * 1024 * 1024  # of one file, unpacked


class VotesError(EarnestError):
    """A file of recorded votes that cannot be read."""


class RecordedVote(BaseModel):
    """One answer. What else varied (order, sample) is of no interest: such answers are exchangeable."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    juror: str
    family: str
    vote: Opinion | None = None
    score: float | None = None
    prompt: str | int | None = None
    template: str | int | None = None


class RecordedCase(BaseModel):
    """One line."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    case: str
    item: str | int | None = None
    kind: str | None = None
    gold: Literal["pass", "fail"]
    adversarial: bool | None = None
    votes: tuple[RecordedVote, ...]


@dataclass(frozen=True)
class Recording:
    """A file of votes as arrays.

    Attributes:
        name: File name without endings.
        probes: The cases.
        marked: Whether the file says which cases are adversarial.
    """

    name: str
    probes: tuple[Probe, ...]
    marked: bool

    @cached_property
    def who(self) -> Roster:
        """Everyone who answered anything."""
        return roster(self.probes)

    @cached_property
    def readings(self) -> Floats:
        """Every answer, shape [cases, readers, readings]; NaN where there are fewer."""
        place = {reader: i for i, reader in enumerate(self.who.readers)}
        heard: dict[tuple[int, int], list[float]] = {}
        for row, probe in enumerate(self.probes):
            for vote in probe.ballot.votes:
                if vote.counts:
                    heard.setdefault((row, place[reader_of(vote)]), []).append(vote.value)
        depth = max((len(v) for v in heard.values()), default=1)
        table = np.full((len(self.probes), len(self.who.readers), depth), np.nan)
        for (row, column), values in heard.items():
            table[row, column, : len(values)] = values
        return table

    @cached_property
    def means(self) -> Floats:
        """Mean answer of each reader on each case, shape [cases, readers]; NaN where none."""
        heard = ~np.isnan(self.readings)
        n = heard.sum(axis=2)
        total = np.where(heard, self.readings, 0.0).sum(axis=2)
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)

    @cached_property
    def asked(self) -> Bools:
        """Whether each juror was asked, shape [cases, jurors]."""
        return encode_asked(self.who, (p.ballot for p in self.probes))

    @cached_property
    def kinds(self) -> Ints:
        """Kind index of each case."""
        return np.array([self.who.kind_index(p.ballot.kind) for p in self.probes], dtype=np.int64)

    @cached_property
    def good(self) -> Bools:
        """The right answers."""
        return np.array([p.good for p in self.probes], dtype=np.bool_)

    @cached_property
    def items(self) -> Ints:
        """Number of each case's item."""
        return groups([p.ballot.group for p in self.probes])

    @cached_property
    def adversarial(self) -> Bools:
        """Cases made to mislead."""
        return np.array([p.adversarial for p in self.probes], dtype=np.bool_)


def load(path: Path) -> Recording:
    """Read a file of recorded votes.

    A case is adversarial if the line says so, or if a part of its name is "Adversarial".

    Raises:
        VotesError: no such file, too large, or a line that is not of the form; the line is named.
    """
    probes: list[Probe] = []
    marked = False
    for number, line in _lines(path):
        try:
            row = RecordedCase.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise VotesError(f"{path.name}, line {number}: {where}: {first['msg']}.", field=where) from error
        adversarial = row.adversarial
        if adversarial is None and "adversarial" in row.case.lower().split("/"):
            adversarial = True
        marked = marked or adversarial is not None
        probes.append(_probe(row, adversarial=bool(adversarial)))
    if not probes:
        raise VotesError(f"{path.name} holds no case.", next_step="Name a file with one JSON object a line.")
    if not any(vote.counts for probe in probes for vote in probe.ballot.votes):
        raise VotesError(f"No juror in {path.name} gave an answer.", field="votes")
    return Recording(path.name.split(".")[0], tuple(probes), marked)


def _probe(row: RecordedCase, *, adversarial: bool) -> Probe:
    votes = tuple(
        Vote(
            juror=vote.juror,
            family=vote.family,
            opinion=vote.vote,
            score=vote.score,
            template=str(vote.template if vote.template is not None else (vote.prompt or "")),
        )
        for vote in row.votes
    )
    item = "" if row.item is None else str(row.item)
    return Probe(Ballot(row.case, row.kind or "general", votes, item), row.gold == "pass", adversarial)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    if not path.is_file():
        raise VotesError(f"There is no file {path.name}.", next_step="Set VOTES to a file of recorded votes.")
    read = 0
    packed = path.read_bytes()[:2] == b"\x1f\x8b"
    with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            read += len(line)
            if read > MAXIMUM_BYTES:
                raise VotesError(f"{path.name} is larger than {MAXIMUM_BYTES} bytes.")
            if line.strip():
                yield number, line
