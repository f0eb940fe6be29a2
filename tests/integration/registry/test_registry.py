"""Closed jobs, written to ERC-8004's reputation registry on a real chain and read back by getSummary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from oracle.chain import calls
from oracle.configuration.base import ConfigError
from oracle.daemon import assembly
from oracle.daemon.adapter import NodeChain
from oracle.daemon.outbox import Outbox
from oracle.daemon.registry_desk import RegistryDesk, RegistryPolicy, wanted_posts
from oracle.domain import typed
from oracle.domain.canonical import keccak_hex
from oracle.domain.types import Hash, Outcome, State
from oracle.registry.aggregate import Place
from oracle.registry.contract import Registry, Summary
from oracle.signing.signer import LocalSigner
from oracle.store import registry as store
from oracle.store import schema
from oracle.store.database import Database
from scripts.local.anvil import CHAIN_ID, account
from scripts.local.market import UNIT
from scripts.local.registry import LocalRegistries, deploy_registries
from tests.integration.daemon.conftest import (
    FixedEvaluation,
    World,
    shared_market,
    until,
    world,
    write_config,
)

__all__ = ["shared_market", "world"]

WEEK = 604_800
CLIENT = account(40)  # funded by anvil, and nobody else's


class Clock:
    """A clock that stands until it is set."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registries(world: World) -> LocalRegistries:
    return deploy_registries(world.chain.url, world.market.deployer)


@pytest.fixture
def database(world: World) -> Database:
    return world.database()


def job_of(world: World, agent_id: int) -> Hash:
    """An open job whose agreement names an id, delivered."""
    agreement = world.market.agreement(gated=1_000 * UNIT, bond=200 * UNIT, fee=20 * UNIT, challenge=3_600)
    agreement = replace(agreement, opening=replace(agreement.opening, agent_id=agent_id))
    world.market.open(agreement)
    job = typed.job_id(world.market.escrow.domain, agreement)
    world.market.send(world.market.provider, calls.deliver(job, "0x" + "d1" * 32))
    return job


def closed(world: World, agent_id: int, outcome: Outcome) -> Hash:
    """A job that a committee judged and that was settled."""
    job = job_of(world, agent_id)
    with world.service(FixedEvaluation(outcome)) as service:
        judged = (State.JUDGED, State.CLOSED)
        until(
            lambda: world.market.escrow.job_state(job).state in judged,
            each=lambda: (service.turn(), world.mine()),
        )
        world.warp(3_600)
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=lambda: (service.turn(), world.mine()),
        )
    return job


def end_period(world: World, periods: int = 1) -> None:
    """Let the period end, and others after it, and the chain be final beyond, as the watcher reads it."""
    world.warp(periods * WEEK)
    world.mine(80)
    with world.service(FixedEvaluation()) as service:
        service.turn()
        service.turn()


def desk_of(
    world: World,
    registries: LocalRegistries,
    database: Database,
    clock: Clock,
    *,
    client: LocalAccount = CLIENT,
) -> RegistryDesk:
    chain = NodeChain(world.market.escrow)
    outbox = Outbox(
        database, chain, LocalSigner(bytes(client.key)), chain_id=CHAIN_ID,
        policy=world.settings().lane_policy(), wanted=wanted_posts,
    )  # fmt: skip
    place = Place(CHAIN_ID, world.market.escrow.address, registries.reputation)
    return RegistryDesk(
        database,
        Registry(world.rpc, registries.reputation),
        outbox,
        place,
        RegistryPolicy(WEEK, uri="https://oracle.example/v1/feedback"),
        heights=chain.heights,
        evaluators=[one.key.address.lower() for one in world.market.evaluators],
        clock=clock,
    )


def said(world: World, registries: LocalRegistries, agent_id: int) -> Summary:
    registry = Registry(world.rpc, registries.reputation)
    return registry.summary(agent_id, [CLIENT.address.lower()], ("successRate", ""))


def turn(desk: RegistryDesk, world: World) -> bool:
    """One step of the desk, blocks after it, and the watcher that reads them."""
    desk.step()
    world.mine(70)
    with world.service(FixedEvaluation()) as service:
        service.turn()
    return True


