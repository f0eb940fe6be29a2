"""What a pre-flight look amounts to: each figure graded, with what is wrong and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from oracle.decide.tab_due import least_verdict
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import CommitteeView, EvaluatorView
from oracle.domain.types import Address, Hash, Standing, checksum

CLOCK_BEHIND = 2.0  # seconds a newest block may be ahead of this clock: blocks are made a moment early
CLOCK_AHEAD = 30.0  # seconds a newest block may be old before the node, or this clock, is suspected
CLOCK_BROKEN = 300.0
GAS_OF_A_JOB = 400_000  # gas for a verdict and a settlement, generously (docs/gas.md)
JOBS_WARNED, JOBS_NEEDED = 200, 10  # jobs the sender's balance should pay for, and must
DISK_WARNED, DISK_NEEDED = 10 * 2**30, 2**30  # bytes free
ETHER = 10**18


class Grade(StrEnum):
    """How a check came out. Only a problem keeps the daemon from doing its work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `mend`: what to do; on everything that is not ok."""

    check: str
    grade: Grade
    message: str
    mend: str | None = None


def ok(check: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Grade.OK, message)


def warning(check: str, message: str, mend: str) -> Finding:
    """Works, but not as it should."""
    return Finding(check, Grade.WARNING, message, mend)


def problem(check: str, message: str, mend: str) -> Finding:
    """Does not work."""
    return Finding(check, Grade.PROBLEM, message, mend)


def clock(now: float, block_time: int) -> Finding:
    """This machine's clock against the newest block of the best node. Both in Unix seconds."""
    age = now - block_time
    if age < -CLOCK_BEHIND:
        return problem(
            "clock",
            f"this clock is {-age:.1f} s behind the newest block",
            "synchronise it: systemctl enable --now chrony (or systemd-timesyncd)",
        )
    if age > CLOCK_AHEAD:
        grade = problem if age > CLOCK_BROKEN else warning
        return grade(
            "clock",
            f"the newest block is {age:.0f} s old by this clock",
            "if the node is in step with a public explorer, synchronise the clock; otherwise change the node",
        )
    return ok("clock", f"in step with the chain: the newest block is {max(age, 0):.1f} s old")


def balance(account: Address, wei: int, max_fee: int, *, symbol: str = "ETH") -> Finding:
    """The sender's balance against what jobs cost at the fee of now, in wei per gas."""
    cost = GAS_OF_A_JOB * max(max_fee, 1)
    jobs = wei // cost
    shown = f"{checksum(account)} holds {wei / ETHER:.6f} {symbol}, enough for about {jobs} jobs"
    if jobs >= JOBS_WARNED:
        return ok("balance", shown)
    wanted = f"send {(JOBS_WARNED * cost - wei) / ETHER:.6f} {symbol} to {checksum(account)}"
    return (warning if jobs >= JOBS_NEEDED else problem)("balance", shown, wanted)


def disk(where: str, free: int) -> Finding:
    """Free bytes where evidence or the database lies."""
    shown = f"{free / 2**30:.1f} GiB free for {where}"
    if free >= DISK_WARNED:
        return ok("disk", shown)
    mend = "free space or move it: a full disk stops signing, and silence is paid for"
    return (warning if free >= DISK_NEEDED else problem)("disk", shown, mend)


def stake(key: Address, committee: str, state: CommitteeView, view: EvaluatorView) -> list[Finding]:
    """One evaluator's stake and its committee's coverage."""
    who = f"{checksum(key)} in {committee[:10]}…"
    found = []
    if view.expelled:
        found.append(problem("stake", f"{who} was expelled", "this key earns nothing any more: remove it"))
    elif view.standing is not Standing.JOINED:
        found.append(
            warning(
                "stake",
                f"{who} is {view.standing.word}: it serves older jobs only",
                "go on running until the last one is closed, then: oracle committee withdraw",
            )
        )
    elif view.stake < state.stake:
        found.append(
            warning(
                "stake",
                f"{who} has {format_usdc(view.stake)} of {format_usdc(state.stake)} at stake: "
                "it is left out of new jobs",
                "fill it up: oracle committee topup",
            )
        )
    else:
        found.append(ok("stake", f"{who} has its full stake of {format_usdc(state.stake)}"))
    members = state.active.bit_count()
    if members < state.threshold:
        found.append(
            problem(
                "coverage",
                f"{committee[:10]}… has {members} evaluators at full stake and needs {state.threshold}",
                "no job can be opened before others join or fill up their stakes",
            )
        )
    elif state.free == 0:
        found.append(
            warning(
                "coverage",
                f"{committee[:10]}… has no stake free: all of it covers open jobs",
                "new jobs wait for old ones to close; a committee with a larger stake takes more",
            )
        )
    else:
        covers = format_usdc(state.free * state.threshold)
        found.append(ok("coverage", f"{committee[:10]}… covers another {covers} at stake"))
    return found


def verdict_time(committee: Hash, shortest: int, delay: int) -> Finding:
    """A committee's shortest time for a verdict, against the delay of a period's draw. Both in seconds."""
    least = least_verdict(delay)
    if shortest >= least:
        return ok("tabs", f"{committee[:10]}… takes no tab with less than {shortest:,} s for a verdict")
    return warning(
        "tabs",
        f"{committee[:10]}… takes tabs with {shortest:,} s for a verdict, and draws {delay:,} s after the"
        f" window: below {least:,} s their periods may stay undecided",
        f"use a committee whose min_verdict is at least {least}, and agree on no tab with less",
    )
