"""A period is judged from what was drawn: what fails is withheld, and anyone can go through it again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.evaluation.pipeline import NotYetError
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.tab import put
from oracle.evaluation.tab_intake import Export, NoTabRulesError, PeriodTask
from oracle.evaluation.tab_record import Handed, TabRecord
from oracle.evaluation.verify import Verification
from oracle.evaluation.verify_tab import verify_period
from oracle.evidence.errors import StoreUnreachableError
from tests.unit.pact.builders import condition, methodology
from tests.unit.tabs.periods import (
    BAD,
    BUYER,
    EVALUATOR,
    GOOD,
    REQUEST,
    WINDOW_ENDS,
    MemoryExport,
    Messages,
    PeriodCase,
    as_json,
    make_period,
)


def gone_through(case: PeriodCase, record: TabRecord | bytes) -> Verification:
    data = record if isinstance(record, bytes) else record.canonical()
    return verify_period(data, case.store, case.open, subject=case.task.subject, evaluator=EVALUATOR)


def test_all_good__everything_is_payable(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 50)
    record = case.judge()
    assert (record.outcome, record.estimate.payable, record.estimate.withheld) == ("pass", "500", "0")
    assert (record.estimate.drawn, case.done[-1]) == (10, (10, 10))
    assert gone_through(case, record).holds
    assert put(record, case.store) == keccak_hex(record.canonical())


def test_some_bad__their_share_of_those_drawn_is_withheld(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD, GOOD, GOOD, BAD] * 10, sampling=40)
    record = case.judge()
    assert (record.estimate.withheld, record.estimate.drawn_failed) == ("100", 10)
    assert record.outcome == "fail"  # a quarter for certain, a tenth allowed
    assert gone_through(case, record).holds


def test_only_this_period_is_drawn_from(tmp_path: Path) -> None:
    case = make_period(tmp_path, [BAD] * 20 + [GOOD] * 20, settled=20, sampling=20)
    record = case.judge()
    assert record.estimate.payable == "200"
    assert {entry.index for stratum in record.strata for entry in stratum.drawn} == set(range(20, 40))


def test_complained_of__is_drawn_and_costs_only_itself(tmp_path: Path) -> None:
    case = make_period(tmp_path, [BAD] + [GOOD] * 99, complained=(0, 400), sampling=5)
    record = case.judge()
    assert record.estimate.withheld == "10"
    assert record.strata[0].name == "complained-04"
    assert gone_through(case, record).holds
    assert record.intake.complaints == (case.task.subject.handed[1].document,)


def test_complaints_of_the_provider__are_no_complaints(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20, complained=(0,))
    subject = case.task.subject
    by_provider = Handed(by=subject.provider, document=subject.handed[1].document)
    changed = subject.model_copy(update={"handed": (subject.handed[0], by_provider)})
    case.task = PeriodTask(changed, case.task.pact, case.task.methodology, EVALUATOR)
    record = case.judge()
    assert [each.name for each in record.strata] == ["price-04"]
    assert [each.document for each in record.intake.troubles] == [by_provider.document]


def left_out(export: MemoryExport) -> None:
    del export.receipts_[3], export.receipts_[4]


def not_opened(export: MemoryExport) -> None:
    export.messages.clear()


def other_messages(export: MemoryExport) -> None:
    for index in export.messages:
        export.messages[index] = Messages(REQUEST, BAD)


def other_receipt(export: MemoryExport) -> None:
    export.receipts_[3] = export.receipts_[3].model_copy(update={"price": 1})


def test_receipts_left_out__are_withheld_whole(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 50, change=left_out)
    record = case.judge()
    assert (record.intake.left_out, record.estimate.left_out, record.estimate.payable) == (2, "20", "480")
    assert gone_through(case, record).holds


def test_receipt_that_is_not_its_leaf__counts_as_left_out(tmp_path: Path) -> None:
    assert make_period(tmp_path, [GOOD] * 50, change=other_receipt).judge().estimate.left_out == "10"


@pytest.mark.parametrize("change", [not_opened, other_messages])
def test_drawn_and_not_to_be_opened__has_failed(
    tmp_path: Path, change: Callable[[MemoryExport], None]
) -> None:
    case = make_period(tmp_path, [GOOD] * 50, change=change)
    record = case.judge()
    assert (record.outcome, record.estimate.payable, record.estimate.drawn_failed) == ("fail", "0", 10)
    assert gone_through(case, record).holds


def test_what_one_left_out__the_others_export_has(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 50, change=left_out)
    whole = make_period(tmp_path, [GOOD] * 50).exports.popitem()[1]
    case.exports["0x" + "cd" * 32] = whole
    subject = case.task.subject
    handed = (*subject.handed, Handed(by=BUYER, document="0x" + "cd" * 32))
    changed = subject.model_copy(update={"handed": handed})
    case.task = PeriodTask(changed, case.task.pact, case.task.methodology, EVALUATOR)
    assert case.judge().estimate.payable == "500"


def test_export_of_another_root__is_not_looked_at(tmp_path: Path) -> None:
    def cut(export: MemoryExport) -> None:
        export.leaves.pop()

    record = make_period(tmp_path, [GOOD] * 50, change=cut).judge()
    assert record.intake.exports == ()
    assert "first 50 receipts do not make" in record.intake.troubles[0].message
    assert (record.outcome, record.estimate.payable) == ("fail", "0")


@pytest.mark.parametrize("later", [1, 9, 25])
def test_export_that_goes_on_after_the_presented_tally__counts_as_far_as_it(
    tmp_path: Path, later: int
) -> None:
    """Otherwise a buyer replaces in the window's last second, and what was handed over is all left out."""
    case = make_period(tmp_path, [GOOD] * (50 - later) + [BAD] * later, later=later, sampling=50)
    record = case.judge()
    assert (record.intake.interactions, record.intake.left_out) == (50 - later, 0)
    assert (record.outcome, record.estimate.payable) == ("pass", str(10 * (50 - later)))
    assert gone_through(case, record).holds


