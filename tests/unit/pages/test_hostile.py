"""What others wrote reaches no page as anything but text, visible and cut to a length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.jury.prompt import Purpose
from oracle.jury.record import Call, JurorRecord
from oracle.pages import text
from oracle.pages.views_checks import vote_of
from tests.databases import Databases
from tests.unit.api.world import World
from tests.unit.evaluation.builders import make_case
from tests.unit.pact.builders import condition
from tests.unit.pages.site import every_path, judged_job, keep, made_site, with_notes

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "\"><img src=x onerror=alert(2)>'"
BIDI = "pay \u202eevil\u202c now\u200b\u2066"
LINK = "javascript:alert(3)"


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_site(databases)
    yield made
    made.database.close()


def hostile_job(world: World, folder: Path, statement: str, note: str, count: int = 3) -> tuple[str, str]:
    """A job whose pact and record say this; its id and its pact."""
    conditions = [
        condition(
            f"c-{number}",
            method="exact",
            file="out.json",
            pointer="/total",
            expected={"source": "value", "value": 3},
        )
        | {"statement": statement}
        for number in range(count)
    ]
    case = make_case(folder, conditions=conditions, title=statement[:290], summary=statement)
    record = with_notes(case.judge(), note)
    kept = case.store.put(record.canonical())
    keep(world, folder / "evidence")
    return judged_job(world, record.pact, kept), record.pact


def test_hostile_text__in_pact_and_record__is_text(world: World, tmp_path: Path) -> None:
    mixed = f"{SCRIPT} {BREAKOUT} {BIDI} {LINK}"
    job, pact = hostile_job(world, tmp_path, mixed, mixed)
    paths = [*every_path(world), f"/jobs/{job}", f"/pacts/{pact}", "/live"]
    for path in paths:
        shown = world.client.get(path).text
        assert SCRIPT not in shown, path
        assert "<img src=x" not in shown, path
        assert not set("\u202e\u202c\u200b\u2066") & set(shown), path
        assert 'href="javascript' not in shown, path
    job_page = world.client.get(f"/jobs/{job}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in job_page
    assert "[U+202E]" in job_page


def test_a_megabyte__in_a_record__is_cut_and_said(world: World, tmp_path: Path) -> None:
    job, _ = hostile_job(world, tmp_path, "It holds.", "A" * 1_000_000)
    shown = world.client.get(f"/jobs/{job}").text
    assert len(shown) < 200_000
    assert "A" * (text.LINE + 1) not in shown
    assert "characters in all" in shown


def test_largest_page__stays_below_150_kb_on_the_wire(world: World, tmp_path: Path) -> None:
    """As many conditions as a pact may have, each of letters that do not compress."""
    choose = random.Random(7)
    noise = "".join(chr(choose.randrange(0x4E00, 0x9FA5)) for _ in range(1_500))
    job, pact = hostile_job(world, tmp_path, noise, noise[::-1], count=64)
    for path in (f"/jobs/{job}", f"/pacts/{pact}", *every_path(world)):
        answer = world.client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < 150_000, path


def test_query__very_long__is_neither_repeated_nor_fatal(world: World) -> None:
    answer = world.client.get("/", params={"q": SCRIPT + "z" * 60_000})
    assert answer.status_code == 200
    assert SCRIPT not in answer.text
    assert len(answer.text) < 100_000


def test_juror__whatever_it_said__is_cut_and_visible() -> None:
    unchecked: Any = Call, JurorRecord  # as a record of another version might hold them
    call = unchecked[0].model_construct(
        purpose=Purpose.MAIN, quote=BIDI + "q" * 10_000, reason=SCRIPT * 1_000
    )
    juror = unchecked[1].model_construct(
        juror=BIDI, model="m" * 10_000, calls=(call,), vote="cannot_tell", void=None, note=None
    )
    vote = vote_of(juror)
    assert vote.word == "cannot tell"
    assert "[U+202E]" in vote.juror
    assert vote.quote is not None
    assert "\u202e" not in vote.quote
    assert all(len(one) < 500 for one in (vote.quote, vote.why, vote.model))


@pytest.mark.parametrize("hidden", ["\x00", "\x1b[2J", "\u202e", "\u2067", "\u200d", "\ufeff", "\U000e0041"])
def test_cut__hidden_characters__are_written_out(hidden: str) -> None:
    shown = text.cut(f"a{hidden}b", 100)
    assert hidden[0] not in shown
    assert "[U+" in shown
