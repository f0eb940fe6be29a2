"""Forged records: one thing changed, hashed anew and signed anew, so that only recomputation can find it."""

from __future__ import annotations

import copy
import fnmatch
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import recover, sign_digest
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Outcome
from oracle.evaluation.record import parse_record
from oracle.evaluation.verify import NOT_RECOMPUTED, Verification, verify
from oracle.jury.record import SECTION_NOT_RECOMPUTED
from oracle.jury.room import replayer
from scripts.jurybench.records import EVALUATOR_KEY, Recorded

_GONE: Final = object()  # in place of a new value: the key is taken out
_INDEX: Final = re.compile(r"/\d+(?=/|$)")
_SWAPS: Final[dict[str, tuple[str, ...]]] = {
    "passed": ("failed", "undecided"),
    "failed": ("passed", "undecided"),
    "undecided": ("passed", "failed"),
    "pass": ("fail", "lapse", "cannot_tell"),
    "fail": ("pass", "lapse"),
    "lapse": ("pass", "fail"),
    "cannot_tell": ("pass",),
    "critical": ("major", "minor"),
    "major": ("critical", "minor"),
    "minor": ("critical", "major"),
    "answered": ("malformed", "refused"),
    "malformed": ("answered",),
    "error": ("answered", "timeout"),
    "main": ("canary",),
    "negative": ("manipulation",),
    "manipulation": ("negative",),
    "canary": ("main",),
    "search": ("canary",),
    "rest": ("main",),
    "rest_manipulation": ("rest_canary",),
    "rest_canary": ("rest_manipulation",),
}


@dataclass(frozen=True)
class Mutation:
    """One change: where, what, and the whole record after it."""

    pointer: str
    what: str
    value: dict[str, Any]

    @property
    def place(self) -> str:
        """The pointer with every index as `*`: the field."""
        return _INDEX.sub("/*", self.pointer)


@dataclass(frozen=True)
class Forged:
    """A forged record as its forger would hand it out: signed by the evaluator itself."""

    data: bytes
    evidence: str
    digest: str
    signature: bytes


@dataclass(frozen=True)
class Change:
    """One change, not yet made: where, what, and what stands there afterwards."""

    pointer: str
    what: str
    new: Any

    @property
    def place(self) -> str:
        """The pointer with every index as `*`: the field."""
        return _INDEX.sub("/*", self.pointer)


def changes(recorded: Recorded) -> list[Change]:
    """Every change tried on a record. Fields that cannot be recomputed are left out."""
    original = recorded.record.as_json()
    patterns = left_out(recorded)
    found = (Change(*each) for each in (*_changes(original, ""), *_turned_answers(original)))
    return [
        change
        for change in found
        if (change.what == "turned" or not any(fnmatch.fnmatchcase(change.pointer, p) for p in patterns))
        and (not recorded.only or change.pointer.startswith(recorded.only))
    ]


def mutations(recorded: Recorded, size: int | None = None, seed: int = 0) -> list[Mutation]:
    """Forgeries drawn by `seed`: at least one of each field, then others up to `size` (None: all).

    Only what is still a record, and another one, is taken: what no reader takes for a record needs no
    recomputation to be found.
    """
    original = recorded.record.as_json()
    dice = random.Random(seed)  # noqa: S311 - repeatable choices, nothing secret
    waiting = changes(recorded)
    dice.shuffle(waiting)
    first: dict[str, Mutation] = {}
    later: list[Change] = []
    for change in waiting:
        if change.place in first or (made := _made(change, original, recorded)) is None:
            later.append(change)
        else:
            first[change.place] = made
    chosen = list(first.values())
    for change in later:
        if size is not None and len(chosen) >= size:
            break
        if (made := _made(change, original, recorded)) is not None:
            chosen.append(made)
    return chosen


def _made(change: Change, original: Any, recorded: Recorded) -> Mutation | None:
    value = _put(original, change.pointer, change.new)
    if not _is_another_record(value, recorded):
        return None
    return Mutation(change.pointer, change.what, value)


