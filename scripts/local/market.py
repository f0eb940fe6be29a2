"""A market on a local chain: real USDC, the escrow, a committee with its stake in, and parties with money.

Used where a whole world is needed at once: the gas table, the demo, the integration tests.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.chain.escrow import Escrow
from oracle.chain.quantities import Receipt
from oracle.chain.rpc import Rpc
from oracle.chain.transactions import send_and_wait
from oracle.domain import typed
from oracle.domain.committee import Committee
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement, Attestation, Attested, Opening, Terms, Verdict
from oracle.domain.types import Address, Funding, Hash, Outcome
from scripts.deployment.companions import FORGE_OUT, companion_by_forge, deploy_companion
from scripts.deployment.escrow import CompiledEscrow, compiled_by_forge, deploy
from scripts.deployment.networks import CHAINS, Periods
from scripts.deployment.record import DeploymentRecord
from scripts.deployment.sender import KeySender
from scripts.local.anvil import CHAIN_ID, Anvil, account
from scripts.local.usdc import mint_usdc, token_contract

UNIT = 1_000_000  # base units in a USDC
_FIRST_EVALUATOR = 10  # accounts below are people, from here on evaluators
_FIRST_KEY = 50  # and from here on their signing keys
ACCOUNTS = 50  # that anvil must fund


@dataclass(frozen=True, slots=True)
class Evaluator:
    """One evaluator: the account that staked, and the key that signs."""

    account: LocalAccount
    key: LocalAccount


@dataclass
class Market:
    """Everything there is on the chain, and the means to act on it as anyone."""

    rpc: Rpc
    escrow: Escrow
    usdc: Address
    deployer: LocalAccount
    buyer: LocalAccount
    provider: LocalAccount
    arbiter: LocalAccount
    relayer: LocalAccount
    evaluators: list[Evaluator]
    committee: Committee
    committee_id: Hash
    tabs: Address = ""  # the book of tabs, where one was asked for
    handover: Address = ""  # and where documents for its evaluators are named
    _salts: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def usdc_domain(self) -> typed.Domain:
        """Under which payments are authorized."""
        return typed.usdc_domain(CHAIN_ID, self.usdc)

    def write_deployment(self, path: Path) -> None:
        """What the daemon and the CLI read to know where the contracts stand."""
        escrow = {
            "address": self.escrow.address,
            "block": 0,
            "transaction": "0x" + "00" * 32,
            "constructor": {},
        }
        record = {
            "format": "earnest-deployment/1",
            "chain_id": CHAIN_ID,
            "escrow": escrow,
            "usdc": {"address": self.usdc, "name": "USD Coin", "version": "2"},
            "companions": [
                {"contract": name, "address": address, "block": 0}
                for name, address in (("Tabs", self.tabs), ("Handover", self.handover))
                if address
            ],
        }
        path.write_text(json.dumps(record), encoding="utf-8")

    def send(self, by: LocalAccount, data: bytes) -> Receipt:
        """Call the escrow and wait."""
        return send_and_wait(self.rpc, bytes(by.key), self.escrow.address, data)

    def send_to(self, contract: Address, by: LocalAccount, data: bytes) -> Receipt:
        """Call another contract than the escrow and wait."""
        return send_and_wait(self.rpc, bytes(by.key), contract, data)

    def now(self) -> int:
        """Time of the latest block."""
        return self.rpc.block("latest").timestamp

    def agreement(
        self, *, gated: int, bond: int, fee: int, up_front: int = 0, challenge: int = 86_400
    ) -> Agreement:
        """A fresh agreement between buyer and provider, with room in its times."""
        now = self.now()
        return Agreement(
            Terms(
                buyer=self.buyer.address.lower(),
                provider=self.provider.address.lower(),
                committee=self.committee_id,
                gated=gated,
                bond=bond,
                fee=fee,
                judge_by=now + 3 * 86_400,
                challenge=challenge,
                ruling=2 * 86_400,
            ),
            Opening(
                pact="0x" + "a1" * 32,
                offchain="0x" + "b2" * 32,
                agent_id=42,
                up_front=up_front,
                open_by=now + 86_400,
                deliver_by=now + 2 * 86_400,
                salt=next(self._salts),
            ),
        )

    def open(self, agreement: Agreement, *, by: LocalAccount | None = None) -> Receipt:
        """Fund a job by the buyer's authorization and the provider's signature; the relayer pays the gas."""
        job = typed.job_id(self.escrow.domain, agreement)
        terms, opening = agreement.terms, agreement.opening
        pays = typed.receive_authorization_digest(
            self.usdc_domain,
            terms.buyer,
            self.escrow.address,
            agreement.pays_in,
            0,
            opening.open_by,
            job,
        )
        data = calls.open_job(
            agreement,
            Funding.AUTHORIZATION,
            buyer_signature=sign_digest(bytes(self.buyer.key), pays),
            provider_signature=b"".join(
                bytes.fromhex(half[2:]) for half in compact(sign_digest(bytes(self.provider.key), job))
            ),
        )
        return self.send(by or self.relayer, data)

    def verdict(
        self, agreement: Agreement, deliverable: Hash, outcome: Outcome, signers: tuple[int, ...]
    ) -> Verdict:
        """Attestations by the evaluators named, all of one outcome."""
        job = typed.job_id(self.escrow.domain, agreement)
        attested = []
        for index in sorted(signers):
            evidence = "0x" + (index + 0xC0).to_bytes(1, "big").hex() * 32
            digest = typed.attestation_digest(
                self.escrow.domain, Attestation(job, deliverable, outcome, evidence)
            )
            r, vs = compact(sign_digest(bytes(self.evaluators[index].key.key), digest))
            attested.append(Attested(r, vs, evidence))
        return Verdict(
            agreement.terms,
            typed.opening_hash(agreement.opening),
            deliverable,
            outcome,
            sum(1 << index for index in signers),
            tuple(attested),
            tuple(e.key.address.lower() for i, e in enumerate(self.evaluators) if i not in signers),
        )


def deploy_here(
    chain: Anvil, *, periods: Periods | None = None, compiled: CompiledEscrow | None = None
) -> DeploymentRecord:
    """Put USDC and the escrow on a local chain without Ape; the deployer is account 0."""
    web3 = Web3(HTTPProvider(chain.url))
    escrow = compiled or compiled_by_forge()
    return deploy(web3, KeySender(web3, account(0)), CHAINS["local"], "local", escrow, periods)


def build_market(
    chain: Anvil,
    *,
    record: DeploymentRecord | None = None,
    size: int = 5,
    threshold: int = 3,
    stake: int = 10_000 * UNIT,
    periods: Periods | None = None,
    compiled: CompiledEscrow | None = None,
    money: int = 1_000_000 * UNIT,
    with_tabs: bool = False,
    **limits: Any,
) -> Market:
    """Deploy everything and bring a committee and its parties to life.

    Args:
        chain: A running anvil with `ACCOUNTS` funded accounts.
        record: A deployment by account 0 that is there already.
        size: Evaluators in the committee.
        threshold: k.
        stake: S, base units.
        periods: Constants of the deployment.
        compiled: The escrow's code; forge's output if None.
        money: USDC that buyer, provider and relayer get, base units.
        with_tabs: Also deploy the book of tabs, and have every evaluator agree to it.
        limits: Other fields of the committee, by name.
    """
    record = record or deploy_here(chain, periods=periods, compiled=compiled)
    web3 = Web3(HTTPProvider(chain.url))
    sender = KeySender(web3, account(0))
    rpc = chain.rpc()
    escrow = Escrow(rpc, record.escrow.address.lower(), CHAIN_ID)
    buyer, provider, arbiter, relayer = (account(i) for i in range(1, 5))
    evaluators = evaluators_from(0, size)
    for who in (buyer, provider, relayer):
        mint_usdc(sender, to_checksum_address(record.usdc.address), who.address, money)
    for evaluator in evaluators:
        mint_usdc(sender, to_checksum_address(record.usdc.address), evaluator.account.address, 2 * stake)
    sender.finish()

    committee = Committee(
        evaluators=tuple(e.account.address.lower() for e in evaluators),
        threshold=threshold,
        stake=stake,
        methodology="0x" + "4d" * 32,
        arbiter=arbiter.address.lower(),
        arbiter_cost=15 * UNIT,
        fee_flat=UNIT,
        fee_rate=100,
        max_value=20_000 * UNIT,
        min_verdict=1,
        min_ruling=1,
        max_challenge=7 * 86_400,
        silence=100 * UNIT,
    )
    committee = replace(committee, **limits) if limits else committee
    market = Market(
        rpc, escrow, record.usdc.address.lower(), account(0), buyer, provider, arbiter, relayer, evaluators,
        committee, typed.committee_id(CHAIN_ID, escrow.address, committee),
    )  # fmt: skip
    found_committee(market, web3, committee, evaluators)
    if with_tabs:
        open_book_of_tabs(market, web3, record)
    return market


def open_book_of_tabs(
    market: Market, web3: Web3, record: DeploymentRecord, compiled: Path = FORGE_OUT
) -> DeploymentRecord:
    """Deploy the book of tabs out of forge's output in `compiled`; every evaluator agrees to it."""
    sender = KeySender(web3, account(0))
    for name in ("Tabs", "Handover"):
        record = deploy_companion(web3, sender, record, companion_by_forge(name, compiled))
    market.tabs, market.handover = (made.address.lower() for made in record.companions[-2:])
    for index, evaluator in enumerate(market.evaluators):
        market.send(evaluator.account, calls.consent(market.committee_id, index, market.tabs))
    return record


