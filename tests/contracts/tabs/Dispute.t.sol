// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// What is disputed and ruled, and what evaluators lose by it.
contract TabDisputeTest is TabEndings {
    // ---- disputes

    function test_thePartyItGoesAgainstDisputes() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        bytes memory notAllowed = abi.encodeWithSelector(ITabEvents.NotAllowed.selector, buyer);
        refused(buyer, disputeCall(a, buyer, Outcome.Pass, 80e6), notAllowed);
        refused(buyer, disputeCall(a, buyer, Outcome.Pass, 81e6), notAllowed);
        refused(
            relayer,
            disputeCall(a, relayer, Outcome.Pass, 1),
            abi.encodeWithSelector(ITabEvents.NotAllowed.selector, relayer)
        );
        notAllowed = abi.encodeWithSelector(ITabEvents.NotAllowed.selector, provider);
        refused(provider, disputeCall(a, provider, Outcome.Pass, 79e6), notAllowed);
        refused(provider, disputeCall(a, provider, Outcome.Fail, 90e6), notAllowed);
        refused(
            provider,
            disputeCall(a, provider, Outcome.Pass, 90e6 + 1),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 90e6 + 1, 90e6)
        );
        refused(
            buyer,
            disputeCall(a, buyer, Outcome.None, 0),
            abi.encodeWithSelector(ITabEvents.NoOutcome.selector)
        );
        uint256 wallet = usdc.balanceOf(buyer);
        uint40 ends = uint40(block.timestamp + a.terms.ruling);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodDisputed(idOf(a), 1, buyer, Outcome.Fail, 80e6, 24e6, ends, subjectOf(a));
        dispute(a, buyer, Outcome.Fail, 80e6);
        assertEq(wallet - usdc.balanceOf(buyer), 24e6); // a fifth of 90 and 30
        (address by, uint256 until, address b, address p) = tabs.rulingOf(subjectOf(a));
        assertEq(by, arbiter);
        assertEq(until, ends);
        assertEq(b, buyer);
        assertEq(p, provider);
        refused(
            provider, disputeCall(a, provider, Outcome.Pass, 90e6), wrongPhase(a, ITabEvents.Phase.Disputed)
        );
    }

    function test_theDepositIsAtLeastTheArbitersCost() public {
        (TabAgreement memory a,) = judged(10e6, Outcome.Pass, 5e6);
        uint256 wallet = usdc.balanceOf(buyer);
        dispute(a, buyer, Outcome.Pass, 0);
        assertEq(wallet - usdc.balanceOf(buyer), ARBITER_COST);
    }

    function test_notAfterTheChallengeNorAfterAFork() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        bytes memory call = disputeCall(a, buyer, Outcome.Pass, 0);
        uint256 before = vm.snapshotState();
        vm.chainId(1);
        refused(buyer, call, forked());
        vm.revertToState(before);
        skip(a.terms.challenge);
        refused(buyer, call, tooLate(block.timestamp));
    }

    function test_aDisputePaidByAnotherNeedsThePartysSignature() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        uint256 expiry = block.timestamp + 1 hours;
        bytes32 digest = disputeDigest(a, buyer, 50e6, expiry);
        bytes memory forged = disputeBy(a, expiry, Funding.Allowance, sign(providerKey, digest));
        refused(relayer, forged, abi.encodeWithSelector(ILedger.NotSignedBy.selector, buyer, digest));
        bytes memory call = disputeBy(a, expiry, Funding.Allowance, sign(buyerKey, digest));
        uint256 before = vm.snapshotState();
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.revertToState(before);
        uint256 wallet = usdc.balanceOf(relayer);
        done(relayer, call);
        assertEq(wallet - usdc.balanceOf(relayer), 24e6);
    }

    function test_orPaysByAuthorization() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        uint256 expiry = block.timestamp + 1 hours;
        bytes32 digest = disputeDigest(a, buyer, 50e6, expiry);
        bytes memory pays = signReceiveUSDC(buyerKey, address(tabs), 24e6, 0, expiry, digest);
        // What it says about the outcome is signed with it.
        bytes memory other = abi.encodeCall(
            tabs.dispute, (a.terms, oh(a), buyer, Outcome.Pass, 49e6, expiry, Funding.Authorization, pays)
        );
        refusedWith(relayer, other, bytes4(keccak256("Error(string)")));
        done(relayer, disputeBy(a, expiry, Funding.Authorization, pays));
        assertPhase(a, ITabEvents.Phase.Disputed);
    }

    function disputeBy(TabAgreement memory a, uint256 expiry, Funding funding, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            tabs.dispute, (a.terms, oh(a), buyer, Outcome.Pass, 50e6, expiry, funding, signature)
        );
    }

    function disputeDigest(TabAgreement memory a, address party, uint64 seeks, uint256 expiry)
        private
        view
        returns (bytes32)
    {
        return tabTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)"
                    ),
                    idOf(a),
                    uint64(1),
                    party,
                    uint8(Outcome.Pass),
                    uint64(80e6),
                    uint8(Outcome.Pass),
                    seeks,
                    expiry
                )
            )
        );
    }

    // ---- rulings

    function test_onlyTheArbiterRulesInTime() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        bytes memory call = abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.Pass, 80e6));
        refused(arbiter, call, notDisputed(subjectOf(a)));
        dispute(a, buyer, Outcome.Pass, 50e6);
        refused(relayer, call, abi.encodeWithSelector(ITabEvents.NotTheArbiter.selector, relayer, arbiter));
        refused(
            arbiter,
            abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.Pass, 90e6 + 1)),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 90e6 + 1, 90e6)
        );
        refused(
            arbiter,
            abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.Lapse, 1)),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 1, 0)
        );
        refused(
            arbiter,
            abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.None, 0)),
            abi.encodeWithSelector(ITabEvents.NoOutcome.selector)
        );
        uint256 before = vm.snapshotState();
        skip(a.terms.ruling);
        refused(arbiter, call, tooLate(block.timestamp));
        vm.revertToState(before);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodRuled(idOf(a), 1, arbiter, Outcome.Pass, 80e6, ARBITER_COST);
        done(arbiter, call);
        assertEq(free(arbiter), ARBITER_COST);
        refused(arbiter, call, notDisputed(subjectOf(a)));
        (address by,,,) = tabs.rulingOf(subjectOf(a));
        assertEq(by, address(0));
    }

    function test_appealOf() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        assertTrue(tabs.rulesOnSums());
        assertEq(tabs.appealOf(subjectOf(a)).tab, 0);
        dispute(a, buyer, Outcome.Pass, 50e6);
        bytes32 subject = subjectOf(a);
        rule(a, Outcome.Pass, 80e6);
        ITabEvents.Appeal memory appeal = tabs.appealOf(subject);
        assertEq(appeal.tab, idOf(a));
        assertEq(appeal.arbiter, arbiter);
        assertEq(appeal.cost, ARBITER_COST);
        assertEq(appeal.deposit, 24e6);
        assertTrue(appeal.buyerDisputes);
        assertEq(uint8(appeal.ruled), uint8(Outcome.Pass));
        assertEq(appeal.payable_, 80e6);
    }

    function ruledOn(Outcome first, uint64 pay, address by, Outcome outcome, uint64 ruled)
        private
        returns (TabAgreement memory a)
    {
        (a,) = judged(90e6, first, pay);
        bool buys = by == buyer;
        dispute(a, by, buys ? Outcome.Fail : Outcome.Pass, buys ? 0 : 90e6);
        rule(a, outcome, ruled);
        remember();
        settle(a);
    }

    function test_upheld() public {
        TabAgreement memory a = ruledOn(Outcome.Pass, 80e6, buyer, Outcome.Pass, 80e6);
        // 24 - 15 = 9: half to the other party, half to the signers.
        assertGot(0, 80e6 + 4_500_000);
        assertEq(feesOf(7), VERDICT_FEE + 4_500_000);
        assertPhase(a, ITabEvents.Phase.Open);
        assertEq(free(address(tabs)), 20e6 + CREDIT + TAB_BOND + 9e6 + READY_FEE);
    }

    function test_aLapseInsteadOfAPassOfNothingIsUpheld() public {
        TabAgreement memory a = ruledOn(Outcome.Pass, 0, provider, Outcome.Lapse, 0);
        assertGot(4_500_000, 0);
        assertPhase(a, ITabEvents.Phase.Open);
    }

    function test_lessWasRight() public {
        TabAgreement memory a = ruledOn(Outcome.Pass, 80e6, buyer, Outcome.Pass, 50e6);
        // M is 30: ten from each signer. Both fees and the rest of the deposit too.
        assertGot(9e6 + 3e6 + 30e6 + 50e6 + CREDIT + 9e6, 50e6 + TAB_BOND);
        assertEq(stakeOf(0), STAKE - 10e6);
        assertEq(stakeOf(3), STAKE);
        assertEq(feesOf(7) + feesOf(31), 0);
        assertClosed(a);
    }

    function test_aFailWasRight() public {
        TabAgreement memory a = ruledOn(Outcome.Pass, 80e6, buyer, Outcome.Fail, 80e6);
        // Only the bond moves.
        assertGot(9e6 + 3e6 + 30e6 + 20e6 + CREDIT + 9e6 + TAB_BOND, 80e6);
        assertEq(stakeOf(0), STAKE - 10e6);
        assertClosed(a);
    }

    function test_aFailWasWrong() public {
        TabAgreement memory a = ruledOn(Outcome.Fail, 50e6, provider, Outcome.Pass, 80e6);
        assertGot(20e6 + CREDIT + 9e6, 80e6 + TAB_BOND + 9e6 + 3e6 + 60e6);
        assertEq(stakeOf(0), STAKE - 20e6);
        assertClosed(a);
    }

    function test_aRulingMayGoFurtherAgainstWhoAsked() public {
        TabAgreement memory a = ruledOn(Outcome.Pass, 80e6, buyer, Outcome.Pass, 90e6);
        assertGot(10e6 + CREDIT + 9e6, 90e6 + TAB_BOND + 9e6 + 3e6 + 10e6 + 2);
        assertEq(stakeOf(0), STAKE - 3_333_334);
        assertClosed(a);
    }

    function test_thearbiterWasSilent() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Pass, 50e6);
        refused(relayer, settleCall(a), tooEarly(block.timestamp + a.terms.ruling));
        skip(a.terms.ruling);
        remember();
        settle(a);
        assertGot(24e6, 80e6);
        assertEq(stateOf(a).unpaid, 1);
        assertEq(free(arbiter), 0);
        assertPhase(a, ITabEvents.Phase.Open);
    }

    function silentAndRuled(address by, Outcome outcome, uint64 ruled)
        private
        returns (TabAgreement memory a)
    {
        Tally memory t;
        (a, t) = presented(90e6);
        done(relayer, attestCall(a, t, 1));
        skip(a.terms.verdict);
        lapse(a, t);
        dispute(a, by, by == buyer ? Outcome.Fail : Outcome.Pass, by == buyer ? 0 : 90e6);
        rule(a, outcome, ruled);
        remember();
        settle(a);
        assertClosed(a);
        assertEq(stakeOf(0), STAKE);
    }

    function test_silenceUpheld() public {
        silentAndRuled(provider, Outcome.Lapse, 0);
        assertGot(DEPOSIT + CREDIT + 12e6 + 9e6, TAB_BOND + 80e6);
    }

    function test_silenceUpheldAgainstTheBuyer() public {
        silentAndRuled(buyer, Outcome.Pass, 0);
        assertGot(DEPOSIT + CREDIT + 12e6, TAB_BOND + 80e6 + 9e6);
    }

    function test_silenceOverturnedForTheProvider() public {
        silentAndRuled(provider, Outcome.Pass, 90e6);
        // Z is 100 and more than M.
        assertGot(10e6 + CREDIT + 12e6, 90e6 + TAB_BOND + 9e6 + 80e6);
    }

    function test_silenceOverturnedForTheBuyer() public {
        silentAndRuled(buyer, Outcome.Fail, 0);
        assertGot(DEPOSIT + CREDIT + TAB_BOND + 12e6 + 9e6 + 80e6, 0);
    }

    function test_whatSilenceMovesMayBeMoreThanItsPrice() public {
        (TabAgreement memory a,) = silenced(140e6);
        dispute(a, provider, Outcome.Pass, 140e6);
        rule(a, Outcome.Pass, 140e6);
        settle(a);
        assertEq(stakeOf(0), STAKE - 28e6);
    }
}
