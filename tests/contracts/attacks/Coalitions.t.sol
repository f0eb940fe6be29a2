// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Funding, Outcome, State, Statement} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// What parties and evaluators could try together. Where a rule of the protocol leaves something to gain, the test is
/// named a known limit and shows how much.
contract CoalitionsTest is UnitTest {
    /// A false verdict by a whole quorum that serves every job at once: each overturned verdict is paid in full.
    function test_oneQuorumBehindManyFalseVerdictsPaysForEach() public {
        uint256 share = (uint256(GATED) + BOND + K - 1) / K;
        uint256 jobs = STAKE / share;
        Agreement[] memory list = new Agreement[](jobs);
        assertGt(jobs, 20);
        for (uint256 i; i < jobs; ++i) {
            list[i] = newAgreement();
            open(list[i]);
            deliver(list[i]);
            judge(list[i], Outcome.Pass);
            dispute(list[i], buyer, Outcome.Fail);
        }
        uint256 had = usdc.balanceOf(buyer);
        uint256 deposit = (GATED + BOND) / 5;
        for (uint256 i; i < jobs; ++i) {
            rule(list[i], Outcome.Fail, true);
        }
        uint256 each = 2 * uint256(GATED + BOND) + FEE + deposit - ARBITER_COST;
        // The slash is rounded up; the excess goes with it.
        assertEq(usdc.balanceOf(buyer) - had, jobs * (each + share * K - GATED - BOND));
        assertEq(stakeOf(0), STAKE - jobs * share);
    }

    /// A quorum with a book of its own can take its own free stake out at once, but never what a job reserved.
    function test_ownBookCannotTakeWhatAJobReserved() public {
        Agreement memory a = judged(Outcome.Pass);
        address book = makeAddr("their own book");
        for (uint256 i; i < K; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, book);
        }
        uint256 share = (uint256(GATED) + BOND + K - 1) / K;
        uint256 rest = STAKE - share;
        vm.startPrank(book);
        escrow.reserve(committee, "parked", rest * K);
        escrow.release(committee, "parked", 7, rest);
        vm.stopPrank();
        assertEq(free(book), rest * K);
        assertEq(stakeOf(0), share);
        dispute(a, buyer, Outcome.Fail);
        uint256 had = usdc.balanceOf(buyer);
        rule(a, Outcome.Fail, true);
        assertGe(usdc.balanceOf(buyer) - had, 2 * uint256(GATED + BOND) + FEE);
        assertEq(stakeOf(0), 0);
    }

    /// Known limit: a quorum that parked its free stake so has none left for a proof of equivocation; it is expelled,
    /// and what it owes is taken from what jobs give back before it may withdraw.
    function test_knownLimit_parkedStakeIsGoneForEquivocation() public {
        Agreement memory a = delivered();
        address book = makeAddr("their own book");
        for (uint256 i; i < K; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, book);
        }
        uint256 share = (uint256(GATED) + BOND + K - 1) / K;
        uint256 rest = STAKE - share;
        vm.startPrank(book);
        escrow.reserve(committee, "parked", rest * K);
        escrow.release(committee, "parked", 1, rest);
        vm.stopPrank();
        bytes32 job = idOf(a);
        bytes32 d = keccak256(abi.encode("deliverable", a.opening.salt));
        Statement memory x = statement(keys[0], job, d, Outcome.Pass, 0);
        Statement memory y = statement(keys[0], job, d, Outcome.Fail, 0);
        escrow.proveEquivocation(a.terms, openingHash(a.opening), d, x, y);
        assertEq(escrow.evaluator(committee, 0).owed, share);
        done(relayer, judgeCall(a, Outcome.Fail, 14));
        vm.warp(block.timestamp + 1 days);
        settle(a, false);
        escrow.collect(committee, 0, job);
        assertEq(escrow.evaluator(committee, 0).owed, 0);
        assertEq(stakeOf(0), 0);
    }

    /// Where the committee attested Lapse either side may dispute. Being first with an empty dispute does not shut the
    /// other side out: it cannot be taken back, and the arbiter may rule for the other.
    function test_anEmptyDisputeDoesNotShutTheOtherSideOut() public {
        Agreement memory a = judged(Outcome.Lapse);
        dispute(a, provider, Outcome.Pass);
        bytes32 oh = openingHash(a.opening);
        refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), wrongState(a, State.Disputed));
        uint256 had = usdc.balanceOf(buyer);
        vm.prank(arbiter);
        escrow.rule(a.terms, oh, Outcome.Fail, true);
        uint256 deposit = (GATED + BOND) / 5;
        assertEq(usdc.balanceOf(buyer) - had, GATED + 2 * uint256(BOND) + FEE + deposit - ARBITER_COST);
    }

    /// Disputing one's own win, or a dispute for less than one has, is refused: a party cannot use up the one dispute.
    function test_aWinnerCannotUseUpTheOneDispute() public {
        Agreement memory a = judged(Outcome.Pass);
        for (uint8 o = 1; o < 4; ++o) {
            vm.prank(provider);
            (bool ok,) = address(escrow).call(disputeCall(a, provider, Outcome(o)));
            assertFalse(ok);
        }
        vm.prank(buyer);
        (bool again,) = address(escrow).call(disputeCall(a, buyer, Outcome.Pass));
        assertFalse(again);
        dispute(a, buyer, Outcome.Lapse);
        assertState(a, State.Disputed);
    }

    /// A provider and evaluators that are one pay for silence and get it back as the price of silence; what they lose
    /// is the gated amount and the fee, and the buyer's dispute still takes the bond and more from them.
    function test_bribedSilenceIsOverturnedAtTheSilentMembersCost() public {
        Agreement memory a = silenced();
        dispute(a, buyer, Outcome.Fail);
        uint256 had = usdc.balanceOf(buyer);
        rule(a, Outcome.Fail, true);
        uint256 deposit = (GATED + BOND) / 5;
        uint256 larger = BOND > SILENCE ? BOND : SILENCE;
        assertEq(usdc.balanceOf(buyer) - had, GATED + BOND + FEE + deposit - ARBITER_COST + larger);
        assertEq(stakeOf(0), STAKE - larger / N);
    }

    /// Known limit: members that attest something else only to keep a quorum from forming are not silent, so they pay
    /// nothing. The buyer gets its money and the fee back, the provider its bond; a dispute corrects the outcome.
    function test_knownLimit_blockingAQuorumByAttestingCostsNothing() public {
        Agreement memory a = delivered();
        escrow.attest(verdictOn(a, Outcome.Fail, 3));
        escrow.attest(verdictOn(a, Outcome.Lapse, 12));
        escrow.attest(verdictOn(a, Outcome.Pass, 16));
        vm.warp(a.terms.judgeBy);
        lapse(a);
        assertEq(viewOf(a).signers, 0);
        dispute(a, buyer, Outcome.Fail);
        uint256 had = usdc.balanceOf(buyer);
        rule(a, Outcome.Fail, true);
        uint256 deposit = (GATED + BOND) / 5;
        assertEq(usdc.balanceOf(buyer) - had, GATED + BOND + FEE + deposit - ARBITER_COST);
        assertEq(stakeOf(2), STAKE);
    }

    /// Known limit: whoever sees a proof of equivocation on its way can send it first, the equivocator included; it
    /// then loses half of its share instead of all, and is expelled all the same.
    function test_knownLimit_anEquivocatorThatProvesItselfLosesHalf() public {
        Agreement memory a = delivered();
        bytes32 job = idOf(a);
        bytes32 d = keccak256(abi.encode("deliverable", a.opening.salt));
        Statement memory x = statement(keys[0], job, d, Outcome.Pass, 0);
        Statement memory y = statement(keys[0], job, d, Outcome.Fail, 0);
        uint256 share = (uint256(GATED) + BOND + K - 1) / K;
        vm.prank(evaluators[0]);
        escrow.proveEquivocation(a.terms, openingHash(a.opening), d, x, y);
        assertEq(free(evaluators[0]), share / 2);
        assertEq(stakeOf(0), STAKE - share);
        assertTrue(escrow.evaluator(committee, 0).expelled);
    }

    /// Known limit: a bond smaller than the advance lets a provider take the advance and leave.
    function test_knownLimit_theAdvanceIsGone() public {
        Agreement memory a = newAgreement();
        a.opening.upFront = BOND + 1;
        uint256 had = usdc.balanceOf(buyer);
        open(a);
        vm.warp(a.opening.deliverBy);
        lapse(a);
        vm.warp(block.timestamp + 1 days);
        settle(a, true);
        assertEq(had - usdc.balanceOf(buyer), FEE + 1);
    }

    /// A job with oneself costs its fee at every ending, and the fee is the committee's.
    function test_aJobWithOneselfCostsItsFee() public {
        Agreement memory a = opened();
        uint256 before = free(provider) + free(buyer);
        done(buyer, concedeCall(a, buyer));
        assertEq(free(provider) + free(buyer) - before, GATED + BOND);
        assertEq(escrow.feesOf(committee, 31), FEE);
        Agreement memory b = opened();
        done(provider, concedeCall(b, provider));
        assertEq(escrow.feesOf(committee, 31), 2 * FEE);
    }
}
