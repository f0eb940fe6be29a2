"""Go through a record again, offline, and say which lines differ.

Everything but the models' answers is recomputed: what was fetched, every deterministic check, the draw,
the sum.
What cannot be, because only the machine that wrote it knows it, is listed in `NOT_RECOMPUTED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.evaluation import assess
from oracle.evaluation.intake import SEALED, Intake, Store, take_in
from oracle.evaluation.jury_port import JuryReplayer
from oracle.evaluation.randomness import DrawSection, RandomnessError, make_draw
from oracle.evaluation.record import (
    ConditionEntry,
    EvaluationRecord,
    Subject,
    aggregation_section,
    parse_record,
)
from oracle.evidence.sealing import NotForUsError
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology

ReplayerFactory = Callable[[Methodology], JuryReplayer]

_DOCUMENT_BYTES = 1_048_576

NOT_RECOMPUTED: tuple[str, ...] = (
    "/software/*",
    "/evaluator",
    "/subject/job",
    "/subject/committee",
    "/subject/buyer",
    "/subject/provider",
    "/subject/anchor/*",
    "/started_at",
    "/finished_at",
    "/conditions/*/check/version",
    "/conditions/*/check/log",
    "/conditions/*/check/duration_ms",
    "/draw/randomness/*",
)
"""Fields no recomputation can contradict. The subject and the evaluator are compared with the chain and
the signature instead; a drand value proves itself by its signature, a block hash only by the chain."""


class Difference(NamedTuple):
    """A line that differs: a JSON pointer into the record, what it says, what was recomputed."""

    pointer: str
    recorded: str
    recomputed: str


class Verification(NamedTuple):
    """What came of it. `notes` say what could not be recomputed here, and why."""

    record_hash: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def verify(
    data: bytes,
    store: Store,
    *,
    expected_hash: str | None = None,
    subject: Subject | None = None,
    evaluator: str | None = None,
    replayer: ReplayerFactory | None = None,
) -> Verification:
    """Recompute a record.

    Args:
        data: the record's bytes.
        store: has the documents and files it names.
        expected_hash: the evidence hash of the attestation.
        subject: what the chain says was judged.
        evaluator: who signed the attestation.
        replayer: goes through jury sections; without it they are noted as not recomputed.

    Raises:
        JsonError, DocumentError: the bytes are no record.
        NotForUsError: the delivery is private, and the store holds no key that opens it.
    """
    record = parse_record(data)
    record_hash = keccak_hex(data)
    notes: list[str] = []
    differences = list(_frame(record, data, record_hash, expected_hash, subject, evaluator))
    if subject is None:
        notes.append("the subject was not compared with the chain: no job was given")
    if evaluator is None:
        notes.append("the evaluator was not compared with a signature: no attestation was given")
    try:
        pact = Pact.parse(store.get(record.pact, max_bytes=_DOCUMENT_BYTES))
    except EarnestError as error:
        return _stopped(record_hash, differences, Difference("/pact", record.pact, error.message), notes)
    try:
        methodology = Methodology.parse(store.get(record.methodology, max_bytes=_DOCUMENT_BYTES))
    except EarnestError as error:
        bad = Difference("/methodology", record.methodology, error.message)
        return _stopped(record_hash, differences, bad, notes)
    recomputed = _recompute(record, pact, methodology, store, replayer, notes)
    differences += compare(record.as_json(), recomputed.as_json())
    return Verification(record_hash, tuple(differences), tuple(notes))


def compare(recorded: Any, recomputed: Any, pointer: str = "") -> Iterator[Difference]:
    """Every place where two JSON values differ, by pointer."""
    if isinstance(recorded, dict) and isinstance(recomputed, dict):
        for key in sorted({*recorded, *recomputed}):
            step = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in recorded or key not in recomputed:
                yield Difference(
                    step, _shown(recorded.get(key, "(absent)")), _shown(recomputed.get(key, "(absent)"))
                )
            else:
                yield from compare(recorded[key], recomputed[key], step)
    elif isinstance(recorded, list) and isinstance(recomputed, list):
        for index in range(max(len(recorded), len(recomputed))):
            step = f"{pointer}/{index}"
            if index >= len(recorded) or index >= len(recomputed):
                pair = [
                    values[index] if index < len(values) else "(absent)" for values in (recorded, recomputed)
                ]
                yield Difference(step, _shown(pair[0]), _shown(pair[1]))
            else:
                yield from compare(recorded[index], recomputed[index], step)
    elif type(recorded) is not type(recomputed) or recorded != recomputed:
        yield Difference(pointer, _shown(recorded), _shown(recomputed))


def _frame(
    record: EvaluationRecord,
    data: bytes,
    record_hash: str,
    expected_hash: str | None,
    subject: Subject | None,
    evaluator: str | None,
) -> Iterator[Difference]:
    if record.canonical() != data:
        yield Difference("", "bytes", "not the canonical form of the record")
    if expected_hash is not None and expected_hash != record_hash:
        yield Difference("", record_hash, f"the attestation names {expected_hash}")
    if record.finished_at < record.started_at:
        yield Difference("/finished_at", str(record.finished_at), f"not before {record.started_at}")
    if subject is not None:
        yield from compare(record.subject.model_dump(), subject.model_dump(), "/subject")
    if evaluator is not None and evaluator != record.evaluator:
        yield Difference("/evaluator", record.evaluator, evaluator)


def _stopped(
    record_hash: str, differences: list[Difference], last: Difference, notes: list[str]
) -> Verification:
    notes.append(f"nothing after {last.pointer} was recomputed")
    return Verification(record_hash, (*differences, last), tuple(notes))


def _recompute(
    record: EvaluationRecord,
    pact: Pact,
    methodology: Methodology,
    store: Store,
    replayer: ReplayerFactory | None,
    notes: list[str],
) -> EvaluationRecord:
    intake = take_in(store, pact, record.subject.deliverable, methodology.limits.fetch)
    sealed = next((trouble for trouble in intake.obstacles if trouble.rule == SEALED), None)
    if sealed is not None and all(trouble.rule != SEALED for trouble in record.intake.obstacles):
        raise NotForUsError(
            sealed.message,
            field="identity",
            next_step="give the identity of a party, an evaluator or the arbiter with --identity FILE",
        )
    entries = assess.check_conditions(pact, methodology, record.subject, intake)
    draw = _draw(record, methodology, notes)
    by_id = {entry.id: entry for entry in record.conditions}
    done: list[ConditionEntry] = []
    for position, entry in enumerate(entries):
        recorded = by_id.get(entry.id)
        if entry.method != "jury" or entry.note is not None:
            done.append(_with_unreproducible(entry, recorded, notes))
        elif not assess.needs_jury(pact, intake, [*done, *entries[position:]]):
            done.append(entry.model_copy(update={"note": assess.SETTLED}))
        else:
            case = (pact, methodology, intake, draw, replayer, notes)
            done.append(_jury_entry(entry, recorded, *case, has_draw=record.draw is not None))
    added = assess.aggregate(pact, intake, done)
    return record.model_copy(
        update={
            "pact": pact.hash(),
            "methodology": methodology.hash(),
            "intake": assess.intake_section(intake),
            "draw": draw if assess.needs_jury(pact, intake, entries) else None,
            "conditions": tuple(done),
            "aggregation": aggregation_section(added, pact.threshold.pass_share_bps),
        }
    )


def _draw(record: EvaluationRecord, methodology: Methodology, notes: list[str]) -> DrawSection | None:
    if record.draw is None:
        return None
    randomness = record.draw.randomness
    if randomness.source == "block-hash":
        notes.append("the draw's block hash proves itself only against the chain")
    try:
        return make_draw(
            randomness,
            subject=record.subject.job,
            deliverable=record.subject.deliverable,
            anchored_at=record.subject.anchor.timestamp,
            rules=methodology.draw,
        )
    except RandomnessError as error:
        notes.append(error.message)
        return None


def _with_unreproducible(
    entry: ConditionEntry, recorded: ConditionEntry | None, notes: list[str]
) -> ConditionEntry:
    """Carry over what only the recording machine knows."""
    if entry.check is None or recorded is None or recorded.check is None:
        return entry
    if entry.check.version != recorded.check.version:
        notes.append(
            f"{entry.id}: recorded with {recorded.check.version}, recomputed with {entry.check.version}"
        )
    kept = {name: getattr(recorded.check, name) for name in ("version", "log", "duration_ms")}
    return entry.model_copy(update={"check": entry.check.model_copy(update=kept)})


def _jury_entry(
    entry: ConditionEntry,
    recorded: ConditionEntry | None,
    pact: Pact,
    methodology: Methodology,
    intake: Intake,
    draw: DrawSection | None,
    replayer: ReplayerFactory | None,
    notes: list[str],
    *,
    has_draw: bool,
) -> ConditionEntry:
    condition = next(each for each in pact.conditions if each.id == entry.id)
    case = assess.jury_case(condition, intake)
    if case.answer is not None:
        return entry.model_copy(update={"state": "failed", "note": case.answer})
    if recorded is None or recorded.jury is None:
        # never put to a jury: that is undecided, and there are two reasons why
        return entry.model_copy(update={"note": assess.NO_JURY if has_draw else assess.NO_RANDOMNESS})
    if draw is None:
        notes.append(f"{entry.id}: a jury's answer without a valid draw counts as undecided")
        return entry
    if not recorded.jury.section:  # the jury gave out; only undecided can follow from nothing
        return entry.model_copy(update={"jury": assess.gave_out(recorded.jury)})
    if replayer is None:
        notes.append(f"{entry.id}: the jury's section was not recomputed; no replayer was given")
        return entry.model_copy(update={"state": recorded.jury.state, "jury": recorded.jury})
    inner = draw.draw().sub(f"condition/{entry.id}")
    section: Mapping[str, Any] = recorded.jury.section
    try:
        decision = replayer(methodology).replay(case.criterion, case.texts, inner, section)
    except Exception as error:  # noqa: BLE001 - whatever a forged section makes a replay raise, it does not hold
        notes.append(
            f"{entry.id}: the jury's section cannot be gone through: {type(error).__name__}: {error}"
        )
        return entry
    return entry.model_copy(update={"state": decision.state, "jury": decision})


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else text[:300] + "…"
