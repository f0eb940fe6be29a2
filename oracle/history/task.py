"""One job from its opening to its end, as its events tell it: what policies, reports and incidents read.

A tab, and each of its periods that was presented, are tasks too. The tab is what is entrusted: it is opened
and closed, and says nothing of its provider. Its periods are judged, disputed and end, as jobs do.

Amounts are USDC base units, in documents decimal strings; times Unix seconds; sets of evaluators bit masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field

from oracle.decide.jobs import Place
from oracle.domain.document import Document
from oracle.domain.fields import AddressField, Amount64, HashField, Number256
from oracle.domain.types import Basis, Ending, Hash, Outcome
from oracle.score.evidence import Contest, Evidence, Finding, Kind

MAX_HISTORY_BYTES = 64 * 1024 * 1024


class TaskKind(StrEnum):
    """What a task is."""

    JOB = "job"
    TAB = "tab"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, or a limit that passed. `signers`: of the verdict; by silence, the silent members.

    `payable`: of a period, what the verdict would pay, base units.
    """

    place: Place
    outcome: Outcome
    basis: Basis
    signers: int
    evidence: tuple[HashField, ...] = ()
    payable: Amount64 = 0


@dataclass(frozen=True, slots=True)
class Close:
    """How it ended.

    Args:
        outlay: What the buyer could not get back of all its jobs so far, millionths of a base unit.
    """

    place: Place
    outcome: Outcome
    ending: Ending
    finding: Finding
    contest: Contest
    outlay: Number256


@dataclass(frozen=True, slots=True)
class Task:
    """One job, one tab, or one period of a tab.

    Args:
        job: The job's id; of a tab and its periods, the tab's.
        price: Gated amount and up-front part; of a tab, deposit and credit; of a period, what was presented.
        gated: Of a tab, its price; of a period, what was paid for it in the end.
        secured: Whether its verdict could be overturned.
        members: Evaluators who may sign for it.
        opened: Of a period, where its newest tally was presented: so it is delivered there.
        disputed: When a party put down a deposit.
        period: Its number, from 1; else 0.
        buyer_defaulted: Whether a default of its buyer is on record: of a tab.
    """

    job: HashField
    provider: AddressField
    agent_id: Number256
    buyer: AddressField
    committee: HashField
    pact: HashField
    price: Amount64
    gated: Amount64
    bond: Amount64
    secured: bool
    members: int
    opened: Place
    deliver_by: int
    judge_by: int
    delivered_at: int | None = None
    judged: Judgement | None = None
    disputed: Place | None = None
    close: Close | None = None
    kind: TaskKind = TaskKind.JOB
    period: int = 0
    buyer_defaulted: bool = False

    @property
    def key(self) -> tuple[Hash, int]:
        """Names one job, or one period."""
        return self.job, self.period

    @property
    def name(self) -> str:
        """How it is called."""
        return f"period {self.period} of tab {self.job}" if self.period else f"{self.kind} {self.job}"

    @property
    def overturned(self) -> bool:
        """Whether a verdict on it was overturned by a ruling: outcome or, of a period, what is payable."""
        judged, end = self.judged, self.close
        if judged is None or judged.basis is not Basis.VERDICT:
            return False
        if end is None or end.ending is not Ending.RULED:
            return False
        by_sum = self.kind is TaskKind.PERIOD and self.gated != judged.payable
        return end.outcome is not judged.outcome or by_sum

    @property
    def defaulted(self) -> bool:
        """Whether the provider never delivered."""
        return self.judged is not None and self.judged.basis is Basis.NO_SHOW

    @property
    def failed(self) -> bool:
        """Whether it ended as a failure of the provider."""
        return self.close is not None and self.close.finding in (Finding.FAIL, Finding.LOST)

    @property
    def passed(self) -> bool:
        """Whether it ended as a Pass that counts."""
        return self.close is not None and self.close.finding is Finding.PASS

    def evidence(self) -> Evidence | None:
        """What it says of its provider, in the form the score reads; None while it runs, and of a tab."""
        end = self.close
        if end is None or self.kind is TaskKind.TAB:
            return None
        return Evidence(
            kind=Kind.TAB_PERIOD if self.period else Kind.JOB,
            subject=self.job,
            period=self.period,
            block=end.place.block_number,
            log_index=end.place.log_index,
            at=end.place.timestamp,
            counterparty=self.buyer,
            own=self.buyer == self.provider,
            committee=self.committee,
            finding=end.finding,
            contest=end.contest,
            value=self.gated,
            bond=self.bond,
            secured=self.secured,
            outlay=end.outlay,
        )


class History(Document):
    """A history as a file, in the order in which jobs were opened. `roots`: committees that count."""

    schema_: Literal["earnest/history/1"] = Field(alias="schema", default="earnest/history/1")
    roots: tuple[HashField, ...] = ()
    tasks: tuple[Task, ...]


class Step(StrEnum):
    """What happened to a job, a tab or a period."""

    OPENED = "opened"
    JUDGED = "judged"
    DISPUTED = "disputed"
    CLOSED = "closed"


class Happening(NamedTuple):
    """Something that happened, in the order of the chain."""

    place: Place
    step: Step
    task: Task


def happenings(tasks: Iterable[Task]) -> list[Happening]:
    """Everything that happened, in the order of the chain."""
    found = [one for task in tasks for one in _of(task)]
    return sorted(found, key=lambda one: (one.place.block_number, one.place.log_index))


def _of(task: Task) -> Iterator[Happening]:
    if task.kind is not TaskKind.PERIOD:
        yield Happening(task.opened, Step.OPENED, task)
    if task.judged is not None:
        yield Happening(task.judged.place, Step.JUDGED, task)
    if task.disputed is not None:
        yield Happening(task.disputed, Step.DISPUTED, task)
    if task.close is not None:
        yield Happening(task.close.place, Step.CLOSED, task)


def by_job(tasks: Iterable[Task]) -> dict[Hash, Task]:
    """Jobs by their id."""
    return {task.job: task for task in tasks if task.kind is TaskKind.JOB}
