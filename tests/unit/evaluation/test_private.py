"""A private delivery is judged like any other by whoever holds a key, and by nobody else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from oracle.domain.canonical import keccak_hex
from oracle.evaluation.pipeline import NotYetError
from oracle.evaluation.verify import verify
from oracle.evidence.private import ENVELOPE_SCHEMA, Envelope, seal_delivery
from oracle.evidence.sealing import Identities, NotForUsError, read_identities, seal, write_identity
from oracle.evidence.store import ContentStore
from tests.unit.evaluation.builders import Case, make_case


@pytest.fixture
def evaluator(tmp_path: Path) -> Identities:
    write_identity(tmp_path / "key.txt")
    return read_identities(tmp_path / "key.txt")


@pytest.fixture
def stranger(tmp_path: Path) -> Identities:
    write_identity(tmp_path / "stranger.txt")
    return read_identities(tmp_path / "stranger.txt")


def with_delivery(case: Case, deliverable: str, store: ContentStore) -> Case:
    subject = case.task.subject.model_copy(update={"deliverable": deliverable})
    return Case(dataclasses.replace(case.task, subject=subject), store)


def private(tmp_path: Path, sealed_to: Identities, held: Identities) -> Case:
    """A delivered job of which the store has sealed bytes only."""
    plain = make_case(tmp_path / "plain", files={"out.json": b'{"total": 3, "name": "ok"}'})
    manifest = plain.store.get(plain.task.subject.deliverable, max_bytes=10_000)
    file = plain.store.get(keccak_hex(b'{"total": 3, "name": "ok"}'), max_bytes=1000)
    store = ContentStore(tmp_path / "sealed", identities=held)
    deliverable, _ = seal_delivery(manifest, {keccak_hex(file): file}, sealed_to.recipients, store)
    return with_delivery(plain, deliverable, store)


def test_an_evaluator_with_the_key_judges_it(tmp_path: Path, evaluator: Identities) -> None:
    case = private(tmp_path, evaluator, evaluator)
    record = case.judge()
    assert record.outcome == "pass"
    assert [file.path for file in record.intake.files] == ["out.json"]
    assert record.intake.sealed_to == evaluator.recipients


def test_it_is_verified_by_whoever_holds_a_key_and_refused_to_others(
    tmp_path: Path, evaluator: Identities, stranger: Identities
) -> None:
    case = private(tmp_path, evaluator, evaluator)
    data = case.judge().canonical()
    assert verify(data, case.store).holds
    assert verify(data.replace(b'"sealed_to":["age1', b'"sealed_to":["age2'), case.store).differences
    for keys in (stranger, Identities()):
        with pytest.raises(NotForUsError) as refused:
            verify(data, ContentStore(case.store.directory.root, identities=keys))
        assert "--identity" in (refused.value.next_step or "")


def test_without_its_key_nothing_is_decided(
    tmp_path: Path, evaluator: Identities, stranger: Identities
) -> None:
    case = private(tmp_path, evaluator, stranger)
    with pytest.raises(NotYetError, match="keys that are not held here"):
        case.judge()
    record = case.judge(last_chance=True)
    assert record.outcome == "lapse"
    assert [trouble.rule for trouble in record.intake.obstacles] == ["sealed"]
    assert verify(record.canonical(), case.store).holds


def test_sealed_to_our_key_and_yet_unreadable__fails(
    tmp_path: Path, evaluator: Identities, stranger: Identities
) -> None:
    case = private(tmp_path, evaluator, evaluator)
    index = case.store.put(seal(b"junk", stranger.recipients))
    envelope = Envelope(schema_=ENVELOPE_SCHEMA, recipients=evaluator.recipients, index=index)
    junk = with_delivery(case, case.store.put(envelope.canonical()), case.store)
    record = junk.judge()
    assert record.outcome == "fail"
    assert record.intake.problems[0].rule == "not-retrievable"


def test_a_blob_changed_in_the_store__fails_as_a_delivery_that_is_not_there(
    tmp_path: Path, evaluator: Identities
) -> None:
    case = private(tmp_path, evaluator, evaluator)
    for path in case.store.directory.root.rglob("0x*"):
        if path.is_file() and path.name != case.task.subject.deliverable:
            path.write_bytes(path.read_bytes() + b"x")
    record = case.judge()
    assert record.outcome == "fail"


def test_a_delivered_file_that_looks_like_an_envelope_is_only_a_file(
    tmp_path: Path, evaluator: Identities
) -> None:
    envelope = Envelope(schema_=ENVELOPE_SCHEMA, recipients=evaluator.recipients, index="0x" + "00" * 32)
    case = make_case(tmp_path, files={"out.json": envelope.canonical()})
    record = case.judge()
    assert [file.keccak256 for file in record.intake.files] == [envelope.hash()]
