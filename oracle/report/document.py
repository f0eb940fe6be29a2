"""A report as a document. Shares are thousandths, amounts base units as decimal strings, times Unix seconds.

Intervals are Clopper's and Pearson's (Biometrika 26, 1934, 404-413), each limit leaving out 5 %; medians and
percentiles are by nearest rank.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, HashField

Thousandths = Annotated[int, Field(ge=0, le=1_000)]


class Share(Part):
    """`hits` of `of`. `share` is None where there is nothing to count; the interval is then everything."""

    hits: int
    of: int
    share: Thousandths | None
    low: Thousandths
    high: Thousandths


class Spread(Part):
    """Figures of one kind: how many, the median and the 90th percentile; None where there are none."""

    count: int
    median: int | None
    ninetieth: int | None


class AgentConfidence(Part):
    """How sure an agent's score is. `effective`: thousandths of a piece of evidence."""

    agent: AddressField
    score: Thousandths | None
    low: Thousandths
    high: Thousandths
    effective: int


class Weakness(Part):
    """A weakness and the jobs that ended by it, in the order of opening."""

    key: HashField
    says: str
    jobs: tuple[HashField, ...]


class Tabs(Part):
    """What became of tabs. Amounts are base units, as decimal strings.

    Args:
        opened: Tabs opened in the time; `entrusted`: their deposits and credits.
        ended: Periods that ended in the time.
        presented: What those that were settled presented; `withheld`: what was not paid of it.
        withheld_share: Thousandths; None where nothing was presented.
        defaults: Of tabs that closed in the time, those on which their buyer's default is on record.
    """

    opened: int
    entrusted: str
    ended: int
    presented: str
    withheld: str
    withheld_share: Thousandths | None
    defaults: Share


class Period(Part):
    """A stretch of the time reported on, by when jobs, and periods of tabs, ended."""

    since: int
    until: int
    ended: int
    compliance: Share
    disputes: Share


class Report(Document):
    """Measures of a program over a time.

    Args:
        opened, ended: Jobs opened and ended in that time; `entrusted`: their prices.
        tabs: The same of tabs, and what only they have.
        compliance: Of jobs and periods that ended as kept or broken, those that were kept.
        freshness: Seconds from an agent's last verdict that closed to the next job or tab opened with it.
        unverified: Jobs and tabs opened with agents that nobody had ever judged.
        disputes: Of jobs and periods that ended, those that were disputed: per thousand; a tenth of it is per
            hundred.
        overturned: Of verdicts on them, those that were overturned.
        defaults: Of jobs that ended, those that were never delivered.
        incidents: Jobs that did not end well.
        named: Of those, the ones of which a rule names what broke first.
        repeated: Of those that are named, the ones whose weakness had shown before.
        unseen: Seconds from the first missed signal to the visible failure.
    """

    schema_: Literal["earnest/report/1"] = Field(alias="schema", default="earnest/report/1")
    chain_id: int
    escrow: AddressField
    block: int
    since: int
    until: int
    opened: int
    ended: int
    entrusted: str
    tabs: Tabs
    compliance: Share
    confidence: tuple[AgentConfidence, ...]
    known: Share
    width: Spread
    freshness: Spread
    unverified: Share
    disputes: Share
    overturned: Share
    defaults: Share
    incidents: int
    named: Share
    repeated: Share
    unseen: Spread
    weaknesses: tuple[Weakness, ...]
    policy_events: dict[str, int]
    periods: tuple[Period, ...]
