"""Deployment: by the core alone, and by `ape run deploy` as a person types it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3

from oracle.chain.deployments import load_deployment
from scripts.deployment.escrow import CompiledEscrow, deploy
from scripts.deployment.networks import CHAINS, Periods
from scripts.deployment.record import CompilerRecord, DeploymentRecord, read_record
from scripts.deployment.sender import DeploymentError, KeySender
from scripts.deployment.source import build_for_deployment
from scripts.local.anvil import Anvil, account, anvil
from scripts.local.market import deploy_here

ROOT = Path(__file__).parents[3]
APE_SECONDS = 600  # the compiler is slow on a busy machine


@pytest.fixture(scope="module")
def artifact() -> dict[str, Any]:
    return build_for_deployment()


@pytest.fixture(scope="module")
def compiled(artifact: dict[str, Any]) -> CompiledEscrow:
    return CompiledEscrow(
        abi=artifact["abi"],
        creation_code=bytes.fromhex(artifact["bytecode"]["object"][2:]),
        compiler=CompilerRecord(version="0.8.30", settings={}),
    )


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil() as running:
        yield running


def ape(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{ROOT}/.tools/bin:{ROOT}/.venv/bin:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SOLCX_BINARY_PATH": str(ROOT / "scripts/solc"), **variables}
    return subprocess.run(
        [str(ROOT / ".venv/bin/ape"), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=APE_SECONDS,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(APE_SECONDS)
def test_the_record_says_what_is_on_chain(chain: Anvil, compiled: CompiledEscrow, tmp_path: Path) -> None:
    web3 = Web3(HTTPProvider(chain.url))
    periods = Periods(min_challenge=7, lapse_challenge=8, min_delivery=9)
    record = deploy(web3, KeySender(web3, account(0)), CHAINS["local"], "ethereum:local", compiled, periods)
    path = record.write(tmp_path)

    loaded = load_deployment(tmp_path, 31337)
    assert (loaded.escrow, loaded.usdc) == (record.escrow.address.lower(), record.usdc.address.lower())
    assert DeploymentRecord.model_validate_json(path.read_text()) == record
    arguments = record.escrow.constructor
    assert arguments == {
        "usdc": record.usdc.address,
        "minChallenge": "7",
        "lapseChallenge": "8",
        "minDelivery": "9",
    }
    code = bytes(web3.eth.get_code(Web3.to_checksum_address(record.escrow.address)))
    assert record.escrow.code_hash == "0x" + keccak(code).hex()
    creation = web3.eth.get_transaction(record.escrow.transaction)  # type: ignore[arg-type]
    assert bytes(creation["input"]).startswith(compiled.creation_code)
    assert creation["blockNumber"] == record.escrow.block


@pytest.mark.slow
@pytest.mark.timeout(APE_SECONDS)
def test_a_chain_without_the_known_usdc_is_refused_before_anything_is_sent(
    chain: Anvil, compiled: CompiledEscrow
) -> None:
    web3 = Web3(HTTPProvider(chain.url))
    with pytest.raises(DeploymentError, match="USDC is not at"):
        deploy(web3, KeySender(web3, account(0)), CHAINS["mainnet"], "base:mainnet", compiled)
    assert web3.eth.get_transaction_count(account(0).address) == 0


@pytest.mark.slow
@pytest.mark.timeout(APE_SECONDS)
def test_a_constructor_that_changed_is_refused_before_anything_is_sent(
    chain: Anvil, compiled: CompiledEscrow
) -> None:
    web3 = Web3(HTTPProvider(chain.url))
    abi = [{**entry, "inputs": []} if entry["type"] == "constructor" else entry for entry in compiled.abi]
    changed = CompiledEscrow(abi, compiled.creation_code, compiled.compiler)
    with pytest.raises(DeploymentError, match="constructor takes nothing"):
        deploy(web3, KeySender(web3, account(0)), CHAINS["local"], "ethereum:local", changed)
    assert web3.eth.get_transaction_count(account(0).address) == 0


@pytest.mark.slow
@pytest.mark.timeout(2 * APE_SECONDS)
def test_ape_run_deploy_to_a_local_chain(chain: Anvil, artifact: dict[str, Any], tmp_path: Path) -> None:
    done = ape(
        *("run", "deploy", "--network", "ethereum:local:foundry", "--output", str(tmp_path)),
        EARNEST_LOCAL_RPC_URL=chain.url,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    record = DeploymentRecord.model_validate_json((tmp_path / "31337.json").read_text())
    web3 = Web3(HTTPProvider(chain.url))
    creation = web3.eth.get_transaction(record.escrow.transaction)  # type: ignore[arg-type]
    # Ape's code and forge's are the same to the last byte, the hash of the sources' description included.
    assert bytes(creation["input"]).hex().startswith(artifact["bytecode"]["object"][2:])
    assert record.compiler.settings["viaIR"] is True
    assert record.usdc.deployed_here


@pytest.mark.slow
@pytest.mark.timeout(2 * APE_SECONDS)
def test_ape_run_deploy_companion(chain: Anvil, tmp_path: Path) -> None:
    deploy_here(chain).write(tmp_path)
    done = ape(
        *("run", "deploy_companion", "lens", "--network", "ethereum:local:foundry"),
        *("--output", str(tmp_path)),
        EARNEST_LOCAL_RPC_URL=chain.url,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (lens,) = read_record(tmp_path, 31337).companions
    code = Web3(HTTPProvider(chain.url)).eth.get_code(Web3.to_checksum_address(lens.address))
    assert (lens.contract, lens.code_hash) == ("Lens", "0x" + keccak(bytes(code)).hex())


@pytest.mark.slow
@pytest.mark.timeout(APE_SECONDS)
def test_ape_run_deploy_refuses_a_node_on_another_chain(chain: Anvil, tmp_path: Path) -> None:
    done = ape(
        *("run", "deploy", "--network", "base:sepolia:node", "--output", str(tmp_path)),
        BASE_SEPOLIA_RPC_URL=chain.url,
    )
    assert done.returncode != 0
    assert "31337" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