def evaluators_from(first: int, size: int) -> list[Evaluator]:
    """`size` evaluators, from the `first` on, in the order in which a committee lists them."""
    numbers = range(first, first + size)
    made = [Evaluator(account(_FIRST_EVALUATOR + i), account(_FIRST_KEY + i)) for i in numbers]
    return sorted(made, key=lambda e: int(e.account.address, 16))


def found_committee(
    market: Market, web3: Web3, committee: Committee, evaluators: Sequence[Evaluator]
) -> Hash:
    """Create a committee and have every evaluator put its stake in. They must hold it in USDC."""
    made = typed.committee_id(CHAIN_ID, market.escrow.address, committee)
    market.send(market.relayer, calls.create_committee(committee))
    for index, evaluator in enumerate(evaluators):
        fund_collateral(market, web3, evaluator.account, committee.stake)
        digest = typed.key_digest(
            market.escrow.domain, made, evaluator.account.address.lower(), evaluator.key.address.lower()
        )
        proof = sign_digest(bytes(evaluator.key.key), digest)
        market.send(evaluator.account, calls.join(made, index, evaluator.key.address.lower(), proof))
    return made


def fund_collateral(market: Market, web3: Web3, who: LocalAccount, amount: int) -> None:
    """Approve and deposit: `amount` of `who`'s USDC becomes its free collateral."""
    token = token_contract(web3, to_checksum_address(market.usdc))
    approve = token.encode_abi("approve", args=[to_checksum_address(market.escrow.address), amount])
    send_and_wait(market.rpc, bytes(who.key), market.usdc, bytes.fromhex(approve[2:]))
    market.send(who, calls.deposit(who.address.lower(), amount))
