"""What a deployment leaves behind: `deployments/<chain id>.json`, which everything else reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.deployment.sender import DeploymentError

FOLDER = Path(__file__).parents[2] / "deployments"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EscrowRecord(_Record):
    """Where the escrow is and how it was made. `block` is the first that can hold one of its events."""

    address: str
    block: int
    block_hash: str
    transaction: str
    code_hash: str = Field(description="keccak-256 of the runtime code, immutable values included")
    annex: str = Field(description="the escrow's second half, which it created itself")
    annex_code_hash: str
    constructor: dict[str, str] = Field(description="arguments by name; numbers as decimal strings")


class UsdcRecord(_Record):
    """The token, and whether this deployment made it. `name` and `version` are its EIP-712 domain's."""

    address: str
    name: str
    version: str
    deployed_here: bool
    implementation: str | None
    transactions: list[str]


class CompilerRecord(_Record):
    """What turned the sources into the code: enough to make it again."""

    version: str
    settings: dict[str, Any]


class CompanionRecord(_Record):
    """A contract beside the escrow: lens, panel, adapter to a court, book of verdicts or its adapters."""

    contract: str = Field(description="name in contracts/")
    address: str
    block: int
    transaction: str
    code_hash: str = Field(description="keccak-256 of the runtime code, immutable values included")
    constructor: dict[str, str] = Field(description="arguments by name; numbers as decimal strings")


class DeploymentRecord(_Record):
    """One deployment on one chain."""

    format: Literal["earnest-deployment/1"] = "earnest-deployment/1"
    chain_id: int
    network: str
    deployer: str
    escrow: EscrowRecord
    usdc: UsdcRecord
    compiler: CompilerRecord
    companions: tuple[CompanionRecord, ...] = ()

    def write(self, folder: Path = FOLDER) -> Path:
        """Write `<chain id>.json` into `folder`, at once or not at all; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.chain_id}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
        return path


def read_record(folder: Path, chain_id: int) -> DeploymentRecord:
    """What `write` left in `folder` for a chain.

    Raises:
        DeploymentError: there is none, it is malformed, or it is another chain's.
    """
    path = folder / f"{chain_id}.json"
    try:
        record = DeploymentRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DeploymentError(
            f"{path} is not the record of a deployment: {type(error).__name__}",
            field="output",
            next_step="deploy the escrow first with `ape run deploy`, or name its folder with --output",
        ) from error
    if record.chain_id != chain_id:
        raise DeploymentError(f"{path} is the record of chain {record.chain_id}", field="chain_id")
    return record
