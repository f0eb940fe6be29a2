"""Every line of a record that can be recomputed is: change one, hash it anew, and it is found and named."""

from __future__ import annotations

import copy
import fnmatch
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.decide.draw import Draw
from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.domain.errors import EarnestError
from oracle.evaluation.assess import TIME_OVER
from oracle.evaluation.jury_port import Jury, JuryCriterion, JuryDecision, JuryReplayer
from oracle.evaluation.pipeline import keep
from oracle.evaluation.verify import NOT_RECOMPUTED, Verification, compare, verify
from oracle.evidence.store import ContentStore
from oracle.pact.methodology import Methodology
from tests.unit.evaluation.builders import (
    CONDITIONS,
    JURY_CONDITION,
    Case,
    block_randomness,
    make_case,
)
from tests.unit.pact.builders import condition


class EchoJury:
    """Jury and replayer in one: all it records follows from criterion, texts, draw and one raw answer."""

    def __init__(self, _methodology: Methodology | None = None) -> None:
        self.answer = "PASS"

    async def judge(self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw) -> JuryDecision:
        return self._decide(criterion, texts, draw, self.answer)

    def replay(
        self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw, section: Mapping[str, Any]
    ) -> JuryDecision:
        return self._decide(criterion, texts, draw, str(section["raw"]))

    def _decide(
        self, criterion: JuryCriterion, texts: Mapping[str, str], draw: Draw, raw: str
    ) -> JuryDecision:
        prompt = f"{draw.nonce('prompt')} {criterion.question} {sorted(texts.items())}"
        return JuryDecision(
            state="passed" if raw == "PASS" else "failed",
            reason=f"it said {raw}",
            model_calls=1,
            section={"prompt": prompt, "raw": raw, "vote": raw == "PASS"},
        )


def jury(methodology: Methodology) -> Jury:
    return EchoJury(methodology)


def replayer(methodology: Methodology) -> JuryReplayer:
    return EchoJury(methodology)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    quote = condition(
        "quoted", "minor", method="quotes", file="note.md", form="blockquote", sources=["src.md"]
    )
    text = b"> the oldest agreement is the one we keep\n\nn\xe2\x80\x8bote\n"
    return make_case(
        tmp_path_factory.mktemp("verify"),
        conditions=[*CONDITIONS, quote, JURY_CONDITION],
        files={"out.json": b'{"total": 3}', "note.md": text},
        materials={"src.md": b"And the oldest agreement is the one we keep."},
    )


@pytest.fixture(scope="module")
def recorded(case: Case) -> dict[str, Any]:
    record = case.judge(jury, block_randomness)
    assert record.outcome == "pass"
    value = record.as_json()
    assert isinstance(value, dict)
    return value


def check(case: Case, value: Any, **more: Any) -> Verification:
    return verify(canonical_bytes(value), case.store, replayer=replayer, **more)


def test_an_honest_record_holds(case: Case, recorded: dict[str, Any]) -> None:
    result = check(case, recorded, subject=case.task.subject, evaluator=case.task.evaluator)
    assert result.differences == ()
    assert result.notes == ("the draw's block hash proves itself only against the chain",)


