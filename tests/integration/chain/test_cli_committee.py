"""A committee through the command line: created, joined, shown, its key rotated, left."""

from __future__ import annotations

import json

from eth_account import Account

from oracle.domain.types import Outcome
from scripts.local.market import UNIT
from tests.integration.chain.conftest import Desk
from tests.integration.chain.test_cli_job import DELIVERABLE, judge, open_job


def terms(desk: Desk, *evaluators: str, **changes: object) -> dict[str, object]:
    return {
        "schema": "earnest/committee/1",
        "evaluators": [*evaluators],
        "threshold": 2,
        "stake": str(500 * UNIT),
        "methodology": "0x" + "4d" * 32,
        "arbiter": desk.market.arbiter.address,
        "max_value": str(1_000 * UNIT),
        "min_verdict": 60,
        "min_ruling": 60,
        "max_challenge": 86_400,
    } | changes


def test_create_join_rotate_leave_withdraw(desk: Desk) -> None:
    buyer, provider = desk.market.buyer.address, desk.market.provider.address
    path = desk.folder / "committee.json"
    path.write_text(json.dumps(terms(desk, provider, buyer)))
    foretold = desk.json("committee", "create", str(path), "--check")["committee"]
    created = desk.json("committee", "create", str(path), by="relayer")["committee"]
    assert created == foretold
    again = desk.json("committee", "create", str(path), by="relayer", exit_code=2)
    assert "exists already (CommitteeExists)" in again["message"]

    for name in ("FIRST", "SECOND", "THIRD"):
        desk.environment[f"KEY_{name}"] = "0x" + bytes(Account.create().key).hex()
    poor = desk.json("committee", "join", created, "--signing-key-env", "KEY_FIRST", by="buyer", exit_code=2)
    assert "has 0.00 USDC of free collateral and needs 500.00 USDC" in poor["message"]
    assert "deposit 500.00 USDC more" in poor["next_step"]
    desk.json("account", "deposit", "500", by="buyer")
    joined = desk.json("committee", "join", created, "--signing-key-env", "KEY_FIRST", by="buyer")
    assert (joined["standing"], joined["stake"]) == ("joined", str(500 * UNIT))
    desk.json("committee", "join", created, "--signing-key-env", "KEY_SECOND", by="provider")
    taken = desk.json(
        "committee", "rotate", created, "--signing-key-env", "KEY_SECOND", by="buyer", exit_code=2
    )
    assert "use a fresh key" in taken["next_step"]
    rotated = desk.json("committee", "rotate", created, "--signing-key-env", "KEY_THIRD", by="buyer")
    assert rotated["key"] == Account.from_key(desk.environment["KEY_THIRD"]).address.lower()

    shown = desk.json("committee", "show", created)
    assert shown["active"] == [0, 1]
    assert shown["coverage_left"] == str(1_000 * UNIT)
    assert "2 of 2 make a verdict; 2 are at full stake" in desk.run("committee", "show", created).stdout

    assert desk.json("committee", "leave", created, "--yes", by="buyer")["standing"] == "leaving"
    assert desk.json("committee", "withdraw", created, by="buyer")["standing"] == "withdrawn"
    assert desk.json("account", "show", buyer)["collateral"] == str(500 * UNIT)
    stranger = desk.json("committee", "leave", created, "--yes", by="relayer", exit_code=2)
    assert "is no evaluator of this committee" in stranger["message"]


def test_a_committee_without_bounds_is_said_in_words_and_takes_no_agreement(desk: Desk) -> None:
    path = desk.folder / "committee.json"
    bounds = {"fee_flat": str(2**64 - 1), "max_value": str(2**64 - 1)}
    path.write_text(json.dumps(terms(desk, desk.market.buyer.address, threshold=1, **bounds)))
    created = desk.json("committee", "create", str(path), by="relayer")["committee"]
    shown = desk.run("committee", "show", created).stdout
    assert "takes no jobs" in shown
    assert "no limit to what is at stake in one job" in shown
    refused = desk.json(
        *("agreement", "new", str(desk.folder / "agreement.json"), "--pact", DELIVERABLE),
        *("--committee", created, "--buyer", desk.market.buyer.address),
        *("--provider", desk.market.provider.address, "--price", "100", "--deliver-by", "+2d"),
        exit_code=2,
    )
    assert "takes no jobs" in refused["message"]


def test_a_committee_that_breaks_a_rule_is_named_before_it_is_sent(desk: Desk) -> None:
    path = desk.folder / "committee.json"
    path.write_text(json.dumps(terms(desk, desk.market.buyer.address, threshold=2)))
    wrong = desk.json("committee", "create", str(path), by="relayer", exit_code=2)
    assert wrong["field"] == "threshold"
    path.write_text(json.dumps(terms(desk, desk.market.buyer.address, threshold=1, colour="red")))
    unknown = desk.json("committee", "create", str(path), by="relayer", exit_code=2)
    assert "unknown field" in unknown["message"]
    nobody = desk.json("committee", "show", "0x" + "12" * 32, exit_code=2)
    assert "there is no committee 0x1212121212" in nobody["message"]


def test_fees_are_drawn_and_a_slashed_stake_is_filled_up(desk: Desk) -> None:
    job, path = open_job(desk)
    desk.json("job", "deliver", job, DELIVERABLE, by="provider")
    judge(desk, path, Outcome.FAIL)
    desk.json("job", "dispute", job, "--as", "provider", "--seek", "pass", by="provider")
    rejudged = desk.json("job", "show", job)
    fee = int(rejudged["terms"]["fee"])
    assert fee > 0
    arguments = ("committee", "fees", desk.market.committee_id, "--evaluators")
    nothing = desk.json(*arguments, "0,2,4", by="relayer", exit_code=2)
    assert "have no fees to draw" in nothing["message"]
    malformed = desk.json(*arguments, "0;2", by="relayer", exit_code=2)
    assert malformed["next_step"] == "list indices, as 0,2,4"

    # The arbiter upholds: the fee and half of the deposit are the signers'.
    expected = int(rejudged["payouts"]["ruled fail"]["evaluators"])
    desk.json("job", "concede", job, "--as", "provider", "--yes", by="provider")
    assert int(desk.json(*arguments, "0,2,4", by="relayer")["drawn"]) == expected // 3 * 3

    evaluator = desk.market.evaluators[0]
    desk.environment["KEY_EVALUATOR"] = "0x" + bytes(evaluator.account.key).hex()
    full = desk.json("committee", "topup", desk.market.committee_id, by="evaluator", exit_code=2)
    assert "is full already" in full["message"]
