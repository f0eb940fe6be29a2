"""A report's measures in words, for the command line and the page."""

from __future__ import annotations

from oracle.domain.amounts import format_usdc
from oracle.incident.markdown import lasting
from oracle.report.document import Report, Share, Spread


def measures(found: Report) -> list[tuple[str, Share | Spread]]:
    """The measures with their names, in the order in which they are read; of tabs where there are any."""
    tabs = [("tabs with a default of their buyer", found.tabs.defaults)] if has_tabs(found) else []
    return [
        ("pacts kept", found.compliance),
        ("disputes", found.disputes),
        ("verdicts overturned", found.overturned),
        ("never delivered", found.defaults),
        *tabs,
        ("agents with a known score", found.known),
        ("agreements with an agent nobody had judged", found.unverified),
        ("from the last verdict to the next agreement", found.freshness),
        ("incidents with a named assumption", found.named),
        ("incidents that repeat a weakness", found.repeated),
        ("from the first missed signal to the visible failure", found.unseen),
    ]


def has_tabs(found: Report) -> bool:
    """Whether there is anything to say of tabs."""
    return bool(found.tabs.opened or found.tabs.ended or found.tabs.defaults.of)


def tabs_said(found: Report) -> str:
    """What became of tabs, in a sentence; nothing where there were none."""
    if not has_tabs(found):
        return ""
    tabs = found.tabs
    return (
        f"{tabs.opened} tab(s) opened for {format_usdc(int(tabs.entrusted))}, {tabs.ended} period(s) ended: "
        f"{format_usdc(int(tabs.withheld))} of {format_usdc(int(tabs.presented))} presented withheld "
        f"({percent(tabs.withheld_share)})."
    )


def percent(thousandths: int | None) -> str:
    """A share for people."""
    return "-" if thousandths is None else f"{thousandths / 10:.1f} %"


def waiting(one: Spread) -> str:
    """A spread of seconds for people."""
    if one.median is None or one.ninetieth is None:
        return "-"
    return f"median {lasting(one.median)}, nine in ten within {lasting(one.ninetieth)}"
