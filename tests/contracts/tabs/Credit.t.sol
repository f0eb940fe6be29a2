// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// What the balance does not hold is owed, and the collateral stands for it.
contract TabCreditTest is TabEndings {
    function test_whatTheBalanceDoesNotHoldIsOwed() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        assertGot(0, DEPOSIT);
        assertEq(stateOf(a).payable_, 40e6);
        assertEq(stateOf(a).deadline, block.timestamp + a.terms.grace);
        refused(relayer, settleCall(a), tooEarly(block.timestamp + a.terms.grace));
        refused(relayer, closeCall(a), wrongPhase(a, ITabEvents.Phase.Owing));
        // Anyone may pay a part, or present the buyer's authorization.
        done(relayer, topUpCall(a, 15e6));
        vm.expectEmit(address(tabs));
        emit ITabEvents.DebtPaid(idOf(a), 15e6, 25e6);
        settle(a);
        assertGot(0, 115e6);
        assertPhase(a, ITabEvents.Phase.Owing);
        refused(
            relayer,
            topUpCall(a, 125e6 + 1),
            abi.encodeWithSelector(ITabEvents.TopUpTooLarge.selector, 125e6 + 1, 125e6)
        );
        done(relayer, topUpCall(a, 125e6));
        settle(a);
        assertGot(0, 140e6);
        ITabEvents.TabView memory v = stateOf(a);
        assertEq(uint8(v.phase), uint8(ITabEvents.Phase.Open));
        assertEq(v.balance, DEPOSIT);
        assertEq(v.settledAmount, 140e6);
        (uint64 times,) = tabs.defaultsOf(buyer);
        assertEq(times, 0);
    }

    function test_afterTheGraceTheCollateralIsDrawn() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        done(relayer, topUpCall(a, 15e6));
        skip(a.terms.grace);
        uint40 end = uint40(block.timestamp + a.terms.notice);
        vm.expectEmit(address(tabs));
        emit ITabEvents.Defaulted(idOf(a), buyer, 25e6, end);
        settle(a);
        assertGot(0, 140e6);
        (uint64 times, uint64 amount) = tabs.defaultsOf(buyer);
        assertEq(times, 1);
        assertEq(amount, 25e6);
        ITabEvents.TabView memory v = stateOf(a);
        assertEq(uint8(v.phase), uint8(ITabEvents.Phase.Open));
        assertTrue(v.defaulted && v.closing);
        assertEq(v.balance, 25e6); // the rest of the collateral
        assertEq(v.end, end);
        refused(relayer, closeCall(a), tooEarly(end));
        vm.warp(end);
        vm.expectEmit(address(tabs));
        emit ITabEvents.TabClosed(idOf(a), ITabEvents.Ending.Defaulted, 25e6 + 9e6, TAB_BOND, READY_FEE);
        done(relayer, closeCall(a));
        assertGot(25e6 + 9e6, 140e6 + TAB_BOND);
        assertClosed(a);
    }

    function test_afterADefaultWhatIsCoveredStillIsPaid() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        skip(a.terms.grace);
        vm.recordLogs();
        settle(a);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            assertNotEq(logs[i].topics[0], ITabEvents.DebtPaid.selector, "nothing was paid");
        }
        // 10 of the collateral are left, and count once.
        refused(
            provider,
            presentCall(a, tally(20_000, 150e6 + 1)),
            abi.encodeWithSelector(ITabEvents.NotCovered.selector, 10e6 + 1, 10e6)
        );
        refused(
            relayer,
            topUpCall(a, 140e6 + 1),
            abi.encodeWithSelector(ITabEvents.TopUpTooLarge.selector, 140e6 + 1, 140e6)
        );
        Tally memory t = tally(20_000, 150e6);
        present(a, t);
        assertTrue(stateOf(a).last);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        assertGot(8e6, 150e6 + TAB_BOND);
        assertClosed(a);
    }

    function test_afterADefaultBothMayStillAgree() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        skip(a.terms.grace);
        settle(a);
        refused(
            relayer,
            splitCall(a, 40e6 + 1, block.timestamp + 1, 1),
            abi.encodeWithSelector(ITabEvents.SplitTooLarge.selector, 40e6 + 1, 40e6)
        );
        done(relayer, splitCall(a, 40e6, block.timestamp + 1, 1));
        assertGot(9e6, 140e6 + 40e6);
        assertClosed(a);
    }

    function test_aDefaultOnTheLastPeriodEndsTheTab() public {
        TabAgreement memory a = opened();
        notice(a, buyer);
        Tally memory t = tally(10_000, 140e6);
        presentAlone(a, t);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 140e6);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.grace);
        vm.expectEmit(address(tabs));
        emit ITabEvents.Defaulted(idOf(a), buyer, 40e6, 0);
        vm.expectEmit(address(tabs));
        emit ITabEvents.TabClosed(idOf(a), ITabEvents.Ending.Defaulted, 10e6 + 9e6, TAB_BOND, READY_FEE);
        settle(a);
        assertClosed(a);
    }

    function test_paidLateIsPaidAllTheSame() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        skip(a.terms.grace);
        done(relayer, topUpCall(a, 40e6));
        settle(a);
        assertPhase(a, ITabEvents.Phase.Open);
    }

    function test_aFailThatIsOwedStopsTheTabOncePaid() public {
        TabAgreement memory a = owing(140e6, Outcome.Fail);
        done(relayer, topUpCall(a, 40e6));
        settle(a);
        assertGot(CREDIT + TAB_BOND + 9e6, 140e6);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_aFailThatIsNotPaidStillForfeitsTheBond() public {
        TabAgreement memory a = owing(140e6, Outcome.Fail);
        skip(a.terms.grace);
        settle(a);
        assertGot(10e6 + TAB_BOND + 9e6, 140e6);
        assertClosed(a);
    }

    function test_anOverturnedVerdictThatIsOwedHasPaidItsFeesAlready() public {
        (TabAgreement memory a,) = judged(140e6, Outcome.Pass, 20e6);
        dispute(a, provider, Outcome.Pass, 140e6);
        rule(a, Outcome.Pass, 140e6);
        remember();
        settle(a);
        // M is 120: forty from each signer. D was 34, A is 15.
        assertGot(0, DEPOSIT + 120e6 + 3e6 + 19e6);
        assertPhase(a, ITabEvents.Phase.Owing);
        assertEq(reserved(), 0);
        done(relayer, topUpCall(a, 40e6));
        settle(a);
        assertGot(CREDIT + 9e6, 140e6 + 142e6 + TAB_BOND);
        assertEq(feesOf(31), 0);
        assertClosed(a);
    }
}
