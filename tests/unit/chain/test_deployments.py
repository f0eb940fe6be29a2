"""Reading where the contracts stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.deployments import DeploymentError, load_deployment

RECORD: dict[str, Any] = {
    "format": "earnest-deployment/1",
    "chain_id": 8453,
    "network": "base:mainnet",
    "escrow": {
        "address": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        "block": 7,
        "transaction": "0x" + "ab" * 32,
        "constructor": {"minChallenge_": "3600"},
    },
    "usdc": {"address": "0x" + "11" * 20, "name": "USD Coin", "version": "2", "deployed_here": False},
}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / f"{changes.get('chain_id', 8453)}.json"
    path.write_text(json.dumps(RECORD | changes))
    return path


def test_a_file_or_the_only_one_of_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path)
    for found in (load_deployment(path), load_deployment(tmp_path), load_deployment(tmp_path, 8453)):
        assert found.escrow == "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
        assert (found.chain_id, found.block, found.usdc_name) == (8453, 7, "USD Coin")


def test_several_need_a_chain_id(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, chain_id=31337)
    with pytest.raises(DeploymentError, match="31337, 8453") as caught:
        load_deployment(tmp_path)
    assert caught.value.next_step == "say which chain with --chain-id"
    assert load_deployment(tmp_path, 31337).chain_id == 31337


def test_missing_foreign_and_malformed_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="there is no deployment at"):
        load_deployment(tmp_path / "1.json")
    with pytest.raises(DeploymentError, match="is for chain 8453, not 1"):
        load_deployment(write(tmp_path), 1)
    escrow = RECORD["escrow"] | {"address": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02914"}
    with pytest.raises(DeploymentError, match="whose checksum"):
        load_deployment(write(tmp_path, escrow=escrow))
    with pytest.raises(DeploymentError, match="format"):
        load_deployment(write(tmp_path, format="other/1"))