def leaves(value: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{pointer}/{index}")
    else:
        yield pointer


def changed(value: Any) -> list[Any]:
    """Other values that a forger might write in place of this one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(0, value - 1)] if value else [1]
    if isinstance(value, str):
        swaps = {"passed": ["failed", "undecided"], "failed": ["passed"], "pass": ["fail", "lapse"]}
        if value in swaps:
            return swaps[value]
        last = "1" if value[-1:] == "0" else "0"
        return [value[:-1] + last, value + " "]
    if value is None:
        return ["x", 1]
    return [["x"] if isinstance(value, list) else {"x": 1}]


def put(value: dict[str, Any], pointer: str, new: Any) -> dict[str, Any]:
    result: Any = copy.deepcopy(value)
    place = result
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step in steps[:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    last = int(steps[-1]) if isinstance(place, list) else steps[-1]
    place[last] = new
    assert isinstance(result, dict)
    return result


def get(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/")]
    return value


def cannot_be_recomputed(pointer: str) -> bool:
    return any(fnmatch.fnmatchcase(pointer, pattern) for pattern in NOT_RECOMPUTED)


def test_every_change_to_a_line_that_can_be_recomputed_is_found(case: Case, recorded: dict[str, Any]) -> None:
    missed = []
    tried = 0
    for pointer in leaves(recorded):
        if cannot_be_recomputed(pointer) or pointer.endswith("/jury/section/raw"):
            continue
        for new in changed(get(recorded, pointer)):
            if new == get(recorded, pointer):
                continue
            tried += 1
            try:
                result = check(case, put(recorded, pointer, new))
            except EarnestError:
                continue  # no longer a record at all
            if result.holds:
                missed.append(f"{pointer} -> {new!r}")
    assert tried > 150
    assert missed == []


@pytest.mark.parametrize(
    "pointer",
    [
        "/conditions/0/check/reason",
        "/conditions/0/check/inputs/delivery~1out.json",
        "/conditions/2/state",
        "/conditions/3/jury/section/prompt",
        "/aggregation/outcome",
        "/aggregation/held",
        "/intake/files/0/keccak256",
        "/intake/hidden/0/zero_width",
        "/draw/seed",
    ],
)
def test_the_line_is_named(case: Case, recorded: dict[str, Any], pointer: str) -> None:
    result = check(case, put(recorded, pointer, changed(get(recorded, pointer))[0]))
    assert pointer in [difference.pointer for difference in result.differences]


def test_another_raw_answer_leads_to_another_decision(case: Case, recorded: dict[str, Any]) -> None:
    result = check(case, put(recorded, "/conditions/3/jury/section/raw", "FAIL"))
    pointers = {difference.pointer for difference in result.differences}
    assert {"/conditions/3/state", "/conditions/3/jury/section/vote", "/aggregation/outcome"} <= pointers


@pytest.mark.parametrize(
    "pointer", ["/subject/job", "/subject/buyer", "/subject/anchor/timestamp", "/subject/deliverable"]
)
def test_the_subject_is_held_against_the_chain(case: Case, recorded: dict[str, Any], pointer: str) -> None:
    value = put(recorded, pointer, changed(get(recorded, pointer))[0])
    result = check(case, value, subject=case.task.subject)
    assert pointer in [difference.pointer for difference in result.differences]


def test_the_evaluator_is_held_against_the_signature(case: Case, recorded: dict[str, Any]) -> None:
    result = check(case, recorded, evaluator="0x" + "99" * 20)
    assert [difference.pointer for difference in result.differences] == ["/evaluator"]


def test_a_condition_left_out_is_found(case: Case, recorded: dict[str, Any]) -> None:
    value = put(recorded, "/conditions", recorded["conditions"][:-1])
    assert not check(case, value).holds


def test_bytes_that_are_not_canonical_are_found(case: Case, recorded: dict[str, Any]) -> None:
    result = verify(json.dumps(recorded, indent=1).encode(), case.store, replayer=replayer)
    assert [difference.pointer for difference in result.differences] == [""]


def test_another_evidence_hash_is_found(case: Case, recorded: dict[str, Any]) -> None:
    result = check(case, recorded, expected_hash="0x" + "00" * 32)
    assert "the attestation names" in result.differences[0].recomputed


def test_a_delivery_that_changed_afterwards_is_found(
    case: Case, recorded: dict[str, Any], tmp_path: Path
) -> None:
    elsewhere = ContentStore(tmp_path)
    for path in case.store.directory.root.rglob("0x*"):
        elsewhere.put(path.read_bytes())
    elsewhere.directory.path(keccak_hex(b'{"total": 3}')).write_bytes(b'{"total": 4}')
    result = verify(canonical_bytes(recorded), elsewhere, replayer=replayer)
    assert "/intake/problems/0" in [difference.pointer for difference in result.differences]


def test_without_a_replayer_the_jury_is_noted_not_trusted_silently(
    case: Case, recorded: dict[str, Any]
) -> None:
    result = verify(canonical_bytes(recorded), case.store)
    assert "reads-well: the jury's section was not recomputed; no replayer was given" in result.notes


@pytest.mark.parametrize("error", [EarnestError("no answer for it"), KeyError("raw"), RecursionError()])
def test_a_section_that_cannot_be_gone_through_does_not_hold(
    case: Case, recorded: dict[str, Any], error: Exception
) -> None:
    class Broken(EchoJury):
        def replay(self, *_: Any) -> JuryDecision:
            raise error

    result = verify(canonical_bytes(recorded), case.store, replayer=Broken)
    assert "/conditions/3/state" in [difference.pointer for difference in result.differences]
    assert any("cannot be gone through" in note for note in result.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "undecided", "jury": None},
        {"state": "undecided", "jury": None, "note": "the dog ate it"},
        {"state": "undecided", "jury": {"state": "undecided", "reason": "Too few.", "model_calls": 0}},
        {"state": "undecided", "jury": {"state": "undecided", "reason": TIME_OVER, "model_calls": 7}},
        {"state": "passed", "jury": {"state": "passed", "reason": TIME_OVER, "model_calls": 0}},
    ],
)
def test_a_jurys_section_that_was_taken_out_is_found(
    case: Case, recorded: dict[str, Any], change: dict[str, Any]
) -> None:
    result = check(case, put(recorded, "/conditions/3", recorded["conditions"][3] | change))
    assert any(difference.pointer.startswith("/conditions/3/") for difference in result.differences)


def test_a_jury_that_gave_out_holds(case: Case) -> None:
    class Failing(EchoJury):
        async def judge(self, *_: Any) -> JuryDecision:
            raise ConnectionError("no line")

    record = case.judge(Failing, block_randomness)
    assert record.outcome == "lapse"
    assert verify(record.canonical(), case.store, replayer=replayer).holds


def test_an_evaluator_without_a_jury_or_a_random_value_holds(case: Case) -> None:
    for record in (case.judge(None, block_randomness), case.judge(jury, None)):
        assert record.outcome == "lapse"
        assert verify(record.canonical(), case.store, replayer=replayer).holds


def test_a_pact_nobody_has_stops_it(case: Case, recorded: dict[str, Any]) -> None:
    result = check(case, recorded | {"pact": "0x" + "00" * 32})
    assert result.differences[-1].pointer == "/pact"


def test_compare_escapes_pointers_and_tells_types_apart() -> None:
    found = list(compare({"a/b": 1, "c~": [1]}, {"a/b": True, "c~": []}))
    assert [difference.pointer for difference in found] == ["/a~1b", "/c~0/0"]


def test_commands_show_and_verify(case: Case, recorded: dict[str, Any], tmp_path: Path) -> None:
    evidence = keep(case.judge(jury, block_randomness), case.store)
    runner = CliRunner()
    store = ["--store", str(case.store.directory.root)]
    shown = runner.invoke(cli, ["evidence", "show", evidence, *store])
    assert shown.exit_code == 0, shown.output
    assert "PASS" in shown.output
    assert "reads-well" in shown.output
    as_json = runner.invoke(cli, ["evidence", "show", evidence, *store, "--json"])
    assert json.loads(as_json.output)["hash"] == evidence
    deterministic = tmp_path / "evidence"
    honest = make_case(tmp_path)
    verified = runner.invoke(
        cli, ["verify", keep(honest.judge(), honest.store), "--store", str(deterministic)]
    )
    assert verified.exit_code == 0, verified.output
    assert "holds" in verified.output
    forged = tmp_path / "forged.json"
    forged.write_bytes(canonical_bytes(put(recorded, "/aggregation/held", 99)))
    refused = runner.invoke(cli, ["verify", str(forged), *store, "--json"])
    assert refused.exit_code == 1
    pointers = [difference["pointer"] for difference in json.loads(refused.output)["differences"]]
    assert "/aggregation/held" in pointers
