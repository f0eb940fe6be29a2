"""Fixtures of the tests in a browser. Playwright's loop must not outlive a file: others bring their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.local.browser import DESKTOP, chromium, chromium_path, page_of
from tests.browser.browsers import SIZES
from tests.browser.town import Town, running_town

# Milliseconds: on a loaded machine a page, or what its script asks a wallet, may take that long.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


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


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A chain, a daemon over it, and its pages."""
    with running_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page as wide as a desk. What it could not load, or its scripts could not do, fails the test."""
    with page_of(browser, DESKTOP) as opened:
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        yield opened
        assert errors == []
