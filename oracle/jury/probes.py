"""Blind gold probes: cases whose right answer is known, put to jurors by the very questions that judge jobs.

What they showed is kept as a calibration, which counts for one methodology and one frame of the prompt only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from oracle.decide.draw import Draw
from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.evaluation.jury_port import JuryCriterion
from oracle.jury.budget import Budget
from oracle.jury.call import Caller
from oracle.jury.case import Case
from oracle.jury.deliberate import Measured
from oracle.jury.errors import JuryError
from oracle.jury.hearing import hear
from oracle.jury.panel import answer_live, rate_limits
from oracle.jury.prompt import FRAME_VERSION
from oracle.jury.providers import Providers
from oracle.jury.record import JurorRecord, ProbeResult, ProbeVote
from oracle.pact.document import Prose, Slug
from oracle.pact.methodology import Juror, Methodology

MAX_PROBES_BYTES: Final = 16 * 1024 * 1024
MAX_CALIBRATION_BYTES: Final = 256 * 1024 * 1024
GENERAL_PROBES: Final = Path(__file__).parent / "data" / "probes.json"

Gold = Literal["pass", "fail"]
Progress = Callable[[str, str, str], None]
"""Told of each answer: juror, probe, and what came of it."""


class ProbeCase(Part):
    """One probe. Probes of one `item` are not independent; without it the probe is its own item."""

    id: Slug
    item: Slug | None = None
    kind: Slug
    gold: Gold
    adversarial: bool
    criterion: Prose
    standard: Prose | None = None
    references: dict[str, str] = Field(default_factory=dict)
    answer: Annotated[str, Field(min_length=1, max_length=40_000)]


class ProbeSet(Document):
    """Probes with their right answers. A committee keeps its own secret: anyone can read this one."""

    schema_: Literal["earnest/probes/1"] = Field(alias="schema", default="earnest/probes/1")
    name: Slug
    version: Annotated[int, Field(ge=1)]
    probes: Annotated[tuple[ProbeCase, ...], Field(min_length=1, max_length=10_000)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> ProbeSet:
        if len({probe.id for probe in self.probes}) != len(self.probes):
            raise ValueError("two probes have the same id")
        return self


class ProbeRun(Part):
    """Everything one juror was asked and said about one probe."""

    probe: str
    heard: JurorRecord


class Calibration(Document):
    """What a probe set showed of a methodology's jurors. `measured_at` in Unix seconds, when it began."""

    schema_: Literal["earnest/calibration/1"] = Field(alias="schema", default="earnest/calibration/1")
    methodology: HashHex
    frame: str
    probe_set: HashHex
    seed: HashHex
    measured_at: Annotated[int, Field(ge=0)]
    results: tuple[ProbeResult, ...]
    runs: tuple[ProbeRun, ...]
    not_measured: dict[str, str]

    def measured(self, methodology: Methodology) -> Measured:
        """What the jury needs of it.

        Raises:
            JuryError: it was made for another methodology, or with another frame of the prompt.
        """
        if self.methodology != methodology.hash() or self.frame != FRAME_VERSION:
            raise JuryError(
                f"the calibration was made for methodology {self.methodology} with {self.frame}, not for "
                f"{methodology.hash()} with {FRAME_VERSION}",
                field="methodology",
                next_step="run `oracle jury calibrate` for this methodology",
            )
        return Measured(self.probe_set, self.measured_at, self.results)


