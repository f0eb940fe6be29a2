"""The real local model as a juror: real plumbing, whatever it answers.

Slow: the model's file must be in the cache (`python -m scripts.setup.model`), or the tests are skipped.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from collections.abc import Iterator

import pytest

from oracle.decide.draw import Draw
from oracle.domain.canonical import canonical_bytes, canonical_hash
from oracle.evaluation.jury_port import JuryCriterion
from oracle.jury.local import LocalServer, pinned_model_path
from oracle.jury.panel import JuryPanel, RecordedJury
from oracle.jury.probes import GENERAL_PROBES, Calibrator, read_probe_set
from oracle.jury.providers import ConfiguredProviders, Connection
from oracle.jury.record import Section
from scripts.injection.local import LOCAL
from scripts.injection.measure import methodology, perfect_record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        importlib.util.find_spec("xllamacpp") is None or not pinned_model_path().is_file(),
        reason="needs xllamacpp and the local model's file: python -m scripts.setup.model",
    ),
]


@pytest.fixture(scope="module")
def providers() -> Iterator[ConfiguredProviders]:
    """The local model behind an alias; its server is killed at the end."""
    found = ConfiguredProviders({"local": Connection(kind="local")})
    yield found
    found.close()


async def test_real_juror__answers_in_the_form_and_replays(providers: ConfiguredProviders) -> None:
    rules = methodology(LOCAL)
    criterion = JuryCriterion(
        condition_id="c", statement="s", question="The reply tells the customer that a refund will be made."
    )
    texts = {"reply.md": "Dear Ms Adler,\nwe have booked a refund of 39 EUR to your card.\nTom"}
    record = perfect_record(rules)
    panel = JuryPanel(rules, providers, record, clock=lambda: float(record.measured_at or 0))
    decision = await panel.judge(criterion, texts, Draw(b"\x05" * 32))
    section = Section.model_validate_json(canonical_bytes(decision.section))
    main = section.jurors[0].calls[0]
    # llama.cpp constrains its output to the form, so a readable answer is a matter of plumbing, not of wit.
    assert main.outcome == "answered", main.why
    assert main.verdict in ("pass", "fail", "cannot_tell")
    assert main.attempts[-1].returned_model == LOCAL.model
    assert main.attempts[-1].input_tokens > 100
    assert RecordedJury(rules).replay(criterion, texts, Draw(b"\x05" * 32), decision.section) == decision
    assert canonical_hash(decision.section).startswith("0x")


async def test_few_probes__calibrate_but_do_not_qualify(providers: ConfiguredProviders) -> None:
    rules = methodology(LOCAL)
    whole = read_probe_set(GENERAL_PROBES)
    few = whole.model_copy(update={"probes": whole.probes[:2]})
    calibration = await Calibrator(rules, providers, b"\x01" * 32).run(few, measured_at=1)
    assert [len(result.votes) for result in calibration.results] == [1, 1]
    for run in calibration.runs:
        main = run.heard.calls[0]
        # Whatever it says, it says something, and what it said is kept; only the form may be wrong.
        assert main.attempts[-1].outcome == "answered", main.why
        assert main.attempts[-1].raw
        assert main.outcome in ("answered", "malformed"), main.why
        # Either a vote or the reason why there is none: never both, never neither.
        assert (run.heard.vote is None) == (run.heard.void is not None)
    panel = JuryPanel(rules, providers, calibration.measured(rules), clock=lambda: 1.0)
    criterion = JuryCriterion(condition_id="c", statement="s", question="q")
    decision = await panel.judge(criterion, {"a.md": "text"}, Draw(b"\x05" * 32))
    assert decision.state == "undecided"
    # Two probes are too few whether its answers counted or were void.
    assert f"{LOCAL.id}: " in decision.reason
    assert "2 probes, needs 40" in decision.reason
    assert decision.model_calls == 0


def test_hanging_server__is_killed_and_started_again() -> None:
    server = LocalServer(pinned_model_path(), "m")
    try:
        first, _ = server.start()
        child = server.process_id
        assert child is not None
        os.kill(child, signal.SIGSTOP)
        server.close()
        assert _gone(child)
        second, _ = server.start()
        assert server.process_id not in (None, child)
        assert second.startswith("http://127.0.0.1:")
        assert first != second
    finally:
        server.close()


def _gone(process: int) -> bool:
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
