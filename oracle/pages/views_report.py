"""The report on the program, and the replay of a failure, as pages show them."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.domain.types import Address, Hash, parse_hash
from oracle.incident.derive import IncidentError
from oracle.incident.document import Incident
from oracle.incident.markdown import lasting
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.report import plots
from oracle.report.document import Report, Share
from oracle.report.words import measures, percent, tabs_said, waiting
from oracle.score.document import At

_AGENTS = 50
_WEAKNESSES = 20
_SIGNALS = 200


class MeasureLine(View):
    """One measure in words."""

    name: str
    value: str
    interval: str
    of: int


class WeaknessLine(View):
    """A weakness and its jobs."""

    says: Line
    jobs: tuple[Hash, ...]


class AgentLine(View):
    """How sure an agent's score is, thousandths."""

    agent: Address
    score: int | None
    low: int
    high: int
    effective: str


class PeriodLine(View):
    """A period's figures in words."""

    since: int
    ended: int
    kept: str
    kept_interval: str
    disputed: str
    disputed_interval: str


class ReportPage(View):
    """The report. Plots are SVG made here; everything in them stands in `periods` too."""

    at: At
    until: int
    opened: int
    ended: int
    entrusted: int
    tabs: str
    incidents: int
    measures: tuple[MeasureLine, ...]
    periods: tuple[PeriodLine, ...]
    compliance_plot: str
    disputes_plot: str
    agents: tuple[AgentLine, ...]
    weaknesses: tuple[WeaknessLine, ...]
    policy_events: dict[str, int]
    digest: Hash


class BrokenLine(View):
    """An assumption that broke."""

    assumption: str
    at: int
    says: Line
    rule: str


class SignalLine(View):
    """A signal."""

    time: int
    kind: str
    says: Line
    source: Line
    weakens: bool


class GrantLine(View):
    """What still granted trust."""

    what: str
    lasted: str
    says: Line


class CostLine(View):
    """What a side bore, base units."""

    party: str
    paid: int
    received: int
    net: int


class IncidentPage(View):
    """The replay of a failure."""

    at: At
    job: Hash
    agent: Address
    committee: Hash
    pact: Hash
    outcome: str
    visible_at: int
    broken: tuple[BrokenLine, ...]
    weakness: Line | None
    before: tuple[Hash, ...]
    after: tuple[Hash, ...]
    first_signal: SignalLine | None
    unseen: str
    grants: tuple[GrantLine, ...]
    costs: tuple[CostLine, ...]
    since: Line
    remediated: bool | None
    timeline: tuple[SignalLine, ...]
    more: int
    digest: Hash


def report(place: Place, request: Request) -> ReportPage:  # noqa: ARG001 - every page is asked alike
    """The page of the program's measures."""
    with place.source.reading() as (session, at):
        found = place.report(session)
    return report_page(at, found)


def report_page(at: At, found: Report) -> ReportPage:
    """A report as its page."""
    return ReportPage(
        at=at,
        until=found.until,
        opened=found.opened,
        ended=found.ended,
        entrusted=int(found.entrusted),
        tabs=tabs_said(found),
        incidents=found.incidents,
        measures=tuple(
            MeasureLine(
                name=name,
                value=percent(one.share) if isinstance(one, Share) else waiting(one),
                interval=_interval(one) if isinstance(one, Share) else "",
                of=one.of if isinstance(one, Share) else one.count,
            )
            for name, one in measures(found)
        ),
        periods=tuple(
            PeriodLine(
                since=one.since,
                ended=one.ended,
                kept=percent(one.compliance.share),
                kept_interval=_interval(one.compliance),
                disputed=percent(one.disputes.share),
                disputed_interval=_interval(one.disputes),
            )
            for one in found.periods
        ),
        compliance_plot=plots.compliance_plot(found) if found.periods else "",
        disputes_plot=plots.disputes_plot(found) if found.periods else "",
        agents=tuple(
            AgentLine(
                agent=one.agent,
                score=one.score,
                low=one.low,
                high=one.high,
                effective=f"{one.effective / 1_000:.3f}",
            )
            for one in found.confidence[:_AGENTS]
        ),
        weaknesses=tuple(
            WeaknessLine(says=one.says, jobs=one.jobs[:10]) for one in found.weaknesses[:_WEAKNESSES]
        ),
        policy_events=found.policy_events,
        digest=found.hash(),
    )


def incident(place: Place, request: Request) -> IncidentPage:
    """The page of a failure.

    Raises:
        ApiError: there is no such job, or nothing went wrong with it.
    """
    id_ = parse_hash(request.path_params["job"], field="the job's id")
    with place.source.reading() as (session, at):
        try:
            found = place.incident(session, id_)
        except IncidentError as error:
            raise ApiError(404, error.message, field="job", next_step=error.next_step) from error
    return incident_page(at, found)


def incident_page(at: At, found: Incident) -> IncidentPage:
    """An incident as its page."""
    signal = found.first_signal
    return IncidentPage(
        at=at,
        job=found.job,
        agent=found.agent,
        committee=found.committee,
        pact=found.pact,
        outcome=found.outcome,
        visible_at=found.visible_at,
        broken=tuple(
            BrokenLine(
                assumption=one.assumption.value.replace("-", " "), at=one.at, says=one.says, rule=one.rule
            )
            for one in found.broken
        ),
        weakness=found.weakness_says,
        before=found.repeats_before[-10:],
        after=found.repeats_after[:10],
        first_signal=None if signal is None else SignalLine(**signal.model_dump()),
        unseen=lasting(found.unseen_for or 0),
        grants=tuple(
            GrantLine(what=one.what, lasted=lasting(one.seconds), says=one.says) for one in found.grants
        ),
        costs=tuple(
            CostLine(party=one.party, paid=int(one.paid), received=int(one.received), net=int(one.net))
            for one in found.costs
        ),
        since=found.since.says,
        remediated=found.since.remediated,
        timeline=tuple(SignalLine(**one.model_dump()) for one in found.timeline[:_SIGNALS]),
        more=max(0, len(found.timeline) - _SIGNALS),
        digest=found.hash(),
    )


def _interval(one: Share) -> str:
    return f"{percent(one.low)} to {percent(one.high)}"


def drawn(plot: str) -> Markup:
    """A plot of ours as it is: its text is escaped where it is made (`oracle.report.chart`)."""
    return Markup(plot)  # noqa: S704 - made by `chart.svg`, which escapes every text in it
