"""Pictures of the pages for README and docs: `python -m scripts.screenshots` runs the demo and looks at it.

What is shown is the demo as it runs: nothing is staged, no page is edited. Needs chromium (`make setup`).
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import click
import httpx
from PIL import Image
from playwright.sync_api import Browser, Page

from oracle.domain.errors import EarnestError
from scripts.local.browser import chromium, chromium_path, page_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/img"
LARGEST = 200_000  # bytes of a picture
DESK, PHONE = (1200, 860), (390, 800)
_QUALITIES = (82, 70, 55, 40)
_PATIENCE = 900  # seconds until the demo must have come to its end
_AT = re.compile(r"Watch it in a browser: (http://127\.0\.0\.1:\d+)/live")


class PictureError(EarnestError):
    """A picture could not be taken."""


class Camera:
    """Takes pictures of pages.

    Args:
        url: Where the pages are.
        folder: Where the pictures go.
    """

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self._browser = browser
        self._url = url
        self._folder = folder

    def take(
        self,
        name: str,
        path: str,
        *,
        size: tuple[int, int] = DESK,
        first: Callable[[Page], None] | None = None,
    ) -> None:
        """One picture, `name`.webp, of what is seen without scrolling.

        Args:
            first: What is done on the page before.

        Raises:
            PictureError: it is larger than a picture may be.
        """
        with page_of(self._browser, size, scale=2) as page:
            answer = page.goto(self._url + path)
            if answer is None or not answer.ok:
                raise PictureError(f"{path} cannot be shown")
            if first is not None:
                first(page)
            taken = page.screenshot(type="png")
        target = self._folder / f"{name}.webp"
        target.write_bytes(_small(taken))
        click.echo(f"{target.name}: {target.stat().st_size:,} bytes")

    def asked(self, path: str) -> dict[str, Any]:
        """What the API says under a path."""
        answer = httpx.get(f"{self._url}/v1{path}", timeout=30)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def _small(png: bytes) -> bytes:
    for quality in _QUALITIES:
        out = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise PictureError(f"a picture is larger than {LARGEST} bytes")


class Demo:
    """`python -m scripts.demo` as a process that keeps its pages up. What it prints is passed on."""

    def __init__(self) -> None:
        self._lines: Queue[str | None] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo"],
            cwd=ROOT,
            env=os.environ | {"SERVE": "1", "JURY": os.environ.get("JURY", "none"), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, wanted: re.Pattern[str], *, each: Callable[[], None] | None = None) -> re.Match[str]:
        """Wait for a line, doing `each` meanwhile.

        Raises:
            PictureError: the demo ended, or said nothing of the kind in time.
        """
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=0.3)
            except Empty:
                if each is not None:
                    each()
                continue
            if line is None:
                raise PictureError("the demo ended before its pages could be looked at")
            click.echo(line)
            if found := wanted.search(line):
                return found
        raise PictureError(f"the demo did not come so far within {_PATIENCE} s")

    def end(self) -> None:
        """As Ctrl-C would."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def _read(self) -> None:
        if self.process.stdout is not None:
            for line in self.process.stdout:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def _while_it_runs(camera: Camera) -> Callable[[], None]:
    """Takes the pictures of what moves, once there is something to see."""
    taken: set[str] = set()

    def look() -> None:
        try:
            jobs = camera.asked("/jobs?limit=50")["items"]
        except httpx.HTTPError:
            return  # it starts, or has read nothing yet
        judged = [one for one in jobs if one["state"] == "judged" and one["outcome"] == "pass"]
        closed = sum(one["state"] == "closed" for one in jobs)
        if judged and "act" not in taken:
            taken.add("act")
            camera.take("page-act", f"/jobs/{judged[0]['job']}", first=_open_dispute)
        if closed >= 3 and "live" not in taken:
            taken.add("live")
            camera.take("page-live", "/live")

    return look


def _open_dispute(page: Page) -> None:
    offer = page.locator("#offer-dispute-buyer-fail")
    offer.locator("> summary").click()
    page.locator(".acts-section").evaluate("each => each.scrollIntoView()")


def _at_the_end(camera: Camera) -> None:
    agents = camera.asked("/agents?order=fresh&limit=1")["items"]
    disputes = camera.asked("/disputes?limit=1")["items"]
    job = disputes[0]["arguments"]["job"]
    committee = camera.asked(f"/jobs/{job}")["job"]["committee"]
    members = camera.asked(f"/committees/{committee}")["evaluators"]
    slashed = next(one["account"] for one in members if one["slashed"] != "0")
    camera.take("page-directory", "/")
    camera.take("page-agent", f"/agents/{agents[0]['agent']}")
    camera.take("page-job", f"/jobs/{job}")
    camera.take("page-evaluator", f"/evaluators/{slashed}")
    camera.take("page-phone", f"/jobs/{job}", size=PHONE)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, show_default=True)
def main(folder: Path) -> None:
    """Run the demo and take pictures of its pages."""
    if chromium_path() is None:
        raise click.ClickException("Debian's chromium is not installed: run scripts/setup/chromium.sh")
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo()
    try:
        url = demo.until(_AT).group(1)
        with chromium() as browser:
            camera = Camera(browser, url, folder)
            demo.until(re.compile("It stays up until"), each=_while_it_runs(camera))
            _at_the_end(camera)
    except EarnestError as error:
        raise click.ClickException(error.message) from error
    finally:
        demo.end()


if __name__ == "__main__":
    main()
