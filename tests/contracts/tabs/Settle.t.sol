// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Who has what when a period is over.
contract TabSettleTest is TabEndings {
    function test_aPassPaysWhatIsPayable() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        uint256 ends = block.timestamp + a.terms.challenge;
        refused(relayer, settleCall(a), tooEarly(ends));
        vm.warp(ends - 1);
        refused(relayer, settleCall(a), tooEarly(ends));
        vm.warp(ends);
        remember();
        expectSettled(a, Outcome.Pass, 80e6, 80e6, 7, [uint80(0), 0, 1e6]);
        settle(a);
        assertGot(0, 80e6);
        assertEq(feesOf(7), 0); // kept for as long as the same sign
        ITabEvents.TabView memory v = stateOf(a);
        assertEq(uint8(v.phase), uint8(ITabEvents.Phase.Open));
        assertEq(v.balance, 20e6);
        assertEq(v.settledAmount, 90e6); // what was withheld counts as settled
        assertEq(v.settledCount, 10_000);
        assertEq(v.period, 1);
        assertEq(v.unpaid, 1);
        assertEq(v.set, 7);
        refused(relayer, settleCall(a), wrongPhase(a, ITabEvents.Phase.Open));
    }

    function test_theNextPeriodPaysOnlyWhatIsNew() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        skip(a.terms.challenge);
        settle(a);
        Tally memory t = tally(11_000, 100e6);
        present(a, t);
        refused(
            relayer,
            judgeCall(a, t, Outcome.Pass, 10e6 + 1),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 10e6 + 1, 10e6)
        );
        judge(a, t, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertGot(0, 10e6);
        assertEq(stateOf(a).period, 2);
    }

    function test_aLapseThatWasAttestedPaysNothingAndGoesOn() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Lapse, 0);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertGot(0, 0);
        assertEq(stateOf(a).unpaid, 1);
        assertEq(stateOf(a).balance, DEPOSIT);
        assertEq(stateOf(a).settledAmount, 90e6);
    }

    function test_aFailForfeitsTheBondAndStopsTheTab() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 50e6);
        skip(a.terms.challenge);
        remember();
        vm.expectEmit(address(tabs));
        emit ITabEvents.TabClosed(
            idOf(a), ITabEvents.Ending.Failed, 50e6 + CREDIT + 9e6 + TAB_BOND, 0, READY_FEE
        );
        settle(a);
        assertGot(139e6, 50e6);
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_silenceIsNotFree() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        skip(a.terms.verdict - 1);
        bytes memory call = abi.encodeCall(tabs.lapse, (a.terms, oh(a), t));
        refused(relayer, call, tooEarly(block.timestamp + 1));
        done(relayer, attestCall(a, t, 1)); // one was not silent
        skip(1);
        refused(relayer, judgeCall(a, t, Outcome.Pass, 1), tooLate(block.timestamp));
        refused(relayer, attestCall(a, t, 2), tooLate(block.timestamp));
        uint40 ends = uint40(block.timestamp + LAPSE_CHALLENGE);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodLapsed(idOf(a), 1, 30, ends);
        done(relayer, call);
        refused(relayer, settleCall(a), tooEarly(ends));
        vm.warp(ends);
        remember();
        expectSettled(a, Outcome.Lapse, 0, 0, 0, [uint80(READY_FEE + VERDICT_FEE), 80e6, 0]);
        settle(a);
        // 100 USDC shared by five, of whom four were silent; all fees back.
        assertGot(DEPOSIT + CREDIT + 12e6, 80e6 + TAB_BOND);
        assertEq(stakeOf(0), STAKE);
        assertEq(stakeOf(1), STAKE - 20e6);
        assertClosed(a);
    }

    function test_aTabWithoutChallengeIsSettledAtOnce() public {
        TabAgreement memory a = newTab();
        a.terms.challenge = 0;
        done(relayer, openCall(a));
        skip(a.terms.period);
        Tally memory t = tally(10_000, 90e6);
        present(a, t);
        bytes[] memory calls = new bytes[](2);
        calls[0] = judgeCall(a, t, Outcome.Pass, 90e6);
        calls[1] = settleCall(a);
        remember();
        done(relayer, abi.encodeCall(tabs.batch, (calls)));
        assertGot(0, 90e6);
    }

    function test_settlesWithoutEitherPartyAndAfterAFork() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        skip(a.terms.challenge);
        vm.chainId(1);
        bytes memory call = abi.encodeCall(tabs.settle, (a.terms, oh(a), false));
        done(relayer, call);
    }

    // ---- coverage that is gone

    function test_aTabThatNobodyClosedFor300DaysCanStillBeClosed() public {
        (TabAgreement memory a,) = silenced(90e6);
        skip(300 days);
        escrow.releaseStale(committee, address(tabs), idOf(a));
        remember();
        settle(a);
        assertGot(DEPOSIT + CREDIT + 12e6, TAB_BOND); // nobody can be slashed any more
        assertClosed(a);
    }
}
