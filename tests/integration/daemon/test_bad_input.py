"""What goes wrong around a daemon: said clearly, nothing lost, nobody's stake at risk."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eth_account import Account
from structlog.testing import capture_logs

from oracle.chain import calls
from oracle.cli.main import cli
from oracle.daemon.adapter import NodeChain
from oracle.daemon.evaluation import PipelineEvaluation
from oracle.domain import typed
from oracle.domain.signatures import sign_digest
from oracle.domain.types import Outcome, State
from oracle.evidence.store import ContentStore
from scripts.local.ports import free_ports
from tests.integration.daemon.conftest import FixedEvaluation, World, until, write_config


def oracle(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def pipeline(world: World) -> PipelineEvaluation:
    escrow = world.market.escrow
    return PipelineEvaluation(
        ContentStore(world.folder / "evidence"),
        NodeChain(escrow),
        chain_id=escrow.chain_id,
        escrow=escrow.address,
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_node_that_is_down_at_start__once_says_so(world: World) -> None:
    edit(world.config, world.chain.url, "http://127.0.0.1:9")
    assert oracle("db", "upgrade", "--config", str(world.config)).exit_code == 0
    ended = oracle("run", "--once", "--config", str(world.config))
    assert ended.exit_code == 2
    assert "127.0.0.1:9 cannot be reached" in ended.output
    assert "check that the node runs" in ended.output


def test_a_node_that_is_down_at_start__the_daemon_waits_for_it(world: World) -> None:
    (port,) = free_ports(1)
    edit(world.config, world.chain.url, f"http://127.0.0.1:{port}")
    assert oracle("db", "upgrade", "--config", str(world.config)).exit_code == 0
    log = world.folder / "daemon.log"
    program = [sys.executable, "-c", "from oracle.cli.main import main; main()"]
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [*program, "run", "--config", str(world.config)], stdout=output, stderr=output
        )
    try:
        until(lambda: "chain_unusable" in log.read_text(), seconds=150)
        with forwarded(port, world.chain.url):
            until(lambda: "usable_again" in log.read_text(), seconds=150)
            daemon.terminate()
            assert daemon.wait(120) == 0
    finally:
        daemon.kill()
        daemon.wait()


class forwarded:  # noqa: N801 - used like a function
    """The node, from now on at another port."""

    def __init__(self, port: int, url: str) -> None:
        self._target = int(url.rsplit(":", 1)[1])
        self._listener = socket.create_server(("127.0.0.1", port))

    def __enter__(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            node = socket.create_connection(("127.0.0.1", self._target))
            for a, b in ((client, node), (node, client)):
                threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        return
    finally:
        for end in (source, sink):
            end.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("chain_id = 31337", "chain_id = 8453", "8453"),
        ('deployment = "deployment.json"', 'deployment = "none.json"', "there is no deployment"),
        ("poll = 0.1", "pol = 0.1", "unknown field"),
        ('env = "TEST_SENDER"', 'env = "TEST_NOBODY"', "TEST_NOBODY does not hold 32 bytes of hex"),
        ('env = "TEST_EVALUATOR_1"', 'env = "TEST_EVALUATOR_0"', "configured twice"),
        ("[outbox]", "[outbox", "oracle.toml"),
    ],
)
def test_a_configuration_that_cannot_be_meant__is_named(world: World, old: str, new: str, words: str) -> None:
    assert oracle("db", "upgrade", "--config", str(world.config)).exit_code == 0
    edit(world.config, old, new)
    ended = oracle("run", "--once", "--config", str(world.config))
    assert ended.exit_code == 2, ended.output
    assert words in ended.output
    assert "Next:" in ended.output
    assert not isinstance(ended.exception, Exception)


def test_a_database_of_another_escrow__is_refused(world: World) -> None:
    with world.service(FixedEvaluation()) as service:
        service.turn()
    edit(world.folder / "deployment.json", world.market.escrow.address, "0x" + "11" * 20)
    ended = oracle("run", "--once", "--config", str(world.config))
    assert ended.exit_code == 2
    assert "the store follows escrow" in ended.output
    assert "use another database" in ended.output


def test_a_key_that_signs_nowhere__is_said_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Account.create()
    monkeypatch.setenv("TEST_EVALUATOR_2", "0x" + bytes(stranger.key).hex())
    with capture_logs() as logs, world.service(FixedEvaluation()) as service:
        service.turn()
        service.turn()
    said = [entry["key"] for entry in logs if entry["event"] == "key_in_no_committee"]
    assert said == [stranger.address.lower()]


def test_a_delivery_nobody_has__is_fail_after_the_tries_and_not_before(world: World) -> None:
    edit(world.config, "wait = 0.1", "wait = 0.1\ntries = 3")
    agreement, job = world.real_job(challenge=0)
    world.deliver_example(job, "careful", hand_over=False)
    evaluation = pipeline(world)
    with world.service(evaluation) as service, capture_logs() as logs:
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=lambda: (service.turn(), world.mine()),
            seconds=150,
        )
    evaluation.close()
    assert world.market.escrow.job_state(job).outcome is Outcome.FAIL
    assert len([entry for entry in logs if entry["event"] == "evaluation_postponed"]) == 2
    assert agreement.terms.challenge == 0


def test_a_delivery_that_is_no_manifest__is_fail(world: World) -> None:
    _, job = world.real_job(challenge=0)
    rubbish = ContentStore(world.folder / "evidence").put(b"not a manifest")
    world.deliver(job, rubbish)
    evaluation = pipeline(world)
    with world.service(evaluation) as service:
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=lambda: (service.turn(), world.mine()),
            seconds=150,
        )
    evaluation.close()
    assert world.market.escrow.job_state(job).outcome is Outcome.FAIL


def test_a_pact_nobody_has__waits_and_lapses_with_a_reason_rather_than_silently(world: World) -> None:
    agreement, job = world.job()
    world.deliver(job)
    evaluation = pipeline(world)
    with world.service(evaluation) as service, capture_logs() as logs:
        until(
            lambda: any(entry["event"] == "evaluation_postponed" for entry in logs),
            each=lambda: (service.turn(), world.mine()),
        )
        assert world.market.escrow.job_state(job).state is State.OPEN
        world.warp(agreement.terms.judge_by - world.market.now() - 300)
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=lambda: (service.turn(), world.mine()),
            seconds=150,
        )
    evaluation.close()
    view = world.market.escrow.job_state(job)
    assert view.outcome is Outcome.LAPSE
    assert view.basis.word == "verdict"


def test_one_attestation_short_of_a_verdict__those_who_signed_do_not_pay_for_silence(world: World) -> None:
    write_config(world.folder, world.chain, world.market, keys=2)
    agreement, job = world.job()
    world.deliver(job)
    with world.service(FixedEvaluation()) as service:
        for _ in range(4):
            service.turn()
            world.mine()
        assert world.market.escrow.job_state(job).attested == 0
        world.warp(agreement.terms.judge_by - world.market.now() - 100)
        until(
            lambda: world.market.escrow.job_state(job).attested == 0b11,
            each=lambda: (service.turn(), world.mine()),
        )
        world.warp(200)
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=lambda: (service.turn(), world.mine()),
        )
    view = world.market.escrow.job_state(job)
    assert (view.outcome, view.basis.word) == (Outcome.LAPSE, "silence")
    assert view.signers == 0b11100  # the silent


def test_a_key_rotated_before_the_verdict__it_goes_out_with_the_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job = world.job()
    fresh = Account.create()
    for name, key in (("2", world.market.evaluators[2].key), ("3", fresh)):
        monkeypatch.setenv(f"TEST_EVALUATOR_{name}", "0x" + bytes(key.key).hex())
    write_config(world.folder, world.chain, world.market, keys=4)
    with world.service(FixedEvaluation()) as service:
        service.turn()
        evaluator = world.market.evaluators[0]
        world.deliver(job)
        digest = typed.key_digest(
            world.market.escrow.domain,
            world.market.committee_id,
            evaluator.account.address.lower(),
            fresh.address.lower(),
        )
        proof = sign_digest(bytes(fresh.key), digest)
        world.market.send(
            evaluator.account,
            calls.rotate_key(world.market.committee_id, 0, fresh.address.lower(), proof),
        )
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=lambda: (service.turn(), world.mine()),
        )
    assert world.market.escrow.job_state(job).signers == 0b111