def test_export_that_goes_on_after_another_beginning__is_not_looked_at(tmp_path: Path) -> None:
    def swapped(export: MemoryExport) -> None:
        export.leaves[0], export.leaves[1] = export.leaves[1], export.leaves[0]

    record = make_period(tmp_path, [GOOD] * 50, change=swapped, later=3).judge()
    assert (record.intake.exports, record.intake.left_out) == ((), 47)


def test_the_draw__leaves_the_parties_time_to_hand_over(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20, tabs={"hand_over_seconds": 3_600})
    with pytest.raises(NotYetError, match=f"was made before {WINDOW_ENDS + 3_600}"):
        case.judge()
    case.value = case.value.model_copy(update={"block_time": WINDOW_ENDS + 3_600})
    assert gone_through(case, case.judge()).holds


def test_tally_above_its_receipts__the_rest_is_withheld(tmp_path: Path) -> None:
    record = make_period(tmp_path, [GOOD] * 50, extra=30).judge()
    assert (record.estimate.left_out, record.estimate.payable) == ("30", "500")


def test_receipt_states_another_status__has_failed(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD.replace(b"200", b"500", 1)] * 5)
    entry = case.judge().strata[0].drawn[0]
    assert (entry.state, entry.record) == ("failed", None)
    assert "another status" in entry.reason


def test_equal_exchanges__are_one_record(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20, sampling=20)

    record = case.judge()
    assert len({entry.record for entry in record.strata[0].drawn}) == 1


def test_pact_asks_for_what_no_interaction_has__has_failed(tmp_path: Path) -> None:
    needs = condition(
        "c", method="exact", file="out.json", pointer="", expected={"source": "value", "value": 1}
    )
    entry = (
        make_period(tmp_path, [GOOD] * 5, evidence=("out.json",), conditions=[needs])
        .judge()
        .strata[0]
        .drawn[0]
    )
    assert (entry.state, "response/body" in entry.reason) == ("failed", True)


def test_out_of_reach__is_tried_again_and_undecided_at_last(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20)
    export = next(iter(case.exports.values()))

    class Away(MemoryExport):
        def opening(self, index: int) -> Messages:
            raise StoreUnreachableError(f"no answer about {index}")

    case.exports = dict.fromkeys(case.exports, Away(export.leaves, export.receipts_, export.messages))
    with pytest.raises(NotYetError, match="cannot be opened now"):
        case.judge()
    record = case.judge(last_chance=True)
    assert (record.outcome, record.estimate.payable, record.estimate.drawn_undecided) == ("lapse", "0", 10)


def away(case: PeriodCase, document: str) -> None:
    """What was handed over under this name cannot be fetched, as long as nobody mends it."""
    opened = case.open

    def open_export(wanted: str, count: int) -> Export:
        if wanted == document:
            raise StoreUnreachableError("the place does not answer")
        return opened(wanted, count)

    case.open = open_export  # type: ignore[method-assign, assignment]


def also_handed(case: PeriodCase, document: str) -> None:
    subject = case.task.subject
    handed = (*subject.handed, Handed(by=BUYER, document=document))
    changed = subject.model_copy(update={"handed": handed})
    case.task = PeriodTask(changed, case.task.pact, case.task.methodology, EVALUATOR)


def test_one_document_out_of_reach__the_others_are_judged_at_last(tmp_path: Path) -> None:
    """Whoever names a document that no place answers for must not void the period."""
    case, extra = make_period(tmp_path, [GOOD] * 50), "0x" + "cd" * 32
    also_handed(case, extra)
    away(case, extra)
    with pytest.raises(NotYetError, match="does not answer"):
        case.judge()
    record = case.judge(last_chance=True)
    assert (record.outcome, record.estimate.payable) == ("pass", "500")
    assert [(each.document, each.out_of_reach) for each in record.intake.troubles] == [(extra, True)]
    again = PeriodCase(case.task, case.store, case.exports)  # where nothing is out of reach
    again.exports[extra] = next(iter(case.exports.values()))
    found = gone_through(again, record)
    assert found.holds
    assert any("could not be fetched" in note for note in found.notes)


