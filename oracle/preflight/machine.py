"""This machine: keys, database, disk, sandbox, jurors, and settings that are allowed but dangerous."""

from __future__ import annotations

import ipaddress
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from oracle.chain.deployments import Deployment
from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.decide.reorg import Level
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, checksum
from oracle.evaluation.sandbox.bwrap import sandbox_version
from oracle.opening.keys import Keys, load_key, named_keys
from oracle.signing.signer import Signer
from oracle.store import jobs
from oracle.store.chain import bound_deployment
from oracle.store.database import Database
from oracle.store.schema import require_current

LOCAL_CHAINS = frozenset({1337, 31337})
_TRIAL = b"\x19\x00 earnest: does this key sign"  # EIP-191 version 0: means nothing on any chain


def open_keys(settings: Settings) -> tuple[list[Finding], Keys | None]:
    """Open each key and let it sign. None for the keys where one fails."""
    found: list[Finding] = []
    opened: list[Signer] = []
    for field, source in named_keys(settings):
        try:
            signer = load_key(settings, source, field)
            opened.append(signer)
            signer.sign(_TRIAL)
        except EarnestError as error:
            found.append(
                grade.problem("keys", f"{field}: {error.message}", error.next_step or f"correct {field}")
            )
            continue
        found.append(grade.ok("keys", f"{field} is {checksum(signer.address)}"))
        if source.env is not None and settings.chain.chain_id not in LOCAL_CHAINS:
            found.append(
                grade.warning(
                    "keys",
                    f"{field} lies open in the environment variable {source.env}",
                    "use a keystore, web3signer or a KMS on a chain with real money",
                )
            )
    if len(opened) < len(named_keys(settings)):
        for signer in opened:
            signer.close()
        return found, None
    addresses = [signer.address for signer in opened[1:]]
    if opened[0].address in addresses:
        found.append(
            grade.warning(
                "keys",
                "one key both signs attestations and pays the gas",
                "give the sender a key of its own: the signing key's loss costs the stake",
            )
        )
    return found, Keys(opened[0], dict(zip(addresses, opened[1:], strict=True)))


def database(settings: Settings, deployment: Deployment | None) -> Iterator[Finding]:
    """Whether the database is there, of this version, and follows this escrow."""
    with closing(Database(settings.database_url())) as opened:
        opened.check()
        require_current(opened)
        with opened.read() as session:
            bound = bound_deployment(session)
        if deployment is not None and bound is not None and bound != (deployment.chain_id, deployment.escrow):
            yield grade.problem(
                "database",
                f"{opened.shown} follows the escrow {bound[1]} on chain {bound[0]}",
                "give this escrow a database of its own",
            )
        else:
            yield grade.ok("database", f"{opened.shown} is at the revision this program needs")


def known_committees(settings: Settings, keys: list[Address]) -> set[Hash]:
    """Committees of the configuration, and those in which a stored event names one of the keys."""
    named = set(settings.committees)
    try:
        with closing(Database(settings.database_url())) as opened:
            opened.check()
            require_current(opened)
            with opened.read() as session:
                return named | jobs.committees_of_keys(session, keys)
    except EarnestError:
        return named  # what is wrong with the database is said by its own check


def disk(settings: Settings) -> Iterator[Finding]:
    """Space for evidence and database, and whether they may be written."""
    places = {"evidence": settings.path(settings.evidence.directory)}
    url = make_url(settings.database_url())
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        places["the database"] = Path(str(url.database)).parent
    for name, path in places.items():
        existing = next(folder for folder in (path, *path.resolve().parents) if folder.exists())
        yield grade.disk(name, shutil.disk_usage(existing).free)
        if not _writable(existing):
            yield grade.problem(
                "disk", f"{existing} may not be written", f"give it to the daemon's user: chown … {path}"
            )


def sandbox() -> Iterator[Finding]:
    """Whether foreign code can be run safely."""
    try:
        version = sandbox_version()
    except EarnestError as error:
        yield grade.warning(
            "sandbox",
            error.message,
            "apt install bubblewrap; until then conditions that run code stay undecided",
        )
    else:
        yield grade.ok("sandbox", version)


def dangers(settings: Settings, config: Path) -> Iterator[Finding]:
    """What may be set, and should not be."""
    if stat.S_IMODE(config.stat().st_mode) & 0o077:
        yield grade.warning(
            "settings", f"{config} may be read by others, and may hold API keys", f"run: chmod 600 {config}"
        )
    if settings.chain.chain_id not in LOCAL_CHAINS and settings.policy.sign_at is Level.LATEST:
        yield grade.warning(
            "settings",
            "[policy] sign_at is latest: a reorg can leave a signature for a delivery that is gone",
            'set sign_at = "safe"',
        )
    if settings.operator is None:
        yield grade.warning(
            "settings", "there is no [operator] section: nothing can watch this process", "add [operator]"
        )
    elif not _is_here(settings.operator.bind):
        yield grade.warning(
            "settings",
            f"[operator] listens on {settings.operator.bind}: metrics are open to whoever reaches it",
            'set bind = "127.0.0.1", or keep the port behind a firewall',
        )
    if settings.peers.others and settings.web is None:
        yield grade.problem(
            "settings", "[peers] names others, but without [web] they cannot reach this process", "add [web]"
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
