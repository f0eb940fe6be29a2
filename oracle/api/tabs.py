"""Routes about tabs: what was agreed, where each stands, and what became of its periods."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.orm import Session

from oracle.api import inputs, models, show
from oracle.api.lists import listed
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.types import Hash, members_of
from oracle.history.tab import PeriodLife
from oracle.store import tab_pages
from oracle.store import tabs as tab_store
from oracle.store.tab_pages import TabStanding
from oracle.store.tabs import ListedTab


def tabs_router(source: Source) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["tabs"])

    @router.get("/tabs", responses=inputs.answers())
    def list_tabs(
        buyer: inputs.AddressQuery = None,
        provider: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        pact: inputs.HashQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Tab]:
        """Tabs, the last opened first."""
        parties = {"buyer": buyer, "provider": provider, "committee": committee, "pact": pact}

        def read(
            session: Session, most: int, before: tuple[int, str] | None
        ) -> list[tuple[ListedTab, TabStanding]]:
            found = tab_store.list_tabs(session, limit=most, before=before, parties=parties)
            standings = tab_pages.standings(session, [each.tab for each in found])
            return [(each, standings[each.tab]) for each in found]

        return listed(
            source,
            "tabs",
            read,
            lambda row: _tab(*row),
            lambda row: [row[0].block, row[0].tab],
            kinds=(int, str),
            filters={**parties},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/tab-events", responses=inputs.answers())
    def list_tab_events(
        name: inputs.TabEventName = None,
        tab: inputs.HashQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Event]:
        """What the tab contract said, the newest first. `agent`: the provider of the tab it is about."""
        return listed(
            source,
            "tab-events",
            lambda session, most, before: tab_pages.list_events(
                session, limit=most, before=before, name=name, tab=tab, provider=agent
            ),
            show.event,
            lambda row: [row.block, row.log_index],
            kinds=(int, int),
            filters={"name": name, "tab": tab, "agent": agent},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/tabs/{tab}", responses=inputs.answers(404))
    def show_tab(tab: inputs.HashPath) -> models.TabAnswer:
        """One tab: what was agreed, and where it stands."""
        with source.reading() as (session, at):
            found = _known(session, tab)
            return models.TabAnswer(at=at, tab=_tab(found, tab_pages.standing(session, tab)))

    @router.get("/tabs/{tab}/periods", responses=inputs.answers(404))
    def list_periods(
        tab: inputs.HashPath, limit: inputs.Limit = 50, cursor: inputs.Cursor = None
    ) -> models.Page[models.TabPeriod]:
        """A tab's periods, the last first: tallies, verdicts, disputes, rulings and what was paid."""

        def read(session: Session, most: int, before: tuple[int] | None) -> list[PeriodLife]:
            _known(session, tab)
            below = None if before is None else before[0]
            return tab_pages.periods(session, tab, below=below, limit=most)

        return listed(
            source,
            "periods",
            read,
            _period,
            lambda row: [row.number],
            kinds=(int,),
            filters={"tab": tab},
            limit=limit,
            cursor=cursor,
        )

    return router


def _known(session: Session, tab: Hash) -> ListedTab:
    found = tab_store.get_tab(session, tab)
    if found is None:
        raise ApiError(404, "this tab was never opened here, as far as was read", field="tab")
    return found


def _tab(listed_tab: ListedTab, standing: TabStanding) -> models.Tab:
    life = standing.life
    terms, opening = listed_tab.agreement.terms, listed_tab.agreement.opening
    return models.Tab(
        tab=listed_tab.tab,
        block=listed_tab.block,
        buyer=terms.buyer,
        provider=terms.provider,
        agent_id=str(opening.agent_id),
        committee=terms.committee,
        members=tuple(members_of(listed_tab.members)),
        pact=opening.pact,
        offchain=opening.offchain,
        deposit=str(terms.deposit),
        credit=str(terms.credit),
        bond=str(terms.bond),
        ceiling=str(terms.ceiling),
        fee=str(terms.fee),
        verdict_fee=str(terms.verdict_fee),
        due=str(terms.due),
        end_by=terms.end_by,
        period=terms.period,
        periods=terms.periods,
        window=terms.window,
        verdict=terms.verdict,
        challenge=terms.challenge,
        ruling=terms.ruling,
        grace=terms.grace,
        notice=terms.notice,
        secured=terms.challenge > 0,
        phase=life.phase,
        settled_periods=standing.settled,
        settled_count=str(life.tab.settled_count),
        settled_amount=str(life.tab.settled_amount),
        ends=life.tab.end,
        ending=None if life.closed is None else life.closed.how.name.lower(),
        closed_at=life.closed_at,
    )


def _period(life: PeriodLife) -> models.TabPeriod:
    presented, judged, lapsed, settled = life.presented, life.judged, life.lapsed, life.settled
    verdict = None
    if judged is not None:
        verdict = models.TabVerdict(
            outcome=judged.outcome.word,
            payable=str(judged.payable),
            signers=tuple(members_of(judged.signers)),
            evidence=judged.evidence,
            challenge_ends=judged.challenge_ends,
        )
    return models.TabPeriod(
        number=life.number,
        count=str(presented.count),
        amount=str(presented.amount),
        presented=str(life.presented_amount),
        root=presented.root,
        presented_at=life.presented_at,
        window_ends=presented.window_ends,
        last=presented.last,
        verdict=verdict,
        silent=() if lapsed is None else tuple(members_of(lapsed.silent)),
        dispute=_dispute(life),
        outcome=None if settled is None else settled.outcome.word,
        payable=None if settled is None else str(settled.payable),
        paid=None if settled is None else str(settled.paid),
        settled_at=None if settled is None else life.settled_at,
    )


def _dispute(life: PeriodLife) -> models.TabDispute | None:
    disputed, ruled = life.disputed, life.ruled
    if disputed is None:
        return None
    return models.TabDispute(
        party=disputed.party,
        sought=disputed.sought.word,
        sought_payable=str(disputed.sought_payable),
        deposit=str(disputed.deposit),
        ruling_ends=disputed.ruling_ends,
        ruled=None if ruled is None else ruled.outcome.word,
        ruled_payable=None if ruled is None else str(ruled.payable),
    )
