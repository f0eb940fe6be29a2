"""A job from signed promise to moved money through the command line, on anvil with Circle's USDC."""

from __future__ import annotations

import json
from pathlib import Path

from oracle.chain import calls
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.types import Outcome
from scripts.local.market import UNIT
from tests.integration.chain.conftest import Desk

PACT = "0x" + "a1" * 32
DELIVERABLE = "0x" + "d1" * 32


def new_agreement(desk: Desk, *more: str) -> Path:
    """An agreement of 1,000 USDC, 100 of them up front, with a bond of 200."""
    path = desk.folder / "agreement.json"
    market = desk.market
    now = market.now()
    made = desk.json(
        *("agreement", "new", str(path), "--pact", PACT, "--committee", market.committee_id),
        *("--buyer", market.buyer.address, "--provider", market.provider.address),
        *("--price", "1,000 USDC", "--up-front", "100", "--bond", "200", "--ruling", "1d"),
        *("--open-by", str(now + 3_600), "--deliver-by", str(now + 7_200), "--force", *more),
    )
    assert made["job"] == AgreementFile.parse(path.read_bytes()).job
    return path


def open_job(desk: Desk, *more: str) -> tuple[str, Path]:
    path = new_agreement(desk, *more)
    assert desk.run("agreement", "sign", str(path), "--as", "buyer", by="buyer").exit_code == 0
    assert desk.run("agreement", "sign", str(path), "--as", "provider", by="provider").exit_code == 0
    opened = desk.json("agreement", "submit", str(path), by="relayer")
    return opened["job"], path


def judge(desk: Desk, path: Path, outcome: Outcome) -> None:
    agreement = AgreementFile.parse(path.read_bytes()).agreement
    verdict = desk.market.verdict(agreement, DELIVERABLE, outcome, (0, 2, 4))
    desk.market.send(desk.market.relayer, calls.judge(verdict))


def test_a_job_that_passes_pays_the_provider_s_wallet(desk: Desk) -> None:
    path = new_agreement(desk)
    checked = desk.json("agreement", "check", str(path))
    assert checked["ok"] is True
    assert checked["missing"] == ["signatures.buyer", "signatures.provider"]
    assert "signed by  nobody" in desk.run("agreement", "show", str(path)).stdout

    job, path = open_job(desk)
    shown = desk.json("job", "show", job)
    assert shown["state"] == "open"
    assert shown["if_nobody_acts"]["outcome"] == "fail"
    assert shown["payouts"]["judged pass"]["provider"] == str(1_100 * UNIT)
    assert shown["acts"][0]["who"] == "provider"

    assert desk.json("job", "deliver", job, DELIVERABLE, by="provider")["state"] == "open"
    assert desk.json("job", "show", job)["if_nobody_acts"]["basis"] == "silence"
    judge(desk, path, Outcome.PASS)
    words = desk.run("job", "show", job).stdout
    assert "provisionally pass (by verdict)" in words
    assert "buyer may dispute it" in words

    before = desk.json("account", "show", desk.market.provider.address)
    desk.warp(86_400)
    settled = desk.json("job", "settle", job, by="relayer")
    assert (settled["state"], settled["outcome"]) == ("closed", "pass")
    after = desk.json("account", "show", desk.market.provider.address)
    assert int(after["usdc"]) - int(before["usdc"]) == 1_100 * UNIT
    assert "closed as pass" in desk.run("job", "show", job).stdout

    listed = desk.json("job", "list", "--provider", desk.market.provider.address)["jobs"]
    assert [(row["job"], row["state"]) for row in listed] == [(job, "closed")]
    assert desk.json("job", "list", "--state", "open")["jobs"] == []
    assert "1 job(s)." in desk.run("job", "list").stdout


def test_a_wrong_verdict_is_disputed_and_overturned(desk: Desk) -> None:
    job, path = open_job(desk)
    desk.json("job", "deliver", job, DELIVERABLE, by="provider")
    judge(desk, path, Outcome.FAIL)
    refused = desk.json("job", "dispute", job, "--as", "buyer", "--seek", "pass", by="buyer", exit_code=2)
    assert "the buyer cannot dispute: the job is judged, fail" in refused["message"]

    disputed = desk.json("job", "dispute", job, "--as", "provider", "--seek", "pass", by="provider")
    assert disputed["state"] == "disputed"
    shown = desk.json("job", "show", job)
    expected = shown["payouts"]["ruled pass"]
    agreement = AgreementFile.parse(path.read_bytes())
    desk.market.send(
        desk.market.arbiter, calls.rule(agreement.agreement.terms, agreement.opening_hash, Outcome.PASS)
    )
    after = desk.json("job", "show", job)
    closing = after["history"][-1]
    assert closing["event"] == "JobClosed"
    assert (closing["to_buyer"], closing["to_provider"]) == (expected["buyer"], expected["provider"])

    claimed = desk.json("job", "claim", job, by="provider")
    assert int(claimed["amount"]) >= int(expected["provider"])
    assert desk.json("account", "show", desk.market.provider.address)["collateral"] == "0"
    nothing = desk.json("job", "claim", job, by="provider", exit_code=2)
    assert "has no free collateral" in nothing["message"]


