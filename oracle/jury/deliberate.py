"""The whole decision on one criterion, as a conversation that knows no model, clock or network.

`deliberate` yields the questions it wants answered next and is sent the calls; it returns the record's
section. The live jury answers by asking models, the replay by looking the calls up in a record: one code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from oracle.jury import sequential
from oracle.jury.aggregate import Jury
from oracle.jury.ballots import Ballot
from oracle.jury.budget import Price
from oracle.jury.case import Case, Panelist, Seating, seat
from oracle.jury.eligibility import EligibilityRules, Score, Standing, assess
from oracle.jury.hearing import Hearing, hear
from oracle.jury.prompt import FRAME_VERSION
from oracle.jury.record import (
    JurorRecord,
    LeftOut,
    ProbeResult,
    Section,
    Spent,
    StandingRecord,
    Step,
    share,
)
from oracle.jury.rules import only_jurors, panel_rules, to_probes, to_vote
from oracle.pact.methodology import Juror, Methodology

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Measured:
    """What probes showed: the set's hash, when it was measured (Unix seconds), and the votes."""

    probe_set: str | None = None
    measured_at: int | None = None
    results: tuple[ProbeResult, ...] = ()


Asking: TypeAlias = Hearing[Section]


def deliberate(case: Case, panelists: tuple[Panelist, ...], measured: Measured, considered_at: int) -> Asking:
    """Decide one criterion.

    Args:
        case: What is judged.
        panelists: The methodology's jurors, and whether each could be asked.
        measured: Their probes.
        considered_at: Unix seconds at which the probes' age was looked at.

    Yields:
        Questions to put at once; the calls are sent back in the same order.

    Returns:
        The section of the record.
    """
    bench = _Bench.of(case, panelists, measured, considered_at)
    if case.problem is not None:
        return bench.section((), (), "undecided", case.problem)
    minimum = case.methodology.jury.minimum_jurors
    if len(bench.seating.order) < minimum:
        return bench.section((), (), "undecided", _too_few(bench, minimum))
    records: list[JurorRecord] = []
    steps: list[Step] = []
    jury = bench.jury()
    while True:
        ballot = bench.ballot(records)
        progress = sequential.progress(jury, ballot, [j.id for j in bench.seating.order])
        steps.append(_step(progress))
        if progress.finished or progress.next_juror is None:
            outcome, reason = progress.outcome, _reason(progress, records)
            return bench.section(tuple(records), tuple(steps), outcome, reason)
        records += yield from hear(case, _next_jurors(bench.seating.order, records, minimum))


def _next_jurors(order: Sequence[Juror], heard: Sequence[JurorRecord], minimum: int) -> tuple[Juror, ...]:
    """As many as the minimum still lacks, at once; then one at a time."""
    rest = order[len(heard) :]
    counted = sum(1 for record in heard if record.void is None)
    return tuple(rest[: max(1, minimum - counted)])


@dataclass(frozen=True)
class _Bench:
    """Everything that stands before the first question."""

    case: Case
    panelists: tuple[Panelist, ...]
    measured: Measured
    considered_at: int
    results: tuple[ProbeResult, ...]
    standings: tuple[StandingRecord, ...]
    seating: Seating

    @classmethod
    def of(
        cls, case: Case, panelists: tuple[Panelist, ...], measured: Measured, considered_at: int
    ) -> _Bench:
        stale = _stale(case, measured, considered_at)
        known = {(p.juror.id, p.juror.family) for p in panelists}
        results = () if stale else only_jurors(measured.results, known)
        standings = standings_of(case.methodology, case.criterion.kind, results)
        shown = {s.juror: s for s in standings}
        unqualified: dict[str, str] = {}
        for panelist in panelists:
            standing = shown.get(panelist.juror.id)
            if standing is None:
                unqualified[panelist.juror.id] = stale or "no probes of it are on record"
            elif not standing.counts:
                unqualified[panelist.juror.id] = "; ".join(standing.reasons)
        seating = seat(case, panelists, unqualified)
        return cls(case, panelists, measured, considered_at, results, standings, seating)

    def jury(self) -> Jury:
        planned = [to_vote(j.id, j.family, self.case.template(j.id), "pass") for j in self.seating.order]
        ballot = Ballot("case", self.case.criterion.kind, tuple(planned))
        return Jury.fit(to_probes(self.results), panel_rules(self.case.methodology), [ballot])

    def ballot(self, records: Sequence[JurorRecord]) -> Ballot:
        votes = tuple(to_vote(r.juror, r.family, r.template, r.vote) for r in records)
        return Ballot("case", self.case.criterion.kind, votes)

    def section(
        self, records: tuple[JurorRecord, ...], steps: tuple[Step, ...], outcome: str, reason: str
    ) -> Section:
        return Section.model_validate(
            {
                "frame": FRAME_VERSION,
                "methodology": self.case.methodology.hash(),
                "kind": self.case.criterion.kind,
                "hidden": self.case.hidden,
                "control_texts": self.case.control_texts,
                "unavailable": {p.juror.id: p.unavailable for p in self.panelists if p.unavailable},
                "probe_set": self.measured.probe_set,
                "measured_at": self.measured.measured_at,
                "considered_at": self.considered_at,
                "probes": _in_order(self.measured.results),
                "standings": self.standings,
                "left_out": self.seating.left_out,
                "order": tuple(juror.id for juror in self.seating.order),
                "jurors": records,
                "steps": steps,
                "outcome": outcome,
                "reason": reason,
                "spent": _spent(self.panelists, records),
            }
        )


