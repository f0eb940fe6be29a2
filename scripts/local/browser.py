"""A headless Chromium, Debian's own, and pages of two widths."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

DESKTOP = (1280, 900)
PHONE = (390, 844)


def chromium_path() -> str | None:
    """Where Debian put the browser; None where it is not installed."""
    return shutil.which("chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Root has no sandbox to give it; anyone else keeps it."""
    options = ["--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(
    browser: Browser, size: tuple[int, int], *, javascript: bool = True, scale: float = 1
) -> Iterator[Page]:
    """A page of its own context: no cookies, no storage, nothing cached.

    Args:
        size: Width and height in CSS pixels; less than 600 wide is a phone.
        javascript: Whether scripts run.
        scale: Device pixels in a CSS pixel.
    """
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=javascript,
        reduced_motion="reduce",
        has_touch=width < 600,
        is_mobile=width < 600,
        device_scale_factor=scale,
    )
    try:
        yield context.new_page()
    finally:
        context.close()
