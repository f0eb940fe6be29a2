"""What an agent has to lose now, beside what it may cost: it caps trust, and never buys points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oracle.score.evidence import Evidence

RECENT = 90 * 86_400  # seconds for which a bond once put up says something


@dataclass(frozen=True, slots=True)
class Running:
    """A job or tab that is not closed. Amounts are USDC base units.

    `price`: with its up-front part; of a tab, deposit and credit.
    """

    price: int
    up_front: int
    bond: int
    secured: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Amounts in USDC base units.

    Args:
        running: Jobs and tabs that are not closed.
        bonded: Their bonds, forfeited where they fail.
        exposure: Their prices: what buyers have entrusted to the agent now.
        unbacked: Up-front parts beyond the bond of their own job: what the agent could leave with.
        cap: The largest bond it has at stake now or had in a secured job closed in the last 90 days. More
            than this it has not shown that it would lose: for a larger price, ask for a larger bond.
    """

    running: int
    bonded: int
    exposure: int
    unbacked: int
    cap: int


def coverage(running: Iterable[Running], evidence: Iterable[Evidence], *, at: int) -> Coverage:
    """Coverage from running jobs and from what closed lately, at a time (Unix seconds)."""
    jobs = list(running)
    bonds = [job.bond for job in jobs if job.secured]
    bonds += [piece.bond for piece in evidence if piece.secured and at - piece.at <= RECENT]
    return Coverage(
        running=len(jobs),
        bonded=sum(job.bond for job in jobs),
        exposure=sum(job.price for job in jobs),
        unbacked=sum(max(0, job.up_front - job.bond) for job in jobs),
        cap=max(bonds, default=0),
    )
