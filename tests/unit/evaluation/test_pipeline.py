"""From delivery to record: what ends as what, and when a jury is asked at all."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oracle.decide.draw import Draw
from oracle.domain.canonical import keccak_hex, parse_json
from oracle.evaluation import assess
from oracle.evaluation.checks.nursery import Nursery, Sitting
from oracle.evaluation.jury_port import Jury, JuryCriterion, JuryDecision, State
from oracle.evaluation.pipeline import NotYetError, evaluate, keep, measure
from oracle.evaluation.randomness import PublicRandomness, RandomnessError
from oracle.evaluation.record import EvaluationRecord, parse_record
from oracle.pact.methodology import Methodology
from tests.unit.evaluation.builders import (
    ANCHORED_AT,
    CONDITIONS,
    JURY_CONDITION,
    OUT,
    Case,
    block_randomness,
    make_case,
)
from tests.unit.pact.builders import condition

GOOD = json.dumps(OUT).encode()


def test_only_the_same_two_parties_under_the_same_rules__share_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nursery = Nursery()
    fresh, forks = nursery.fork, []

    def counted() -> socket.socket:
        forks.append(fresh())
        return forks[-1]

    monkeypatch.setattr(nursery, "fork", counted)
    monkeypatch.setattr(assess, "sitting", lambda between: Sitting(nursery, between))
    found = condition("found", method="pattern", file="out.json", pattern="ok", must="match")
    case = make_case(tmp_path, conditions=[found])
    task, subject = case.task, case.task.subject
    another_pact = make_case(tmp_path, conditions=[found], title="Another").task
    rules = task.methodology.model_copy(update={"version": task.methodology.version + 1})
    for other, expected in [
        (task, 1),
        (task, 1),
        (replace(task, subject=subject.model_copy(update={"job": "0x" + "12" * 32})), 1),
        (replace(task, subject=subject.model_copy(update={"provider": "0x" + "b3" * 20})), 2),
        (replace(task, subject=subject.model_copy(update={"buyer": "0x" + "b4" * 20})), 3),
        (another_pact, 4),
        (replace(task, methodology=rules), 5),
    ]:
        assert measure(other, case.store).outcome == "pass"
        assert len(forks) == expected
    nursery.close()


class Bench:
    """A jury that answers as told and remembers what it was asked."""

    def __init__(self, state: State | Exception = "passed") -> None:
        self.state = state
        self.asked: list[tuple[JuryCriterion, Mapping[str, str], Draw]] = []

    def __call__(self, _methodology: Methodology) -> Jury:
        return self

    async def judge(self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw) -> JuryDecision:
        self.asked.append((criterion, texts, draw))
        if isinstance(self.state, Exception):
            raise self.state
        return JuryDecision(state=self.state, reason="said so", model_calls=2, section={"votes": [1]})


def with_jury(tmp_path: Path, **changes: Any) -> Case:
    return make_case(tmp_path, conditions=[*CONDITIONS, JURY_CONDITION], **changes)


def test_a_good_delivery_passes_and_the_record_survives_the_store(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    record = case.judge()
    assert record.outcome == "pass"
    evidence = keep(record, case.store)
    data = case.store.get(evidence, max_bytes=10**7)
    assert parse_record(data) == record
    assert keccak_hex(data) == evidence
    assert [file.path for file in record.intake.files] == ["out.json"]
    assert case.store.get(record.pact, max_bytes=10**6) == case.task.pact.canonical()
    assert case.store.get(record.methodology, max_bytes=10**6) == case.task.methodology.canonical()


@pytest.mark.parametrize(
    ("padding", "times"), [(0, 1), (65_536, 2)], ids=["small: kept for the next check", "large: parsed anew"]
)
def test_what_two_conditions_read_is_in_both_entries_however_often_it_was_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, padding: int, times: int
) -> None:
    parsed: list[bytes] = []

    def counting(data: bytes, **limits: Any) -> Any:
        parsed.append(data)
        return parse_json(data, **limits)

    monkeypatch.setattr("oracle.evaluation.checks.base.parse_json", counting)
    data = GOOD + b" " * padding
    record = make_case(tmp_path, files={"out.json": data}).judge()
    assert record.outcome == "pass"
    checks = [entry.check for entry in record.conditions]
    assert [check and check.inputs for check in checks] == [{"delivery/out.json": keccak_hex(data)}] * 2
    assert parsed == [data] * times


def test_a_critical_failure_is_fail_and_no_jury_is_made_nor_draw(tmp_path: Path) -> None:
    def never(_methodology: Methodology) -> Jury:
        raise AssertionError("a jury was made")

    async def no_randomness() -> PublicRandomness:
        raise AssertionError("a random value was asked for")

    record = with_jury(tmp_path, files={"out.json": b"[]"}).judge(never, no_randomness)
    assert record.outcome == "fail"
    assert record.draw is None
    assert record.conditions[2].note == "not put to the jury: the other conditions already make it Fail"


def test_a_deterministic_job_loads_no_model_library() -> None:
    program = (
        "import sys, oracle.evaluation.pipeline, oracle.evaluation.verify\n"
        "heavy = {'pydantic_ai', 'openai', 'anthropic', 'xllamacpp', 'ape', 'web3', 'drand_verify'}\n"
        "print([n for n in sys.modules if n.split('.')[0] in heavy or n.startswith('oracle.jury')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


JUDGE_WITHOUT_A_MODEL = """
import asyncio, json, sys
from pathlib import Path

