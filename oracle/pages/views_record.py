"""How evaluators and their jurors did: verdicts overturned, silence, and what blind probes measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError
from sqlalchemy.orm import Session

from oracle.domain.types import Basis, Hash, Outcome, State, members_of
from oracle.history.tab import PeriodLife, life_of
from oracle.jury.record import Section
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score import bounds
from oracle.store import listing
from oracle.store import tabs as tab_store
from oracle.store.listing import ListedJob
from oracle.store.tab_recent import recent

LOOKED_AT: Final = 300  # jobs of a committee, the last opened
TABS: Final = 30  # of a committee, the last opened
_PERIODS: Final = 10  # of each of those tabs, the last settled; and the one that is not yet
RECORDS: Final = 10  # of a page, looked for and through for measured jurors


class Conduct(View):
    """What an evaluator did in the last jobs and periods of tabs of its committee.

    `wrong` are limits (5 % outside each) of the share of its final verdicts that was overturned, thousandths.
    """

    jobs: int
    periods: int
    signed: int
    disputed: int
    overturned: int
    silent: int
    wrong: tuple[int, int] | None


class JurorRate(View):
    """What blind probes measured of a juror, percent as text: right on good work and on bad, lower bounds."""

    juror: Line
    kind: Line
    counts: bool
    good: Line
    good_bound: Line
    bad: Line
    bad_bound: Line
    missed: Line
    why: Line


def slashed_over(session: Session, committee: Hash) -> dict[Hash, int]:
    """The set of evaluators slashed over each subject."""
    found: dict[Hash, int] = {}
    for slashing in listing.slashings(session, [committee]):
        said = orjson.loads(slashing.body)
        found[said["subject"]] = found.get(said["subject"], 0) | int(said["slashed"])
    return found


@dataclass(frozen=True, slots=True)
class TabPeriods:
    """A tab's last periods, in order. `is_over`: it is closed."""

    tab: Hash
    periods: tuple[PeriodLife, ...]
    is_over: bool


def last_periods(session: Session, committee: Hash, *, tabs: int = TABS) -> list[TabPeriods]:
    """The last periods of the last opened tabs of a committee: so many tabs, ten periods or so each."""
    listed = tab_store.list_tabs(session, limit=tabs, parties={"committee": committee})
    read = recent(session, [one.tab for one in listed], settled=_PERIODS)
    lives = {tab: life_of(one.events) for tab, one in read.items()}
    return [TabPeriods(tab, life.periods, life.closed is not None) for tab, life in lives.items()]


def conduct(
    index: int, jobs: Sequence[ListedJob], slashed: dict[Hash, int], tabs: Sequence[TabPeriods] = ()
) -> Conduct:
    """What evaluator `index` did in these jobs and periods.

    A slashing ends its tab (contracts/tabs/base/TabSettling.sol), so it is of the tab's last period.
    """
    signed = final = disputed = overturned = silent = 0
    for one in jobs:
        record = one.record
        if not record.signers >> index & 1 or (not record.outcome and record.state is not State.CLOSED):
            continue
        if record.basis is Basis.SILENCE:
            silent += 1
        elif record.basis is Basis.VERDICT and record.evidence:
            signed += 1
            final += record.state is State.CLOSED
            disputed += record.disputant is not None
            overturned += bool(slashed.get(one.job, 0) >> index & 1)
    for tab in tabs:
        for period in tab.periods:
            if period.lapsed is not None:
                silent += period.lapsed.silent >> index & 1
            if period.judged is None or not period.judged.signers >> index & 1:
                continue
            signed += 1
            final += period.settled is not None or tab.is_over
            disputed += period.disputed is not None
            overturned += period is tab.periods[-1] and bool(slashed.get(tab.tab, 0) >> index & 1)
    wrong = None
    if final:
        right = final - overturned
        wrong = (bounds.lower(overturned, right, unit=1), bounds.upper(overturned, right, unit=1))
    return Conduct(
        jobs=len(jobs),
        periods=sum(len(tab.periods) for tab in tabs),
        signed=signed,
        disputed=disputed,
        overturned=overturned,
        silent=silent,
        wrong=wrong,
    )


def juror_rates(
    place: Place, jobs: Sequence[ListedJob], index: int | None = None, *, most: int = RECORDS
) -> tuple[JurorRate, ...]:
    """What the newest public record says of the jurors, of one evaluator or of any.

    Args:
        most: So many records are looked for. One that is missing or private costs a look too: anybody can
            have any number of those named in verdicts.
    """
    looked = 0
    for one in jobs:
        for signer, evidence in zip(members_of(one.record.signers), one.record.evidence, strict=False):
            if index is not None and signer != index:
                continue
            if looked >= most:
                return ()
            looked += 1
            record = place.record(evidence)
            entries = () if record is None else record.conditions
            sections = [entry.jury.section for entry in entries if entry.jury is not None]
            found = [rate for section in sections for rate in _rates(section)]
            if found:
                return tuple(found)
    return ()


def _rates(section: dict[str, object]) -> list[JurorRate]:
    try:
        read = Section.model_validate(section)
    except ValidationError:
        return []
    return [
        JurorRate(
            juror=one.juror,
            kind=read.kind,
            counts=one.counts,
            good=_percent(one.good_rate),
            good_bound=_percent(one.good_bound),
            bad=_percent(one.bad_rate),
            bad_bound=_percent(one.bad_bound),
            missed=_percent(one.bad_rate, of_whole=True),
            why="; ".join(one.reasons),
        )
        for one in read.standings
    ]


def _percent(share: str, *, of_whole: bool = False) -> str:
    try:
        found = round(float(share) * 100)
        return f"{100 - found if of_whole else found} %"
    except (ValueError, OverflowError):
        return "not measured"


def outcomes(jobs: Sequence[ListedJob]) -> tuple[tuple[str, int], ...]:
    """How these jobs stand: closed ones by outcome, others by state."""
    counts: dict[str, int] = {}
    for one in jobs:
        record = one.record
        word = record.state.word
        if record.state is State.CLOSED:
            word = "agreed" if record.outcome is Outcome.NONE else record.outcome.word
        counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
