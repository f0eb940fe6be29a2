"""Builds the daemon from its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from sqlalchemy.exc import OperationalError

from oracle.chain.anyone import Anyone
from oracle.chain.decoder import TOPICS
from oracle.chain.deployments import Deployment
from oracle.chain.escrow import Escrow
from oracle.chain.tab_decoder import TAB_TOPICS
from oracle.chain.turn import Turn
from oracle.config import Settings
from oracle.configuration.process import WebSection
from oracle.daemon.adapter import NodeChain
from oracle.daemon.anchor import AnchorCheck, IsAnchored
from oracle.daemon.calldata import wanted_now
from oracle.daemon.cases import AllCases, JobCases, TabCases
from oracle.daemon.deliveries import DeliveryCounter
from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.evaluator import Evaluator, RetryPolicy
from oracle.daemon.hosting import hosted
from oracle.daemon.metrics import Metrics
from oracle.daemon.openness import public_api
from oracle.daemon.outbox import Outbox, Wanted
from oracle.daemon.peering import Peering
from oracle.daemon.policies import PolicyDesk, followed
from oracle.daemon.ports import ChainPort, EvaluationPort
from oracle.daemon.ranges import TabSource
from oracle.daemon.registry_assembly import open_registry_desk
from oracle.daemon.sampler import Sampler
from oracle.daemon.service import Parts, Service
from oracle.daemon.signing import Attester
from oracle.daemon.tab_assembly import open_tab_desk, tab_source, wanted_of
from oracle.daemon.vitals import Vitals
from oracle.daemon.watcher import Watcher
from oracle.durable.opening import durable
from oracle.durable.port import Runs
from oracle.durable.threads import ThreadRuns
from oracle.evaluation.drand import RELAYS
from oracle.evaluation.pipeline import JuryFactory
from oracle.jury.room import JuryRoom
from oracle.opening.keys import Keys, load_keys
from oracle.opening.places import deployment_of, open_pool, open_store
from oracle.store.chain import bind_deployment
from oracle.store.database import Database, StoreError
from oracle.store.home import come_home
from oracle.store.journal import StoredJournal
from oracle.store.overview import Overview, overview
from oracle.store.schema import require_current
from oracle.web.deliveries import delivery_router
from oracle.web.health import Health


@contextmanager
def _in_use(database: Database) -> Iterator[None]:
    """Raises StoreError where the database cannot be used now, in words; a later start may succeed."""
    try:
        yield
    except OperationalError as error:
        raise StoreError(
            f"cannot use the database {database.shown} now: {error.orig}",
            field="database.url",
            next_step="see whether it is up, held by another program, or its disk is full; then start again",
        ) from error


def _prepare(database: Database, deployment: Deployment) -> None:
    """See that the database can be used, holds the tables it should, and is this escrow's.

    Raises:
        StoreError: it is not so.
    """
    database.check()
    with _in_use(database):
        require_current(database)
        with database.write() as session:
            bind_deployment(session, deployment.chain_id, deployment.escrow, deployment.block)


@contextmanager
def assembled(
    settings: Settings,
    *,
    dry_run: bool = False,
    metrics: Metrics | None = None,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Service]:
    """The service, ready to run; everything it holds is closed on leaving.

    Nothing is asked of the node yet, so that one that is down is waited for.

    Args:
        metrics: What is served under /metrics; one of its own where none is given.
        beat: Called at every sign of life of the loop.

    Raises:
        EarnestError: the configuration, a key, the deployment or the database is not as it must be.
    """
    deployment = deployment_of(settings)
    with ExitStack() as stack:
        keys = stack.enter_context(closing(load_keys(settings)))
        database = stack.enter_context(closing(Database(settings.database_url())))
        pool = stack.enter_context(closing(open_pool(settings)))
        _prepare(database, deployment)
        runs, presence = None, None
        if not dry_run:  # a dry run may look on beside the process that acts
            with _in_use(database):
                runs, presence = stack.enter_context(
                    durable(settings.database_url(), workers=settings.evaluation.workers)
                )
                come_home(database)
        # The loop's turns stick to one endpoint; everyone else asks whoever answers.
        turn = Turn(pool, (*TOPICS.values(), *TAB_TOPICS.values()))
        chain = NodeChain(Escrow(turn, deployment.escrow, deployment.chain_id))
        escrow = Escrow(Anyone(pool), deployment.escrow, deployment.chain_id)
        store = open_store(settings)
        jury = _open_jury(settings, stack)
        evaluation = stack.enter_context(
            closing(
                PipelineEvaluation(
                    store,
                    NodeChain(escrow),
                    chain_id=deployment.chain_id,
                    escrow=deployment.escrow,
                    jury=jury,
                    relays=settings.evaluation.drand if settings.evaluation.drand is not None else RELAYS,
                )
            )
        )
        health = Health(silence=60.0 if settings.operator is None else settings.operator.silence)

        def both() -> None:
            health.beat()
            beat()

        vitals = Vitals(both)
        health.add("loop", vitals.problem)
        health.add("head", vitals.stale)
        tab_cases = TabCases()
        peering = stack.enter_context(
            closing(
                Peering(
                    settings.peers,
                    database,
                    keys.evaluators,
                    escrow.domain,
                    cases=AllCases(JobCases(), tab_cases),
                )
            )
        )
        leads = (lambda: True) if presence is None else presence.leads
        desk = open_tab_desk(
            settings,
            stack,
            deployment=deployment,
            rpc=escrow.rpc,
            database=database,
            evaluation=evaluation,
            store=store,
            keys=keys,
            jury=jury,
            pool=pool,
            cases=tab_cases,
            peering=peering,
            dry_run=dry_run,
            leads=leads,
        )
        with _in_use(database):  # unfinished evaluations begin to run
            service = build(
                settings,
                deployment,
                keys,
                database,
                chain,
                evaluation,
                escrow,
                dry_run=dry_run,
                vitals=vitals,
                peering=peering,
                doubt=turn.doubt,
                is_anchored=AnchorCheck(pool, deployment.escrow, agree=settings.chain.needed()),
                tabs=tab_source(settings, deployment, turn),
                runs=runs,
                leads=leads,
                on_lead=(lambda: None) if dry_run else peering.start,
                wanted=wanted_of(wanted_now, desk),
            )
        stack.enter_context(closing(service))
        if desk is not None and not dry_run:
            desk.serve(service.wake)
        registry = open_registry_desk(
            settings, stack, deployment=deployment, escrow=escrow, database=database, keys=keys, leads=leads
        )
        if registry is not None and not dry_run:
            registry.start()
        # Routers of peers and of the public are handed in here.
        web = settings.web or WebSection()
        counter = DeliveryCounter(database, store, keys.evaluators, most=web.body, wake=service.wake)
        routers = [peering.router, delivery_router(counter)]
        metrics = metrics or Metrics()
        if settings.operator is not None:
            sampler = stack.enter_context(
                closing(
                    Sampler(
                        settings,
                        pool,
                        escrow,
                        keys,
                        every=settings.operator.sample_every,
                        begun=lambda: vitals.pulse.turns > 0,
                    )
                )
            )
            metrics.watch(
                pulse=lambda: vitals.pulse,
                overview=lambda: _overview(database),
                standings=pool.standings,
                samples=lambda: sampler.samples,
            )
            sampler.start()
        policies = followed(settings)
        if policies is not None and not dry_run:
            policed = PolicyDesk(database, policies, every=settings.policies.every, leads=leads)
            stack.enter_context(closing(policed)).start()
        may_send = (lambda: False) if dry_run else leads
        api = stack.enter_context(public_api(settings, database, deployment, policies, leads=may_send))
        stack.enter_context(hosted(settings, health, metrics.registry, routers=routers, with_api=api))
        yield service


def _overview(database: Database) -> Overview:
    with database.read() as session:
        return overview(session)


def _open_jury(settings: Settings, stack: ExitStack) -> JuryFactory | None:
    if settings.jury.providers is None:
        return None
    room = JuryRoom.open(settings.path(settings.jury.providers), settings.path(settings.jury.calibrations))
    return stack.enter_context(closing(room))


def build(
    settings: Settings,
    deployment: Deployment,
    keys: Keys,
    database: Database,
    chain: ChainPort,
    evaluation: EvaluationPort,
    escrow: Escrow,
    *,
    dry_run: bool,
    vitals: Vitals | None = None,
    peering: Peering | None = None,
    doubt: Callable[[str], None] = lambda _reason: None,
    is_anchored: IsAnchored = lambda _job, _record: True,
    runs: Runs | None = None,
    leads: Callable[[], bool] = lambda: True,
    on_lead: Callable[[], None] = lambda: None,
    wanted: Wanted = wanted_now,
    tabs: TabSource | None = None,
) -> Service:
    """Tie the parts together. Without `runs`, evaluations run in threads and begin anew after a crash."""

    def prepare() -> None:
        escrow.check_domain()
        on_lead()

    vitals = vitals or Vitals()
    wakers: list[Service] = []

    def wake() -> None:
        for service in wakers:
            service.wake()

    evaluator = Evaluator(
        database,
        evaluation,
        runs or ThreadRuns(settings.evaluation.workers),
        retry=RetryPolicy(settings.evaluation.tries, settings.evaluation.wait),
        wake=wake,
    )
    outbox = Outbox(
        database,
        chain,
        keys.sender,
        chain_id=deployment.chain_id,
        policy=settings.lane_policy(),
        wanted=wanted,
    )
    parts = Parts(
        database=database,
        watcher=Watcher(
            database,
            chain,
            first_block=deployment.block,
            smallest_span=settings.chain.smallest_range,
            largest_span=settings.chain.largest_range,
            doubt=doubt,
            progressed=vitals.progressed,
            tabs=tabs,
        ),
        evaluator=evaluator,
        attester=Attester(database, StoredJournal(database), evaluation, keys.evaluators, escrow.domain),
        outbox=None if dry_run else outbox,
    )
    service = Service(
        parts,
        escrow=deployment.escrow,
        keys=keys.evaluators,
        policies=settings.due_policies(),
        default_policy=settings.due_policy(),
        close_for=[committee for committee, section in settings.committees.items() if section.serve],
        poll=settings.chain.poll,
        prepare=prepare,
        vitals=vitals,
        reveal_before=settings.peers.reveal_before,
        on_signed=(lambda: None) if peering is None else peering.wake,
        is_anchored=is_anchored,
        leads=leads,
    )
    if peering is not None:
        peering.on_news(service.wake)
    wakers.append(service)
    return service