def test_all_out_of_reach__is_undecided_and_not_failed(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 50)
    away(case, case.task.subject.handed[0].document)
    record = case.judge(last_chance=True)
    assert (record.outcome, record.estimate.payable, record.estimate.low) == ("lapse", "0", "0")
    found = record.estimate
    assert (found.left_out, found.undecided, found.failed) == ("500", "500", "0")
    assert gone_through(case, record).holds


def test_messages_that_may_be_in_what_is_out_of_reach__are_undecided(tmp_path: Path) -> None:
    case, extra = make_period(tmp_path, [GOOD] * 50, change=not_opened), "0x" + "cd" * 32
    also_handed(case, extra)
    away(case, extra)
    record = case.judge(last_chance=True)
    assert (record.outcome, record.estimate.payable, record.estimate.drawn_failed) == ("lapse", "0", 0)
    assert gone_through(case, record).holds


def test_early_value__draws_nothing(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20)
    case.value = PublicRandomness(
        source="block-hash", block_number=11, block_hash="0x" + "5e" * 32, block_time=WINDOW_ENDS + 29
    )
    with pytest.raises(NotYetError, match="was made before"):
        case.judge()


def test_methodology_of_version_1__judges_no_tab(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20)
    case.task = PeriodTask(case.task.subject, case.task.pact, methodology(), EVALUATOR)
    with pytest.raises(NoTabRulesError, match="no rules for tabs"):
        case.judge()


def test_verify__without_an_interactions_record__does_not_hold(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20)
    record = case.judge()
    empty = record.model_copy(update={"records": case.store.put(b"")})
    found = gone_through(case, empty)
    assert "not among those of the period" in found.differences[0].recomputed


def test_verify__another_key_of_the_process__holds_too(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD] * 20)
    other = case.judge().model_copy(update={"evaluator": "0x" + "e2" * 20})
    assert verify_period(other.canonical(), case.store, case.open, subject=case.task.subject).holds


def forged(record: TabRecord, change: Callable[[dict[str, Any]], None]) -> bytes:
    value = copy.deepcopy(as_json(record))
    change(value)
    return canonical_bytes(value)


def more_payable(value: dict[str, Any]) -> None:
    value["estimate"]["payable"], value["estimate"]["withheld"] = "400", "0"


def all_passed(value: dict[str, Any]) -> None:
    for entry in value["strata"][0]["drawn"]:
        entry["state"] = "passed"


def another_drawn(value: dict[str, Any]) -> None:
    drawn = {entry["index"] for entry in value["strata"][0]["drawn"]}
    value["strata"][0]["drawn"][0]["index"] = next(index for index in range(40) if index not in drawn)


def fewer_drawn(value: dict[str, Any]) -> None:
    value["size"]["wanted"] = 9
    value["strata"][0]["drawn"].pop()


def other_population(value: dict[str, Any]) -> None:
    value["strata"][0]["population"] = 41


def nothing_left_out(value: dict[str, Any]) -> None:
    value["intake"]["left_out"] = 1


def other_seed(value: dict[str, Any]) -> None:
    value["draw"]["seed"] = "00" * 32


def other_deliverable(value: dict[str, Any]) -> None:
    value["subject"]["deliverable"] = "0x" + "00" * 32


@pytest.mark.parametrize(
    "change",
    [
        more_payable,
        all_passed,
        another_drawn,
        fewer_drawn,
        other_population,
        nothing_left_out,
        other_seed,
        other_deliverable,
    ],
)
def test_verify__a_changed_line__is_found(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    case = make_period(tmp_path, [GOOD, BAD, GOOD, GOOD] * 10)
    record = case.judge()
    assert gone_through(case, record).holds
    assert not gone_through(case, forged(record, change)).holds


def test_verify__an_interactions_own_record_is_gone_through(tmp_path: Path) -> None:
    """Its hash is right, but what it says does not follow from the messages."""
    case = make_period(tmp_path, [BAD] * 20)
    record = case.judge()
    entry = record.strata[0].drawn[0]
    assert entry.record is not None
    inner = case.store.get(record.records, max_bytes=1_000_000).replace(b'"failed"', b'"passed"')
    inner = inner.replace(b'"outcome":"fail"', b'"outcome":"pass"')
    name = case.store.put(inner)  # one record, so the file's hash is its own

    def swap(value: dict[str, Any]) -> None:
        value["records"] = name
        for each in value["strata"][0]["drawn"]:
            each["record"], each["state"] = name, "passed"

    found = gone_through(case, forged(record, swap))
    assert any(each.pointer.startswith("/interactions/") for each in found.differences)
