"""`oracle tab new` refuses terms that leave a committee no time to judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from oracle.cli.main import cli
from tests.unit.pact.builders import methodology

ACCOUNT, COMMITTEE = "0x" + "b1" * 20, "0x" + "cc" * 32


def new(tmp_path: Path, verdict: str, *more: str) -> Result:
    """Without a deployment nothing is written: what is said before is what is asked for here."""
    return CliRunner().invoke(
        cli,
        [
            "tab", "new", str(tmp_path / "tab.json"), "--pact", COMMITTEE, "--buyer", ACCOUNT, "--provider",
            "0x" + "b2" * 20, "--committee", COMMITTEE, "--deposit", "1", "--ceiling", "0.01", "--verdict",
            verdict, "--deployment", str(tmp_path / "none.json"), *more,
        ],
    )  # fmt: skip


@pytest.mark.parametrize(("verdict", "refused"), [("60m", True), ("80m", False)])
def test_a_verdict_due_with_the_draw__is_refused(tmp_path: Path, verdict: str, *, refused: bool) -> None:
    rules = methodology(
        schema="earnest/methodology/2",
        draw={"source": "drand-quicknet", "delay_seconds": 30},
        tabs={"detection_bps": 9_000, "gain_bps": 5_000},
    )
    file = tmp_path / "methodology.json"
    file.write_text(json.dumps(rules.as_json()))
    said = new(tmp_path, verdict, "--methodology", str(file))
    assert said.exit_code == 2
    assert ("leave no time to judge" in said.output) is refused
    assert ("--verdict 4800s" in said.output) is refused


@pytest.mark.parametrize(("verdict", "warned"), [("60m", True), ("80m", False)])
def test_without_the_methodology__a_short_time_is_warned_of(
    tmp_path: Path, verdict: str, *, warned: bool
) -> None:
    assert ("needs 4800 s for a verdict" in new(tmp_path, verdict).output) is warned
