"""Who put in what and got out what, rebuilt from the chain's logs alone, and held against its balances."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from eth_utils.address import to_checksum_address

from oracle.chain.decoder import Occurrence
from oracle.domain import events as ev
from oracle.domain.types import Address, Ending, Hash, Outcome, members_of
from scripts.demo.parties import Deal
from scripts.demo.town import Town
from scripts.local.usdc import token_contract


@dataclass
class Account:
    """One job's money, base units."""

    buyer_in: int = 0
    buyer_out: int = 0
    provider_in: int = 0
    provider_out: int = 0
    evaluators_out: int = 0
    slashed: int = 0
    arbiter_out: int = 0
    gas: int = 0
    outcome: Outcome = Outcome.NONE
    how: Ending | None = None
    evidence: tuple[Hash, ...] = ()
    story: list[str] = field(default_factory=list)

    @property
    def difference(self) -> int:
        """What came in and did not go out; zero for a closed job."""
        paid_in = self.buyer_in + self.provider_in + self.slashed
        return paid_in - self.buyer_out - self.provider_out - self.evaluators_out - self.arbiter_out


def accounts(town: Town, deals: list[Deal]) -> dict[Hash, Account]:
    """Rebuild every job's money from the escrow's events."""
    made: dict[Hash, Account] = {deal.job: Account() for deal in deals}
    parties = {deal.job: deal.agreement.terms for deal in deals}
    seen = town.market.escrow.events(0, town.market.rpc.block_number())
    gas_by_transaction: dict[Hash, set[Hash]] = defaultdict(set)
    for occurrence in seen:
        event = occurrence.event
        job = event.subject if isinstance(event, ev.Slashed) else getattr(event, "job", None)
        if job not in made:
            continue
        gas_by_transaction[occurrence.transaction_hash].add(job)
        _enter(made[job], occurrence, parties[job].buyer)
    receipts = town.market.rpc.receipts(list(gas_by_transaction))
    for receipt, jobs in zip(receipts, gas_by_transaction.values(), strict=True):
        if receipt is not None:
            for job in jobs:
                made[job].gas += receipt.gas_used // len(jobs)
    return made


def _enter(account: Account, occurrence: Occurrence, buyer: Address) -> None:
    event = occurrence.event
    match event:
        case ev.JobOpened():
            account.buyer_in += event.agreement.terms.gated + event.agreement.terms.fee
            account.provider_in += event.agreement.terms.bond
        case ev.Judged():
            account.evidence = event.evidence
        case ev.Disputed():
            if event.party == buyer:
                account.buyer_in += event.deposit
            else:
                account.provider_in += event.deposit
        case ev.Slashed():
            account.slashed += event.each * len(members_of(event.slashed))
        case ev.ArbiterPaid():
            account.arbiter_out += event.amount
        case ev.JobClosed():
            account.buyer_out += event.to_buyer
            account.provider_out += event.to_provider
            account.evaluators_out += event.to_evaluators
            account.outcome, account.how = event.outcome, event.how
    account.story.append(type(event).__name__)


def every_unit(town: Town) -> list[tuple[str, int]]:
    """Where all the USDC there is now lies: wallets, and inside the escrow what it owes to whom.

    The last line is what is unaccounted for, which must be zero.
    """
    market = town.market
    token = token_contract(town.web3, to_checksum_address(market.usdc))

    def wallet(address: str) -> int:
        return int(token.functions.balanceOf(to_checksum_address(address)).call())

    people = {
        market.buyer.address, market.provider.address, market.arbiter.address, market.relayer.address,
        market.deployer.address, *(agent.address for agent in town.agents.values()),
        *(member.account.address for bench in town.evaluators.values() for member in bench),
    }  # fmt: skip
    wallets = sum(wallet(address) for address in people)
    held = wallet(market.escrow.address)
    on_tabs, of_tabs = wallet(market.tabs), market.escrow.collateral_of(market.tabs)
    collateral = sum(market.escrow.collateral_of(address.lower()) for address in people)
    stakes = sum(
        market.escrow.evaluator(committee, index).stake
        for bench, committee in town.committees.items()
        for index in range(len(town.evaluators[bench]))
    )
    fees = sum(
        market.escrow.fees_of(committee, chosen)
        for bench, committee in town.committees.items()
        for chosen in range(1, 1 << len(town.evaluators[bench]))
    )
    return [
        ("minted", town.minted),
        ("in wallets", wallets),
        ("in the escrow", held),
        ("  free collateral", collateral),
        ("  stakes", stakes),
        ("  fees to be drawn", fees),
        ("  what tabs hold", of_tabs),
        ("in the book of tabs", on_tabs),
        (
            "not accounted for",
            abs(town.minted - wallets - held - on_tabs) + abs(held - collateral - of_tabs - stakes - fees),
        ),
    ]