def test_closed_jobs__are_one_aggregate_that_get_summary_gives_back(
    world: World, registries: LocalRegistries, database: Database
) -> None:
    agent_id = registries.register(world.market.provider)
    for outcome in (Outcome.PASS, Outcome.PASS, Outcome.FAIL):
        closed(world, agent_id, outcome)
    end_period(world)
    assert said(world, registries, agent_id).count == 0
    clock = Clock()
    desk = desk_of(world, registries, database, clock)
    provider = world.market.provider.address.lower()

    def posts() -> list[store.Post]:
        with database.read() as session:
            return store.of_agent(session, provider, limit=10)

    until(lambda: bool(posts()) and posts()[0].state == store.POSTED, each=lambda: turn(desk, world))
    (post,) = posts()
    assert (post.passes, post.failures, post.value, post.summary) == (2, 1, 6_666, (1, 6_666))
    assert post.digest == keccak_hex(post.body.encode())
    assert said(world, registries, agent_id) == Summary(1, 6_666, 2)
    for _ in range(3):
        turn(desk, world)
    # Somebody whose database is gone says it no second time.
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM registry_posts")
    again = desk_of(world, registries, database, clock)
    until(lambda: bool(posts()) and posts()[0].state == store.POSTED, each=lambda: turn(again, world))
    assert said(world, registries, agent_id).count == 1


def test_an_id_of_somebody_else__is_refused_in_the_end_and_nothing_written(
    world: World, registries: LocalRegistries, database: Database
) -> None:
    victim = registries.register(world.market.buyer)
    closed(world, victim, Outcome.FAIL)
    closed(world, 7_777, Outcome.FAIL)  # an id nobody was given
    end_period(world)
    clock = Clock()
    desk = desk_of(world, registries, database, clock)
    for state in (store.WAITING, store.REFUSED):
        turn(desk, world)
        with database.read() as session:
            posts = store.of_agent(session, world.market.provider.address.lower(), limit=10)
        assert {(post.agent_id, post.state) for post in posts} == {(victim, state), (7_777, state)}
        assert all("neither owned" in str(post.reason) for post in posts)
        end_period(world, 4)
        clock.now += 100
    assert said(world, registries, victim).count == 0


def test_registry_that_fails__is_recorded_and_tried_again_and_settles_all_the_same(
    world: World, registries: LocalRegistries, database: Database
) -> None:
    agent_id = registries.register(world.market.provider)
    closed(world, agent_id, Outcome.PASS)
    end_period(world)
    registry = registries.reputation
    code = world.rpc.code(registry)
    world.rpc.call("anvil_setCode", [registry, "0x60006000fd"], retry=False)  # it reverts whatever is asked
    clock = Clock()
    desk = desk_of(world, registries, database, clock)
    turn(desk, world)
    with database.read() as session:
        (post,) = store.of_agent(session, world.market.provider.address.lower(), limit=10)
    assert (post.state, post.tries) == (store.WAITING, 1)
    assert post.reason
    assert post.retry_at > clock.now
    closed(world, agent_id, Outcome.PASS)  # a settlement needs nothing of it
    world.rpc.call("anvil_setCode", [registry, "0x" + code.hex()], retry=False)
    clock.now = post.retry_at + 1

    def is_posted() -> bool:
        with database.read() as session:
            found = store.of_agent(session, world.market.provider.address.lower(), limit=10)
        return any(one.subject == post.subject and one.state == store.POSTED for one in found)

    until(is_posted, each=lambda: turn(desk, world))
    assert said(world, registries, agent_id).count >= 1


def test_key_that_does_something_else__is_refused_at_the_start(
    world: World, registries: LocalRegistries, tmp_path: Path
) -> None:
    extra = f'[registry]\nreputation = "{registries.reputation}"\nkey = {{env = "TEST_SENDER"}}\n'
    write_config(tmp_path, world.chain, world.market, extra=extra)
    schema.upgrade(world.database())
    with pytest.raises(ConfigError, match="signs or pays for verdicts"), assembly.assembled(world.settings()):
        pass
