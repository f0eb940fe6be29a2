"""Every page, at a desk and on a phone: WCAG AA by axe-core, nothing scrolls sideways, small on the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from oracle.domain.terms import Agreement
from oracle.domain.types import Hash
from oracle.pages import app
from tests.browser.browsers import overflow, violations
from tests.browser.town import Town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LARGEST = 150_000  # bytes on the wire, style and scripts with it, without pictures


@dataclass(frozen=True)
class Places:
    """Paths of all pages, by what they are."""

    paths: dict[str, str]


@pytest.fixture(scope="module")
def places(town: Town) -> Places:
    """A town with a job in every state, and an evaluator that was slashed."""
    passed, failed = town.play("careful"), town.play("careless")
    _, waiting = town.job(town.market)
    wrong = _disputed(town)
    judged, _ = _wrongly_judged(town)
    market = town.market
    provider = market.provider.address.lower()
    record = town.read(f"/jobs/{passed}")["job"]
    assert isinstance(record, dict)
    return Places(
        {
            "directory": "/",
            "directory, nothing found": "/?q=0x00000000000000000000000000000000000000ff",
            "directory, asked wrongly": "/?score=many",
            "agent": f"/agents/{provider}",
            "jobs": "/jobs",
            "job, passed": f"/jobs/{passed}",
            "job, failed": f"/jobs/{failed}",
            "incident": f"/jobs/{failed}/incident",
            "report": "/report",
            "job, open": f"/jobs/{waiting}",
            "job, judged": f"/jobs/{judged}",
            "job, disputed": f"/jobs/{wrong}",
            "evaluator": f"/evaluators/{market.evaluators[0].account.address.lower()}",
            "committees": "/committees",
            "committee": f"/committees/{market.committee_id}",
            "pact": f"/pacts/{record['pact']}",
            "live": "/live",
            "open": "/open",
            "about": "/about",
            "nothing": "/jobs/0x" + "00" * 32,
            "no such page": "/nowhere",
        }
    )


def _wrongly_judged(town: Town) -> tuple[Hash, Agreement]:
    agreement, job = town.job(town.careless)
    deliverable = town.pack("careless")
    town.deliver(job, deliverable)
    town.judge_wrongly(agreement, deliverable)
    town.until(lambda: town.state(job) == "judged", "the verdict is read")
    return job, agreement


def _disputed(town: Town) -> Hash:
    job, agreement = _wrongly_judged(town)
    town.dispute(agreement)
    town.until(lambda: town.state(job) == "disputed", "the dispute is read")
    return job


def test_every_page_is_accessible_and_fits(page: Page, town: Town, places: Places) -> None:
    found: list[str] = []
    for name, path in places.paths.items():
        page.goto(town.url + path)
        # What is folded away is a part of the page too.
        page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true })")
        found += [f"{name}: {each}" for each in violations(page)]
        wider = overflow(page)
        if wider:
            found.append(f"{name}: {wider} pixels wider than the window")
    assert not found, "\n".join(found)


def test_no_page_is_left_out(places: Places) -> None:
    for path, template, _ in app._VIEWS:
        shape = re.compile(re.sub(r"{\w+}", "[^/?]+", path))
        assert any(shape.fullmatch(each.split("?")[0]) for each in places.paths.values()), template


def test_every_page_is_small_on_the_wire(desk: Page, town: Town, places: Places) -> None:
    sizes: dict[str, int] = {}
    session = desk.context.new_cdp_session(desk)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received = {"bytes": 0}
    session.on(
        "Network.loadingFinished",
        lambda event: received.update(bytes=received["bytes"] + int(event["encodedDataLength"])),
    )
    for name, path in places.paths.items():
        if name in ("nothing", "no such page", "directory, asked wrongly"):
            continue  # errors: a browser says so on its console, which `desk` does not allow
        received["bytes"] = 0
        desk.goto(town.url + path, wait_until="networkidle")
        sizes[name] = received["bytes"]
    assert max(sizes.values()) < LARGEST, sizes
    assert min(sizes.values()) > 500, sizes
