"""Rulings, agreed splits, allowances and milestones through the command line."""

from __future__ import annotations

import json

from oracle.domain.agreement_file import AgreementFile
from oracle.domain.types import Outcome
from scripts.local.market import UNIT
from tests.integration.chain.conftest import Desk
from tests.integration.chain.test_cli_job import DELIVERABLE, judge, new_agreement, open_job


def disputed(desk: Desk) -> str:
    job, path = open_job(desk)
    desk.json("job", "deliver", job, DELIVERABLE, by="provider")
    judge(desk, path, Outcome.FAIL)
    desk.json("job", "dispute", job, "--as", "provider", "--seek", "pass", by="provider")
    return job


def test_the_arbiter_rules_and_nobody_else(desk: Desk) -> None:
    job = disputed(desk)
    assert "arbiter may rule" in desk.run("job", "show", job).stdout
    stranger = desk.json("job", "rule", job, "--outcome", "pass", "--yes", by="buyer", exit_code=2)
    assert "the arbiter of this job is" in stranger["message"]
    unasked = desk.json("job", "rule", job, "--outcome", "pass", by="arbiter", exit_code=2)
    assert unasked["next_step"] == "give --yes with --json"
    ruled = desk.json("job", "rule", job, "--outcome", "pass", "--yes", by="arbiter")
    assert (ruled["state"], ruled["outcome"]) == ("closed", "pass")
    again = desk.json("job", "rule", job, "--outcome", "fail", "--yes", by="arbiter", exit_code=2)
    assert "the job is closed, not disputed" in again["message"]


def test_a_late_ruling_is_refused(desk: Desk) -> None:
    job = disputed(desk)
    desk.warp(86_400)
    late = desk.json("job", "rule", job, "--outcome", "pass", "--yes", by="arbiter", exit_code=2)
    assert "that was allowed only before" in late["message"]
    assert desk.json("job", "settle", job, by="relayer")["outcome"] == "fail"


def offered(desk: Desk, job: str, *more: str, exit_code: int = 0) -> dict[str, str]:
    arguments = ("job", "offer", job, "--as", "buyer", "--output", str(desk.folder / "split.json"), "--force")
    made: dict[str, str] = desk.json(*arguments, *more, by="buyer", exit_code=exit_code)
    return made


def test_both_agree_on_a_split(desk: Desk) -> None:
    job, _ = open_job(desk)
    until = ("--until", str(desk.market.now() + 3_600))
    made = offered(desk, job, "--to-buyer", "400", *until)
    assert made["to_provider"] == str(700 * UNIT)
    file = made["path"]
    own = desk.json("job", "agree", file, "--yes", by="buyer", exit_code=2)
    assert "the provider of this job is" in own["message"]
    before = int(desk.json("account", "show", desk.market.buyer.address)["usdc"])
    closed = desk.json("job", "agree", file, "--yes", by="provider")
    assert closed["state"] == "closed"
    assert int(desk.json("account", "show", desk.market.buyer.address)["usdc"]) - before == 400 * UNIT
    assert "the parties agreed on a split" in desk.run("job", "show", job).stdout
    twice = desk.json("job", "agree", file, "--yes", by="provider", exit_code=2)
    assert "is closed" in twice["message"]


def test_offers_that_do_not_hold_are_refused_before_anything_is_sent(desk: Desk) -> None:
    job, path = open_job(desk)
    now = desk.market.now()
    too_much = offered(desk, job, "--to-buyer", "1100.000001", "--until", str(now + 60), exit_code=2)
    assert "more than the 1,100.00 USDC there are" in too_much["message"]
    past = offered(desk, job, "--to-buyer", "1", "--until", str(now), exit_code=2)
    assert past["field"] == "expiry"
    made = offered(desk, job, "--to-buyer", "1", "--until", str(now + 3_600))
    file = desk.folder / "split.json"
    document = json.loads(file.read_text())

    def refused(**changes: object) -> dict[str, str]:
        file.write_text(json.dumps(document | changes))
        answer: dict[str, str] = desk.json("job", "agree", made["path"], "--yes", by="provider", exit_code=2)
        return answer

    assert "over exactly this offer" in refused(to_buyer="2")["message"]
    assert "unknown field" in refused(colour="red")["message"]
    assert refused(signature="0x" + "00" * 65)["field"] == "signature"
    assert refused(escrow="0x" + "11" * 20)["field"] == "escrow"
    assert refused(chain_id=8453)["field"] == "escrow"
    file.write_text(json.dumps(document))
    desk.json("job", "deliver", job, DELIVERABLE, by="provider")
    judge(desk, path, Outcome.PASS)
    assert "it is judged (pass) now" in refused()["message"]
    desk.warp(3_600)
    # A split of the new state, but late.
    late = offered(desk, job, "--to-buyer", "1", "--until", str(now + 3_600), exit_code=2)
    assert "the offer ended at" in late["message"]


