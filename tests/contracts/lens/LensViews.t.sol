// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, Terms} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/lens/ILens.sol";
import {LensFixture} from "./LensFixture.sol";

/// Where a job stands, and what an evaluator has at stake.
contract LensViewsTest is LensFixture {
    // ---- where a job stands

    function test_standing_throughAJobsLife() public {
        Agreement memory a = newAgreement();
        ILens.Standing memory s = standingOf(a);
        assertEq(s.job, idOf(a));
        assertEq(uint8(s.act), uint8(ILens.Act.None));
        assertEq(s.closesBy, 0);
        open(a);
        s = standingOf(a);
        expect(s, ILens.Act.Lapse, a.opening.deliverBy, Outcome.Fail);
        assertEq(s.closesFrom, a.opening.deliverBy + LAPSE_CHALLENGE);
        assertEq(s.closesBy, a.terms.judgeBy + LAPSE_CHALLENGE + 2 days);
        assertEq(s.value, 1300e6);
        assertEq(s.deposit, 260e6);
        deliver(a);
        s = standingOf(a);
        expect(s, ILens.Act.Lapse, a.terms.judgeBy, Outcome.Lapse);
        assertEq(s.closesFrom, a.terms.judgeBy + LAPSE_CHALLENGE);
        assertEq(s.closesBy, a.terms.judgeBy + LAPSE_CHALLENGE + 2 days);
        judge(a, Outcome.Pass);
        s = standingOf(a);
        uint256 deadline = block.timestamp + 1 days;
        expect(s, ILens.Act.Settle, deadline, Outcome.Pass);
        assertEq(s.closesFrom, deadline);
        assertEq(s.closesBy, deadline + 2 days);
        dispute(a, buyer, Outcome.Fail);
        s = standingOf(a);
        expect(s, ILens.Act.Settle, block.timestamp + 2 days, Outcome.Pass);
        assertEq(s.closesBy, s.closesFrom);
        rule(a, Outcome.Lapse, false);
        s = standingOf(a);
        expect(s, ILens.Act.None, 0, Outcome.Lapse);
        assertEq(s.closesBy, 0);
        assertEq(s.deposit, 0);
    }

    /// A lapse nobody called starts its challenge only when somebody does.
    function test_standing_overdue() public {
        Agreement memory a = opened();
        vm.warp(a.opening.deliverBy + 5 days);
        assertEq(standingOf(a).closesFrom, block.timestamp + LAPSE_CHALLENGE);
        assertEq(standingOf(a).closesBy, block.timestamp + LAPSE_CHALLENGE + 2 days);
        Agreement memory b = delivered();
        vm.warp(b.terms.judgeBy + 1);
        assertEq(standingOf(b).closesFrom, block.timestamp + LAPSE_CHALLENGE);
        assertEq(standingOf(b).closesBy, block.timestamp + LAPSE_CHALLENGE + 2 days);
        lapse(b);
        uint256 deadline = viewOf(b).deadline;
        vm.warp(deadline);
        assertEq(standingOf(b).closesBy, deadline);
        settle(b, false);
    }

    /// A challenge longer than that of a lapse counts for a lapse too.
    function test_standing_longChallenge() public {
        Agreement memory a = newAgreement();
        a.terms.challenge = 5 days;
        open(a);
        assertEq(standingOf(a).closesFrom, a.opening.deliverBy + 5 days);
    }

    // ---- what an evaluator has at stake

    function test_exposure() public {
        Agreement memory a = judged(Outcome.Pass);
        Agreement memory b = opened();
        ILens.Exposure memory e = exposureOf(0, a, b);
        uint256 share = 433_333_334; // 1300 / 3 rounded up
        assertEq(e.stored.stake, STAKE);
        assertTrue(e.active);
        assertEq(e.reserved, 2 * share);
        assertEq(e.listed, 2 * share);
        assertEq(e.atStake, 2 * share);
        assertEq(e.clearBy, b.terms.judgeBy + LAPSE_CHALLENGE + 2 days);

        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        Agreement memory c = opened();
        e = exposureOf(0, a, c);
        assertFalse(e.active);
        assertEq(e.stored.liable, 2 * share);
        assertFalse(e.stored.mayWithdraw);
        assertEq(e.reserved, 3 * share);
        assertEq(e.atStake, share); // it does not serve in the newer one
        assertEq(e.listed, 2 * share);

        // Disputed at the last moment, with a silent arbiter: the bound holds, and is met.
        e = exposureOf(0, a, b);
        vm.warp(viewOf(a).deadline);
        settle(a, false);
        vm.warp(b.opening.deliverBy - 1);
        deliver(b);
        vm.warp(b.terms.judgeBy);
        lapse(b);
        vm.warp(viewOf(b).deadline - 1);
        dispute(b, buyer, Outcome.Fail);
        vm.warp(viewOf(b).deadline);
        assertEq(block.timestamp, e.clearBy - 1);
        settle(b, false);
        e = exposureOf(0, a, b);
        assertTrue(e.stored.mayWithdraw);
        assertEq(e.clearBy, 0);
        assertEq(e.atStake, 0);
        escrow.withdraw(committee, 0);
    }

    function test_exposure_passesOverOtherCommittees() public {
        Agreement memory a = opened();
        Committee memory other = defaultCommittee();
        other.salt = 3;
        bytes32 ours = committee;
        committee = escrow.createCommittee(other);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        Agreement memory b = opened();
        committee = ours;
        ILens.Exposure memory e = exposureOf(1, a, b);
        assertEq(e.listed, e.reserved);
        assertEq(e.atStake, e.reserved);
    }

    function test_exposure_refused() public {
        Terms[] memory terms = new Terms[](1);
        vm.expectRevert(abi.encodeWithSelector(ILens.LengthsDiffer.selector, 1, 0));
        lens.exposure(committee, 0, terms, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(NotAMember.selector, 5));
        lens.exposure(committee, 5, new Terms[](0), new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(UnknownCommittee.selector, bytes32("x")));
        lens.exposure("x", 0, new Terms[](0), new bytes32[](0));
    }

    // ---- helpers

    function exposureOf(uint256 index, Agreement memory a, Agreement memory b)
        private
        view
        returns (ILens.Exposure memory)
    {
        Terms[] memory terms = new Terms[](2);
        bytes32[] memory hashes = new bytes32[](2);
        (terms[0], terms[1]) = (a.terms, b.terms);
        (hashes[0], hashes[1]) = (openingHash(a.opening), openingHash(b.opening));
        return lens.exposure(committee, index, terms, hashes);
    }

    function expect(ILens.Standing memory s, ILens.Act act_, uint256 from, Outcome outcome) private pure {
        assertEq(uint8(s.act), uint8(act_), "act");
        assertEq(s.from, from, "from");
        assertEq(uint8(s.outcome), uint8(outcome), "outcome");
    }
}
