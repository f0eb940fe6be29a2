"""What the tests ask of a page in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from scripts.local.browser import DESKTOP, PHONE

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
SIZES = {"desktop": DESKTOP, "phone": PHONE}
_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA: the rule, and where.

    The page's policy lets no foreign script in, so it is evaluated by the debugger's protocol instead.
    """
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, rules)", _RULES)
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window: 0 where nothing scrolls sideways."""
    wider: int = page.evaluate(
        "() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
    )
    return wider
