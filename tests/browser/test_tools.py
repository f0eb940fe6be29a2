"""The tools themselves: a check that finds nothing anywhere would pass every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.browsers import overflow, violations

pytestmark = pytest.mark.slow

_GOOD = (
    "<!doctype html><html lang=en><title>Jobs</title><meta name=viewport content='width=device-width'>"
    "<main><h1>Jobs</h1><p>None yet.</p></main></html>"
)


def test_a_plain_page_is_fine(page: Page) -> None:
    page.set_content(_GOOD)
    assert violations(page) == []
    assert overflow(page) == 0


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<input>", "label"),
        ("<p style='color:#bbb;background:#fff'>Hardly to be read.</p>", "color-contrast"),
    ],
)
def test_a_fault_is_found(page: Page, fault: str, rule: str) -> None:
    page.set_content(_GOOD.replace("<p>", f"{fault}<p>", 1))
    assert [each.split(":")[0] for each in violations(page)] == [rule]


def test_what_is_too_wide_is_found(page: Page) -> None:
    page.set_content(_GOOD.replace("<p>", "<div style='width:2000px'>wide</div><p>", 1))
    assert overflow(page) > 0
