"""The demo's end: what a buyer is told of the agents, by the API and in a sentence each."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from oracle.web.host import Host
from scripts.demo import trust
from scripts.demo.town import DemoError
from tests.databases import Databases
from tests.unit.api.world import made_world
from tests.unit.store.score_history import AGENTS


def test_demo__shows_scores_with_their_reasons_and_where_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVE", raising=False)
    world = made_world(Databases(tmp_path, None))
    console = Console(width=200, record=True, quiet=False)
    named = zip(("careful", "careless", "attacker"), AGENTS, strict=True)
    town: Any = SimpleNamespace(agents={name: SimpleNamespace(address=agent) for name, agent in named})
    with closing(Host(world.app, "127.0.0.1", 0)) as host:
        host.start()
        site: Any = SimpleNamespace(port=host.port)
        trust.show_scores(console, town, [site], jobs=60)
        told = console.export_text()
        monkeypatch.setattr(trust, "_PATIENCE", 0)
        with pytest.raises(DemoError, match="60 of 61"):
            trust.show_scores(console, town, [site], jobs=61)
    world.database.close()
    score = world.source.book.ready(AGENTS[0])
    assert score is not None
    assert f"curl {host.url}/v1/agents/{AGENTS[0]}/score" in told
    assert "careful: " in told
    assert "unsecured: no verdict on it could be overturned" in told
