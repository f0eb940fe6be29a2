"""What is going to happen: jobs and faults by logical step, all of it from the seed. Pure.

A step is one block of the chain. The same seed, counts and version of this module give the same plan.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from oracle.domain.canonical import canonical_bytes
from scripts.chaos.points import POINTS

EVALUATORS = 3  # honest processes; of a committee of five, one lies and one is dead
ENDPOINTS = 2  # proxies before the node, for each evaluator
DEEPEST_REORG = 12  # blocks
PER_JOB = 3  # steps between two jobs
PER_FAULT = 2  # steps between two faults
QUIET = 8  # steps before the first fault
SPARE = 1.15  # times the faults asked for are planned: not every one finds something to strike
KILLS_END = 40  # steps before the last, from which on no kill is armed: work must still come to its point


class Delivery(StrEnum):
    """What the provider does, and so what the right outcome is."""

    CAREFUL = "careful"
    CARELESS = "careless"
    ATTACK = "attack"
    VAGUE = "vague"
    """Needs a juror, and the only one hangs: nobody can decide."""
    NONE = "none"


class Course(StrEnum):
    """What the parties do once there is an outcome."""

    ACCEPT = "accept"
    UNSECURED = "unsecured"
    """A challenge of zero: the verdict closes the job."""
    UPHELD = "upheld"
    """The losing side disputes, and the arbiter upholds."""
    OVERTURNED = "overturned"
    """The losing side disputes, and the arbiter errs in its favour."""
    NO_RULING = "no-ruling"
    """The losing side disputes, and the arbiter says nothing."""
    CONCEDED = "conceded"
    """The losing side gives in."""


class Kind(StrEnum):
    """What goes wrong."""

    KILL_AT = "kill-at"
    KILL_NOW = "kill-now"
    REORG = "reorg"
    RPC = "rpc"
    DB_LOCKED = "db-locked"
    DB_FULL = "db-full"
    DB_RESTART = "db-restart"
    CLOCK = "clock"
    FEES = "fees"
    DROPPED = "dropped"
    REPLACED = "replaced"
    KEY_USED = "key-used"
    KEY_STOLEN = "key-stolen"
    PEERS = "peers"
    CONTENT = "content"
    PAUSED = "paused"


RPC_SILENT = ("hangs", "limits", "errors", "truncates", "repeats")
RPC_LYING = ("reorders", "other-chain", "stale", "omits", "invents", "other-blocks")
PEER_FAULTS = ("drops", "delays", "truncates", "garbage", "repeats", "errors")
_CLOCK_JUMPS = (-3_600, -600, -90, -10, 10, 90, 600, 3_600)  # seconds

_DELIVERIES = (
    *[Delivery.CAREFUL] * 9,
    *[Delivery.CARELESS] * 5,
    *[Delivery.ATTACK] * 2,
    *[Delivery.VAGUE] * 2,
    *[Delivery.NONE] * 2,
)
"""Of twenty jobs."""

_WEIGHTS = {
    Kind.KILL_AT: 30,
    Kind.KILL_NOW: 4,
    Kind.REORG: 12,
    Kind.RPC: 26,
    Kind.DB_LOCKED: 4,
    Kind.DB_FULL: 4,
    Kind.DB_RESTART: 3,
    Kind.CLOCK: 5,
    Kind.FEES: 4,
    Kind.DROPPED: 5,
    Kind.REPLACED: 3,
    Kind.KEY_USED: 4,
    Kind.KEY_STOLEN: 3,
    Kind.PEERS: 8,
    Kind.CONTENT: 3,
    Kind.PAUSED: 3,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        step: When it begins.
        target: Which evaluator, from 0; -1 for the chain.
        name: Which of its kind.
        amount: Blocks, seconds, gwei or calls, by kind.
        steps: How long it lasts.
        endpoints: Bit mask of the proxies, for faults of RPC.
    """

    step: int
    kind: Kind
    target: int = -1
    name: str = ""
    amount: int = 0
    steps: int = 0
    endpoints: int = 0


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job. `deliver_after`: steps from the opening; amounts in USDC base units."""

    number: int
    step: int
    delivery: Delivery
    course: Course
    deliver_after: int
    gated: int
    bond: int
    fee: int
    up_front: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will happen, and when."""

    seed: int
    jobs: tuple[PlannedJob, ...]
    faults: tuple[Fault, ...]
    last: int
    """The last step with faults."""

    def digest(self) -> str:
        """Tells two plans apart."""
        parts = [[asdict(job) for job in self.jobs], [asdict(fault) for fault in self.faults]]
        return hashlib.sha256(canonical_bytes(parts)).hexdigest()[:12]


