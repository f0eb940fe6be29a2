"""Where the contracts stand: `deployments/<chain id>.json`, written by the deployment script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oracle.chain.errors import ChainError
from oracle.domain.canonical import parse_json
from oracle.domain.document import describe_problems
from oracle.domain.fields import AddressField, HashField
from oracle.domain.typed import USDC_NAME, USDC_VERSION
from oracle.domain.types import Address, Hash

DEPLOYMENTS_FOLDER = Path("deployments")
_MAX_BYTES = 1_048_576


class DeploymentError(ChainError):
    """There is no deployment for a chain, or its file is malformed."""


class _Part(BaseModel):
    """The file holds more, for verification; what is not needed here is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _EscrowPart(_Part):
    address: AddressField
    block: Annotated[int, Field(ge=0)]
    transaction: str
    constructor: dict[str, str]
    code_hash: HashField | None = None
    annex: AddressField | None = None
    annex_code_hash: HashField | None = None


class _UsdcPart(_Part):
    address: AddressField
    name: str = USDC_NAME
    version: str = USDC_VERSION


class _CompanionPart(_Part):
    contract: str
    address: AddressField
    block: Annotated[int, Field(ge=0)] = 0


class _File(_Part):
    format: Literal["earnest-deployment/1"]
    chain_id: Annotated[int, Field(gt=0)]
    escrow: _EscrowPart
    usdc: _UsdcPart
    companions: tuple[_CompanionPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Companion:
    """A contract beside the escrow, by its name. `block`: nothing of it happened before."""

    contract: str
    address: Address
    block: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the escrow and its token stand on one chain."""

    chain_id: int
    escrow: Address
    usdc: Address
    block: int
    """The escrow's first block: nothing of it happened before."""
    transaction: Hash
    """The one that created the escrow."""
    usdc_name: str
    usdc_version: str
    constructor: dict[str, str]
    """The escrow's constructor arguments by name; numbers as decimal strings."""
    code_hash: Hash | None = None
    """keccak-256 of the escrow's code on chain."""
    annex: Address | None = None
    """The escrow's second half."""
    annex_code_hash: Hash | None = None
    companions: tuple[Companion, ...] = ()

    def companion(self, contract: str) -> Companion | None:
        """The newest companion of a name, or None."""
        return next((each for each in reversed(self.companions) if each.contract == contract), None)


def load_deployment(where: Path, chain_id: int | None = None) -> Deployment:
    """Read a deployment.

    Args:
        where: The file, or the folder that holds `<chain id>.json`.
        chain_id: Which one to take from a folder; for a file, what it must say.

    Raises:
        DeploymentError: missing, ambiguous, malformed, or for another chain.
    """
    path = _path(where, chain_id)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DeploymentError(
            f"there is no deployment at {path}: {error.strerror}",
            field="deployment",
            next_step="deploy first (make deploy), or name the file with --deployment",
        ) from error
    document = parse_json(data, what=str(path), max_bytes=_MAX_BYTES)
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(f"{field}: {problem}" for field, problem in describe_problems(error))
        raise DeploymentError(f"{path} is no deployment: {problems}", field="deployment") from error
    if chain_id is not None and file.chain_id != chain_id:
        raise DeploymentError(f"{path} is for chain {file.chain_id}, not {chain_id}", field="deployment")
    return Deployment(
        chain_id=file.chain_id,
        escrow=file.escrow.address,
        usdc=file.usdc.address,
        block=file.escrow.block,
        transaction=file.escrow.transaction,
        usdc_name=file.usdc.name,
        usdc_version=file.usdc.version,
        constructor=file.escrow.constructor,
        code_hash=file.escrow.code_hash,
        annex=file.escrow.annex,
        annex_code_hash=file.escrow.annex_code_hash,
        companions=tuple(Companion(each.contract, each.address, each.block) for each in file.companions),
    )


def _path(where: Path, chain_id: int | None) -> Path:
    if not where.is_dir():
        return where
    if chain_id is not None:
        return where / f"{chain_id}.json"
    files = sorted(path for path in where.glob("*.json") if path.stem.isdecimal())
    if len(files) == 1:
        return files[0]
    found = ", ".join(path.stem for path in files) or "none"
    raise DeploymentError(
        f"{where} holds deployments for: {found}",
        field="chain_id",
        next_step="say which chain with --chain-id",
    )
