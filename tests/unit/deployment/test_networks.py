"""Nothing is sent to a chain that was not the one chosen."""

from __future__ import annotations

import pytest

from scripts.deployment.networks import known_chain
from scripts.deployment.sender import DeploymentError

BASE = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
BASE_SEPOLIA = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"


@pytest.mark.parametrize(
    ("ecosystem", "network", "chain_id", "usdc"),
    [
        ("base", "mainnet", 8453, BASE),
        ("base", "sepolia", 84532, BASE_SEPOLIA),
        ("base", "local", 31337, None),
        ("ethereum", "local", 31337, None),
    ],
)
def test_each_network_has_its_chain_and_its_usdc(
    ecosystem: str, network: str, chain_id: int, usdc: str | None
) -> None:
    chain = known_chain(ecosystem, network, chain_id)
    assert (chain.chain_id, chain.usdc) == (chain_id, usdc)


@pytest.mark.parametrize(
    ("ecosystem", "network", "answered"),
    [
        ("base", "sepolia", 8453),
        ("base", "mainnet", 84532),
        ("ethereum", "local", 8453),
        ("base", "local", 1),
    ],
)
def test_a_node_on_another_chain_is_refused(ecosystem: str, network: str, answered: int) -> None:
    with pytest.raises(DeploymentError, match=f"the node answers {answered}") as caught:
        known_chain(ecosystem, network, answered)
    assert caught.value.field == "chain id"


@pytest.mark.parametrize(
    ("ecosystem", "network"), [("ethereum", "mainnet"), ("ethereum", "sepolia"), ("base", "x")]
)
def test_other_networks_are_refused(ecosystem: str, network: str) -> None:
    with pytest.raises(DeploymentError, match=f"{ecosystem}:{network} is not one"):
        known_chain(ecosystem, network, 1)


def test_only_test_chains_have_short_periods() -> None:
    base = known_chain("base", "mainnet", 8453).periods
    assert base.lapse_challenge >= 86_400  # a day
    assert base.min_challenge >= 3_600
