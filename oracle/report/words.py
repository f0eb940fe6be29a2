"""A report's measures in words, for the command line and the page."""

from __future__ import annotations

from oracle.incident.markdown import lasting
from oracle.report.document import Report, Share, Spread


def measures(found: Report) -> list[tuple[str, Share | Spread]]:
    """The measures with their names, in the order in which they are read."""
    return [
        ("pacts kept", found.compliance),
        ("disputes", found.disputes),
        ("verdicts overturned", found.overturned),
        ("never delivered", found.defaults),
        ("agents with a known score", found.known),
        ("agreements with an agent nobody had judged", found.unverified),
        ("from the last verdict to the next agreement", found.freshness),
        ("incidents with a named assumption", found.named),
        ("incidents that repeat a weakness", found.repeated),
        ("from the first missed signal to the visible failure", found.unseen),
    ]


def percent(thousandths: int | None) -> str:
    """A share for people."""
    return "-" if thousandths is None else f"{thousandths / 10:.1f} %"


def waiting(one: Spread) -> str:
    """A spread of seconds for people."""
    if one.median is None or one.ninetieth is None:
        return "-"
    return f"median {lasting(one.median)}, nine in ten within {lasting(one.ninetieth)}"
