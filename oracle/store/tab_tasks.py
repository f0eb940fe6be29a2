"""Whole histories of tabs and their periods, in the form in which those of jobs are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.decide.jobs import Place
from oracle.domain.tab_events import Defaulted, TabClosed
from oracle.domain.tab_terms import TabEnding
from oracle.domain.types import Address, Basis, Ending, Hash, Outcome
from oracle.history.tab import PeriodLife, Placed, life_of
from oracle.history.task import Close, Judgement, Task, TaskKind
from oracle.score.evidence import Contest, Evidence, Finding
from oracle.store import tabs as tab_store
from oracle.store.tables import Block, TabEventRow, TabRow
from oracle.store.tabs import ListedTab, TabHappened

_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999

Spent: TypeAlias = dict[tuple[Hash, int], Evidence]
"""Evidence by job or tab and period, `outlay` being what its buyer spent on all so far."""

_Places: TypeAlias = Mapping[tuple[str, int], Place]
"""Where something happened first, by the event's name and the period, 0 for what is of the whole tab."""


def tab_tasks(
    session: Session, spent: Spent, *, up_to: int, provider: Address | None = None
) -> Iterator[Task]:
    """Tabs opened up to a block, each followed by its periods.

    Args:
        provider: Only this one's.
    """
    query = select(TabRow.tab).where(TabRow.block_number <= up_to)
    if provider is not None:
        query = query.where(TabRow.provider == provider)
    tabs = session.scalars(query.order_by(TabRow.block_number, TabRow.tab)).all()
    for start in range(0, len(tabs), _AT_ONCE):
        histories = tab_store.histories(session, tabs[start : start + _AT_ONCE], up_to=up_to)
        hashes = _hashes(session, tabs[start : start + _AT_ONCE])
        for listed in tab_store.get_tabs(session, histories):
            yield from _of_tab(listed, histories[listed.tab], hashes, spent)


def _hashes(session: Session, tabs: Sequence[Hash]) -> dict[int, Hash]:
    """The hash of every block in which something happened to these tabs."""
    inside = select(TabEventRow.block_number).where(TabEventRow.tab.in_(tabs))
    query = select(Block.block_number, Block.hash).where(Block.block_number.in_(inside))
    return dict(session.execute(query).all())


def _of_tab(
    listed: ListedTab, history: Sequence[TabHappened], hashes: Mapping[int, Hash], spent: Spent
) -> Iterator[Task]:
    places: dict[tuple[str, int], Place] = {}
    for one in history:
        key = type(one.event).__name__, getattr(one.event, "period", 0)
        place = Place(one.block_number, hashes[one.block_number], one.at, one.log_index)
        if key[0] == "Presented":  # the newest tally is the one that is judged
            places[key] = place
        else:
            places.setdefault(key, place)
    terms, opening = listed.agreement.terms, listed.agreement.opening
    closed = places.get(("TabClosed", 0))
    tab = Task(
        job=listed.tab,
        provider=terms.provider,
        agent_id=opening.agent_id,
        buyer=terms.buyer,
        committee=terms.committee,
        pact=opening.pact,
        price=terms.deposit + terms.credit,
        gated=terms.deposit + terms.credit,
        bond=terms.bond,
        secured=terms.challenge > 0,
        members=listed.members,
        opened=places["TabOpened", 0],
        deliver_by=terms.end_by,
        judge_by=terms.end_by,
        close=None if closed is None else _closed(closed, history),
        kind=TaskKind.TAB,
        buyer_defaulted=any(isinstance(one.event, Defaulted) for one in history),
    )
    yield tab
    life = life_of(Placed(one.event, one.block_number, one.log_index, one.at) for one in history)
    for period in life.periods:
        yield _period(tab, period, terms.verdict, places, spent.get((tab.job, period.number)))


def _closed(place: Place, history: Sequence[TabHappened]) -> Close:
    agreed = any(isinstance(one.event, TabClosed) and one.event.how is TabEnding.AGREED for one in history)
    ending = Ending.AGREED if agreed else Ending.SETTLED
    return Close(place, Outcome.NONE, ending, Finding.NOTHING, Contest.NONE, 0)


def _period(tab: Task, period: PeriodLife, verdict: int, places: _Places, said: Evidence | None) -> Task:
    presented = places["Presented", period.number]
    return Task(
        job=tab.job,
        provider=tab.provider,
        agent_id=tab.agent_id,
        buyer=tab.buyer,
        committee=tab.committee,
        pact=tab.pact,
        price=period.presented_amount,
        gated=0 if said is None else said.value,
        bond=tab.bond,
        secured=tab.secured,
        members=tab.members,
        opened=presented,
        deliver_by=presented.timestamp,
        judge_by=period.presented.window_ends + verdict,
        delivered_at=presented.timestamp,
        judged=_judgement(period, places),
        disputed=places.get(("PeriodDisputed", period.number)),
        close=_ended(period, places, said),
        kind=TaskKind.PERIOD,
        period=period.number,
    )


def _judgement(period: PeriodLife, places: _Places) -> Judgement | None:
    if (judged := period.judged) is not None:
        place = places["PeriodJudged", period.number]
        return Judgement(
            place, judged.outcome, Basis.VERDICT, judged.signers, judged.evidence, judged.payable
        )
    if period.lapsed is not None:
        place = places["PeriodLapsed", period.number]
        return Judgement(place, Outcome.LAPSE, Basis.SILENCE, period.lapsed.silent)
    return None


def _ended(period: PeriodLife, places: _Places, said: Evidence | None) -> Close | None:
    """How a period ended: settled, or with its tab, on whose money the parties agreed."""
    if said is None:
        return None
    if period.settled is None:
        place, outcome, ending = places["TabClosed", 0], Outcome.NONE, Ending.AGREED
    else:
        place, outcome = places["PeriodSettled", period.number], period.settled.outcome
        if period.ruled is not None:
            ending = Ending.RULED
        else:
            ending = Ending.SETTLED if period.disputed is None else Ending.RULING_OVER
    return Close(place, outcome, ending, said.finding, said.contest, said.outlay)
