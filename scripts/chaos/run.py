"""One run: the plan step by step, then peace, then the checker."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from oracle.chain import calls
from oracle.domain.types import State
from scripts.chaos import books as books_
from scripts.chaos.books import Books, read_books
from scripts.chaos.check import Findings, check
from scripts.chaos.driver import Actor
from scripts.chaos.hurt import Hurt
from scripts.chaos.jobs import act, make_job
from scripts.chaos.overheard import attestations_in
from scripts.chaos.plan import Kind, Plan
from scripts.chaos.points import POINTS, check_points
from scripts.chaos.transactions import Seen, read_raw
from scripts.chaos.world import LIAR, World, start_liar, world
from scripts.local.anvil import AnvilError

REST = 2  # steps until a dead daemon is started again
SHOW_EVERY = 15.0  # seconds between two lines of progress
FASTEST = 0.35  # seconds a step takes at least: the evaluators must have seen most blocks
WARP = 60  # seconds of the chain's time that a step of peace may skip
SHARE_OF_FAULTS = 0.6  # of the minutes there are
STOP_SECONDS = 120.0  # that an evaluator may take to end in good order, on a loaded machine too
ARMED_IN_PEACE = 60  # steps in which kills that have not reached their point still may
STILL_SECONDS = 180.0  # without anything moving, until a run is given up
_ROWS = 1_000_000  # more than there are: a job that goes on outweighs them
LOOK_EVERY = 5  # steps between two looks whether all has ended


@dataclass
class Result:
    """What a run came to."""

    plan: Plan
    findings: Findings
    done: Counter[Kind]
    kills: int
    exits: list[int]
    points: Counter[int] = field(default_factory=Counter)
    """How often a process died at which of `points.POINTS`."""
    lies: Counter[str] = field(default_factory=Counter)
    """What the fourth evaluator did, by habit and delivery."""
    juror: Counter[str] = field(default_factory=Counter)
    """What the stand-in for a model did, by habit and request."""
    seconds: float = 0.0

    def counted(self) -> dict[str, dict[str, int]]:
        """All that was done, by kind."""
        return {
            "faults": {kind.value: self.done[kind] for kind in Kind if self.done[kind]},
            "kills_at": {str(POINTS[index]): count for index, count in sorted(self.points.items())},
            "peer_lies": dict(sorted(self.lies.items())),
            "model_answers": dict(sorted(self.juror.items())),
        }

    def line(self) -> dict[str, int]:
        """The last line."""
        return {
            "seed": self.plan.seed,
            "jobs": len(self.plan.jobs),
            "faults": sum(self.done.values()),
            "kills": self.kills,
            "reorgs": self.done[Kind.REORG],
            "rpc_faults": self.done[Kind.RPC],
            **self.findings.counts(),
        }


@dataclass
class Run:
    """A run under way."""

    plan: Plan
    world: World
    minutes: float
    say: Callable[[str], None]
    slowest: float
    still_seconds: float = STILL_SECONDS
    step: int = 0
    hurt: Hurt = field(init=False)
    _begun: float = field(default_factory=time.monotonic)
    _said: float = 0.0
    _helpers: list[tuple[int, Actor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hurt = Hurt(self.world)
        self._helpers = [
            (index, Actor(evaluator.account)) for index, evaluator in enumerate(self.world.market.evaluators)
        ]

    def suffer(self) -> None:
        """All steps with faults."""
        pace = max(FASTEST, min(self.slowest, self.minutes * 60 * SHARE_OF_FAULTS / self.plan.last))
        faults = list(self.plan.faults)
        while self.step < self.plan.last:
            self._see_chain()
            self._turn(pace)
            while faults and faults[0].step <= self.step:
                self.hurt.begin(faults.pop(0))
            self.hurt.turn(self.step)
            self._show()

    def recover(self) -> bool:
        """Peace: time is advanced until all is over, or nothing moves any more. Whether all is over."""
        self.hurt.end_all()
        disarm_at, still = self.step + ARMED_IN_PEACE, _Standstill(self.still_seconds)
        while not still.is_over:
            self._see_chain()
            self._turn(FASTEST)
            self.hurt.see_kills(self.step)
            if self.step == disarm_at:
                self.hurt.disarm()
            self._show()
            waits = [job for job in self.world.jobs if not job.closed]
            if self.step % LOOK_EVERY == 0:
                left = self._unfinished()
                if not waits and not left and not self.hurt.kills.armed:
                    return True
                still.look(self.step, sum(job.progress() for job in self.world.jobs) * _ROWS - left)
            if (
                waits
                and len(self.world.jobs) == len(self.plan.jobs)
                and all(job.awaits_time() for job in waits)
            ):
                self.world.blocks.warp(WARP)
        return False

    def _see_chain(self) -> None:
        """Without the chain itself nothing can be said of the evaluators."""
        code = self.world.chain.process.poll()
        if code is not None:
            raise AnvilError(
                f"the local chain ended at step {self.step} with code {code}",
                field="anvil",
                next_step=f"see {self.world.folder / 'anvil.log'}",
            )

    def _turn(self, pace: float) -> None:
        """One step: everybody acts, a block is made, and the evaluators get time to see it."""
        begun = time.monotonic()
        self.step += 1
        made = self.world
        for planned in self.plan.jobs[len(made.jobs) :]:
            if planned.step > self.step:
                break
            made.jobs.append(make_job(made.market, planned, made.pacts, made.deliverables))
        for actor in made.parties.all():
            actor.look(made.node)
        now = made.market.now()
        views = made.market.escrow.job_states([job.job for job in made.jobs]) if made.jobs else []
        for job, view in zip(list(made.jobs), views, strict=True):
            job.view = view
            if job.is_stale(now):
                made.jobs[job.plan.number] = make_job(made.market, job.plan, made.pacts, made.deliverables)
                continue
            act(job, self.step, made.market, made.parties)
        if self.step % 4 == 0:
            self._top_up()
        for site in made.sites:
            site.look(self.step, REST)
        made.blocks.mine()
        time.sleep(max(0.0, pace - (time.monotonic() - begun)))

    def _top_up(self) -> None:
        """Whoever was slashed for a ruling fills its stake up again, or it would be in no later job."""
        market = self.world.market
        views = market.escrow.evaluators(market.committee_id, len(market.evaluators))
        for (index, actor), view in zip(self._helpers, views, strict=True):
            actor.look(market.rpc)
            short = view.stake < market.committee.stake and not view.expelled and index != LIAR
            if short and not actor.under_way("top up"):
                actor.send(
                    market.rpc, "top up", market.escrow.address, calls.top_up(market.committee_id, index)
                )

    def _unfinished(self) -> int:
        """Outbox rows that have not ended."""
        left = 0
        for site in self.world.sites:
            database = site.database()
            with database.read() as session:
                left += len(books_.unfinished(session))
            database.close()
        return left

    def _show(self) -> None:
        if time.monotonic() - self._said < SHOW_EVERY:
            return
        self._said = time.monotonic()
        states = Counter(job.view.state for job in self.world.jobs if job.view)
        words = ", ".join(f"{states[state]} {state.word}" for state in State if states[state])
        kills = sum(site.deaths for site in self.world.sites)
        points = len(set(self.hurt.kills.struck))
        self.say(
            f"step {self.step} of {self.plan.last}: {len(self.world.jobs)} jobs ({words}); "
            f"{sum(self.hurt.done.values())} faults, {kills} kills, {points} points"
        )


class _Standstill:
    """Whether a run's progress, a number that only grows, has stopped for long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._best: int | None = None
        self._step = 0
        self._since = time.monotonic()
        self.is_over = False

    def look(self, step: int, progress: int) -> None:
        """Told of the progress at a step."""
        if self._best is None or progress > self._best:
            self._best, self._step, self._since = progress, step, time.monotonic()
        # Steps too: on a slow machine they take longer, as everything does.
        long = time.monotonic() - self._since > self._seconds
        self.is_over = long and step - self._step > self._seconds / FASTEST / 2


