"""Nothing private leaks: not what was delivered, not what quotes it, by no route and under no hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.daemon.openness import kept_in
from oracle.domain.canonical import keccak_hex
from oracle.evidence.private import seal_delivery
from oracle.evidence.sealing import read_identities, write_identity
from oracle.evidence.store import ContentStore
from tests.databases import Databases
from tests.unit.api.world import World, made_world
from tests.unit.evaluation.builders import Case, make_case
from tests.unit.pages.site import every_path, judged_job, keep, with_notes

SECRET = b'{"total": 3, "name": "a secret nobody may read"}'


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


def every_answer(world: World, hashes: list[str]) -> list[bytes]:
    """Every route's answer, those with a hash in their path for every hash there is."""
    document = world.get("/openapi.json")
    answers = []
    for path in document["paths"]:
        names = [path]
        if "{" in path:
            before, after = path.split("{")[0], path.split("}")[1]
            names = [before + one + after for one in [*hashes, "0x" + "99" * 20]]
        answers += [world.client.get(name).content for name in names]
    return answers


def test_private_delivery__by_no_route__is_shown(world: World, tmp_path: Path) -> None:
    write_identity(tmp_path / "key.txt")
    key = read_identities(tmp_path / "key.txt")
    plain = make_case(tmp_path / "plain", files={"out.json": SECRET})
    manifest = plain.store.get(plain.task.subject.deliverable, max_bytes=10_000)
    store = ContentStore(tmp_path / "kept", identities=key)
    deliverable, _ = seal_delivery(manifest, {keccak_hex(SECRET): SECRET}, key.recipients, store)
    subject = plain.task.subject.model_copy(update={"deliverable": deliverable})
    record = Case(replace(plain.task, subject=subject), store).judge()
    private = store.put(record.canonical())
    store.put(SECRET)  # an operator may have put the opened file there too
    world.source.read_document = kept_in(tmp_path / "kept")

    hashes = sorted(path.name for path in (tmp_path / "kept").rglob("0x*"))
    assert {private, keccak_hex(SECRET), deliverable} <= set(hashes)
    answers = every_answer(world, hashes)
    assert len(answers) > 30
    assert world.client.get(f"/v1/evidence/{private}").status_code == 404
    told = b"".join(answers)
    assert b"a secret nobody may read" not in told
    assert all(recipient.encode() not in told for recipient in key.recipients)


def test_public_record__is_shown_whole(world: World, tmp_path: Path) -> None:
    case = make_case(tmp_path / "plain")
    record = case.judge()
    kept = case.store.put(record.canonical())
    world.source.read_document = kept_in(tmp_path / "plain" / "evidence")
    assert world.get(f"/evidence/{kept}")["document"] == record.as_json()
    assert world.get(f"/pacts/{record.pact}")["document"]["name"]
    # As what it is, or not at all.
    for path in (f"/pacts/{kept}", f"/methodologies/{record.pact}", f"/evidence/{record.pact}"):
        assert world.client.get("/v1" + path).status_code == 404


def test_private_delivery__on_no_page__is_shown(world: World, tmp_path: Path) -> None:
    write_identity(tmp_path / "key.txt")
    key = read_identities(tmp_path / "key.txt")
    plain = make_case(tmp_path / "plain", files={"out.json": SECRET})
    manifest = plain.store.get(plain.task.subject.deliverable, max_bytes=10_000)
    store = ContentStore(tmp_path / "kept", identities=key)
    deliverable, _ = seal_delivery(manifest, {keccak_hex(SECRET): SECRET}, key.recipients, store)
    subject = plain.task.subject.model_copy(update={"deliverable": deliverable})
    record = with_notes(Case(replace(plain.task, subject=subject), store).judge(), SECRET.decode())
    private = store.put(record.canonical())
    store.put(SECRET)
    keep(world, tmp_path / "kept")
    job = judged_job(world, record.pact, private)

    hashes = sorted(path.name for path in (tmp_path / "kept").rglob("0x*"))
    paths = [f"/{kind}/{one}" for kind in ("documents", "pacts", "jobs", "committees") for one in hashes]
    answers = {path: world.client.get(path) for path in [*every_path(world), *paths, f"/jobs/{job}"]}
    assert answers[f"/jobs/{job}"].status_code == 200
    assert "not public here" in answers[f"/jobs/{job}"].text
    assert answers[f"/documents/{private}"].status_code == 404
    told = b"".join(answer.content for answer in answers.values())
    assert b"a secret nobody may read" not in told
    assert all(recipient.encode() not in told for recipient in key.recipients)
