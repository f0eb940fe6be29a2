"""Somebody who knows nothing finds an agent, reads why it may be trusted, and checks what that rests on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from oracle.domain.keccak import keccak
from oracle.domain.types import checksum
from oracle.evaluation.record import parse_record
from tests.browser.town import Town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_agent_is_found_and_its_evidence_read(desk: Page, town: Town) -> None:
    job = town.play("careful")
    failed = town.play("careless")
    provider = checksum(town.market.provider.address.lower())

    # From the directory, by the promise it works to.
    desk.goto(town.url)
    desk.get_by_label("Promise (pact)").select_option(index=1)
    desk.get_by_role("button", name="Show agents").click()
    expect(desk.get_by_role("table")).to_be_visible()
    desk.get_by_role("table").get_by_role("link", name=provider[:8]).click()

    # The agent: two pieces of evidence are too few for a number, and both are shown.
    expect(desk.get_by_role("heading", level=1)).to_contain_text(provider[:8])
    expect(desk.locator("main")).to_contain_text("unknown")
    evidence = desk.get_by_role("region", name="Evidence, piece by piece")
    expect(evidence.get_by_role("row")).to_have_count(3)
    expect(evidence.locator(f"a[href='/jobs/{failed}']")).to_be_visible()
    evidence.locator(f"a[href='/jobs/{job}']").click()

    # The job: what happened, and what every condition of the promise came to.
    expect(desk.locator("#state")).to_contain_text("pass")
    for word in ("Opened", "Delivered", "Judged", "Closed"):
        expect(desk.locator("#timeline")).to_contain_text(word)
    link = desk.get_by_role("link", name="read").first
    path = link.get_attribute("href")
    assert path is not None

    # The record behind the verdict, byte for byte what its hash names, in the reader's own hands.
    found = re.fullmatch(r"/documents/(0x[0-9a-f]{64})", path)
    assert found is not None
    body = desk.context.request.get(town.url + path).body()
    assert "0x" + keccak(body).hex() == found.group(1)
    record = parse_record(body)
    assert record.aggregation.outcome == "pass"
    for condition in record.conditions:
        expect(desk.locator("#checks")).to_contain_text(condition.id)