def test_allowance_is_given_and_used(desk: Desk) -> None:
    path = new_agreement(desk, "--funding", "allowance")
    desk.run("agreement", "sign", str(path), "--as", "provider", by="provider")
    found = desk.json("agreement", "check", str(path), exit_code=1)
    assert found["problems"][0]["next_step"] == "the buyer allows it: oracle account approve"
    assert desk.json("account", "approve", "2000", by="buyer")["allowance"] == str(2_000 * UNIT)
    other = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
    assert "submitted by the buyer itself" in other["message"]
    assert desk.json("agreement", "submit", str(path), by="buyer")["job"]
    assert desk.json("account", "approve", "0", by="buyer")["allowance"] == "0"


def three(desk: Desk, *more: str) -> list[str]:
    paths = []
    for number in range(3):
        made = new_agreement(desk, *more)
        paths.append(str(made.rename(desk.folder / f"part{number}.json")))
    return paths


def test_milestones_open_together_and_live_apart(desk: Desk) -> None:
    file = str(desk.folder / "list.json")
    made = desk.json("milestones", "new", file, *three(desk))
    assert len(made["jobs"]) == 3
    unsigned = desk.json("milestones", "submit", file, by="relayer", exit_code=2)
    assert unsigned["field"] == "signatures.buyer"
    desk.json("milestones", "sign", file, "--as", "buyer", by="buyer")
    assert desk.json("milestones", "sign", file, "--as", "provider", by="provider")["missing"] == []
    assert desk.json("milestones", "check", file)["ok"] is True
    assert "3,0" in desk.run("milestones", "show", file).stdout
    opened = desk.json("milestones", "submit", file, by="relayer")
    assert opened["jobs"] == made["jobs"]
    desk.json("job", "concede", made["jobs"][1], "--as", "buyer", "--yes", by="buyer")
    states = [desk.json("job", "show", job)["state"] for job in made["jobs"]]
    assert states == ["open", "closed", "open"]
    again = desk.json("milestones", "submit", file, by="relayer", exit_code=2)
    assert "this job is open already" in again["message"]


def test_milestones_that_do_not_belong_together_or_were_changed_are_refused(desk: Desk) -> None:
    file = desk.folder / "list.json"
    parts = three(desk)
    twice = desk.json("milestones", "new", str(file), parts[0], parts[0], exit_code=2)
    assert "listed twice" in twice["message"]
    other = json.loads((desk.folder / "part1.json").read_text())
    other["terms"]["buyer"] = desk.market.arbiter.address.lower()
    (desk.folder / "part1.json").write_text(json.dumps(other))
    mixed = desk.json("milestones", "new", str(file), *parts, exit_code=2)
    assert "agreement 1 has another buyer" in mixed["message"]

    desk.json("milestones", "new", str(file), parts[0], parts[2])
    desk.json("milestones", "sign", str(file), "--as", "buyer", by="buyer")
    desk.json("milestones", "sign", str(file), "--as", "provider", by="provider")
    document = json.loads(file.read_text())
    document["agreements"].reverse()
    file.write_text(json.dumps(document))
    found = desk.json("milestones", "check", str(file), exit_code=1)
    assert [problem["field"] for problem in found["problems"]] == ["signatures.buyer", "signatures.provider"]
    refused = desk.json("milestones", "submit", str(file), by="relayer", exit_code=2)
    assert "over exactly these jobs in this order" in refused["message"]


def test_milestones_whose_bonds_or_cover_are_there_for_one_only_are_refused(desk: Desk) -> None:
    file = str(desk.folder / "list.json")
    parts = three(desk)
    for path in parts:
        document = AgreementFile.parse((desk.folder / path).read_bytes()).as_json()
        assert isinstance(document, dict)
        terms = document["terms"]
        assert isinstance(terms, dict)
        terms["bond"] = str(9_000 * UNIT)
        terms["gated"] = str(10_000 * UNIT)
        terms["fee"] = str(100 * UNIT)
        (desk.folder / path).write_text(json.dumps(document))
    desk.json("milestones", "new", file, *parts)
    found = desk.json("milestones", "check", file, exit_code=1)
    assert [problem["field"] for problem in found["problems"]] == ["terms.bond", "terms.committee"]
