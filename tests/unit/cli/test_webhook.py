"""`oracle webhook`: what its help says."""

from __future__ import annotations

import re

from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.webhooks.changes import ChangeKind


def test_help__in_a_narrow_terminal__names_every_kind_unbroken() -> None:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["webhook", "add", "--help"])
    assert result.exit_code == 0
    assert {kind.value for kind in ChangeKind} <= set(re.findall(r"\w+", result.output))
