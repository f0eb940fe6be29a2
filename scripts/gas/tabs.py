"""What tabs cost: opened, presented, judged, settled, and thirty of them at once."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from oracle.chain import tab_calls
from oracle.chain.quantities import Receipt
from oracle.domain.tab_terms import TabAgreement
from oracle.domain.types import Outcome
from scripts.deployment.record import DeploymentRecord
from scripts.deployment.source import ARTIFACT
from scripts.local.anvil import Anvil
from scripts.local.market import UNIT, Market, fund_collateral, open_book_of_tabs
from scripts.local.tab_desk import TabDesk

PRICE = 1_000  # base units an interaction: a tenth of a cent
FEW, MANY = 10, 1_000_000  # interactions of a period
ROWS = 30
_HOUR = 3_600
_DAY = 86_400


class TabScenarios:
    """Runs tabs until balances and slots are warm, then measures."""

    def __init__(self, chain: Anvil, market: Market, record: DeploymentRecord) -> None:
        self.market = market
        self.desk = TabDesk(market)
        web3 = Web3(HTTPProvider(chain.url))
        open_book_of_tabs(market, web3, record, ARTIFACT.parents[1])
        fund_collateral(market, web3, market.buyer, 10_000 * UNIT)

    def run(self) -> dict[str, int]:
        """All figures of tabs."""
        figures: dict[str, int] = {}
        self._open(deposit=100 * UNIT)
        agreement, opened = self._open(deposit=1_200 * UNIT)
        figures["tab_open"] = opened.gas_used
        for period in (1, 2):
            self._period(agreement, period, period * FEW, FEW * PRICE, pay_out=True)
        count = 3 * FEW
        present, judge, settle = self._period(agreement, 3, count, FEW * PRICE, pay_out=True)
        figures |= {"tab_present": present, "tab_judge": judge, "tab_pay": settle}
        figures["tab_settle"] = judge + settle
        figures["tab_period"] = present + judge + settle
        _, judge, settle = self._period(agreement, 4, count + FEW, FEW * PRICE, pay_out=False)
        figures["tab_settle_credited"] = judge + settle
        _, judge, settle = self._period(agreement, 5, count + FEW + MANY, MANY * PRICE, pay_out=True)
        figures["tab_settle_1000000"] = judge + settle
        return figures | self._rows()

    def _open(self, *, deposit: int) -> tuple[TabAgreement, Receipt]:
        agreement = self.desk.agreement(deposit=deposit, fee=10 * UNIT)
        return agreement, self.desk.open(agreement)

    def _period(
        self, agreement: TabAgreement, period: int, count: int, payable: int, *, pay_out: bool
    ) -> tuple[int, int, int]:
        """One period from presenting to payment: gas of each step. All interactions cost `PRICE`."""
        self._wait(_HOUR)
        send, relayer = self.desk.send, self.market.relayer
        tally = self.desk.tally(agreement, count, count * PRICE)
        presented = send(self.market.provider, self.desk.present_call(agreement, tally))
        judged = send(relayer, self.desk.judge_call(agreement, tally, period, Outcome.PASS, payable))
        self._wait(_DAY)
        settled = send(relayer, self.desk.settle_call(agreement, pay_out=pay_out))
        return presented.gas_used, judged.gas_used, settled.gas_used

    def _rows(self) -> dict[str, int]:
        """Thirty tabs, each step in one transaction; the second period of each, as in steady use."""
        agreements = [self._open(deposit=100 * UNIT)[0] for _ in range(ROWS)]
        gas: list[int] = []
        for period in (1, 2):
            self._wait(_HOUR)
            tallies = [
                self.desk.tally(agreement, period * FEW, period * FEW * PRICE) for agreement in agreements
            ]
            rows = list(zip(agreements, tallies, strict=True))
            gas = [self._batch([self.desk.present_call(a, t) for a, t in rows], by=self.market.provider)]
            payable = FEW * PRICE - 1
            judged = [self.desk.judge_call(a, t, period, Outcome.PASS, payable) for a, t in rows]
            gas.append(self._batch(judged))
            self._wait(_DAY)
            gas.append(self._batch([self.desk.settle_call(a, pay_out=False) for a in agreements]))
        present, judge, settle = (total // ROWS for total in gas)
        return {"tab_batch_present": present, "tab_batch_row": judge + settle}

    def _batch(self, calls: list[bytes], *, by: LocalAccount | None = None) -> int:
        return self.desk.send(by or self.market.relayer, tab_calls.batch(calls)).gas_used

    def _wait(self, seconds: int) -> None:
        self.market.rpc.call("evm_setNextBlockTimestamp", [self.market.now() + seconds], retry=False)
        self.market.rpc.call("evm_mine", [], retry=False)
