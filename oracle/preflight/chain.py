"""The chain: endpoints, contracts, clock, balance, stake and coverage. Reads only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

from oracle.chain.anyone import Anyone
from oracle.chain.breaker import BreakerState
from oracle.chain.deployments import Deployment
from oracle.chain.escrow import Escrow
from oracle.chain.pool import Pool
from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.domain.keccak import keccak
from oracle.domain.types import Address, Hash

_NODE = "change [chain] rpc, or mend the node"


def endpoints(settings: Settings, pool: Pool) -> Iterator[Finding]:
    """Whether each endpoint answers, for our chain, and near the head; and whether enough do to sign."""
    pool.look()
    usable = 0
    for standing in pool.standings():
        name = f"endpoint {standing.name}"
        if standing.state is BreakerState.CLOSED and standing.head is not None and standing.error is None:
            if standing.lag is not None and standing.lag > settings.chain.max_lag:
                yield grade.warning("chain", f"{name} is {standing.lag} blocks behind the best", _NODE)
                continue
            usable += 1
            yield grade.ok("chain", f"{name} is at block {standing.head}")
        else:
            said = standing.error or "it did not answer"
            yield grade.warning("chain", f"{name} cannot be used: {said}", _NODE)
    needed = settings.chain.needed()
    if usable < needed:
        yield grade.problem(
            "chain",
            f"{usable} endpoints can be used, and {needed} must agree before anything is signed",
            "add endpoints to [chain] rpc, or mend those above",
        )


def contracts(deployment: Deployment, escrow: Escrow) -> Iterator[Finding]:
    """Whether the contract there is ours, byte for byte as it was deployed."""
    escrow.check_domain()
    yield from _code("escrow", escrow, deployment.escrow, deployment.code_hash)
    if deployment.annex is not None:
        yield from _code("annex", escrow, deployment.annex, deployment.annex_code_hash)
    token = escrow.usdc()
    if token != deployment.usdc:
        yield grade.problem(
            "contracts",
            f"the escrow's token is {token}; the deployment says {deployment.usdc}",
            "get the deployment's file of this escrow",
        )


def _code(name: str, escrow: Escrow, address: Address, expected: Hash | None) -> Iterator[Finding]:
    found = "0x" + keccak(escrow.rpc.code(address)).hex()
    if expected is None:
        yield grade.warning(
            "contracts",
            f"the deployment's file does not say which code the {name} has; it has {found}",
            "get the file that the deployment wrote",
        )
    elif found == expected:
        yield grade.ok("contracts", f"the {name} at {address} has the code that was deployed")
    else:
        yield grade.problem(
            "contracts",
            f"the {name} at {address} has the code {found}, not {expected}",
            "do not run: this is another contract, or a node that lies; compare with a public explorer",
        )


def clock(pool: Pool, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """This machine's clock against the chain's."""
    yield grade.clock(now(), Anyone(pool).block("latest").timestamp)


def balance(pool: Pool, sender: Address) -> Iterator[Finding]:
    """Whether the sender can pay for gas."""
    client = Anyone(pool)
    yield grade.balance(sender, client.balance(sender), client.fees().max_fee_per_gas)


def stakes(escrow: Escrow, keys: Collection[Address], committees: Collection[Hash]) -> Iterator[Finding]:
    """Stake and coverage of every key in every committee that is known here."""
    seen: set[Address] = set()
    for committee in sorted(committees):
        state = escrow.committee_state(committee)
        for key in sorted(keys):
            place = escrow.key_of(committee, key)
            if not place.known:
                continue
            seen.add(key)
            if place.retired_at:
                yield grade.warning(
                    "stake",
                    f"{key} was replaced in {committee[:10]}…: it binds for older jobs only",
                    "configure the key that replaced it",
                )
                continue
            yield from grade.stake(key, committee, state, escrow.evaluator(committee, place.index))
    for key in sorted(set(keys) - seen):
        yield grade.warning(
            "stake",
            f"{key} signs in no committee that is known here",
            "join with it: oracle committee join; before the first run, name its committee in [committees]",
        )