def test_a_dispute_can_be_paid_from_collateral_and_conceded(desk: Desk) -> None:
    job, path = open_job(desk)
    desk.json("job", "deliver", job, DELIVERABLE, by="provider")
    judge(desk, path, Outcome.FAIL)
    arguments = ("job", "dispute", job, "--as", "provider", "--seek", "pass", "--from-collateral")
    assert desk.json(*arguments, by="provider")["state"] == "disputed"
    conceded = desk.run("job", "concede", job, "--as", "provider", "--yes", by="provider")
    assert conceded.exit_code == 0, conceded.output
    assert "is now closed (fail)" in conceded.stdout


def test_nothing_delivered_lapses_to_fail_and_refunds_with_the_bond(desk: Desk) -> None:
    job, _ = open_job(desk)
    early = desk.json("job", "lapse", job, by="relayer", exit_code=2)
    assert "that is allowed only from" in early["message"]
    desk.warp(7_300)
    lapsed = desk.json("job", "lapse", job, by="relayer")
    assert (lapsed["state"], lapsed["outcome"]) == ("judged", "fail")
    desk.warp(86_401)
    before = int(desk.json("account", "show", desk.market.buyer.address)["usdc"])
    desk.json("job", "settle", job, by="relayer")
    after = int(desk.json("account", "show", desk.market.buyer.address)["usdc"])
    assert after - before == 1_100 * UNIT


def test_what_the_contract_would_refuse_is_said_before_anything_is_sent(desk: Desk) -> None:
    path = new_agreement(desk, "--fee", "0.01", "--challenge", "20d")
    document = json.loads(path.read_text())
    document["terms"]["bond"] = str(50_000 * UNIT)
    path.write_text(json.dumps(document))
    found = desk.json("agreement", "check", str(path), exit_code=1)
    fields = {problem["field"] for problem in found["problems"]}
    assert {"terms.fee", "terms.challenge", "terms.bond", "terms.gated", "terms.committee"} <= fields
    refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
    assert "more: oracle agreement check" in refused["message"]


def test_a_buyer_without_money_is_named(desk: Desk) -> None:
    path = new_agreement(desk)
    document = json.loads(path.read_text())
    document["terms"]["buyer"] = desk.market.arbiter.address.lower()
    path.write_text(json.dumps(document))
    found = desk.json("agreement", "check", str(path), exit_code=1)
    assert "the buyer's wallet holds 0.00 USDC" in found["problems"][0]["message"]


def test_changed_terms_void_both_signatures(desk: Desk) -> None:
    path = new_agreement(desk)
    desk.run("agreement", "sign", str(path), "--as", "buyer", by="buyer")
    desk.run("agreement", "sign", str(path), "--as", "provider", by="provider")
    document = json.loads(path.read_text())
    document["terms"]["gated"] = str(1)
    path.write_text(json.dumps(document))
    found = desk.json("agreement", "check", str(path), exit_code=1)
    assert {p["field"] for p in found["problems"]} == {"signatures.buyer", "signatures.provider"}


def test_opening_twice_is_refused(desk: Desk) -> None:
    job, path = open_job(desk)
    again = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
    assert "this job is open already" in again["message"]
    assert job in again["next_step"]


def test_the_wrong_key_is_refused(desk: Desk) -> None:
    path = new_agreement(desk)
    signed = desk.json("agreement", "sign", str(path), "--as", "buyer", by="provider", exit_code=2)
    assert "the buyer is" in signed["message"]
    job, _ = open_job(desk)
    delivered = desk.json("job", "deliver", job, DELIVERABLE, by="buyer", exit_code=2)
    assert "the provider of this job is" in delivered["message"]


def test_an_unknown_job_says_where_to_look(desk: Desk) -> None:
    missing = desk.json("job", "show", "0x" + "77" * 32, exit_code=2)
    assert "no job 0x7777" in missing["message"]
    assert "oracle job list" in missing["next_step"]


def test_a_node_that_is_down_and_one_of_another_chain_are_named(desk: Desk) -> None:
    down = desk.json("job", "list", "--rpc", "http://127.0.0.1:9", exit_code=2)
    assert down["error"] == "RpcUnavailableError"
    assert "check that the node runs" in down["next_step"]
    other = json.loads(desk.deployment.read_text()) | {"chain_id": 8453}
    path = desk.folder / "8453.json"
    path.write_text(json.dumps(other))
    wrong = desk.json("job", "list", "--deployment", str(path), exit_code=2)
    assert "serves chain 31337, not 8453" in wrong["message"]
    other = json.loads(desk.deployment.read_text())
    other["escrow"]["address"] = desk.market.usdc
    path.write_text(json.dumps(other))
    strange = desk.json("job", "list", "--deployment", str(path), exit_code=2)
    assert strange["error"] in ("RevertedError", "ChainError")


def test_deposits_and_claims_move_real_usdc(desk: Desk) -> None:
    buyer = desk.market.buyer.address
    before = desk.json("account", "show", buyer)
    assert before["collateral"] == "0"
    assert desk.json("account", "deposit", "12.50", by="buyer")["collateral"] == "12500000"
    too_much = desk.json("account", "claim", "13", by="buyer", exit_code=2)
    assert "has 12.50 USDC free" in too_much["message"]
    assert desk.json("account", "claim", "all", by="buyer")["amount"] == "12500000"
    assert desk.json("account", "show", buyer)["usdc"] == before["usdc"]
    none = desk.json("account", "deposit", "1", by="arbiter", exit_code=2)
    assert "holds 0.00 USDC" in none["message"]
