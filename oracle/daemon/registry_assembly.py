"""Builds the desk for ERC-8004 from the configuration, where it names a registry."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

from oracle.chain.deployments import Deployment
from oracle.chain.escrow import Escrow
from oracle.config import Settings
from oracle.configuration.base import ConfigError
from oracle.daemon.adapter import NodeChain
from oracle.daemon.outbox import Outbox
from oracle.daemon.registry_desk import RegistryDesk, RegistryPolicy, wanted_posts
from oracle.opening.keys import Keys, load_key
from oracle.registry.aggregate import Place
from oracle.registry.contract import Registry
from oracle.store.database import Database

_DAY = 86_400


def open_registry_desk(
    settings: Settings,
    stack: ExitStack,
    *,
    deployment: Deployment,
    escrow: Escrow,
    database: Database,
    keys: Keys,
    leads: Callable[[], bool],
) -> RegistryDesk | None:
    """The desk, or None where the configuration has no section `registry`. It is closed with the stack.

    Raises:
        ConfigError: its key is one that does something else.
        SigningError: its key cannot be opened.
    """
    section = settings.registry
    if section is None:
        return None
    signer = stack.enter_context(closing(load_key(settings, section.key, "registry.key")))
    if signer.address in {keys.sender.address, *keys.evaluators}:
        raise ConfigError(
            f"the key of {signer.address} signs or pays for verdicts",
            field="registry.key",
            next_step="name another: verdicts must not wait for what is written to the registry",
        )
    chain = NodeChain(escrow)
    outbox = Outbox(
        database,
        chain,
        signer,
        chain_id=deployment.chain_id,
        policy=settings.lane_policy(),
        wanted=wanted_posts,
    )
    desk = RegistryDesk(
        database,
        Registry(escrow.rpc, section.reputation),
        outbox,
        Place(deployment.chain_id, deployment.escrow, section.reputation),
        RegistryPolicy(section.days * _DAY, section.back, section.uri, section.poll),
        heights=chain.heights,
        evaluators=keys.evaluators,
        leads=leads,
    )
    return stack.enter_context(closing(desk))