@dataclass(frozen=True)
class Calibrator:
    """Puts a probe set to the jurors of a methodology.

    Args:
        methodology: Whose jurors, templates, controls and limits.
        providers: Where they are reached.
        seed: 32 random bytes: templates, controls, nonces and the order of the probes follow from it.
        tell: Told of each answer.
    """

    methodology: Methodology
    providers: Providers
    seed: bytes
    tell: Progress = lambda _juror, _probe, _what: None

    async def run(self, probe_set: ProbeSet, measured_at: int) -> Calibration:
        """Ask every juror that is configured about every probe. Jurors go side by side."""
        jurors, missing = [], {}
        for juror in self.methodology.jury.jurors:
            problem = self.providers.configured(juror.provider)
            if problem is None:
                jurors.append(juror)
            else:
                missing[juror.id] = problem
        caller = self._caller(len(probe_set.probes) * max(1, len(jurors)))
        order = Draw(self.seed).order("probes", probe_set.probes)
        columns = await asyncio.gather(*(self._all_probes(juror, order, caller) for juror in jurors))
        heard: dict[str, list[JurorRecord]] = {probe.id: [] for probe in probe_set.probes}
        for column in columns:
            for probe, record in zip(order, column, strict=True):
                heard[probe.id].append(record)
        return Calibration(
            methodology=self.methodology.hash(),
            frame=FRAME_VERSION,
            probe_set=probe_set.hash(),
            seed="0x" + self.seed.hex(),
            measured_at=measured_at,
            results=tuple(_result(probe, heard[probe.id]) for probe in probe_set.probes),
            runs=tuple(ProbeRun(probe=p.id, heard=h) for p in probe_set.probes for h in heard[p.id]),
            not_measured=missing,
        )

    def _caller(self, cases: int) -> Caller:
        limits = self.methodology.limits.models
        budget = Budget(tokens=limits.job_tokens * cases, money=int(limits.job_money) * cases)
        return Caller(self.providers, rate_limits(self.providers), budget, limits)

    async def _all_probes(
        self, juror: Juror, probes: Sequence[ProbeCase], caller: Caller
    ) -> list[JurorRecord]:
        records = []
        for probe in probes:
            criterion = JuryCriterion(
                condition_id=probe.id,
                statement=probe.criterion,
                question=probe.criterion,
                standard=probe.standard,
                kind=probe.kind,
                references=probe.references,
            )
            draw = Draw(self.seed).sub(f"probe/{probe.id}")
            case = Case.of(criterion, {"answer.md": probe.answer}, self.methodology, draw)
            (record,) = await answer_live(hear(case, (juror,)), caller)
            self.tell(juror.id, probe.id, record.vote or f"void: {record.void}")
            records.append(record)
        return records


def _result(probe: ProbeCase, heard: Sequence[JurorRecord]) -> ProbeResult:
    return ProbeResult(
        probe=probe.id,
        item=probe.item or probe.id,
        kind=probe.kind,
        gold=probe.gold,
        adversarial=probe.adversarial,
        votes=tuple(
            ProbeVote(juror=h.juror, family=h.family, template=h.template, verdict=h.vote) for h in heard
        ),
    )


def read_probe_set(path: Path) -> ProbeSet:
    """Read a probe set.

    Raises:
        JuryError: the file cannot be read. JsonError, DocumentError: it is not a probe set.
    """
    return ProbeSet.parse(_read(path, MAX_PROBES_BYTES), what=str(path), max_bytes=MAX_PROBES_BYTES)


def calibration_path(folder: Path, methodology: Methodology) -> Path:
    """Where the calibration of a methodology is kept."""
    return folder / f"{methodology.hash()}.json"


def read_calibration(folder: Path, methodology: Methodology) -> Calibration | None:
    """The calibration kept for a methodology, or None where there is none.

    Raises:
        JuryError: the file cannot be read. JsonError, DocumentError: it is not a calibration.
    """
    path = calibration_path(folder, methodology)
    if not path.exists():
        return None
    data = _read(path, MAX_CALIBRATION_BYTES)
    return Calibration.parse(data, what=str(path), max_bytes=MAX_CALIBRATION_BYTES)


def write_calibration(folder: Path, methodology: Methodology, calibration: Calibration) -> Path:
    """Keep a calibration, replacing an older one in one step.

    Raises:
        JuryError: the folder cannot be written.
    """
    path = calibration_path(folder, methodology)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(calibration.canonical())
        partial.replace(path)
    except OSError as error:
        raise JuryError(f"cannot write {path}: {error.strerror}", field=str(path)) from error
    return path


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise JuryError(f"cannot read {path}: {error.strerror}", field=str(path)) from error
    if len(data) > limit:
        raise JuryError(f"{path} is larger than {limit} bytes", field=str(path))
    return data
