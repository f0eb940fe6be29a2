"""Periods of tabs as evidence for trust scores, from the stored events, and tabs that are not closed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from oracle.domain.tab_events import TabClosed
from oracle.domain.tab_terms import TabEnding
from oracle.domain.types import Address, Hash
from oracle.history.periods import contest_of_period, finding_of_period, outlay_of_period, value_of_period
from oracle.history.tab import Placed, life_of
from oracle.score.coverage import Running
from oracle.score.evidence import Evidence, Kind
from oracle.store import tabs as tab_store
from oracle.store.tab_recent import placed, recent
from oracle.store.tables import TabEventRow, TabRow
from oracle.store.tabs import ListedTab

_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999
ENDING = ("PeriodSettled", "TabClosed")
"""Events that end a period."""


def ended_since(session: Session, block: int) -> bool:
    """Whether a period, or a tab, ended after a block."""
    query = select(TabEventRow.block_number).where(
        TabEventRow.name.in_(ENDING), TabEventRow.block_number > block
    )
    return session.scalar(query.limit(1)) is not None


def ended_between(
    session: Session, after: int, up_to: int, *, roots: Collection[Hash]
) -> list[tuple[Evidence, Address, int]]:
    """Evidence of periods that ended after a block, up to another: with the provider and its ERC-8004 id."""
    query = (
        select(TabEventRow.tab)
        .where(
            TabEventRow.name.in_(ENDING), TabEventRow.block_number > after, TabEventRow.block_number <= up_to
        )
        .distinct()
    )
    pieces = []
    for some in _parts(sorted(session.scalars(query))):
        # Of each the period before too: it says what of the next one's tally was settled.
        histories = recent(session, some, settled=1, since=after, up_to=up_to)
        for listed in tab_store.get_tabs(session, histories):
            pieces += _told(listed, histories[listed.tab].events, roots)
    return [one for one in pieces if one[0].block > after]


def ended_of(
    session: Session,
    *,
    provider: Address | None,
    buyers: Collection[Address],
    up_to: int,
    roots: Collection[Hash],
) -> list[tuple[Evidence, Address, int]]:
    """The same of a provider, or of any of these buyers, up to a block."""
    tabs: set[Hash] = set()
    if provider is not None:
        tabs |= set(session.scalars(select(TabRow.tab).where(TabRow.provider == provider)))
    for some in _parts(sorted(buyers)):
        tabs |= set(session.scalars(select(TabRow.tab).where(TabRow.buyer.in_(some))))
    return _ended(session, tabs, up_to, roots)


def running_tabs(session: Session, provider: Address, *, up_to: int, agent_id: int | None) -> list[Running]:
    """A provider's tabs that were opened up to a block and not closed by then.

    The price is deposit and credit: the most that may be owed at once.
    """
    closed = select(TabEventRow.tab).where(
        TabEventRow.tab == TabRow.tab, TabEventRow.name == "TabClosed", TabEventRow.block_number <= up_to
    )
    query = select(TabRow.agreement).where(
        TabRow.provider == provider, TabRow.block_number <= up_to, not_(closed.exists())
    )
    agreements = [tab_store.agreement_of(text) for text in session.scalars(query)]
    return [
        Running(
            price=one.terms.deposit + one.terms.credit,
            up_front=0,
            bond=one.terms.bond,
            secured=one.terms.challenge > 0,
        )
        for one in agreements
        if agent_id in (None, one.opening.agent_id)
    ]


def _ended(
    session: Session, tabs: Collection[Hash], up_to: int, roots: Collection[Hash]
) -> list[tuple[Evidence, Address, int]]:
    found: list[tuple[Evidence, Address, int]] = []
    for some in _parts(sorted(tabs)):
        histories = tab_store.histories(session, some, up_to=up_to)
        for listed in tab_store.get_tabs(session, histories):
            found += _told(listed, [placed(one) for one in histories[listed.tab]], roots)
    return found


def _told(
    listed: ListedTab, history: Sequence[Placed], roots: Collection[Hash]
) -> list[tuple[Evidence, Address, int]]:
    terms, agent_id = listed.agreement.terms, listed.agreement.opening.agent_id
    return [(piece, terms.provider, agent_id) for piece in _pieces(listed, history, roots)]


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _pieces(listed: ListedTab, history: Sequence[Placed], roots: Collection[Hash]) -> list[Evidence]:
    life, terms = life_of(history), listed.agreement.terms
    agreed = next(
        (one for one in history if isinstance(one.event, TabClosed) and one.event.how is TabEnding.AGREED),
        None,
    )
    pieces = []
    for period in life.periods:
        if period.settled is not None:
            block, log_index, at = period.settled_block, period.settled_log_index, period.settled_at
        elif agreed is not None:
            block, log_index, at = agreed.block, agreed.log_index, agreed.at
        else:
            continue
        pieces.append(
            Evidence(
                kind=Kind.TAB_PERIOD,
                subject=listed.tab,
                period=period.number,
                block=block,
                log_index=log_index,
                at=at,
                counterparty=terms.buyer,
                own=terms.buyer == terms.provider,
                committee=terms.committee,
                finding=finding_of_period(period, terms),
                contest=contest_of_period(period, terms),
                value=value_of_period(period),
                bond=terms.bond,
                secured=terms.challenge > 0,
                outlay=outlay_of_period(period, terms, counted_fee=terms.committee in roots),
            )
        )
    return pieces
