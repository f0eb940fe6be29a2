"""What is known of each chain before anything is sent to it."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.deployment.sender import DeploymentError

LOCAL_CHAIN = 31337


@dataclass(frozen=True, slots=True)
class Periods:
    """The escrow's constants of deployment, in seconds."""

    min_challenge: int
    """Shortest challenge period that is not zero."""
    lapse_challenge: int
    """Shortest challenge period after a lapse."""
    min_delivery: int
    """Shortest time from `openBy` to `deliverBy`."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that the escrow may be put on. `usdc` is None where we deploy the real one ourselves."""

    chain_id: int
    usdc: str | None
    periods: Periods


CHAINS = {
    "local": Chain(LOCAL_CHAIN, None, Periods(min_challenge=4, lapse_challenge=4, min_delivery=2)),
    "sepolia": Chain(84532, "0x036CbD53842c5426634e7929541eC2318f3dCF7e", Periods(60, 600, 60)),
    "mainnet": Chain(8453, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", Periods(3_600, 86_400, 3_600)),
}
"""By Ape's network name. The addresses are Circle's own USDC on Base Sepolia and Base."""


def known_chain(ecosystem: str, network: str, answered_chain_id: int) -> Chain:
    """The chain that was chosen by name, if the node really is on it.

    Args:
        ecosystem: Ape's ecosystem, such as "base".
        network: Ape's network, such as "sepolia".
        answered_chain_id: what the node answers to eth_chainId.

    Raises:
        DeploymentError: not one of our networks, or the node is on another chain.
    """
    name = f"{ecosystem}:{network}"
    chain = CHAINS.get(network)
    if chain is None or (ecosystem != "base" and network != "local"):
        raise DeploymentError(
            f"network {name} is not one that Earnest is deployed on",
            field="network",
            next_step="choose base:sepolia, base:mainnet or ethereum:local:foundry",
        )
    if answered_chain_id != chain.chain_id:
        raise DeploymentError(
            f"network {name} has chain id {chain.chain_id}, but the node answers {answered_chain_id}",
            field="chain id",
            next_step="choose the network that the node is on, or another node; nothing was sent",
        )
    return chain
