"""From an intake to condition entries and their sum: the part that a judge and a verifier do alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oracle.decide.evaluate import Aggregation, ConditionResult, add_up
from oracle.domain.canonical import JsonValue, keccak_hex
from oracle.domain.types import Outcome
from oracle.domain.unicode_facts import inspect_text
from oracle.evaluation.checks.base import CheckInputs
from oracle.evaluation.checks.nursery import sitting
from oracle.evaluation.checks.run import run_check
from oracle.evaluation.intake import Intake, Trouble
from oracle.evaluation.jury_port import JuryCriterion, JuryDecision
from oracle.evaluation.record import ConditionEntry, IntakeSection, Subject, TakenFile, TroubleEntry
from oracle.pact.document import Condition, Pact
from oracle.pact.measures import JuryMeasure
from oracle.pact.methodology import Methodology
from oracle.pact.paths import covers

NOT_MEASURED = "not measured: the delivery was not as agreed, or could not be fetched"
NO_RANDOMNESS = "the public random value of the draw could not be had"
NO_JURY = "this evaluator has no jury; configure its jurors' providers"
TIME_OVER = "the job's time was over before the jury had answered"
JURY_FAILED = "the jury failed with "  # and which error
SETTLED = "not put to the jury: the other conditions already make it Fail"


@dataclass(frozen=True)
class JuryCase:
    """A jury condition, ready to be put to a jury. `answer` is set where none is needed."""

    condition: Condition
    criterion: JuryCriterion
    texts: Mapping[str, str]
    answer: str | None = None


def intake_section(intake: Intake) -> IntakeSection:
    """The record's form of an intake."""
    return IntakeSection(
        files=_taken(intake.files),
        unasked=intake.unasked,
        materials=_taken(intake.materials),
        hidden=intake.hidden,
        problems=_troubles(intake.problems),
        obstacles=_troubles(intake.obstacles),
        sealed_to=intake.sealed_to,
    )


def can_measure(intake: Intake) -> bool:
    """Whether the whole delivery is here and as agreed."""
    return not intake.problems and _blocked(intake) is None


def check_conditions(
    pact: Pact, methodology: Methodology, subject: Subject, intake: Intake
) -> list[ConditionEntry]:
    """Every condition in the pact's order: deterministic ones measured, jury ones still undecided."""
    if not can_measure(intake):
        return [entry(pact, condition, "undecided", note=NOT_MEASURED) for condition in pact.conditions]
    entries = []
    parsed: dict[tuple[str, str], JsonValue] = {}
    between = (pact.hash(), methodology.hash(), subject.buyer, subject.provider)
    with sitting(between) as shared:
        for condition in pact.conditions:
            if condition.is_jury:
                entries.append(entry(pact, condition, "undecided"))
                continue
            inputs = CheckInputs(
                intake.files,
                intake.materials,
                methodology.limits,
                buyer=subject.buyer,
                provider=subject.provider,
                job=subject.job,
                sitting=shared,
                parsed=parsed,
            )
            result = run_check(condition.measure, inputs)
            entries.append(entry(pact, condition, result.state).model_copy(update={"check": result}))
    return entries


def aggregate(pact: Pact, intake: Intake, entries: Sequence[ConditionEntry]) -> Aggregation:
    """What the entries add up to."""
    results = [
        ConditionResult(entry.id, entry.severity == "critical", entry.weight, entry.state)
        for entry in entries
    ]
    blocked = _blocked(intake)
    return add_up(
        results,
        pact.threshold.pass_share_bps,
        not_as_agreed=intake.problems[0].message if intake.problems else None,
        not_to_be_had=blocked.message if blocked is not None else None,
    )


def needs_jury(pact: Pact, intake: Intake, entries: Sequence[ConditionEntry]) -> bool:
    """Whether there is a jury condition that can still matter."""
    if not can_measure(intake) or not any(condition.is_jury for condition in pact.conditions):
        return False
    return aggregate(pact, intake, entries).outcome is not Outcome.FAIL


def gave_out(decision: JuryDecision) -> JuryDecision:
    """What a decision without a section can only be: undecided, no answer heard, and one of two reasons."""
    reason = decision.reason
    if reason != TIME_OVER and not reason.startswith(JURY_FAILED):
        reason = f"{TIME_OVER}, or: {JURY_FAILED}…"
    return JuryDecision(state="undecided", reason=reason, model_calls=0, section={})


def jury_case(condition: Condition, intake: Intake) -> JuryCase:
    """What the jury is asked about one condition, and with what before it.

    A condition about files that were not delivered, or are no text, needs no jury: it does not hold.
    """
    measure = condition.measure
    if not isinstance(measure, JuryMeasure):
        raise TypeError(f"condition {condition.id} is not for a jury")
    covered = [path for path in intake.files if any(covers(each, path) for each in measure.files)]
    unreadable = [path for path in covered if path not in intake.texts]
    answer = None
    if not covered:
        answer = f"none of {', '.join(measure.files)} was delivered"
    elif unreadable:
        answer = f"{unreadable[0]} is not UTF-8 text"
    declared = intake.manifest.declared.models if intake.manifest is not None else None
    criterion = JuryCriterion(
        condition_id=condition.id,
        statement=condition.statement,
        question=measure.criterion,
        standard=measure.standard,
        references=_references(measure, intake.materials),
        agent_families=tuple(sorted({use.family for use in declared or ()})),
    )
    texts = {path: intake.texts[path] for path in covered if path in intake.texts}
    return JuryCase(condition, criterion, texts, answer)


def entry(pact: Pact, condition: Condition, state: str, note: str | None = None) -> ConditionEntry:
    """A condition's entry without a result."""
    return ConditionEntry.model_validate(
        {
            "id": condition.id,
            "method": condition.measure.method,
            "severity": condition.severity.value,
            "weight": pact.threshold.weight(condition.severity),
            "state": state,
            "note": note,
        }
    )


def _references(measure: JuryMeasure, materials: Mapping[str, bytes]) -> dict[str, str]:
    found = {}
    for path, data in materials.items():
        if any(covers(each, path) for each in measure.materials):
            found[path] = inspect_text(path, data.decode("utf-8", "replace"))[0]
    return found


def _blocked(intake: Intake) -> Trouble | None:
    """The first obstacle to the delivery; a missing material only stops what reads it."""
    return next((trouble for trouble in intake.obstacles if trouble.rule != "material"), None)


def _taken(files: Mapping[str, bytes]) -> tuple[TakenFile, ...]:
    return tuple(
        TakenFile(path=path, keccak256=keccak_hex(data), bytes=len(data))
        for path, data in sorted(files.items())
    )


def _troubles(troubles: Sequence[Trouble]) -> tuple[TroubleEntry, ...]:
    return tuple(TroubleEntry(**trouble._asdict()) for trouble in troubles)
