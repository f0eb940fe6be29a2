// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabPeriods} from "../../../contracts/tabs/interfaces/ITabPeriods.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// Who has what when a period or a tab is over, and that everybody can leave.
contract TabSettleTest is TabFixture {
    uint256 internal buyerHad;
    uint256 internal providerHad;

    function remember() private {
        (buyerHad, providerHad) = (free(buyer), free(provider));
    }

    function assertGot(uint256 byBuyer, uint256 byProvider) private view {
        assertEq(free(buyer) - buyerHad, byBuyer, "buyer");
        assertEq(free(provider) - providerHad, byProvider, "provider");
    }

    /// Nothing of a closed tab stays here.
    function assertClosed(TabAgreement memory a) private view {
        assertPhase(a, ITabEvents.Phase.Closed);
        assertEq(free(address(tabs)), 0, "left in the book");
        assertEq(usdc.balanceOf(address(tabs)), 0, "USDC left in the book");
        assertEq(reserved(), 0, "still reserved");
    }

    // ---- a period

    function test_aPassPaysWhatIsPayable() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        uint256 ends = block.timestamp + a.terms.challenge;
        refused(relayer, settleCall(a), tooEarly(ends));
        vm.warp(ends - 1);
        refused(relayer, settleCall(a), tooEarly(ends));
        vm.warp(ends);
        remember();
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodSettled(idOf(a), 1, Outcome.Pass, 80e6, 80e6, 0, 0, 1e6, 7);
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

    // ---- credit

    function owing(uint64 amount, Outcome outcome) private returns (TabAgreement memory a) {
        (a,) = judged(amount, outcome, amount);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertPhase(a, ITabEvents.Phase.Owing);
    }

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
        settle(a);
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

    // ---- leaving

    function test_theBuyerLeavesWithoutTheProvider() public {
        TabAgreement memory a = opened();
        uint256 end = block.timestamp + a.terms.notice;
        vm.expectEmit(address(tabs));
        emit ITabEvents.NoticeGiven(idOf(a), buyer, uint40(end));
        notice(a, buyer);
        refused(buyer, closeCall(a), tooEarly(end));
        vm.warp(end - 1);
        refused(buyer, closeCall(a), tooEarly(end));
        vm.warp(end);
        bytes memory late = presentCall(a, tally(10_000, 90e6));
        refused(relayer, late, tooLate(end));
        remember();
        done(relayer, closeCall(a));
        assertGot(DEPOSIT + CREDIT + 10e6, TAB_BOND);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_theProviderSettlesWithoutTheBuyer() public {
        TabAgreement memory a = opened();
        notice(a, buyer);
        skip(a.terms.notice - 1);
        Tally memory t = tally(10_000, 90e6); // before its time, and less than is due: there is no other chance
        presentAlone(a, t);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 90e6);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertGot(10e6 + CREDIT + 9e6, 90e6 + TAB_BOND);
        assertClosed(a);
    }

    function test_aPendingPeriodLeavesTimeForTheLastOne() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 40e6);
        notice(a, buyer);
        skip(a.terms.challenge + 10 days);
        settle(a);
        uint256 end = block.timestamp + a.terms.notice;
        assertEq(stateOf(a).end, end);
        refused(relayer, closeCall(a), tooEarly(end));
        Tally memory t = tally(20_000, 90e6);
        present(a, t);
        assertTrue(stateOf(a).last);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 50e6);
        skip(a.terms.challenge);
        settle(a);
        assertClosed(a);
    }

    function test_andSoDoesOneThatIsPendingAtTheEnd() public {
        TabAgreement memory a = opened();
        vm.warp(a.terms.endBy - 1);
        Tally memory t = tally(10_000, 40e6);
        present(a, t);
        assertFalse(stateOf(a).last);
        judge(a, t, Outcome.Pass, 40e6);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).end, block.timestamp + a.terms.notice);
        present(a, tally(20_000, 50e6));
        assertTrue(stateOf(a).last); // and no other after it
    }

    function test_noticeBySignature() public {
        TabAgreement memory a = opened();
        uint256 expiry = block.timestamp + 1 hours;
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256("Notice(bytes32 tab,address party,uint256 expiry)"), idOf(a), provider, expiry
                )
            )
        );
        bytes memory call =
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), provider, expiry, sign(providerKey, digest)));
        bytes memory forged =
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), provider, expiry, sign(buyerKey, digest)));
        refused(relayer, forged, abi.encodeWithSelector(ILedger.NotSignedBy.selector, provider, digest));
        bytes memory stranger = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), relayer, expiry, bytes("")));
        refused(relayer, stranger, abi.encodeWithSelector(ITabEvents.NotAllowed.selector, relayer));
        uint256 before = vm.snapshotState();
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.chainId(1);
        refused(relayer, call, forked());
        vm.revertToState(before);
        done(relayer, call);
        assertTrue(stateOf(a).closing);
        // Given again, it neither shortens nor lengthens.
        uint40 end = stateOf(a).end;
        skip(10);
        notice(a, buyer);
        assertEq(stateOf(a).end, end);
        a = newTab();
        refused(
            buyer,
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, 0, bytes(""))),
            wrongPhase(a, ITabEvents.Phase.None)
        );
    }

    function test_withoutNoticeItEndsByTime() public {
        TabAgreement memory a = opened();
        uint256 end = uint256(a.terms.endBy) + a.terms.notice;
        refused(relayer, closeCall(a), tooEarly(end));
        vm.warp(end);
        done(relayer, closeCall(a));
        assertClosed(a);
        refused(relayer, closeCall(a), wrongPhase(a, ITabEvents.Phase.Closed));
    }

    function test_aPendingPeriodIsNotClosedOver() public {
        (TabAgreement memory a,) = presented(40e6);
        vm.warp(uint256(a.terms.endBy) + a.terms.notice);
        refused(relayer, closeCall(a), wrongPhase(a, ITabEvents.Phase.Presented));
    }

    // ---- agreeing

    function splitCall(TabAgreement memory a, uint256 toProvider, uint256 expiry, uint8 phase)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "TabSplit(bytes32 tab,uint64 period,uint8 phase,uint64 payable,uint256 toProvider,uint256 expiry)"
                    ),
                    idOf(a),
                    uint64(stateOf(a).period),
                    phase,
                    stateOf(a).payable_,
                    toProvider,
                    expiry
                )
            )
        );
        return abi.encodeCall(
            tabs.agree,
            (a.terms, oh(a), toProvider, expiry, sign(buyerKey, digest), sign(providerKey, digest), false)
        );
    }

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

    // ---- fees of verdicts

    function nextJudged(TabAgreement memory a, uint64 amount, uint32 signers) private {
        skip(a.terms.period);
        Tally memory t = tally(uint64(stateOf(a).settledCount) + 10_000, amount);
        present(a, t);
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 1e6, signers);
        done(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)));
    }

    function payEvaluatorsCall(TabAgreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(tabs.payEvaluators, (a.terms, oh(a)));
    }

    function test_feesOfVerdictsAreKeptForTheSameSigners() public {
        (TabAgreement memory a,) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        nextJudged(a, 20e6, 7);
        assertEq(feesOf(7), 0);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).unpaid, 2);
        // Others sign: the first are paid before.
        nextJudged(a, 30e6, 19);
        assertEq(feesOf(7), 2 * VERDICT_FEE);
        assertEq(stateOf(a).unpaid, 0);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).set, 19);
        notice(a, buyer);
        skip(a.terms.notice);
        done(relayer, closeCall(a));
        assertEq(feesOf(19), VERDICT_FEE);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_anyoneHandsTheFeesOverBefore() public {
        (TabAgreement memory a, Tally memory t) = judged(10e6, Outcome.Pass, 10e6);
        bytes memory none = abi.encodeWithSelector(ITabEvents.NothingUnpaid.selector, idOf(a));
        refused(relayer, payEvaluatorsCall(a), none);
        skip(a.terms.challenge);
        settle(a);
        uint256 before = vm.snapshotState();
        vm.expectEmit(address(tabs));
        emit ITabEvents.SignersPaid(idOf(a), 7, VERDICT_FEE);
        done(relayer, payEvaluatorsCall(a));
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stateOf(a).unpaid, 0);
        assertEq(stateOf(a).set, 0);
        refused(relayer, payEvaluatorsCall(a), none);
        vm.revertToState(before);
        nextJudged(a, 20e6, 7);
        done(relayer, payEvaluatorsCall(a));
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stateOf(a).set, 7); // who answers for the verdict that is pending
        skip(a.terms.challenge);
        settle(a);
        // In Presented `set` is theirs until somebody posts: nobody who signed before counts as one who posted now.
        skip(a.terms.period);
        t = tally(50_000, 30e6);
        present(a, t);
        assertEq(stateOf(a).set, 7);
        done(relayer, attestCall(a, t, 16));
        assertEq(stateOf(a).set, 16);
        assertEq(feesOf(7), 2 * VERDICT_FEE);
        skip(a.terms.verdict);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodLapsed(idOf(a), 3, 15, uint40(block.timestamp + LAPSE_CHALLENGE));
        lapse(a, t);
    }

    function test_byLapseToo() public {
        (TabAgreement memory a, Tally memory t) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.period);
        t = tally(50_000, 30e6);
        present(a, t);
        skip(a.terms.verdict);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodLapsed(idOf(a), 2, 31, uint40(block.timestamp + LAPSE_CHALLENGE));
        lapse(a, t);
        assertEq(feesOf(7), VERDICT_FEE);
        skip(LAPSE_CHALLENGE);
        settle(a);
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stakeOf(0), STAKE - 20e6);
        assertClosed(a);
    }

    function test_whoIsOverturnedKeepsWhatItEarnedBefore() public {
        (TabAgreement memory a,) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        nextJudged(a, 70e6, 7);
        dispute(a, provider, Outcome.Pass, 60e6);
        rule(a, Outcome.Pass, 31e6);
        settle(a);
        assertEq(stakeOf(0), STAKE - 10e6);
        assertEq(feesOf(7), VERDICT_FEE);
        assertClosed(a);
    }

    // ---- paying out

    function settleOutCall(TabAgreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(tabs.settle, (a.terms, oh(a), true));
    }

    function test_paidOutToTheWallets() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 50e6);
        skip(a.terms.challenge);
        uint256 ofBuyer = usdc.balanceOf(buyer);
        uint256 ofProvider = usdc.balanceOf(provider);
        done(relayer, settleOutCall(a));
        assertEq(usdc.balanceOf(buyer) - ofBuyer, 139e6);
        assertEq(usdc.balanceOf(provider) - ofProvider, 50e6);
        assertClosed(a);
    }

    function test_whoUsdcRefusesIsCreditedAndBlocksNobody() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 50e6);
        skip(a.terms.challenge);
        blacklistUSDC(provider);
        uint256 ofBuyer = usdc.balanceOf(buyer);
        remember();
        done(relayer, settleOutCall(a));
        assertEq(usdc.balanceOf(buyer) - ofBuyer, 139e6);
        assertGot(0, 50e6);
        assertClosed(a);
    }

    function test_aPausedUsdcStopsNothing() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        pauseUSDC();
        judge(a, t, Outcome.Pass, 60e6);
        dispute_fromCollateral(a, 90e6);
        rule(a, Outcome.Pass, 60e6);
        remember();
        done(relayer, settleOutCall(a));
        assertGot(HALF, 60e6);
        notice(a, buyer);
        skip(a.terms.notice);
        done(relayer, abi.encodeCall(tabs.close, (a.terms, oh(a), true)));
        assertClosed(a);
    }

    uint256 private constant HALF = 4_500_000; // of what is left of a deposit of 24 after the arbiter's 15

    function dispute_fromCollateral(TabAgreement memory a, uint64 seeks) private {
        uint256 expiry = block.timestamp + 1;
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)"
                    ),
                    idOf(a),
                    uint64(1),
                    provider,
                    uint8(Outcome.Pass),
                    uint64(60e6),
                    uint8(Outcome.Pass),
                    seeks,
                    expiry
                )
            )
        );
        bytes memory pledged = pledge(providerKey, digest, 24e6, expiry);
        done(
            relayer,
            abi.encodeCall(
                tabs.dispute,
                (a.terms, oh(a), provider, Outcome.Pass, seeks, expiry, Funding.Collateral, pledged)
            )
        );
    }

    // ---- many at once

    function test_oneBadRowDoesNotSinkTheOthers() public {
        TabAgreement[] memory all = new TabAgreement[](4);
        for (uint256 i; i < 4; ++i) {
            all[i] = opened();
        }
        skip(1 days);
        bytes[] memory calls = new bytes[](4);
        Tally memory t = tally(10_000, 20e6);
        for (uint256 i; i < 4; ++i) {
            present(all[i], t);
            calls[i] = judgeCall(all[i], t, Outcome.Pass, 20e6);
        }
        calls[2] = judgeCall(all[2], t, Outcome.Pass, 20e6 + 1);
        vm.expectEmit(address(tabs));
        emit ITabEvents.CallFailed(
            2, abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 20e6 + 1, 20e6)
        );
        done(relayer, abi.encodeCall(tabs.batch, (calls)));
        skip(1 days);
        for (uint256 i; i < 4; ++i) {
            calls[i] = settleCall(all[i]);
        }
        remember();
        bytes memory returned = done(relayer, abi.encodeCall(tabs.batch, (calls)));
        ITabPeriods.Result[] memory results = abi.decode(returned, (ITabPeriods.Result[]));
        assertTrue(results[1].ok);
        assertFalse(results[2].ok);
        assertEq(results[2].data, wrongPhase(all[2], ITabEvents.Phase.Presented));
        assertGot(0, 60e6);
    }

    function test_batchesHaveALength() public {
        bytes memory reason = abi.encodeWithSelector(ITabEvents.BadLength.selector, 0, 256);
        refused(relayer, abi.encodeCall(tabs.batch, (new bytes[](0))), reason);
        reason = abi.encodeWithSelector(ITabEvents.BadLength.selector, 257, 256);
        refused(relayer, abi.encodeCall(tabs.batch, (new bytes[](257))), reason);
    }

    function test_aBatchGivesTheCallersRightsOnly() public {
        TabAgreement memory a = opened();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, 0, bytes("")));
        done(relayer, abi.encodeCall(tabs.batch, (calls)));
        assertFalse(stateOf(a).closing);
        done(buyer, abi.encodeCall(tabs.batch, (calls)));
        assertTrue(stateOf(a).closing);
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