def make_plan(
    seed: int, *, jobs: int, faults: int, only: Sequence[Kind] = (), database: str = "sqlite"
) -> Plan:
    """The plan of a seed.

    Args:
        seed: Any number.
        jobs: How many jobs.
        faults: How many faults are to take hold; more are planned.
        only: Kinds of fault; all if empty.
        database: `sqlite` or `postgresql`: what can go wrong with it differs.
    """
    dice = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
    last = QUIET + max(jobs * PER_JOB, faults * PER_FAULT)
    decks = _Decks(dice)
    planned = tuple(
        _job(decks, number, 1 + number * (last - QUIET) // max(jobs, 1)) for number in range(jobs)
    )
    # SQLite is a file: there is no server to restart.
    barred = set() if database == "postgresql" else {Kind.DB_RESTART}
    chosen = _kinds(dice, [kind for kind in only or _WEIGHTS if kind not in barred], round(faults * SPARE))
    made = []
    for kind in chosen:
        end = last - min(KILLS_END, last // 4) if kind is Kind.KILL_AT else last
        made.append(_fault(decks, kind, dice.randint(QUIET, end)))
    return Plan(seed, planned, _without_agreed_lies(sorted(made, key=lambda item: item.step)), last)


def _kinds(dice: random.Random, kinds: Sequence[Kind], count: int) -> list[Kind]:
    """So many of each as its weight says; chance has only the rest."""
    weights = [_WEIGHTS[kind] for kind in kinds]
    whole = [count * weight // sum(weights) for weight in weights]
    rest = dice.choices(kinds, weights, k=count - sum(whole))
    return [kind for kind, number in zip(kinds, whole, strict=True) for _ in range(number)] + rest


def _without_agreed_lies(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Where two lies to one evaluator overlap, one endpoint tells both: the other could bear it out else."""
    lies: list[Fault] = []
    made = []
    for fault in faults:
        item = fault
        if fault.kind is Kind.RPC and fault.name in RPC_LYING:
            for earlier in lies:
                if earlier.target == item.target and earlier.step + earlier.steps >= item.step:
                    item = replace(item, endpoints=earlier.endpoints)
            lies.append(item)
        made.append(item)
    return tuple(made)


def _job(decks: _Decks, number: int, step: int) -> PlannedJob:
    dice = decks.dice
    delivery = _DELIVERIES[decks.draw("deliveries", len(_DELIVERIES))]
    barred = {Delivery.NONE: Course.UNSECURED, Delivery.VAGUE: Course.CONCEDED}.get(delivery)
    courses = [course for course in Course if course is not barred]
    weights = [4 if course is Course.ACCEPT else 1 for course in courses]
    unit = 1_000_000
    return PlannedJob(
        number=number,
        step=step,
        delivery=delivery,
        course=dice.choices(courses, weights)[0],
        deliver_after=dice.randint(0, 4),
        # Odd amounts: what is left over when they are divided must go where it belongs.
        gated=dice.randint(100 * unit, 1_000 * unit),
        bond=dice.randint(50 * unit, 300 * unit),
        fee=dice.randint(15 * unit, 40 * unit),
        up_front=dice.choice([0, 0, dice.randint(1, 50 * unit)]),
    )


class _Decks:
    """Draws cards, not dice, where everything must come up: none twice before each was there once."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._decks: dict[str, list[int]] = {}

    def draw(self, name: str, size: int) -> int:
        """A number below `size`."""
        deck = self._decks.setdefault(name, [])
        if not deck:
            deck += self.dice.sample(range(size), size)
        return deck.pop()


def _fault(decks: _Decks, kind: Kind, step: int) -> Fault:
    dice = decks.dice
    target, steps = dice.randrange(EVALUATORS), dice.randint(2, 8)
    match kind:
        case Kind.KILL_AT:
            point = decks.draw("points", len(POINTS))
            return Fault(step, kind, target, str(point), amount=dice.choice([1, 1, 2]))
        case Kind.REORG:
            how, depth = dice.choice(["resent", "late"]), 1 + decks.draw("reorgs", DEEPEST_REORG)
            return Fault(step, kind, name=how, amount=depth)
        case Kind.RPC:
            name = (RPC_SILENT + RPC_LYING)[decks.draw("rpc", len(RPC_SILENT + RPC_LYING))]
            # Never do all of them lie alike: that no evaluator could notice.
            masks = [1, 2, 3] if name in RPC_SILENT else [1, 2]
            return Fault(step, kind, target, name, steps=steps, endpoints=dice.choice(masks))
        case Kind.CLOCK:
            return Fault(step, kind, target, amount=dice.choice(_CLOCK_JUMPS), steps=steps)
        case Kind.FEES:
            return Fault(step, kind, amount=dice.choice([20, 100, 300, 1_000]))
        case Kind.PEERS:
            name = PEER_FAULTS[decks.draw("peers", len(PEER_FAULTS))]
            return Fault(step, kind, target, name, steps=steps)
        case Kind.CONTENT:
            return Fault(step, kind, name=dice.choice(["gone", "corrupt"]), steps=dice.randint(1, 4))
        case _:
            return Fault(step, kind, target, steps=dice.randint(1, 4))
