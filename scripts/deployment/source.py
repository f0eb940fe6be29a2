"""Verification of the deployed source with a block explorer, by forge."""

from __future__ import annotations

import subprocess
from pathlib import Path

from eth_abi.abi import encode

from scripts.deployment.record import DeploymentRecord
from scripts.deployment.sender import DeploymentError

ROOT = Path(__file__).parents[2]
FORGE = ROOT / ".tools/bin/forge"
CONTRACT = "contracts/Escrow.sol:Escrow"
PATIENCE = 300  # seconds, compilation and the explorer's own checking together


def verify_command(record: DeploymentRecord) -> list[str]:
    """The command that has the source verified; the explorer's key stays in the environment."""
    arguments = encode(
        ["address", "uint256", "uint256", "uint256"],
        [record.escrow.constructor["usdc"]]
        + [
            int(record.escrow.constructor[name]) for name in ("minChallenge", "lapseChallenge", "minDelivery")
        ],
    )
    return [
        str(FORGE),
        "verify-contract",
        *("--root", str(ROOT)),
        *("--chain-id", str(record.chain_id)),
        *("--compiler-version", f"v{record.compiler.version}"),
        *("--constructor-args", "0x" + arguments.hex()),
        *("--verifier", "etherscan", "--watch"),
        record.escrow.address,
        CONTRACT,
    ]


def verify_source(record: DeploymentRecord, environment: dict[str, str]) -> None:
    """Have the explorer of the record's chain verify the escrow's source.

    Args:
        record: the deployment, already written.
        environment: holds ETHERSCAN_API_KEY, which forge reads by itself.

    Raises:
        DeploymentError: the explorer refused or did not answer; the deployment itself stands.
    """
    command = verify_command(record)
    next_step = f"run it again: FOUNDRY_PROFILE=deploy {' '.join(command)}"
    try:
        done = subprocess.run(
            command,
            env={**environment, "FOUNDRY_PROFILE": "deploy"},
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeploymentError(
            f"the escrow is deployed and recorded, but its source was not verified within {PATIENCE} seconds",
            next_step=next_step,
        ) from error
    if done.returncode != 0:
        raise DeploymentError(
            "the escrow is deployed and recorded, but its source was not verified", next_step=next_step
        )
