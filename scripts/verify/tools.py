"""Where the tools are, and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORGE = ROOT / ".tools" / "bin" / "forge"
VENV = ROOT / ".venv-verify"
HALMOS = VENV / "bin" / "halmos"
SLITHER = VENV / "bin" / "slither"
GAMBIT = VENV / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "certora_bins" / "gambit"
REMAPPINGS = (
    "@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/",
    "solady/=node_modules/solady/src/",
)


class VerifyError(Exception):
    """A tool could not do its work, or found what it must not find. The message says what to do."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    """Run a tool at low priority with the native forge and the compiler wrapper first on its path.

    `timeout` is in seconds; subprocess.TimeoutExpired passes through.
    """
    path = os.pathsep.join([str(FORGE.parent), str(VENV / "bin"), os.environ.get("PATH", "")])
    return subprocess.run(
        ["nice", "-n", "1", *map(str, command)],
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", **(environment or {})},
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )


def tail(text: str, lines: int = 25) -> str:
    """The last lines of a tool's output, for an error message."""
    return "\n".join(text.strip().splitlines()[-lines:])


def copy_tree(target: Path) -> Path:
    """A copy of what forge needs, so that no tool ever writes into the real sources; its builds are kept."""
    target.mkdir(parents=True, exist_ok=True)
    for folder in ("contracts", "tests/contracts", "scripts/solc"):
        shutil.rmtree(target / folder, ignore_errors=True)
        shutil.copytree(ROOT / folder, target / folder)
    for name in ("foundry.toml", "package.json"):
        shutil.copy2(ROOT / name, target / name)
    if (ROOT / "deployments").is_dir():
        shutil.copytree(ROOT / "deployments", target / "deployments", dirs_exist_ok=True)
    if not (target / "node_modules").is_symlink():
        (target / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    return target


def progress(text: str) -> None:
    """One line for whoever waits; results go to standard output, these do not."""
    print(text, file=sys.stderr, flush=True)
