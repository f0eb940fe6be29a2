"""The transactions that are measured, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass, field

from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.chain.quantities import Receipt
from oracle.domain import typed
from oracle.domain.terms import Agreement
from oracle.domain.types import Funding, Hash, Outcome
from scripts.deployment.escrow import compiled_by_forge
from scripts.deployment.source import ARTIFACT, build_alone, build_for_deployment
from scripts.gas.breakdown import Breakdown, breakdown
from scripts.gas.tabs import TabScenarios
from scripts.local.anvil import Anvil
from scripts.local.market import UNIT, Market, build_market, deploy_here, fund_collateral

GATED = 1_000 * UNIT
BOND = 300 * UNIT
FEE = 20 * UNIT
SIGNERS = (0, 1, 2)
BATCH = 20
_DAY = 86_400


@dataclass
class Measured:
    """Gas by figure, and by cause for each step of the main job."""

    figures: dict[str, int] = field(default_factory=dict)
    causes: dict[str, Breakdown] = field(default_factory=dict)


class Scenarios:
    """Runs each path of the deployed code until balances and slots are warm, then measures it once more."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        build_for_deployment()
        build_alone("contracts/tabs/Tabs.sol", "contracts/tabs/Handover.sol")
        self.record = deploy_here(chain, compiled=compiled_by_forge(ARTIFACT))
        self.market: Market = build_market(chain, record=self.record)
        self.measured = Measured()
        web3 = Web3(HTTPProvider(chain.url))
        fund_collateral(self.market, web3, self.market.provider, 200_000 * UNIT)
        fund_collateral(self.market, web3, self.market.buyer, 100_000 * UNIT)

    def run(self) -> Measured:
        """All figures."""
        for _ in range(2):
            self._job(pay_out=True)
            self._job(pay_out=False)
            self._overturned(measure=False)
        m = self.measured.figures
        m["job"] = self._job(pay_out=True, name_steps=True)
        m["job_credited"] = self._job(pay_out=False)
        m["job_no_challenge"] = self._no_challenge()
        m["refund"] = self._refund()
        m["job_overturned"] = self._overturned(measure=True)
        m["batch_row"] = self._batch()
        m["up_front"] = self._up_front()
        # Last, so that what jobs cost does not depend on it.
        m |= TabScenarios(self.chain, self.market, self.record).run()
        return self.measured

    def _opened(self, *, challenge: int = _DAY, up_front: int = 0) -> tuple[Agreement, Receipt]:
        agreement = self.market.agreement(
            gated=GATED, bond=BOND, fee=FEE, challenge=challenge, up_front=up_front
        )
        return agreement, self.market.open(agreement)

    def _delivered(self, agreement: Agreement) -> tuple[Hash, Receipt]:
        job = typed.job_id(self.market.escrow.domain, agreement)
        deliverable = "0x" + bytes(reversed(bytes.fromhex(job[2:]))).hex()
        return deliverable, self.market.send(self.market.provider, calls.deliver(job, deliverable))

    def _judged(self, agreement: Agreement, deliverable: Hash, outcome: Outcome) -> Receipt:
        verdict = self.market.verdict(agreement, deliverable, outcome, SIGNERS)
        return self.market.send(self.market.relayer, calls.judge(verdict, pay_out=True))

    def _settled(self, agreement: Agreement, *, pay_out: bool) -> Receipt:
        opening = typed.opening_hash(agreement.opening)
        self._wait_a_day()
        return self.market.send(self.market.relayer, calls.settle(agreement.terms, opening, pay_out=pay_out))

    def _job(self, *, pay_out: bool, outcome: Outcome = Outcome.PASS, name_steps: bool = False) -> int:
        agreement, opened = self._opened()
        deliverable, delivered = self._delivered(agreement)
        judged = self._judged(agreement, deliverable, outcome)
        settled = self._settled(agreement, pay_out=pay_out)
        steps = {"open": opened, "deliver": delivered, "judge": judged, "settle": settled}
        if name_steps:
            for name, receipt in steps.items():
                self._cause(name, receipt)
        return sum(receipt.gas_used for receipt in steps.values())

    def _no_challenge(self) -> int:
        total = 0
        for _ in range(2):
            agreement, opened = self._opened(challenge=0)
            deliverable, delivered = self._delivered(agreement)
            judged = self._judged(agreement, deliverable, Outcome.PASS)
            total = opened.gas_used + delivered.gas_used + judged.gas_used
        return total

    def _refund(self) -> int:
        """The settling of a Fail that pays gated amount and bond to the buyer's wallet."""
        agreement, _ = self._opened()
        deliverable, _ = self._delivered(agreement)
        self._judged(agreement, deliverable, Outcome.FAIL)
        return self._settled(agreement, pay_out=True).gas_used

    def _overturned(self, *, measure: bool) -> int:
        """Pass, disputed from free collateral, ruled Fail, signers slashed and filled up again."""
        m = self.market
        agreement, opened = self._opened()
        deliverable, delivered = self._delivered(agreement)
        judged = self._judged(agreement, deliverable, Outcome.PASS)
        opening = typed.opening_hash(agreement.opening)
        disputed = m.send(
            m.buyer,
            calls.dispute(
                agreement.terms, opening, party=agreement.terms.buyer, sought=Outcome.FAIL,
                funding=Funding.COLLATERAL,
            ),
        )  # fmt: skip
        ruled = m.send(m.arbiter, calls.rule(agreement.terms, opening, Outcome.FAIL, pay_out=True))
        web3 = Web3(HTTPProvider(self.chain.url))
        for index in SIGNERS:
            who = m.evaluators[index].account
            fund_collateral(m, web3, who, 2 * GATED)
            m.send(who, calls.top_up(m.committee_id, index))
        if measure:
            self._cause("dispute", disputed)
            self._cause("rule", ruled)
        return sum(r.gas_used for r in (opened, delivered, judged, disputed, ruled))

    def _batch(self) -> int:
        """Judging and settling twenty at a time: gas a job for both together."""
        m = self.market
        agreements = [self._opened()[0] for _ in range(BATCH)]
        deliverables = [self._delivered(agreement)[0] for agreement in agreements]
        judging = calls.batch(
            [
                calls.judge(m.verdict(a, d, Outcome.PASS, SIGNERS))
                for a, d in zip(agreements, deliverables, strict=True)
            ]
        )
        judged = m.send(m.relayer, judging)
        self._wait_a_day()
        settling = calls.batch(
            [calls.settle(a.terms, typed.opening_hash(a.opening), pay_out=True) for a in agreements]
        )
        settled = m.send(m.relayer, settling)
        return (judged.gas_used + settled.gas_used) // BATCH

    def _up_front(self) -> int:
        """What an up-front part adds to opening."""
        plain = self._opened()[1].gas_used
        return self._opened(up_front=100 * UNIT)[1].gas_used - plain

    def _wait_a_day(self) -> None:
        # Not `Anvil.warp`: where blocks have fixed distances, anvil lets no time pass by itself.
        self.market.rpc.call("evm_setNextBlockTimestamp", [self.market.now() + _DAY], retry=False)
        self.market.rpc.call("evm_mine", [], retry=False)

    def _cause(self, name: str, receipt: Receipt) -> None:
        self.measured.figures[name] = receipt.gas_used
        self.measured.causes[name] = breakdown(self.market.rpc, receipt.transaction_hash, self.market.usdc)
