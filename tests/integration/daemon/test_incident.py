"""Failures on a real chain, with a real evaluation: the incident names what broke first."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner
from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.cli.main import cli
from oracle.domain import typed
from oracle.domain.types import Funding, Outcome, State
from oracle.evaluation.record import parse_record
from oracle.evidence.store import ContentStore
from scripts.local.market import UNIT, fund_collateral
from tests.integration.daemon.conftest import FixedEvaluation, World, until
from tests.integration.daemon.test_bad_input import pipeline


def incident(world: World, job: str) -> Any:
    result = CliRunner().invoke(cli, ["incident", job, "--config", str(world.config), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def broken(told: Any) -> list[str]:
    return [one["assumption"] for one in told["broken"]]


def test_a_careless_delivery__the_condition_of_the_record_broke_first(world: World) -> None:
    agreement, job = world.real_job()
    world.deliver_example(job, "careless")
    state = world.market.escrow.job_state
    with world.service(pipeline(world)) as service:
        until(lambda: state(job).state is State.JUDGED, each=lambda: (service.turn(), world.mine()))
        world.warp(agreement.terms.challenge)
        until(lambda: state(job).state is State.CLOSED, each=lambda: (service.turn(), world.mine()))
        service.turn()
    told = incident(world, job)
    assert broken(told) == ["the-delivery-meets-the-pact"]
    store = ContentStore(world.folder / "evidence")
    looks = [one["source"] for one in told["timeline"] if one["kind"] == "evaluation"]
    record = parse_record(store.get(looks[0], max_bytes=10**7))
    failed = {one.id for one in record.conditions if one.state == "failed"}
    assert failed
    assert set(told["broken"][0]["conditions"]) == failed
    assert told["broken"][0]["at"] == record.subject.anchor.timestamp
    assert sum(int(one["net"]) for one in told["costs"]) == 0
    net = {one["party"]: int(one["net"]) for one in told["costs"]}
    assert net["provider"] == -agreement.terms.bond


def test_a_wrong_verdict__the_delivery_broke_first_the_verdict_second(world: World) -> None:
    agreement, job = world.real_job()
    world.deliver_example(job, "careless")
    market, terms, opening = world.market, agreement.terms, typed.opening_hash(agreement.opening)
    state = market.escrow.job_state
    fund_collateral(market, Web3(HTTPProvider(world.chain.url)), market.buyer, 240 * UNIT)  # the deposit
    with world.service(FixedEvaluation(Outcome.PASS)) as service:
        until(lambda: state(job).state is State.JUDGED, each=lambda: (service.turn(), world.mine()))
        disputed = calls.dispute(
            terms, opening, party=terms.buyer, sought=Outcome.FAIL, funding=Funding.COLLATERAL
        )
        market.send(market.buyer, disputed)
        market.send(market.arbiter, calls.rule(terms, opening, Outcome.FAIL, pay_out=True))
        service.turn()
    told = incident(world, job)
    assert broken(told) == ["the-delivery-meets-the-pact", "the-evaluators-judge-rightly"]
    assert sum(int(one["net"]) for one in told["costs"]) == 0
    net = {one["party"]: int(one["net"]) for one in told["costs"]}
    assert net["evaluators"] <= -terms.value, "the signers paid the amount that lay between the outcomes"
    assert net["buyer"] > 0


def test_never_delivered__the_provider_broke_it(world: World) -> None:
    agreement, job = world.job()
    state = world.market.escrow.job_state
    with world.service(FixedEvaluation()) as service:
        world.warp(agreement.opening.deliver_by - world.market.now())
        until(lambda: state(job).state is State.JUDGED, each=lambda: (service.turn(), world.mine()))
        service.turn()
    told = incident(world, job)
    assert broken(told) == ["the-provider-delivers"]
    assert told["broken"][0]["at"] == agreement.opening.deliver_by
