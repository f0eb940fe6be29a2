"""`oracle status`, `jobs`, `tx` and `replay` over a job from delivery to moved money."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import Session

from oracle.cli.main import cli
from oracle.daemon import assembly
from oracle.daemon.replay import replay
from oracle.domain.types import Hash, State
from oracle.evidence.store import ContentStore
from oracle.opening.places import open_store
from oracle.store import schema
from tests.integration.daemon.conftest import World, until, write_config


@dataclass
class Settled:
    """A job that the daemon took to its end."""

    world: World
    job: Hash

    def oracle(self, *arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(cli, [*arguments, "--config", str(self.world.config)])
        assert result.exit_code == exit_code, (result.output, result.exception)
        return result.output

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(self.oracle(*arguments, "--json", exit_code=exit_code))

    def changed(self, statement: str) -> list[str]:
        """What differs once somebody wrote into the database behind the daemon's back. It is undone again."""
        settings = self.world.settings()
        with Session(self.world.database().engine) as session:
            done = session.execute(text(statement))
            assert done.rowcount >= 1  # type: ignore[attr-defined]
            steps = replay(session, open_store(settings), self.world.market.escrow.domain, self.job)
            session.rollback()
        return [step.what for step in steps if not step.holds]

    def differs(self) -> list[dict[str, str]]:
        found = self.json("replay", self.job, exit_code=1)
        assert not found["holds"]
        return [step for step in found["steps"] if not step["holds"]]


@pytest.fixture
def settled(world: World) -> Iterator[Settled]:
    agreement, job = world.real_job()
    world.deliver_example(job, "careful")
    write_config(world.folder, world.chain, world.market, extra="[policy]\nstagger = 0")
    schema.upgrade(world.database())
    with assembly.assembled(world.settings()) as service:
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=lambda: (service.turn(), world.mine()),
            seconds=120,
        )
        world.warp(agreement.terms.challenge)
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=lambda: (service.turn(), world.mine()),
        )
        world.mine(3)
        service.turn()
        service.turn()
    yield Settled(world, job)
    structlog.reset_defaults()


def test_status_jobs_tx__settled_job__is_shown_as_it_went(settled: Settled) -> None:
    status = settled.json("status")
    assert status["jobs"] == {"closed": 1}
    assert status["evaluations"] == {"done": 1}
    assert status["signed"] == 3
    assert [entry["purpose"] for entry in status["transactions"]] == ["settle", "judge"]
    assert "Evaluations   1 done" in settled.oracle("status")

    listed = settled.json("jobs")["jobs"]
    assert [(one["job"], one["state"], one["evaluated"]) for one in listed] == [
        (settled.job, "closed", "pass")
    ]
    assert settled.json("jobs", "--state", "open")["jobs"] == []
    shown = settled.json("jobs", settled.job)
    assert [event["event"] for event in shown["events"]] == ["JobOpened", "Delivered", "Judged", "JobClosed"]
    assert [one["outcome"] for one in shown["attested"]] == ["pass"] * 3
    assert "Evaluator 2 attests pass" in settled.oracle("jobs", settled.job)

    entries = settled.json("tx", "--job", settled.job)["entries"]
    assert {entry["standing"] for entry in entries} == {"final"}
    sent = entries[-1]["transactions"][0]["hash"]
    assert settled.json("tx", sent)["entries"] == [entries[-1]]
    assert "mined in block" in settled.oracle("tx", str(entries[-1]["entry"]))
    assert settled.json("tx", "--live")["entries"] == []


def test_replay__what_was_done__follows_in_every_step(settled: Settled) -> None:
    found = settled.json("replay", settled.job)
    assert found["holds"]
    words = " | ".join(step["what"] for step in found["steps"])
    for expected in (
        "record after Judged", "the record as it stands", "outcome of evaluation record", "journal of 0x",
        "signer of the attestation of evaluator 2 (pass)", "judge (entry", "settle (entry", "transaction 0x",
    ):  # fmt: skip
        assert expected in words
    assert "decisions hold." in settled.oracle("replay", settled.job)


CHANGES = [
    (
        "the record of what was paid",
        "UPDATE job_versions SET record = replace(record, '1200000000', '1') WHERE until_block IS NULL",
        "record after JobClosed",
    ),
    ("the outcome", "UPDATE evaluations SET outcome = 2", "outcome of evaluation record"),
    ("the journal", "UPDATE signing_journal SET outcome = 2", "journal of 0x"),
    (
        "an attestation",
        "UPDATE attestations SET outcome = 2 WHERE evaluator = 1",
        "digest of the attestation of evaluator 1",
    ),
    (
        "a signature",
        (
            "UPDATE attestations SET r = (SELECT r FROM attestations AS a WHERE a.evaluator = 0) "
            "WHERE evaluator = 1"
        ),
        "signer of the attestation of evaluator 1",
    ),
    (
        "what was sent",
        (
            "UPDATE outbox SET data = (SELECT data FROM outbox AS o WHERE o.purpose = 'settle') "
            "WHERE purpose = 'judge'"
        ),
        "judge (entry",
    ),
    ("a nonce", "UPDATE transactions SET nonce = nonce + 7", "transaction 0x"),
    (
        "a transaction's bytes",
        "UPDATE transactions SET raw = (SELECT data FROM outbox WHERE purpose = 'settle')",
        "transaction 0x",
    ),
]


def test_replay__row_changed_behind_its_back__is_found(settled: Settled) -> None:
    for name, statement, said in CHANGES:
        found = settled.changed(statement)
        assert any(said in what for what in found), (name, found)
    assert settled.json("replay", settled.job)["holds"]


def test_replay__evidence_lost_or_changed__is_found(settled: Settled) -> None:
    evidence = settled.json("jobs", settled.job)["evidence"]
    store = ContentStore(settled.world.folder / "evidence")
    path = store.directory.path(evidence)
    path.write_bytes(path.read_bytes().replace(b"pass", b"fail"))
    assert any(evidence in step["what"] for step in settled.differs())
    path.unlink()
    assert any(evidence in step["what"] for step in settled.differs())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["replay", "0x" + "11" * 32], "is not in this store", id="replay of an unknown job"),
        pytest.param(["jobs", "0x" + "11" * 32], "is not in this store", id="an unknown job"),
        pytest.param(["tx", "77"], "there is no entry or transaction 77", id="an unknown entry"),
        pytest.param(["tx", "0x12"], "WHICH is '0x12'", id="neither a number nor a hash"),
    ],
)
def test_looking__at_what_is_not_there__says_so(world: World, arguments: list[str], said: str) -> None:
    schema.upgrade(world.database())
    found = Settled(world, "").json(*arguments, exit_code=2)
    assert said in found["message"]
    assert found["next_step"]


@pytest.mark.parametrize("command", [["status"], ["jobs"], ["tx"], ["replay", "0x" + "11" * 32]])
def test_looking__database_without_tables__says_upgrade(world: World, command: list[str]) -> None:
    found = Settled(world, "").json(*command, exit_code=2)
    assert found["next_step"] == "run: oracle db upgrade"


def test_status__nothing_read_yet__says_so(world: World) -> None:
    schema.upgrade(world.database())
    assert "none read yet" in Settled(world, "").oracle("status")
