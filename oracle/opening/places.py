"""Where the configuration says things are: nodes, contracts, content."""

from __future__ import annotations

from oracle.chain.deployments import Deployment, load_deployment
from oracle.chain.pool import Pool, PoolPolicy, Source
from oracle.config import Settings
from oracle.evidence.sealing import Identities, read_identities
from oracle.evidence.store import ContentStore, open_copy, open_location


def open_pool(settings: Settings) -> Pool:
    """The nodes. Nothing is sent yet; close it when done.

    Raises:
        RpcUnavailableError: an address is none.
    """
    return Pool.open(
        [Source(item.name, item.url.get_secret_value()) for item in settings.chain.endpoints()],
        chain_id=settings.chain.chain_id,
        policy=PoolPolicy(max_lag=settings.chain.max_lag, timeout=settings.chain.timeout),
    )


def deployment_of(settings: Settings) -> Deployment:
    """Where the contracts stand."""
    return load_deployment(settings.path(settings.chain.deployment), settings.chain.chain_id)


def open_store(settings: Settings) -> ContentStore:
    """The content store.

    Raises:
        ForbiddenLocationError, IdentityError: a place or the file of the secret key cannot be used.
    """
    identity = settings.evidence.identity
    return ContentStore(
        settings.path(settings.evidence.directory),
        [open_location(place) for place in settings.evidence.others],
        Identities() if identity is None else read_identities(settings.path(identity)),
        [open_copy(place) for place in settings.evidence.copies],
    )
