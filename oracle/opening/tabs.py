"""Where the configuration says the contracts of tabs are."""

from __future__ import annotations

from oracle.chain.client import Client
from oracle.chain.deployments import Deployment
from oracle.chain.tabs import Tabs
from oracle.config import Settings
from oracle.configuration.base import ConfigError
from oracle.configuration.tabs import TabsSection
from oracle.domain.types import Address


def open_tabs(settings: Settings, deployment: Deployment, rpc: Client) -> Tabs:
    """The tab contract and its handover.

    Raises:
        ConfigError: neither configuration nor deployment say where they are.
    """
    section = settings.tabs or TabsSection()
    return Tabs(
        rpc,
        _address(deployment, "Tabs", section.contract),
        deployment.chain_id,
        _address(deployment, "Handover", section.handover),
    )


def first_block_of_tabs(deployment: Deployment, contract: Address) -> int:
    """The block from which on the contract of tabs has logs, or an earlier one."""
    known = deployment.companion("Tabs")
    return deployment.block if known is None or known.address != contract else known.block


def _address(deployment: Deployment, name: str, given: Address | None) -> Address:
    companion = deployment.companion(name)
    if given is not None:
        return given
    if companion is None:
        raise ConfigError(
            f"the deployment has no companion {name}",
            field=f"tabs.{'contract' if name == 'Tabs' else 'handover'}",
            next_step="name its address, or take the section [tabs] out",
        )
    return companion.address
