"""Tabs as the chain logged them: events, and what was agreed. Rolled back as all that is of a block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, get_args

from sqlalchemy import ColumnElement, delete, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from oracle.domain.tab_events import CallFailed, TabEvent, TabOpened
from oracle.domain.tab_terms import TabAgreement
from oracle.domain.types import Address, Hash
from oracle.store.among import among
from oracle.store.codec import Codec
from oracle.store.rows import insert_rows
from oracle.store.tables import (
    ScoreProgressRow,
    StandingProgressRow,
    TabEventRow,
    TabRow,
    TabSourceRow,
)

_KINDS: dict[str, Codec[Any]] = {
    kind.__name__: Codec(kind) for kind in get_args(TabEvent) if kind is not CallFailed
}
_AGREEMENTS = Codec(TabAgreement)
_AT_ONCE = 100  # places in one query; SQLite takes five hundred parts at most


class TabHappened(NamedTuple):
    """An event of the tab contract with its place. `at`: the block's time, Unix seconds."""

    event: TabEvent
    tx_hash: Hash
    block_number: int
    log_index: int
    at: int


@dataclass(frozen=True, slots=True)
class ListedTab:
    """What was agreed for a tab, and the block it was opened in."""

    tab: Hash
    block: int
    agreement: TabAgreement
    members: int


def is_followed(session: Session, contract: Address) -> bool:
    """Whether the events of this tab contract are stored as far as the chain was read."""
    return session.get(TabSourceRow, contract) is not None


def followed(session: Session) -> Address | None:
    """The tab contract that is followed, if one is."""
    return session.scalar(select(TabSourceRow.contract))


def follow(session: Session, contract: Address) -> None:
    """Begin with a tab contract: nothing of another stays; evidence and what follows from it is made anew."""
    for table in (TabSourceRow, TabRow, TabEventRow, ScoreProgressRow, StandingProgressRow):
        session.execute(delete(table))
    session.add(TabSourceRow(contract=contract))
    session.flush()


def save_tab_events(session: Session, happened: Sequence[TabHappened]) -> None:
    """Store events, in the order of the chain."""
    about = [one for one in happened if not isinstance(one.event, CallFailed)]
    insert_rows(
        session,
        TabRow,
        [
            {
                "tab": one.event.tab,
                "buyer": one.event.buyer,
                "provider": one.event.provider,
                "committee": one.event.agreement.terms.committee,
                "pact": one.event.agreement.opening.pact,
                "agreement": _AGREEMENTS.text(one.event.agreement),
                "members": one.event.members,
                "block_number": one.block_number,
            }
            for one in about
            if isinstance(one.event, TabOpened)
        ],
    )
    tabs = {one.event.tab for one in about if not isinstance(one.event, CallFailed)}
    providers = _providers(session, sorted(tabs))
    insert_rows(
        session,
        TabEventRow,
        [
            {
                "block_number": one.block_number,
                "log_index": one.log_index,
                "tx_hash": one.tx_hash,
                "at": one.at,
                "name": type(one.event).__name__,
                "tab": one.event.tab,
                "provider": providers.get(one.event.tab),
                "body": _KINDS[type(one.event).__name__].text(one.event),
            }
            for one in about
            if not isinstance(one.event, CallFailed)
        ],
    )


def _providers(session: Session, tabs: Sequence[Hash]) -> dict[Hash, Address]:
    found: dict[Hash, Address] = {}
    for start in range(0, len(tabs), _AT_ONCE):
        wanted = among(session, TabRow.tab, tabs[start : start + _AT_ONCE])
        found |= dict(session.execute(select(TabRow.tab, TabRow.provider).where(wanted)).all())
    return found


def list_tabs(
    session: Session,
    *,
    limit: int,
    before: tuple[int, Hash] | None = None,
    parties: Mapping[str, str | None],
) -> list[ListedTab]:
    """Tabs, the last opened first.

    Args:
        before: Only those opened before this block and id.
        parties: Values of the columns buyer, provider, committee and pact; None: any.
    """
    columns = {
        "buyer": TabRow.buyer,
        "provider": TabRow.provider,
        "committee": TabRow.committee,
        "pact": TabRow.pact,
    }
    wanted: list[ColumnElement[bool]] = [
        columns[name] == value for name, value in parties.items() if value is not None
    ]
    if before is not None:
        block, tab = before
        wanted.append((TabRow.block_number < block) | ((TabRow.block_number == block) & (TabRow.tab < tab)))
    query = (
        select(TabRow.tab, TabRow.block_number, TabRow.agreement, TabRow.members)
        .where(*wanted)
        .order_by(TabRow.block_number.desc(), TabRow.tab.desc())
        .limit(limit)
    )
    return [_listed(*row) for row in session.execute(query)]