def chaos(
    plan: Plan,
    folder: Path,
    *,
    minutes: float,
    database: str = "sqlite",
    plant: str | None = None,
    slowest: float = 1.0,
    still_seconds: float = STILL_SECONDS,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
) -> Result:
    """Run a plan.

    Args:
        folder: Where databases, logs and evidence go; empty.
        minutes: What it is to take where the machine is fast enough; sets the pace of the faults. A slow
            machine takes longer: what ends a run is that nothing moves any more.
        database: `sqlite` or `postgresql`.
        plant: A bug to plant into every evaluator.
        slowest: Seconds a step may take where there is time.
        still_seconds: Without anything moving, until a run is given up.
        say: Told of progress.
    """
    begun = time.monotonic()
    check_points()
    with world(folder, database=database, plant=plant) as made:
        for site in made.sites:
            site.start()
        start_liar(made, plan.seed, equivocate_from=max(2, len(plan.jobs) // 2))
        run = Run(plan, made, minutes, say, slowest, still_seconds)
        run.suffer()
        say(f"step {run.step}: the faults are over; time is advanced until all jobs are closed")
        if not run.recover():
            say("nothing moves any more, and not everything has come to an end")
        (folder / "faults.jsonl").write_text("\n".join(run.hurt.history) + "\n", encoding="utf-8")
        running = [site.process is not None and site.process.exitcode is None for site in made.sites]
        kills = sum(site.deaths for site in made.sites)
        exits = [code for site in made.sites for code in site.exits]
        clean = [site.stop(STOP_SECONDS) for site in made.sites]
        domain = made.market.escrow.domain
        sent: list[Seen] = []
        for site in made.sites:
            wires = {raw for node in site.nodes for raw in node.sent}
            seen = [read_raw(raw, domain) for raw in sorted(wires)]
            site.overheard = attestations_in(site.inbox.said, domain)
            site.overheard += [signed for item in seen for signed in item.attested]
            sent += seen
        held: list[Books] = [read_books(site, domain) for site in made.sites]
        findings = check(made, held, sent, stolen=run.hurt.thief.evidence)
        for site, was_running, ended in zip(made.sites, running, clean, strict=True):
            if not was_running or not ended:
                findings.stuck.append(f"evaluator {site.index} does not run, or does not end when asked to")
        return Result(
            plan,
            findings,
            run.hurt.done,
            kills,
            exits,
            points=Counter(run.hurt.kills.struck),
            lies=made.lies(),
            juror=made.juror.done.copy(),
            seconds=round(time.monotonic() - begun, 1),
        )
