"""The page of an agent: one that only has tabs, ids that are its own word, benchmarks that do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from oracle.domain.tab_events import TabOpened
from oracle.domain.tab_terms import TabAgreement, TabOpening
from oracle.store import chain as chain_store
from oracle.store import screening
from oracle.store import tabs as tab_store
from oracle.store.screening import Screening
from oracle.store.tabs import TabHappened
from tests.databases import Databases
from tests.unit.api.world import World
from tests.unit.pages.site import made_site
from tests.unit.pages.test_hostile import BIDI, BREAKOUT, LINK, SCRIPT
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, USDC, block
from tests.unit.tabs.test_tab_steps import TERMS

BY_TABS, TAB, HASH = "0x" + "a9" * 20, "0x" + "71" * 32, "0x" + "9a" * 32


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_site(databases)
    yield made
    made.database.close()


def part_of(page: str, section: str) -> str:
    return page.split(f'<section aria-labelledby="{section}-title">')[1].split("</section>", maxsplit=1)[0]


def attach(world: World, result: str = "62 %", agent_id: int | None = None, **texts: str) -> None:
    told = {"benchmark": "Bench 1.0", "source": "https://bench.example/1", "scope": "code", **texts}
    with world.database.write() as session:
        screening.add(
            session,
            Screening(0, AGENTS[0], agent_id, result=result, measured_on="2026-11-01", added_at=1.0, **told),
        )


def test_agent__with_tabs_only__has_a_page(world: World) -> None:
    assert world.client.get(f"/agents/{BY_TABS}").status_code == 404
    terms = replace(TERMS, buyer=BUYERS[0], provider=BY_TABS, committee=ROOT, bond=20 * USDC)
    opened = TabOpened(TAB, BUYERS[0], BY_TABS, TabAgreement(terms, TabOpening(HASH, HASH, 0, 1, 1)), 0b111)
    at = block(800)
    with world.database.write() as session:
        tab_store.follow(session, "0x" + "7a" * 20)
        chain_store.save_blocks(session, [at])
        tab_store.save_tab_events(session, [TabHappened(opened, HASH, at.number, 0, at.timestamp)])
    world.catch_up()
    answer = world.client.get(f"/agents/{BY_TABS}")
    assert answer.status_code == 200
    listed = part_of(answer.text, "tabs")
    assert f"/v1/tabs/{TAB}" in listed
    assert '<span class="num">20.00</span> USDC' in listed
    # It has no jobs, and the page does not speak of any.
    assert "jobs-title" not in answer.text
    assert "pacts-title" not in answer.text


def test_agent__ids_its_evidence_names__are_shown_as_its_own_word(world: World) -> None:
    told = world.get(f"/agents/{AGENTS[0]}")["identities"]
    assert [one["agent_id"] for one in told] == ["1"]
    shown = part_of(world.client.get(f"/agents/{AGENTS[0]}").text, "identities")
    assert f'href="/agents/{AGENTS[0]}:1"' in shown
    assert f"{told[0]['jobs']} pieces of evidence" in shown
    assert "own word" in shown
    assert "eip155" not in shown
    world.source.registry = "0x" + "80" * 20
    shown = part_of(world.client.get(f"/agents/{AGENTS[0]}").text, "identities")
    assert f"eip155:31337:0x{'80' * 20}" in shown


def test_agent__benchmarks__are_shown_as_not_counted(world: World) -> None:
    path = f"/agents/{AGENTS[0]}"
    assert "No result is kept here" in part_of(world.client.get(path).text, "screening")
    attach(world)
    attach(world, "only its id: 9 %", agent_id=1)
    before = part_of(world.client.get(path).text, "screening")
    for said in ("not counted", "Bench 1.0", "62 %", "https://bench.example/1", "2026-11-01", "code"):
        assert said in before, said
    assert "only its id: 9 %" in before
    by_id = part_of(world.client.get(path + ":1").text, "screening")
    assert "only its id: 9 %" in by_id
    assert "62 %" not in by_id


def test_agent__whatever_a_benchmark_is_called__is_text_and_cut(world: World) -> None:
    hostile = f"{SCRIPT} {BREAKOUT} {BIDI} {LINK} " + "z" * 2_000
    attach(world, hostile, benchmark=hostile, source=hostile, scope=hostile)
    page = world.client.get(f"/agents/{AGENTS[0]}").text
    shown = part_of(page, "screening")
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert SCRIPT not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
    assert not set("\u202e\u202c\u200b\u2066") & set(unescape(page))
    assert "z" * 300 not in page


def test_agent__with_many_benchmarks__shows_the_last_twenty(world: World) -> None:
    for number in range(30):
        attach(world, f"result-{number};")
    shown = part_of(world.client.get(f"/agents/{AGENTS[0]}").text, "screening")
    assert [number for number in range(30) if f"result-{number};" in shown] == list(range(10, 30))
