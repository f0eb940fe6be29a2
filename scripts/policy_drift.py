"""`python -m scripts.policy_drift`: what a policy saves where an agent drifts, over 500 simulated jobs.

Draws docs/img/policy-drift.svg. Everything follows from the seed; --history writes the jobs as a file that
`oracle policy simulate --history` reads.
"""

from __future__ import annotations

import random
from pathlib import Path

import click

from oracle.decide.jobs import Place
from oracle.domain.amounts import USDC_UNIT, format_usdc
from oracle.domain.types import Basis, Ending, Outcome
from oracle.history.task import Close, History, Judgement, Task
from oracle.policy.document import Policy
from oracle.policy.event import Happened
from oracle.policy.files import load_policies
from oracle.policy.simulate import Simulation, simulate
from oracle.report.chart import Chart, Mark, Series, svg
from oracle.score.evidence import Contest, Finding

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/img/policy-drift.svg"
POLICY = ROOT / "examples/policies/drift.toml"
SEED, JOBS = 7, 500
DRIFTING, STEADY = "0x" + "d1" * 20, ("0x" + "51" * 20, "0x" + "52" * 20)
COMMITTEE, PACT = "0x" + "c0" * 32, "0x" + "a1" * 32
START = 1_767_225_600  # 2026-01-01, Unix seconds
EVERY, LASTS = 6 * 3_600, 2 * 86_400  # seconds between two openings; from opening to end
USUAL, WORST = 0.04, 0.5  # shares of jobs that fail
DRIFT_FROM, DRIFT_TO = 200, 320  # between these jobs the drifting agent becomes worse


def failing(agent: str, number: int) -> float:
    """How likely an agent's job is to fail."""
    if agent != DRIFTING:
        return USUAL
    way = min(1.0, max(0.0, (number - DRIFT_FROM) / (DRIFT_TO - DRIFT_FROM)))
    return USUAL + way * (WORST - USUAL)


def made_history(seed: int = SEED, jobs: int = JOBS) -> list[Task]:
    """Jobs of three agents, half of them the drifting one's, for buyers who are proven."""
    choose = random.Random(seed)  # noqa: S311 - a simulation, repeated from its seed
    return [_task(choose, number) for number in range(jobs)]


def _task(choose: random.Random, number: int) -> Task:
    agent = DRIFTING if choose.random() < 0.5 else choose.choice(STEADY)
    fails = choose.random() < failing(agent, number)
    disputed = choose.random() < 0.1
    price = choose.choice([200, 400, 800, 1_600, 3_200]) * USDC_UNIT
    opened = START + number * EVERY
    ended = opened + LASTS
    outcome = Outcome.FAIL if fails else Outcome.PASS
    judged = _place(ended - 7_200, number, 1)
    finding = Finding.PASS if not fails else Finding.LOST if disputed else Finding.FAIL
    contest = Contest.NONE if not disputed else Contest.LOST if fails else Contest.WON
    return Task(
        job=f"0x{number + 1:064x}",
        provider=agent,
        agent_id=0,
        buyer=f"0x{0xB0000 + choose.randrange(24):040x}",
        committee=COMMITTEE,
        pact=PACT,
        price=price,
        gated=price,
        bond=price // 5,
        secured=True,
        members=0b111,
        opened=_place(opened, number, 0),
        deliver_by=ended - 10_800,
        judge_by=ended - 3_600,
        delivered_at=ended - 14_400,
        judged=Judgement(judged, outcome, Basis.VERDICT, 0b11),
        disputed=_place(ended - 3_600, number, 2) if disputed else None,
        close=Close(
            _place(ended, number, 3),
            outcome,
            Ending.RULED if disputed else Ending.SETTLED,
            finding,
            contest,
            outlay=30_000_000 * 1_000_000,
        ),
    )


def _place(time: int, number: int, index: int) -> Place:
    block = (time - START) // 2 + 1  # a block every two seconds
    return Place(block, f"0x{block:064x}", time, 4 * number + index)


def simulated(policies: list[Policy], tasks: list[Task]) -> Simulation:
    """Both runs."""
    until = max(task.close.place.timestamp for task in tasks if task.close is not None)
    return simulate(policies, tasks, roots=frozenset({COMMITTEE}), until=until)


def picture(found: Simulation) -> str:
    """Prices of jobs that were to fail, summed up, without and with the policy."""
    without = [(float(point.jobs), point.failed_without / USDC_UNIT) for point in found.points]
    under = [(float(point.jobs), point.failed_with / USDC_UNIT) for point in found.points]
    marks = [Mark(float(DRIFT_FROM), "becomes worse")]
    fired = [one for one in found.events if one.happened is Happened.FIRED and one.rule == "risen"]
    if fired:
        job = sum(point.time <= fired[0].time for point in found.points)
        marks.append(Mark(float(job), "policy stops it"))
    return svg(
        Chart(
            title="Money entrusted to jobs that failed",
            says=(
                f"Of {JOBS} simulated jobs, {found.without.failed_jobs} fail without the policy and "
                f"{found.with_policies.failed_jobs} with it; {format_usdc(found.saved)} less is entrusted to "
                "jobs that fail."
            ),
            x_name="jobs opened",
            y_name="USDC in jobs that failed",
            series=(
                Series("without policy", without, step=True),
                Series("with policy", under, step=True),
            ),
            marks=marks,
        ),
        name="policy-drift",
    )


def summary(found: Simulation) -> list[str]:
    """The figures of docs/policies.md."""
    first = next(one for one in found.events if one.happened is Happened.FIRED and one.rule == "risen")
    job = sum(point.time <= first.time for point in found.points)
    steady = [one for one in found.refused if one.task.provider != DRIFTING]
    return [
        f"fired at job {job}, {job - DRIFT_FROM} after the drift began",
        f"jobs that failed: {found.without.failed_jobs} without, {found.with_policies.failed_jobs} with",
        (
            f"entrusted to them: {format_usdc(found.without.failed)} without, "
            f"{format_usdc(found.with_policies.failed)} with, saved {format_usdc(found.saved)}"
        ),
        (
            f"refused {len(found.refused)} jobs, {len(steady)} of them of steady agents; forgone "
            f"{format_usdc(found.forgone)} in jobs that passed"
        ),
    ]


@click.command()
@click.option("--history", type=click.Path(path_type=Path, dir_okay=False), help="Write the jobs here too.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=PICTURE)
def main(history: Path | None, output: Path) -> None:
    """Simulate, say the figures, draw the picture."""
    tasks = made_history()
    if history is not None:
        history.write_bytes(History(roots=(COMMITTEE,), tasks=tuple(tasks)).canonical())
    found = simulated(load_policies([POLICY], now=START + 365 * 86_400), tasks)
    for line in summary(found):
        click.echo(line)
    output.write_text(picture(found))


if __name__ == "__main__":
    main()
