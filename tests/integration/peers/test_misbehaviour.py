"""Real processes beside peers that contradict themselves, sleep, stay silent or are killed at any step."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from oracle.cli.main import cli
from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Attestation
from oracle.domain.typed import (
    attestation_digest,
    commitment_digest,
    commitment_to,
    peers_domain,
    request_digest,
)
from oracle.domain.types import Hash, Outcome, State
from oracle.peers.messages import (
    ROUTE,
    SIGNATURE_HEADER,
    ExchangeAnswer,
    ExchangeRequest,
    Reveal,
    Statement,
)
from oracle.store import peers as peer_store
from oracle.store.tables import AttestationRow, CommitmentRow, JournalRow
from scripts.local.market import UNIT
from scripts.local.processes import Death
from tests.integration.daemon.conftest import POLL, until
from tests.integration.peers.conftest import Site, Trio, running
from tests.integration.peers.test_processes import verdicts

pytestmark = pytest.mark.timeout(600)  # on a loaded machine a start alone can take half a minute

KILLS = [
    # (module, attribute, moment, nth call)
    ("oracle.store.work", "save_attestations", "after", 1),  # signed, not committed to
    ("oracle.daemon.peer_links", "commitment_to", "after", 1),  # a salt drawn, nothing stored
    ("oracle.store.peers", "set_salts", "after", 1),  # salt written, not on disk
    ("oracle.store.peers", "add_commitments", "after", 1),  # commitment written, not on disk
    ("oracle.daemon.peer_links", "Exchange._commit", "after", 2),  # committed, nobody told
    ("oracle.peers.client", "PeerClient.exchange", "before", 1),  # signed, not sent
    ("oracle.daemon.peer_links", "Exchange._take", "before", 1),  # told, the answer not stored
    ("oracle.daemon.peer_links", "Exchange._take", "after", 1),  # the answer stored
    ("oracle.store.peers", "use_nonce", "after", 1),  # a peer's request begun
    ("oracle.daemon.peer_desk", "PeerDesk._answer", "after", 1),  # stored, not answered
]


def says(
    trio: Trio, index: int, to: Site, job: Hash, deliverable: Hash, outcome: Outcome, *, reveal: bool = True
) -> ExchangeAnswer:
    """What a peer with a program of its own says to a real evaluator."""
    market = trio.market
    key = bytes(market.evaluators[index].key.key)
    peers = peers_domain(market.escrow.domain)
    attestation = Attestation(job, deliverable, outcome, keccak_hex(outcome.word.encode()))
    digest = attestation_digest(market.escrow.domain, attestation)
    r, vs = compact(sign_digest(key, digest))
    salt = "0x" + "5a" * 32
    commitment = commitment_to(digest, salt)
    bound = commitment_digest(peers, market.committee_id, index, job, deliverable, commitment)
    shown = Reveal(
        outcome=outcome.word,  # type: ignore[arg-type]
        payable=0,
        evidence=attestation.evidence,
        r=r,
        vs=vs,
        salt=salt,
    )
    body = ExchangeRequest(
        committee=market.committee_id,
        sender=index,
        recipient=to.index,
        time=market.now(),
        nonce="0x" + keccak_hex(str(time.monotonic_ns()).encode())[2:34],
        statements=(
            Statement(
                evaluator=index,
                subject=job,
                deliverable=deliverable,
                commitment=commitment,
                signature="0x" + sign_digest(key, bound).hex(),
                reveal=shown if reveal else None,
            ),
        ),
    ).canonical()
    signature = "0x" + sign_digest(key, request_digest(peers, ROUTE, body)).hex()
    answer = httpx.post(to.url + ROUTE, content=body, headers={SIGNATURE_HEADER: signature}, timeout=60)
    assert answer.status_code == 200, answer.text
    return ExchangeAnswer.parse(answer.content)


def is_up(site: Site, trio: Trio, job: Hash) -> bool:
    """Whether a process serves, and has read a job."""
    try:
        answer = says(trio, 2, site, job, "0x" + "00" * 32, Outcome.PASS)
    except (httpx.HTTPError, AssertionError):
        return False
    return answer.results == ("later: another deliverable is anchored",)


def is_told(
    trio: Trio,
    site: Site,
    job: Hash,
    deliverable: Hash,
    outcome: Outcome,
    *,
    reveal: bool = True,
    said: tuple[str, ...] = ("stored", "known"),
) -> bool:
    """Whether a process took what a peer says; it refuses what is of a time it has not read up to."""
    try:
        answer = says(trio, 2, site, job, deliverable, outcome, reveal=reveal)
    except (httpx.HTTPError, AssertionError):
        return False
    return answer.results[0] in said


def test_two_faces__are_shown_to_the_contract_by_the_others__and_the_job_goes_on(trio: Trio) -> None:
    _, job = trio.job()
    with running(*trio.sites[:2]):
        for site in trio.sites[:2]:
            until(lambda site=site: is_up(site, trio, job), each=trio.mine, every=POLL, seconds=120)  # type: ignore[misc]
        deliverable = trio.deliver(job)
        trio.mine()
        for site, outcome in zip(trio.sites[:2], (Outcome.PASS, Outcome.FAIL), strict=True):
            until(
                lambda site=site, outcome=outcome: is_told(trio, site, job, deliverable, outcome),  # type: ignore[misc]
                seconds=120,
            )
        trio.reaches(job, State.JUDGED)
        until(
            lambda: trio.market.escrow.evaluator(trio.market.committee_id, 2).expelled,
            each=trio.beat,
            seconds=120,
        )
    # Whoever posted before both faces were known counted one of them; the outcome is the honest two's.
    assert trio.market.escrow.job_state(job).outcome is Outcome.PASS
    stake = trio.market.escrow.evaluator(trio.market.committee_id, 2).stake
    assert stake == trio.market.committee.stake - 600 * UNIT, "V/k of 1,200 USDC"


def test_a_proof_written_by_one__is_sent_by_anyone(trio: Trio) -> None:
    _, job = trio.job()
    site = trio.sites[0]
    site.config.write_text(site.config.read_text().replace("prove = true", "prove = false"))
    with running(site):
        until(lambda: is_up(site, trio, job), each=trio.mine, every=POLL, seconds=120)
        deliverable = trio.deliver(job)
        for outcome in (Outcome.PASS, Outcome.FAIL):
            until(
                lambda outcome=outcome: is_told(trio, site, job, deliverable, outcome),  # type: ignore[misc]
                seconds=120,
            )
    runner = CliRunner(env=site.environment)
    config = ["--config", str(site.config)]
    shown = runner.invoke(cli, ["peers", "show", *config])
    assert shown.exit_code == 0, shown.output
    assert "evaluator 2 attested pass and fail" in shown.output
    path = trio.folder / "proof.json"
    none = runner.invoke(cli, ["peers", "proof", job, "1", "--output", str(path), *config])
    assert none.exit_code == 2
    assert "no contradiction of evaluator 1" in none.output
    assert runner.invoke(cli, ["peers", "proof", job, "2", "--output", str(path), *config]).exit_code == 0

    chain = ["--rpc", trio.chain.url, "--deployment", str(site.folder / "deployment.json")]
    key = ["--key-env", "TEST_SENDER"]
    text = path.read_text()
    path.write_text(text.replace('"outcome": "fail"', '"outcome": "lapse"'))
    changed = runner.invoke(cli, ["job", "prove-equivocation", str(path), *chain, *key])
    assert changed.exit_code == 2
    assert "was never a key of this committee" in changed.output
    path.write_text(text.replace('"outcome": "fail"', '"outcome": "pass"'))
    same = runner.invoke(cli, ["job", "prove-equivocation", str(path), *chain, *key])
    assert same.exit_code == 2
    assert "no contradiction" in same.output
    path.write_text(text)
    sent = runner.invoke(cli, ["job", "prove-equivocation", str(path), *chain, *key])
    assert sent.exit_code == 0, sent.output
    assert "is expelled: 600.00 USDC taken" in sent.output
    assert trio.market.escrow.evaluator(trio.market.committee_id, 2).expelled


def test_an_evaluator_that_hangs__does_not_hold_up_the_others(trio: Trio) -> None:
    _, job = trio.job()
    with running(*trio.sites):
        until(
            lambda: all(is_up(site, trio, job) for site in trio.sites[:2]),
            each=trio.mine,
            every=POLL,
            seconds=120,
        )
        until(lambda: bool(trio.sites[2].logged("http_serving")), each=trio.mine, every=POLL, seconds=120)
        trio.sites[2].pause()
        trio.deliver(job)
        trio.reaches(job, State.JUDGED)
        assert trio.market.escrow.job_state(job).signers == 0b011
        until(lambda: bool(trio.sites[0].logged("peer_unreachable")), each=trio.mine, every=POLL, seconds=120)
        trio.sites[2].resume()
    assert len(verdicts(trio, job)) == 1


def test_an_evaluator_that_commits_and_shows_nothing__the_honest_one_is_not_silent(trio: Trio) -> None:
    site = trio.sites[0]
    text = site.config.read_text().replace("[policy]", "[policy]\nattest_before = 1000")
    site.config.write_text(text.replace("[peers]", "[peers]\nreveal_before = 1000"))
    # Every block is a second of the chain's at least, and a slow machine makes many before it is done.
    agreement, job = trio.job(judge_within=40_000)
    with running(site):
        until(lambda: is_up(site, trio, job), each=trio.mine, every=POLL, seconds=120)
        deliverable = trio.deliver(job)
        until(
            lambda: is_told(trio, site, job, deliverable, Outcome.PASS, reveal=False, said=("known",)),
            each=trio.mine,
            every=POLL,
            seconds=120,
        )
        until(lambda: bool(site.logged("committed")), each=trio.mine, every=POLL, seconds=120)
        assert not site.logged("peer_attested")
        trio.warp(agreement.terms.judge_by - trio.market.now() - 900)
        until(
            lambda: trio.market.escrow.job_state(job).attested == 0b001,
            each=trio.beat,
            seconds=120,
        )
        trio.warp(1_000)
        trio.reaches(job, State.JUDGED)
    view = trio.market.escrow.job_state(job)
    assert (view.outcome, view.basis.word) == (Outcome.LAPSE, "silence")
    assert view.signers == 0b110, "who showed nothing was silent; who attested was not"


@pytest.mark.parametrize(
    ("module", "attribute", "moment", "nth"),
    [pytest.param(*kill, marks=() if kill[1] == "add_commitments" else pytest.mark.slow) for kill in KILLS],
)
def test_kill_at_any_step_of_the_exchange__restart__one_verdict(
    trio: Trio, module: str, attribute: str, moment: str, nth: int
) -> None:
    _, job = trio.job()
    trio.deliver(job)
    trio.mine(2)
    mortal, other = trio.sites[:2]  # the third is dead: both are needed
    mortal.start(Death(module, attribute, moment, nth))
    with running(other):
        process = mortal.process
        assert process is not None
        until(lambda: process.exitcode is not None, each=trio.mine, every=POLL, seconds=150)
        assert process.exitcode == -9, mortal.log.read_text()[-2_000:]
        mortal.start()
        trio.reaches(job, State.JUDGED, seconds=150)
        mortal.kill()
    assert len(verdicts(trio, job)) == 1
    assert trio.market.escrow.job_state(job).outcome is Outcome.PASS
    for site in (mortal, other):
        database = site.database()
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(JournalRow)) == 1
            per_key = select(func.count()).select_from(CommitmentRow).group_by(CommitmentRow.signer)
            assert set(session.scalars(per_key)) == {1}, "one commitment a key, also after a restart"
            assert set(session.scalars(select(AttestationRow.opens))) == {True}
            kinds = {item.kind for item in peer_store.incidents(session, limit=100)}
        database.close()
        assert kinds <= {"unreachable"}, "nothing an honest restart does looks like a lie"


def test_folders_are_apart(trio: Trio) -> None:
    places = [(site.folder, site.database_url, site.port) for site in trio.sites]
    for part in zip(*places, strict=True):
        assert len(set(part)) == len(trio.sites)
    assert all(isinstance(folder, Path) for folder, _, _ in places)
