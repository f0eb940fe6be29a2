"""The README's direct calls work as printed, but for the chain's id and a key kept in a test's folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from oracle.domain.typed import job_id
from scripts.local.anvil import CHAIN_ID
from scripts.local.market import UNIT
from tests.integration.chain.conftest import Desk

ROOT = Path(__file__).parents[3]
DELIVERABLE = "0x" + "5a" * 32

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".tools/bin/cast").exists(), reason="needs cast: make setup"),
]


def _block(language: str, containing: str) -> str:
    """The README's code block that contains a text, for the local chain."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found).replace("84532", str(CHAIN_ID))


def _open_job(desk: Desk) -> str:
    agreement = desk.market.agreement(gated=100 * UNIT, bond=30 * UNIT, fee=2 * UNIT)
    desk.market.open(agreement)
    return job_id(desk.market.escrow.domain, agreement)


def _environment(desk: Desk, job: str) -> dict[str, str]:
    return os.environ | {
        "HOME": str(desk.folder),
        "PATH": f"{ROOT}/.tools/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BASE_SEPOLIA_RPC_URL": desk.chain.url,
        "PROVIDER_KEY": desk.environment["KEY_PROVIDER"],
        "JOB": job,
        "DELIVERABLE": DELIVERABLE,
    }


def _run(command: list[str], desk: Desk, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=desk.folder, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_calls_with_cast(desk: Desk) -> None:
    environment = _environment(desk, _open_job(desk))
    password = desk.folder / "password"
    password.write_text("only a test")
    key = environment["PROVIDER_KEY"]
    imported = ["cast", "wallet", "import", "provider", "--private-key", key]
    _run([*imported, "--unsafe-password", "only a test"], desk, environment)
    script = _block("sh", "deliver(bytes32")
    script = script.replace("ESCROW=…", f"ESCROW={desk.market.escrow.address}")
    script = script.replace("USDC=…", f"USDC={desk.market.usdc}")
    script = script.replace("--account provider", f"--account provider --password-file {password}")
    before = desk.market.escrow.collateral_of(desk.market.provider.address)
    _run(["bash", "-euo", "pipefail", "-c", script], desk, environment)
    assert desk.market.escrow.job_state(environment["JOB"]).delivered
    # 50 USDC in and 50 out.
    assert desk.market.escrow.collateral_of(desk.market.provider.address) == before


def test_calls_with_web3(desk: Desk) -> None:
    environment = _environment(desk, _open_job(desk))
    folder = desk.folder / "deployments"
    folder.mkdir()
    record = json.loads(desk.deployment.read_text())
    record["escrow"]["address"] = to_checksum_address(record["escrow"]["address"])
    (folder / f"{CHAIN_ID}.json").write_text(json.dumps(record))
    printed = _run([sys.executable, "-c", _block("python", "wait_for_transaction")], desk, environment)
    assert printed.splitlines()[0] == "1"
    assert int(printed.splitlines()[1].split()[0]) > UNIT
    assert desk.market.escrow.job_state(environment["JOB"]).delivered
