"""A report's plots. Whatever they show stands in its tables too."""

from __future__ import annotations

from oracle.policy.fields import day_of
from oracle.report.chart import Chart, Series, svg
from oracle.report.document import Period, Report


def compliance_plot(report: Report) -> str:
    """Share of jobs and periods that kept their pact, with its interval, by stretch of time."""
    periods = [one for one in report.periods if one.compliance.share is not None]
    middle = [(_middle(one), (one.compliance.share or 0) / 10) for one in periods]
    return svg(
        Chart(
            title="Pacts kept",
            says=f"Percent of what was judged that kept its pact in {len(periods)} stretches, with interval.",
            x_name="when it ended (UTC)",
            y_name="percent",
            series=(Series("pacts kept", middle),),
            bands=[(_middle(one), one.compliance.low / 10, one.compliance.high / 10) for one in periods],
            x_words=_days(periods),
        ),
        name="compliance",
    )


def disputes_plot(report: Report) -> str:
    """Disputes per hundred jobs and periods, with their interval, by stretch of time."""
    periods = [one for one in report.periods if one.disputes.share is not None]
    return svg(
        Chart(
            title="Disputes",
            says=f"Disputes per hundred that ended, in {len(periods)} stretches of time, with the interval.",
            x_name="when it ended (UTC)",
            y_name="per 100",
            series=(Series("disputes", [(_middle(one), (one.disputes.share or 0) / 10) for one in periods]),),
            bands=[(_middle(one), one.disputes.low / 10, one.disputes.high / 10) for one in periods],
            x_words=_days(periods),
        ),
        name="disputes",
    )


def _middle(one: Period) -> float:
    return (one.since + one.until) / 2


def _days(periods: list[Period]) -> list[tuple[float, str]]:
    """At most five days, named below the axis."""
    step = -(-len(periods) // 5) or 1
    return [(_middle(one), day_of(one.since)) for one in periods[::step]]
