"""What a buyer is told of the demo's agents: the API of one evaluator, asked and explained."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import Any

from rich.console import Console

from oracle.api.reader import AskError, Reader
from scripts.demo import show
from scripts.demo.daemon import SERVING, Site
from scripts.demo.town import DemoError, Town

_PATIENCE = 60  # seconds for the evaluator to have read the last jobs


def show_scores(console: Console, town: Town, sites: list[Site], *, jobs: int) -> None:
    """Say each agent's score and why it is what it is; with SERVE=1 stay until interrupted.

    Raises:
        DemoError: the API does not come to know all jobs.
    """
    url = f"http://127.0.0.1:{sites[SERVING].port}"
    with Reader(url) as reader:
        key = str(_eventually(reader, "key")["key"])
    with Reader(url, key=key) as reader:
        _wait_for(reader, jobs)
        show.say(console, f"\nWhat a buyer is told of the agents, signed, by the API at {url}/v1")
        for agent, account in town.agents.items():
            address = account.address.lower()
            for line in _explained(str(agent), reader, address):
                show.say(console, line)
    careful = next(iter(town.agents.values())).address.lower()
    show.say(console, f"  curl {url}/v1/agents/{careful}/score")
    show.say(console, f"  The same for people: {url}/ and {url}/agents/{careful}")
    if os.environ.get("SERVE") == "1":
        show.say(console, "It stays up until Ctrl-C. `oracle mcp --api` takes the same address.")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    else:
        show.say(console, "  With SERVE=1 the demo stays up to be asked.")


def _explained(name: str, reader: Reader, address: str) -> list[str]:
    score = reader.get("agents", address, "score")
    lines = reader.get("agents", address, "evidence", limit=200)["items"]
    value = "unknown" if score["score"] is None else f"{score['score']} of 1000"
    reasons: dict[str, int] = {}
    for line in lines:
        said = f"{line['finding']}: {line['reason']}" if line["finding"] != line["reason"] else line["reason"]
        reasons[said] = reasons.get(said, 0) + 1
    told = "; ".join(f"{count} × {reason}" for reason, count in reasons.items())
    counted = f"{score['passes']} effective passes, {score['failures']} failures"
    return [
        f"  {name}: [bold]{value}[/], {counted}, {score['counterparties']} proven buyers",
        f"    {told}",
    ]


def _wait_for(reader: Reader, jobs: int) -> None:
    """Until the evaluator has made as many closed jobs into evidence."""
    end = time.monotonic() + _PATIENCE
    while True:
        agents = _eventually(reader, "agents")["items"]
        pieces = sum(int(reader.get("agents", one["agent"], "score")["pieces"]) for one in agents)
        if pieces >= jobs:
            return
        if time.monotonic() > end:
            raise DemoError(f"the API knows {pieces} of {jobs} closed jobs; see .demo/evaluator-0/daemon.log")
        time.sleep(0.5)


def _eventually(reader: Reader, what: str) -> dict[str, Any]:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return reader.get(what)
        except AskError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
