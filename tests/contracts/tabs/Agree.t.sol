// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Both may end it as they like, but for what others earned or lost by then.
contract TabAgreeTest is TabEndings {
    function test_bothMaySplitAndEndIt() public {
        TabAgreement memory a = opened();
        remember();
        done(relayer, splitCall(a, 75e6, block.timestamp + 1, 1));
        assertGot(DEPOSIT + CREDIT + TAB_BOND - 75e6 + 10e6, 75e6);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_andAlsoAPresentedPeriodWhoseCommitteeEarnsItsFee() public {
        (TabAgreement memory a,) = presented(90e6);
        refusedWith(relayer, splitCall(a, 75e6, block.timestamp + 1, 1), ILedger.NotSignedBy.selector);
        remember();
        done(relayer, splitCall(a, 180e6, block.timestamp + 1, 2));
        assertGot(9e6, 180e6);
        assertEq(feesOf(31), READY_FEE + VERDICT_FEE);
        assertClosed(a);
    }

    function test_notMoreThanThereIsAndNotLater() public {
        TabAgreement memory a = opened();
        refused(
            relayer,
            splitCall(a, 180e6 + 1, block.timestamp + 1, 1),
            abi.encodeWithSelector(ITabEvents.SplitTooLarge.selector, 180e6 + 1, 180e6)
        );
        bytes memory call = splitCall(a, 1, block.timestamp + 10, 1);
        skip(10);
        refused(
            relayer,
            call,
            abi.encodeWithSelector(IBook.PermissionExpired.selector, block.timestamp, block.timestamp)
        );
        call = splitCall(a, 1, block.timestamp + 10, 1);
        vm.chainId(1);
        refused(relayer, call, forked());
        vm.chainId(HOME);
    }

    function test_afterAVerdictItsSignersHaveEarnedTheirFee() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 10e6);
        remember();
        done(relayer, splitCall(a, 100e6, block.timestamp + 1, 3));
        assertGot(80e6 + 9e6, 100e6);
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_inADisputeTheArbiterKeepsItsCost() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Pass, 0);
        remember();
        done(relayer, splitCall(a, 100e6, block.timestamp + 1, 4));
        assertGot(80e6 + 9e6 + 24e6 - ARBITER_COST, 100e6);
        assertEq(free(arbiter), ARBITER_COST);
        assertEq(feesOf(7), VERDICT_FEE);
        assertClosed(a);
    }

    function test_theDepositGoesBackToTheProviderToo() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 10e6);
        dispute(a, provider, Outcome.Pass, 90e6);
        remember();
        done(relayer, splitCall(a, 100e6, block.timestamp + 1, 4));
        assertGot(80e6 + 9e6, 100e6 + 24e6 - ARBITER_COST);
        assertEq(free(arbiter), ARBITER_COST);
        assertClosed(a);
    }

    function test_agreeingDoesNotMakeSilenceFree() public {
        (TabAgreement memory a,) = silenced(90e6);
        remember();
        done(relayer, splitCall(a, 100e6, block.timestamp + 1, 3));
        assertGot(80e6 + 12e6, 100e6 + 100e6);
        assertEq(stakeOf(4), STAKE - 20e6);
        assertEq(feesOf(31), 0);
        assertClosed(a);
    }

    function test_whatIsOwedMayBeSettledByAgreement() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        done(relayer, splitCall(a, 60e6, block.timestamp + 1, 6));
        assertGot(20e6 + 9e6, DEPOSIT + 60e6);
        assertEq(feesOf(7), VERDICT_FEE);
        assertClosed(a);
    }

    function test_aSplitOfWhatIsOwedIsNotTakenOnTopOfAPayment() public {
        TabAgreement memory a = owing(140e6, Outcome.Pass);
        done(relayer, topUpCall(a, 15e6));
        bytes memory call = splitCall(a, 60e6, block.timestamp + 1, 6);
        settle(a); // pays 15 of the 40 that are owed
        refusedWith(provider, call, ILedger.NotSignedBy.selector);
        done(relayer, splitCall(a, 60e6, block.timestamp + 1, 6));
        assertClosed(a);
    }

    function test_aRulingIsCarriedOut() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Pass, 0);
        rule(a, Outcome.Pass, 0);
        refused(relayer, splitCall(a, 1, block.timestamp + 1, 5), wrongPhase(a, ITabEvents.Phase.Ruled));
    }
}
