"""The oracle's daemon as a process of its own, configured as an operator would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.demo.plan import Bench
from scripts.demo.town import DemoError, Town
from scripts.local.anvil import CHAIN_ID, Anvil, account

_SENDER = 7  # account that pays the daemon's gas
_STOP_SECONDS = 30


def configure(town: Town, chain: Anvil, folder: Path, *, jury: Path | None, calibrations: Path) -> Path:
    """Write the daemon's configuration; its keys come through the environment."""
    keys = "\n".join(
        f'[[keys.evaluators]]\nenv = "DEMO_EVALUATOR_{index}"'
        for index in range(len(town.evaluators[Bench.DILIGENT]))
    )
    room = "" if jury is None else f'[jury]\nproviders = "{jury}"\ncalibrations = "{calibrations}"\n'
    text = f"""# Written by the demo.
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "{CHAIN_ID}.json"
poll = 0.3

[policy]
work_at = "latest"
sign_at = "latest"
attest_before = 4

[committees."{town.committees[Bench.CARELESS]}"]
serve = true

[committees."{town.committees[Bench.SILENT]}"]
abstain = true
serve = true

[evaluation]
workers = 2
tries = 2
wait = 1.0
drand = []

{room}
[keys.sender]
env = "DEMO_SENDER"

{keys}
"""
    config = folder / "oracle.toml"
    config.write_text(text, encoding="utf-8")
    return config


@contextmanager
def running(town: Town, config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Migrate the database and run the daemon until the context ends.

    Raises:
        DemoError: the database could not be made.
    """
    environment = os.environ | {"DEMO_SENDER": "0x" + bytes(account(_SENDER).key).hex()}
    for index, member in enumerate(town.evaluators[Bench.DILIGENT]):
        environment[f"DEMO_EVALUATOR_{index}"] = "0x" + bytes(member.key.key).hex()
    oracle = [str(Path(sys.executable).parent / "oracle")]
    upgraded = subprocess.run(
        [*oracle, "db", "upgrade", "--config", str(config)], env=environment, capture_output=True, check=False
    )
    if upgraded.returncode != 0:
        raise DemoError(f"`oracle db upgrade` failed: {upgraded.stderr.decode()}")
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [*oracle, "run", "--config", str(config)], env=environment, stdout=output, stderr=output
        )
        try:
            yield daemon
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
