"""Many jobs on a local chain, quickly: signed here, sent in batches, mined together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.chain.errors import RpcError
from oracle.chain.transactions import Transaction, sign_transaction
from oracle.domain import typed
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement
from oracle.domain.types import Funding, Hash, Outcome
from scripts.local.anvil import CHAIN_ID, Anvil, anvil
from scripts.local.market import ACCOUNTS, UNIT, Market, build_market, fund_collateral

DELIVERABLE = "0x" + "d1" * 32
_GAS = 400_000  # more than any call here uses
_FEE = 10**12  # wei; the local base fee rises while blocks are full
_AGED_AT_ONCE = 200  # blocks, in one request
_WAVE = 20  # calls mined together


@dataclass(frozen=True)
class Jobs:
    """A market and what was opened in it."""

    chain: Anvil
    market: Market
    agreements: list[Agreement]

    def ids(self) -> list[Hash]:
        """The jobs' ids."""
        return [typed.job_id(self.market.escrow.domain, agreement) for agreement in self.agreements]

    def send(self, by: LocalAccount, data: Sequence[bytes]) -> None:
        """Have calls of the escrow mined, in order.

        Raises:
            RpcError: one was refused.
        """
        rpc = self.market.rpc
        nonce = rpc.nonce(by.address.lower(), "latest")
        for start in range(0, len(data), _WAVE):
            signed = [
                sign_transaction(
                    Transaction(
                        CHAIN_ID, nonce + start + offset, self.market.escrow.address, call, _GAS, _FEE, 1
                    ),
                    bytes(by.key),
                )
                for offset, call in enumerate(data[start : start + _WAVE])
            ]
            for fate in rpc.send_raw_batch([transaction.raw for transaction in signed]):
                if isinstance(fate, RpcError):
                    raise fate
            rpc.call("evm_mine", [], retry=False)

    def age(self, blocks: int) -> None:
        """Put so many empty blocks on top."""
        for start in range(0, blocks, _AGED_AT_ONCE):
            count = min(_AGED_AT_ONCE, blocks - start)
            self.market.rpc.call("anvil_mine", [hex(count)], retry=False)

    def deliver(self) -> None:
        """Deliver every job."""
        self.send(self.market.provider, [calls.deliver(job, DELIVERABLE) for job in self.ids()])

    def verdicts(self) -> list[bytes]:
        """The calls that judge every job Pass, by the first evaluators."""
        signers = tuple(range(self.market.committee.threshold))
        return [
            calls.judge(self.market.verdict(agreement, DELIVERABLE, Outcome.PASS, signers))
            for agreement in self.agreements
        ]


@contextmanager
def opened_jobs(count: int) -> Iterator[Jobs]:
    """A chain with `count` open jobs; blocks are made when asked for."""
    with anvil(accounts=ACCOUNTS) as chain:
        # Each open job reserves some 34 USDC of every evaluator's stake.
        market = build_market(chain, stake=max(10_000, 40 * count) * UNIT)
        web3 = Web3(HTTPProvider(chain.url))
        for party in (market.buyer, market.provider):
            fund_collateral(market, web3, party, 900_000 * UNIT)
        market.rpc.call("evm_setAutomine", [False], retry=False)
        # Without a challenge a verdict closes its job: four events for each.
        agreements = [
            market.agreement(gated=10 * UNIT, bond=UNIT, fee=2 * UNIT, challenge=0) for _ in range(count)
        ]
        jobs = Jobs(chain, market, agreements)
        jobs.send(
            market.buyer,
            [
                calls.open_job(agreement, Funding.COLLATERAL, provider_signature=_agreed(market, job))
                for agreement, job in zip(agreements, jobs.ids(), strict=True)
            ],
        )
        try:
            yield jobs
        finally:
            market.rpc.close()


def _agreed(market: Market, job: Hash) -> bytes:
    r, vs = compact(sign_digest(bytes(market.provider.key), job))
    return bytes.fromhex(r[2:] + vs[2:])