def left_out(recorded: Recorded) -> tuple[str, ...]:
    """Patterns of the pointers that nothing can be held against; docs/evaluation.md lists them."""
    section = tuple(f"/conditions/*/jury/section{pattern}" for pattern in SECTION_NOT_RECOMPUTED)
    draw = recorded.record.draw
    # A drand round proves itself by its signature; only a block hash does not.
    proven = draw is not None and draw.randomness.source == "drand-quicknet"
    frame = tuple(p for p in NOT_RECOMPUTED if not (proven and p.startswith("/draw/")))
    return (*frame, *section)


def forge(value: dict[str, Any]) -> Forged:
    """Hash a changed record and attest it, as the evaluator that made it would."""
    record = parse_record(canonical_bytes(value))
    data = record.canonical()
    evidence = keccak_hex(data)
    subject = record.subject
    attestation = Attestation(
        subject=subject.job,
        deliverable=subject.deliverable,
        outcome=Outcome[record.outcome.upper()],
        evidence=evidence,
    )
    digest = attestation_digest(Domain(subject.anchor.chain_id, subject.anchor.escrow), attestation)
    return Forged(data, evidence, digest, sign_digest(EVALUATOR_KEY, digest))


def hold(recorded: Recorded, forged: Forged) -> Verification:
    """Verify a forged record against its own hash and its own signature, both of which are right."""
    signer = recover(forged.digest, forged.signature)
    return verify(
        forged.data, recorded.store, expected_hash=forged.evidence, evaluator=signer, replayer=replayer
    )


def _is_another_record(value: dict[str, Any], recorded: Recorded) -> bool:
    """False for what is no record any more, and where only a field with its default value was left out."""
    try:
        return parse_record(canonical_bytes(value)).canonical() != recorded.record.canonical()
    except EarnestError:
        return False


def _changes(value: Any, pointer: str) -> Iterator[tuple[str, str, Any]]:
    """(pointer, what is done, new value) of every change beneath a value."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _changes(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        if pointer:
            for key in value:
                yield f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", "left out", _GONE
            yield pointer, "a key more", value | {"forged": "x"}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _changes(item, f"{pointer}/{index}")
        yield from ((pointer, what, new) for what, new in _rearranged(value))
    else:
        yield from ((pointer, "changed", new) for new in _others(value))


def _turned_answers(original: Any) -> Iterator[tuple[str, str, Any]]:
    """A model's raw answer with another verdict: what it said cannot be known, what follows from it can."""
    for at, condition in enumerate(original["conditions"]):
        section = (condition["jury"] or {}).get("section", {})
        for place, juror in enumerate(section.get("jurors", ())):
            for number, call in enumerate(juror["calls"]):
                last = len(call["attempts"]) - 1
                raw = call["attempts"][last]["raw"] or ""
                pointer = f"/conditions/{at}/jury/section/jurors/{place}/calls/{number}/attempts/{last}/raw"
                for old, new in (('"pass"', '"fail"'), ('"fail"', '"pass"')):
                    if old in raw:
                        yield pointer, "turned", raw.replace(old, new)


def _rearranged(value: list[Any]) -> Iterator[tuple[str, Any]]:
    if not value:
        yield "an entry more", ["forged"]
        return
    yield "without the first", value[1:]
    yield "without the last", value[:-1]
    yield "the last twice", [*value, value[-1]]
    if len(value) > 1:
        yield "turned round", value[::-1]


def _others(value: Any) -> Iterator[Any]:
    """What a forger might write in place of a leaf."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        if value > 0:
            yield value - 1
    elif isinstance(value, str):
        yield from _SWAPS.get(value, ())
        if value:
            yield value[:-1] + ("1" if value[-1] == "0" else "0")
            middle = len(value) // 2
            yield value[:middle] + ("2" if value[middle] == "1" else "1") + value[middle + 1 :]
        yield value + "0"
    elif value is None:
        yield "forged"
        yield 1
    elif value == {}:
        yield {"forged": "x"}


def _put(value: Any, pointer: str, new: Any) -> dict[str, Any]:
    result: Any = copy.deepcopy(value)
    place = result
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step in steps[:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    last: Any = int(steps[-1]) if isinstance(place, list) else steps[-1]
    if new is _GONE:
        del place[last]
    else:
        place[last] = new
    if not isinstance(result, dict):
        raise TypeError("a record is a JSON object")
    return result
