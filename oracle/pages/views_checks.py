"""What a job's pact promised, and what came of each condition, from the evaluators' public records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from oracle.domain.types import Address, Hash
from oracle.evaluation.record import ConditionEntry, EvaluationRecord
from oracle.jury.prompt import Purpose
from oracle.jury.record import JurorRecord, Section
from oracle.pact.document import Condition, Pact
from oracle.pages.text import Line, View

MOST_VOTES: Final = 40  # jurors' votes shown on a page
_QUOTE: Final = 240  # characters

METHODS: Final = {
    "json_schema": "Checked by JSON Schema",
    "cel": "Computed by an expression",
    "pattern": "Checked by a pattern",
    "tests": "Tests run in a sandbox",
    "receipts": "Counted from signed receipts",
    "exact": "Compared with a reference",
    "numeric": "Compared with a reference number",
    "quotes": "Quotations looked up in the sources",
    "jury": "Judged by a jury of models",
}


class Vote(View):
    """What one juror said. `word`: pass, fail, cannot tell or void; `why`: its reason, or why it is void."""

    juror: Line
    model: Line
    word: Line
    quote: Line | None
    why: Line


class Result(View):
    """What one evaluator's record says of a condition."""

    evaluator: Address
    state: str
    reason: Line


class ConditionView(View):
    """One condition of the pact. `state` is undecided where records differ; None where there is no record."""

    id: Line
    statement: Line
    severity: str
    method: str
    state: str | None
    results: tuple[Result, ...]
    votes: tuple[Vote, ...]


class Checks(View):
    """The pact's conditions with what came of them.

    `reasons` are the records' words for the outcome, by evaluator; `hidden` are files in which something was
    hidden from readers.
    """

    conditions: tuple[ConditionView, ...]
    reasons: tuple[tuple[Address, str, Line], ...]
    hidden: tuple[Line, ...]


class Evidence(View):
    """Who signed, with which record; `kept`: whether everybody may read it here."""

    evaluator: Address | None
    index: int
    record: Hash
    kept: bool


def checks(pact: Pact | None, records: Sequence[EvaluationRecord]) -> Checks | None:
    """The conditions of a pact beside what records say; None where neither is kept.

    Where only records are kept, their conditions have no statement.
    """
    if pact is None and not records:
        return None
    left = MOST_VOTES
    shown = []
    entries = [{entry.id: entry for entry in record.conditions} for record in records]
    for id_, condition in _conditions(pact, records):
        found = [(record, of[id_]) for record, of in zip(records, entries, strict=True) if id_ in of]
        view = _condition(id_, condition, found, left)
        left -= len(view.votes)
        shown.append(view)
    return Checks(
        conditions=tuple(shown),
        reasons=tuple(
            (record.evaluator, record.aggregation.outcome, record.aggregation.reason) for record in records
        ),
        hidden=tuple(_hidden(records)),
    )


def _conditions(pact: Pact | None, records: Sequence[EvaluationRecord]) -> list[tuple[str, Condition | None]]:
    if pact is not None:
        return [(condition.id, condition) for condition in pact.conditions]
    return [(entry.id, None) for entry in records[0].conditions]


def _condition(
    id_: str,
    condition: Condition | None,
    found: Sequence[tuple[EvaluationRecord, ConditionEntry]],
    most_votes: int,
) -> ConditionView:
    states = {entry.state for _, entry in found}
    method = condition.measure.method if condition is not None else found[0][1].method
    votes = [vote for _, entry in found[:1] for vote in _votes(entry)]
    return ConditionView(
        id=id_,
        statement="" if condition is None else condition.statement,
        severity=condition.severity.value if condition is not None else found[0][1].severity,
        method=METHODS.get(method, method),
        state=None if not states else states.pop() if len(states) == 1 else "undecided",
        results=tuple(
            Result(evaluator=record.evaluator, state=entry.state, reason=entry.reason)
            for record, entry in found
        ),
        votes=tuple(votes[: max(0, most_votes)]),
    )


def _votes(entry: ConditionEntry) -> list[Vote]:
    if entry.jury is None or not entry.jury.section:
        return []
    try:
        section = Section.model_validate(entry.jury.section)
    except ValidationError:
        # A record of another version: what the jury decided stands above, its votes are in the document.
        return []
    return [vote_of(juror) for juror in section.jurors]


def vote_of(juror: JurorRecord) -> Vote:
    """What a juror said of the delivery itself; its controls are in the record."""
    main = next((call for call in juror.calls if call.purpose is Purpose.MAIN), None)
    said = None if main is None else main.reason
    return Vote(
        juror=juror.juror,
        model=juror.model,
        word="void" if juror.vote is None else juror.vote.replace("_", " "),
        quote=None if main is None or not main.quote else _short(main.quote),
        why=_short(juror.void or juror.note or said or ""),
    )


def _short(text: str) -> str:
    return text if len(text) <= _QUOTE else text[:_QUOTE] + "…"


def _hidden(records: Sequence[EvaluationRecord]) -> list[str]:
    """Files in which something was hidden from readers, by the first record."""
    return [each.path for record in records[:1] for each in record.intake.hidden if not each.is_clean][:10]
