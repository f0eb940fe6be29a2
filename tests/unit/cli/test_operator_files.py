"""What `oracle init` writes and what lies in examples/operator fits the program."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import rich_click as click
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.cli.run import run
from oracle.config import Settings, load_settings

ROOT = Path(__file__).parents[3]
OPERATOR = ROOT / "examples/operator"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "oracle.toml"
    assert CliRunner().invoke(cli, ["init", str(path)]).exit_code == 0
    return path


def test_init__what_it_writes__loads_and_its_values_are_the_defaults_or_named(written: Path) -> None:
    settings = load_settings(written)
    assert settings.operator is not None
    assert settings.operator.bind == "127.0.0.1"
    assert settings.keys.sender.keystore == Path("keys/sender.json")


def _uncommented(text: str) -> str:
    """Every commented setting and section made real, in place of its namesake; prose stays a comment."""
    lines: list[str] = []
    start = 0
    for line in text.splitlines():
        real = re.sub(r"^# (\[+[^\]]*\]+|[a-z_0-9]+ = .*)$", r"\1", line)
        if real.startswith("["):
            start = len(lines)
        elif real != line:
            name = real.split(" = ")[0] + " = "
            lines[start:] = [other for other in lines[start:] if not other.startswith(name)]
        lines.append(real)
    return "\n".join(lines)


def test_init__every_commented_setting__is_one_that_exists(written: Path) -> None:
    text = _uncommented(written.read_text())
    written.write_text(text)
    tomllib.loads(text)
    load_settings(written)


def test_init__every_section__is_explained(written: Path) -> None:
    text = written.read_text()
    sections = set(Settings.model_fields) - {"folder"}
    named = set(re.findall(r"^#? ?\[+([a-z]+)", text, re.MULTILINE))
    assert not sections - named


def test_init__file_that_is_there__is_kept(written: Path) -> None:
    before = written.read_bytes()
    again = CliRunner().invoke(cli, ["init", str(written)])
    assert again.exit_code == 2
    assert "exists" in again.output
    assert written.read_bytes() == before


def _settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (OPERATOR / unit).read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_systemd_unit__runs_commands_that_exist_and_dumps_nothing() -> None:
    unit = _settings_of("earnest-oracle.service")
    for command in (*unit["ExecStart"], *unit["ExecStartPre"]):
        program, *arguments = shlex.split(command)
        assert program.endswith("/oracle")
        shown = CliRunner().invoke(cli, [*arguments[: arguments.index("--config")], "--help"])
        assert shown.exit_code == 0, command
        assert "--config" in shown.output
    assert unit["Type"] == ["notify"]
    assert unit["LimitCORE"] == ["0"]
    assert unit["KillMode"] == ["mixed"]
    assert int(unit["WatchdogSec"][0]) > 120  # the loop waits up to 30 s between tries, and reads long ranges
    # These would keep bubblewrap from making the namespaces foreign code runs in.
    assert not set(unit) & {"RestrictNamespaces", "ProtectProc", "ProtectKernelTunables", "ProtectKernelLogs"}


def test_container_file__copies_what_exists_and_ends_by_the_signal_the_daemon_knows() -> None:
    text = (OPERATOR / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert copied
    assert not [name for line in copied for name in line.split() if not (ROOT / name).exists()]
    assert "STOPSIGNAL SIGTERM" in text
    assert "USER earnest" in text
    assert "/livez" in text
    assert isinstance(run, click.Command)