def count_tabs(session: Session, provider: Address) -> int:
    """How many tabs of a provider were ever opened."""
    query = select(func.count()).select_from(TabRow).where(TabRow.provider == provider)
    return session.scalar(query) or 0


def get_tabs(session: Session, tabs: Collection[Hash]) -> list[ListedTab]:
    """Those of these tabs that were opened."""
    query = select(TabRow.tab, TabRow.block_number, TabRow.agreement, TabRow.members)
    rows = session.execute(query.where(among(session, TabRow.tab, tabs))) if tabs else ()
    return [_listed(*row) for row in rows]


def agreement_of(text: str) -> TabAgreement:
    """What was agreed, from the column `agreement`."""
    return _AGREEMENTS.value(text)


def get_tab(session: Session, tab: Hash) -> ListedTab | None:
    """One tab; None where it was never opened, as far as was read."""
    query = select(TabRow.tab, TabRow.block_number, TabRow.agreement, TabRow.members).where(TabRow.tab == tab)
    row = session.execute(query).one_or_none()
    return None if row is None else _listed(*row)


def histories(
    session: Session, tabs: Collection[Hash], *, up_to: int | None = None
) -> dict[Hash, list[TabHappened]]:
    """Everything that happened to these tabs, by tab, in the order of the chain.

    Args:
        up_to: Only up to this block.
    """
    if not tabs:
        return {}
    wanted = [among(session, TabEventRow.tab, tabs)]
    if up_to is not None:
        wanted.append(TabEventRow.block_number <= up_to)
    found: dict[Hash, list[TabHappened]] = {}
    for tab, one in read_events(session, *wanted):
        found.setdefault(tab, []).append(one)
    return found


def read_events(
    session: Session, *wanted: ColumnElement[bool], ordered: bool = True
) -> Iterator[tuple[Hash, TabHappened]]:
    """Events of tabs under conditions on their rows, each with its tab.

    Args:
        ordered: In the order of the chain; else in any.
    """
    row = TabEventRow
    query = select(row.tab, row.name, row.body, row.tx_hash, row.block_number, row.log_index, row.at).where(
        *wanted
    )
    if ordered:
        query = query.order_by(row.block_number, row.log_index)
    for tab, name, body, tx_hash, block, index, at in session.execute(query):
        event = cast("TabEvent", _KINDS[name].value(body))
        yield tab, TabHappened(event, tx_hash, block, index, at)


def is_disputed(session: Session, tab: Hash, *, before: tuple[int, int]) -> bool:
    """Whether a tab had a period in dispute just before an event.

    Args:
        before: The event's block and log index.
    """
    row = TabEventRow
    place = (row.block_number, row.log_index)

    def last(name: str) -> tuple[int, int]:
        query = (
            select(*place)
            .where(row.tab == tab, row.name == name, tuple_(*place) < tuple_(*before))
            .order_by(*(column.desc() for column in place))
            .limit(1)
        )
        found = session.execute(query).one_or_none()
        return (-1, -1) if found is None else (found.block_number, found.log_index)

    # Each by itself: by both names a database would look through all the settlements there were.
    return last("PeriodDisputed") > last("PeriodSettled")


def last_said(session: Session, asked: Sequence[tuple[Hash, tuple[int, int]]]) -> list[str | None]:
    """Of each tab by which event its period was judged last before a place: `PeriodJudged` or `PeriodLapsed`.

    Args:
        asked: Tabs, each with a block and log index.

    Returns:
        The events' names in the order asked; None where there was none.
    """
    row = TabEventRow
    last: dict[int, tuple[tuple[int, int], str]] = {}
    for start in range(0, len(asked), _AT_ONCE):
        # Each by itself, so that it is found from its place backwards however many verdicts there were.
        each = [
            select(literal(number).label("number"), row.name, row.block_number.label("block"), row.log_index)
            .where(row.tab == tab, row.name == name, tuple_(row.block_number, row.log_index) < tuple_(*place))
            .order_by(row.block_number.desc(), row.log_index.desc())
            .limit(1)
            .subquery()
            for number, (tab, place) in enumerate(asked[start : start + _AT_ONCE], start=start)
            for name in ("PeriodJudged", "PeriodLapsed")
        ]
        for number, name, block, index in session.execute(union_all(*(select(one) for one in each))):
            last[number] = max(last.get(number, ((-1, -1), "")), ((block, index), name))
    return [last[number][1] if number in last else None for number in range(len(asked))]


def _listed(tab: Hash, block: int, agreement: str, members: int) -> ListedTab:
    return ListedTab(tab, block, _AGREEMENTS.value(agreement), members)
