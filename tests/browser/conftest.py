"""Fixtures of the tests in a browser. Playwright's loop must not outlive a file: others bring their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.browsers import SIZES, chromium, chromium_path, page_of


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file."""
    if chromium_path() is None:
        pytest.skip("Debian's chromium is not installed: run scripts/setup/chromium.sh")
    with chromium() as started:
        yield started


@pytest.fixture(params=sorted(SIZES))
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page, once as wide as a desk and once as a phone."""
    with page_of(browser, SIZES[request.param]) as opened:
        yield opened