from oracle.evaluation.pipeline import Task, evaluate
from oracle.evaluation.record import Subject
from oracle.evaluation.verify import verify
from oracle.evidence.store import ContentStore
from oracle.jury.room import JuryRoom, replayer
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology

given = json.loads(sys.argv[1])
store = ContentStore(Path(given["store"]))
subject = Subject.model_validate_json(json.dumps(given["subject"]))
pact = Pact.parse(json.dumps(given["pact"]).encode())
rules = Methodology.parse(json.dumps(given["methodology"]).encode())
room = JuryRoom.open(Path(given["providers"]), Path(given["store"]))
record = asyncio.run(evaluate(Task(subject, pact, rules, given["evaluator"]), store, jury=room))
room.close()
assert verify(record.canonical(), store, replayer=replayer).holds
loaded = {name.split(".")[0] for name in sys.modules} | {".".join(n.split(".")[:2]) for n in sys.modules}
heavy = {"pydantic_ai", "openai", "anthropic", "google.genai", "xllamacpp", "numpy", "scipy"}
print(record.outcome, sorted(heavy & loaded))
"""


def test_a_deterministic_job_judged_and_verified_with_a_jury_at_hand_asks_and_loads_none(
    tmp_path: Path,
) -> None:
    case = make_case(tmp_path)
    providers = tmp_path / "providers.toml"
    providers.write_text('[providers.local]\nkind = "local"')
    given = {
        "store": str(case.store.directory.root),
        "providers": str(providers),
        "subject": case.task.subject.as_json(),
        "pact": case.task.pact.as_json(),
        "methodology": case.task.methodology.as_json(),
        "evaluator": case.task.evaluator,
    }
    done = subprocess.run(
        [sys.executable, "-c", JUDGE_WITHOUT_A_MODEL, json.dumps(given)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("pass []", "")


@pytest.mark.parametrize(
    ("state", "outcome"), [("passed", "pass"), ("failed", "fail"), ("undecided", "lapse")]
)
def test_the_jury_decides_its_condition(tmp_path: Path, state: State, outcome: str) -> None:
    bench = Bench(state)
    record = with_jury(tmp_path).judge(bench, block_randomness)
    assert record.outcome == outcome
    assert record.draw is not None
    (criterion, texts, draw), *more = bench.asked
    assert not more
    assert texts == {"out.json": GOOD.decode()}
    assert criterion.agent_families == ("acme",)
    assert draw == record.draw.draw().sub("condition/reads-well")


def test_a_jury_that_raises_is_undecided_with_its_words(tmp_path: Path) -> None:
    record = with_jury(tmp_path).judge(Bench(RuntimeError("provider on fire")), block_randomness)
    assert record.outcome == "lapse"
    assert record.conditions[2].jury is not None
    assert "provider on fire" in record.conditions[2].jury.reason


def test_without_a_jury_its_condition_is_undecided_and_says_what_to_do(tmp_path: Path) -> None:
    record = with_jury(tmp_path).judge(None, block_randomness)
    assert record.outcome == "lapse"
    assert record.conditions[2].note == "this evaluator has no jury; configure its jurors' providers"


def test_a_slow_jury_ends_with_the_jobs_time(tmp_path: Path) -> None:
    class Sleeper(Bench):
        async def judge(self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw) -> JuryDecision:
            await asyncio.sleep(60)
            return await super().judge(criterion, texts, draw)

    case = with_jury(tmp_path)
    limits = case.task.methodology.limits.model_copy(update={"job_seconds": 1})
    rules = case.task.methodology.model_copy(update={"limits": limits})
    object.__setattr__(case.task, "methodology", rules)
    record = case.judge(Sleeper(), block_randomness)
    assert record.outcome == "lapse"
    assert record.conditions[2].jury is not None
    assert "time was over" in record.conditions[2].jury.reason


def test_one_jury_answer_can_settle_the_next(tmp_path: Path) -> None:
    bench = Bench("failed")
    second = condition("second", method="jury", criterion="Again.", files=["out.json"])
    record = make_case(tmp_path, conditions=[JURY_CONDITION, second]).judge(bench, block_randomness)
    assert record.outcome == "fail"
    assert len(bench.asked) == 1


@pytest.mark.parametrize("manifest", [{"pact": "0x" + "99" * 32}, {"surprise": 1}, {"files": []}])
def test_a_manifest_that_is_not_as_agreed_is_fail(tmp_path: Path, manifest: dict[str, Any]) -> None:
    record = make_case(tmp_path, manifest=manifest).judge()
    assert record.outcome == "fail"
    assert record.intake.problems
    assert {entry.state for entry in record.conditions} == {"undecided"}


def test_a_delivery_nobody_has_is_fail_with_evidence(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    case.store.directory.path(case.task.subject.deliverable).unlink()
    record = case.judge()
    assert record.outcome == "fail"
    assert record.intake.problems[0].rule == "not-retrievable"


@pytest.mark.parametrize("damage", [b"other bytes", b""])
def test_a_file_with_other_bytes_than_its_hash_is_fail(tmp_path: Path, damage: bytes) -> None:
    case = make_case(tmp_path)
    case.store.directory.path(keccak_hex(GOOD)).write_bytes(damage)
    record = case.judge()
    assert record.outcome == "fail"
    assert (record.intake.problems[0].rule, record.intake.problems[0].field) == (
        "not-retrievable",
        "out.json",
    )


def test_a_size_that_lies_is_fail(tmp_path: Path) -> None:
    entry = {"path": "out.json", "bytes": len(GOOD) + 1, "keccak256": keccak_hex(GOOD)}
    record = make_case(tmp_path, manifest={"files": [entry]}).judge()
    assert record.intake.problems[0].rule == "wrong-size"
    assert record.outcome == "fail"


def test_files_nobody_asked_for_are_not_fetched(tmp_path: Path) -> None:
    extra = {"path": "extra.bin", "bytes": 5, "keccak256": "0x" + "77" * 32}
    entry = {"path": "out.json", "bytes": len(GOOD), "keccak256": keccak_hex(GOOD)}
    record = make_case(tmp_path, manifest={"files": [entry, extra]}).judge()
    assert record.outcome == "pass"
    assert record.intake.unasked == ("extra.bin",)


def without_durations(record: EvaluationRecord) -> dict[str, Any]:
    found = json.loads(record.canonical())
    for entry in found["conditions"]:
        entry["check"]["duration_ms"] = 0
    return dict(found)


SCHEMA = condition("shape", method="json_schema", file="out.json", schema={"required": ["total"]})
BROKEN = condition("broken", "minor", method="cel", expression="a.b > 1", facts=[
    {"name": "a", "source": "delivery", "path": "out.json", "form": "json"}
])  # fmt: skip


@pytest.mark.parametrize(
    ("total", "further", "outcome"),
    [(3, [SCHEMA], "pass"), (4, [SCHEMA], "fail"), (3, [SCHEMA, BROKEN], "lapse")],
)
def test_what_is_measured_at_once_has_the_record_that_the_loop_makes(
    tmp_path: Path, total: int, further: list[dict[str, Any]], outcome: str
) -> None:
    files = {"out.json": json.dumps(OUT | {"total": total}).encode()}
    case = make_case(tmp_path, conditions=[*CONDITIONS, *further], files=files)
    record = measure(case.task, case.store, clock=lambda: 5.0)
    looped = asyncio.run(evaluate(case.task, case.store, clock=lambda: 5.0))
    assert without_durations(record) == without_durations(looped)
    assert record.outcome == outcome
    assert parse_record(case.store.get(keep(record, case.store), max_bytes=100_000)) == record


def test_a_pact_that_needs_a_jury_is_not_measured_at_once(tmp_path: Path) -> None:
    case = with_jury(tmp_path)
    with pytest.raises(ValueError, match="jury condition"):
        measure(case.task, case.store)


def test_a_store_that_is_down_is_not_the_providers_fault(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    path = case.store.directory.path(keccak_hex(GOOD))
    path.unlink()
    path.mkdir()  # reading it is an error, not an absence
    with pytest.raises(NotYetError, match="cannot be fetched now"):
        measure(case.task, case.store)
    with pytest.raises(NotYetError, match="cannot be fetched now"):
        case.judge()
    record = case.judge(last_chance=True)
    assert record.outcome == "lapse"
    assert record.intake.obstacles[0].rule == "unreachable"


def test_a_material_nobody_has_leaves_its_condition_undecided(tmp_path: Path) -> None:
    reads = condition(
        "same",
        method="exact",
        file="out.json",
        expected={"source": "material", "path": "truth.json"},
    )
    truth = GOOD + b"\n"
    case = make_case(tmp_path, conditions=[*CONDITIONS, reads], materials={"truth.json": truth})
    assert case.judge().outcome == "pass"
    case.store.directory.path(keccak_hex(truth)).unlink()
    with pytest.raises(NotYetError, match="material"):
        case.judge()
    record = case.judge(last_chance=True)
    assert record.outcome == "lapse"
    assert [entry.state for entry in record.conditions] == ["passed", "passed", "undecided"]


async def early_block() -> PublicRandomness:
    return PublicRandomness(
        source="block-hash", block_number=1, block_hash="0x" + "01" * 32, block_time=ANCHORED_AT + 29
    )


async def other_source() -> PublicRandomness:
    return PublicRandomness(source="drand-quicknet", round=1, signature="ab" * 48)


async def not_there() -> PublicRandomness:
    raise RandomnessError("not made yet")


@pytest.mark.parametrize("source", [early_block, other_source, not_there])
def test_without_the_right_random_value_no_juror_is_drawn(tmp_path: Path, source: Any) -> None:
    bench = Bench()
    case = with_jury(tmp_path)
    with pytest.raises(NotYetError, match="random value"):
        case.judge(bench, source)
    assert case.judge(bench, source, last_chance=True).outcome == "lapse"
    assert not bench.asked


def test_a_jury_condition_about_what_was_not_delivered_needs_no_jury(tmp_path: Path) -> None:
    bench = Bench()
    absent = condition("absent", "minor", method="jury", criterion="Fine.", files=["letter.md"])
    case = make_case(tmp_path, conditions=[*CONDITIONS, absent], threshold={"pass_share_bps": 5000})
    record = case.judge(bench, block_randomness)
    assert record.conditions[2].state == "failed"
    assert record.outcome == "pass"
    assert not bench.asked


def test_hidden_text_is_reported_and_kept_from_the_jury(tmp_path: Path) -> None:
    bench = Bench()
    text = '{"total": 3, "name": "o\u200bk \u202e"}'
    record = with_jury(tmp_path, files={"out.json": text.encode()}).judge(bench, block_randomness)
    assert record.intake.hidden[0].zero_width == 1
    assert record.intake.hidden[0].bidi == 1
    assert bench.asked[0][1] == {"out.json": '{"total": 3, "name": "ok "}'}
