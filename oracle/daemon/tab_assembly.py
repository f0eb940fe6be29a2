"""Builds the desk for tabs from the configuration, where it names their contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing

from sqlalchemy.orm import Session

from oracle.chain.client import Client
from oracle.chain.deployments import Deployment
from oracle.chain.pool import Pool
from oracle.config import Settings
from oracle.daemon.anchor import PeriodCheck
from oracle.daemon.cases import TabCases
from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.outbox import Wanted
from oracle.daemon.peering import Peering
from oracle.daemon.ranges import TabSource
from oracle.daemon.tab_desk import TabDesk, TabParts
from oracle.daemon.tab_evaluation import TabEvaluation
from oracle.daemon.tab_reader import TabReader
from oracle.daemon.tab_signing import TabAttester
from oracle.domain.typed import Domain
from oracle.evaluation.pipeline import JuryFactory
from oracle.evidence.store import ContentStore
from oracle.opening.keys import Keys
from oracle.opening.tabs import first_block_of_tabs, open_tabs
from oracle.store.database import Database
from oracle.store.journal import StoredJournal
from oracle.store.outbox import LiveEntry


def open_tab_desk(
    settings: Settings,
    stack: ExitStack,
    *,
    deployment: Deployment,
    rpc: Client,
    database: Database,
    evaluation: PipelineEvaluation,
    store: ContentStore,
    keys: Keys,
    jury: JuryFactory | None,
    pool: Pool,
    cases: TabCases,
    peering: Peering,
    dry_run: bool,
    leads: Callable[[], bool],
) -> TabDesk | None:
    """The desk, or None where the configuration has no section `tabs`. It is closed with the stack.

    Raises:
        ConfigError: neither configuration nor deployment say where the contracts are.
    """
    section = settings.tabs
    if section is None:
        return None
    tabs = open_tabs(settings, deployment, rpc)
    contract, first_block = tabs.address, first_block_of_tabs(deployment, tabs.address)
    judging = TabEvaluation(evaluation, store, chain_id=deployment.chain_id, contract=contract, jury=jury)
    parts = TabParts(
        database=database,
        reader=TabReader(tabs, first_block=first_block, level=settings.policy.sign_at),
        cases=cases,
        evaluation=judging,
        attester=TabAttester(
            database,
            StoredJournal(database),
            judging,
            keys.evaluators,
            Domain(deployment.chain_id, deployment.escrow),
            is_presented=PeriodCheck(pool, contract, agree=settings.chain.needed()),
        ),
        keys=frozenset(keys.evaluators),
        contract=contract,
        sender=None if dry_run else keys.sender.address,
    )
    desk = TabDesk(
        parts,
        policies=settings.due_policies(),
        default=settings.due_policy(),
        tries=settings.evaluation.tries,
        wait=settings.evaluation.wait,
        poll=section.poll,
        reveal_before=settings.peers.reveal_before,
        leads=leads,
        on_signed=peering.wake,
    )
    peering.on_news(desk.wake)
    return stack.enter_context(closing(desk))


def tab_source(settings: Settings, deployment: Deployment, rpc: Client) -> TabSource | None:
    """What the watcher follows beside the escrow, or None where the configuration has no section `tabs`.

    Raises:
        ConfigError: neither configuration nor deployment say where the contracts are.
    """
    if settings.tabs is None:
        return None
    tabs = open_tabs(settings, deployment, rpc)
    return TabSource(tabs.address, first_block_of_tabs(deployment, tabs.address), tabs.events)


def wanted_of(jobs: Wanted, desk: TabDesk | None) -> Wanted:
    """What stands of the outbox: calls of the tab contract by the desk, all others by the jobs."""
    if desk is None:
        return jobs

    def wanted(session: Session, entries: Sequence[LiveEntry]) -> Collection[int]:
        about_tabs = [entry for entry in entries if entry.call.target == desk.contract]
        others = [entry for entry in entries if entry.call.target != desk.contract]
        return {*desk.wanted(session, about_tabs), *jobs(session, others)}

    return wanted
