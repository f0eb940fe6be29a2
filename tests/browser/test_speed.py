"""The directory over ten thousand agents: how soon a person sees something."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from oracle.api.source import evidence_at
from oracle.pages.app import Front, make_pages
from oracle.store import standings
from oracle.store.standings import DAY, Standing
from oracle.web.host import Host
from oracle.web.limits import Limits
from scripts.local.browser import DESKTOP, PHONE, page_of
from tests.databases import Databases
from tests.unit.api.world import World, made_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AGENTS = 10_000
FIRST_PAINT = 300.0  # milliseconds
_LOADS = 12
_LOADED = 60.0  # seconds after which no further load is tried
_PAINTED = """() => new Promise((resolve) => {
  const told = (list) => list.getEntries().forEach((each) => {
    if (each.name === "first-contentful-paint") resolve(each.startTime);
  });
  new PerformanceObserver(told).observe({ type: "paint", buffered: true });
})"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Pages over a store with ten thousand agents, on loopback."""
    made = made_world(Databases(tmp_path_factory.mktemp("crowd"), None))
    fill(made)
    with closing(Host(Front(make_pages(made.source, limits=Limits()), made.app), "127.0.0.1", 0)) as host:
        host.start()
        yield host.url
    made.database.close()


def fill(world: World) -> None:
    with world.database.write() as session:
        at = evidence_at(session, world.source.roots)
        assert at is not None
        standings.save(session, [standing(number, at.block, at.time) for number in range(AGENTS)])


def standing(number: int, block: int, at: int) -> Standing:
    score = None if number % 5 == 0 else number * 7919 % 1000
    return Standing(
        agent=f"0x{number + 1:040x}",
        block=block,
        day=at // DAY,
        jobs=number % 97 + 1,
        first_block=1,
        score=score,
        lower=0 if score is None else score,
        upper=1000,
        running=number % 3,
        exposure=number % 3 * 10**9,
        cap=number * 10**6,
        last_pass=None if score is None else at - number % 90 * DAY,
        price=10**6 * (number % 2_000 + 1),
    )


def painted(browser: Browser, url: str, size: tuple[int, int]) -> float:
    """Milliseconds to the first paint, in a context of its own: nothing is cached."""
    with page_of(browser, size) as page:
        page.goto(url)
        return float(page.evaluate(_PAINTED))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("query", ["", "?sort=cap&score=500", "?q=0x0000"])
def test_directory_is_painted_within_300_ms(
    browser: Browser, crowded: str, size: tuple[int, int], query: str
) -> None:
    with page_of(browser, size) as page:
        page.goto(f"{crowded}/{query}")
        assert page.locator("main table tbody tr").count() >= 20
    times: list[float] = []
    end = time.monotonic() + _LOADED
    while len(times) < _LOADS and time.monotonic() < end:
        times.append(painted(browser, f"{crowded}/{query}", size))
        if times[-1] < FIRST_PAINT:
            return
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores + 1:  # this test itself is one
        pytest.skip(f"this machine is too busy to be timed: {load:.0f} processes want its {cores} cores")
    pytest.fail(f"no load was painted within {FIRST_PAINT:.0f} ms: {times}")