def _in_order(results: tuple[ProbeResult, ...]) -> tuple[ProbeResult, ...]:
    """By name of probe and juror: nothing depends on another order, so a record has one."""
    votes = ((r, tuple(sorted(r.votes, key=lambda vote: vote.juror))) for r in results)
    named = (r.model_copy(update={"votes": ordered}) for r, ordered in votes)
    return tuple(sorted(named, key=lambda r: r.probe))


def _stale(case: Case, measured: Measured, considered_at: int) -> str | None:
    if measured.measured_at is None:
        return None
    days = (considered_at - measured.measured_at) // DAY
    limit = case.methodology.probes.maximum_age_days
    if days <= limit:
        return None
    return f"its probes are {days} days old and count for {limit}"


def standings_of(
    methodology: Methodology, kind: str, results: tuple[ProbeResult, ...]
) -> tuple[StandingRecord, ...]:
    """How each juror that answered a probe stands for a kind of criterion, by the methodology's rules."""
    if not results:
        return ()
    jury = Jury.fit(to_probes(results), panel_rules(methodology))
    kind = kind if kind in jury.who.kinds else ""
    found = {name: by_kind[kind] for name, by_kind in jury.standings.items()}
    asked = sorted({vote.juror for result in results for vote in result.votes})
    rules = panel_rules(methodology).eligibility
    return tuple(_standing(name, found.get(name) or _all_void(name, kind, results, rules)) for name in asked)


def _all_void(juror: str, kind: str, results: tuple[ProbeResult, ...], rules: EligibilityRules) -> Standing:
    """The standing of a juror none of whose answers counts: it was asked, and is half right as a coin is."""
    asked = [r for r in results if any(vote.juror == juror for vote in r.votes)]
    good = sum(1 for r in asked if r.gold == "pass")
    score = Score(
        good=good,
        good_right=good / 2,
        bad=len(asked) - good,
        bad_right=(len(asked) - good) / 2,
        adversarial=sum(1 for r in asked if r.adversarial),
        of_kind=sum(1 for r in asked if r.kind == kind),
    )
    standing = assess(score, rules)
    reason = f"none of its answers to {len(asked)} probes counts: each was void"
    return replace(standing, counts=False, reasons=(reason, *standing.reasons))


def _standing(juror: str, standing: Standing) -> StandingRecord:
    return StandingRecord(
        juror=juror,
        counts=standing.counts,
        good_rate=share(standing.good_rate),
        good_bound=share(standing.good_bound),
        bad_rate=share(standing.bad_rate),
        bad_bound=share(standing.bad_bound),
        luck=share(standing.luck),
        reasons=standing.reasons,
    )


def _step(progress: sequential.Progress) -> Step:
    decision = progress.decision
    return Step(
        heard=decision.heard,
        weights={juror: share(weight) for juror, weight in sorted(decision.weights.items())},
        evidence=share(decision.evidence),
        certainty=share(decision.certainty),
        pass_from=share(decision.pass_from),
        fail_up_to=share(decision.fail_up_to),
        risk=share(progress.risk),
        next_juror=progress.next_juror,
        reason=progress.reason,
    )


def _reason(progress: sequential.Progress, records: Sequence[JurorRecord]) -> str:
    """The last step's reason, and for each vote that does not count, or not as given, why."""
    voids = "".join(f" {record.juror} is void: {record.void}." for record in records if record.void)
    notes = "".join(f" {record.juror}: {record.note}." for record in records if record.note)
    return f"{progress.reason}{voids}{notes}"


def _too_few(bench: _Bench, minimum: int) -> str:
    def line(entry: LeftOut) -> str:
        return f"{entry.juror}: {entry.why}"

    who = " | ".join(line(entry) for entry in bench.seating.left_out) or "the methodology names no juror"
    return (
        f"The methodology asks for {minimum} qualified jurors on {bench.case.criterion.kind!r} criteria and "
        f"{len(bench.seating.order)} can sit. {who}. Configure the providers of the missing jurors and run "
        "`oracle jury calibrate`, or use a methodology with jurors that pass its probes."
    )


def _spent(panelists: Sequence[Panelist], records: Sequence[JurorRecord]) -> Spent:
    prices = {p.juror.id: Price(int(p.juror.input_price), int(p.juror.output_price)) for p in panelists}
    tokens = money = 0
    for record in records:
        for attempt in (a for call in record.calls for a in call.attempts):
            tokens += attempt.input_tokens + attempt.output_tokens
            money += prices[record.juror].of(attempt.input_tokens, attempt.output_tokens)
    return Spent(tokens=tokens, money=str(money))
