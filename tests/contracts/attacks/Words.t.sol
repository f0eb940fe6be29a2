// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {Agreement, Committee, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// Words that many fields share, with every field at its edge: none reaches into its neighbour.
contract WordsTest is UnitTest {
    uint256 private constant MANY = 32;
    uint64 private constant MOST = type(uint48).max;
    uint64 private constant HIGH = type(uint64).max;
    uint32 private constant SIGNERS = 0xffff8000;
    uint256 private constant SILENCE_MOST = type(uint40).max;

    /// A committee with everything as large as it can be and still take a job.
    function setUp() public override {
        super.setUp();
        delete evaluators;
        delete keys;
        for (uint256 i; i < MANY; ++i) {
            evaluators.push(address(uint160(0xE000 + i)));
            keys.push(uint256(keccak256(abi.encode("many", i))));
        }
        Committee memory c = defaultCommittee();
        c.threshold = 17;
        c.stake = MOST;
        c.arbiterCost = HIGH - 1;
        c.feeFlat = uint64((2 ** 24 - 2) * 1e4);
        c.feeRate = 2 ** 16 - 1;
        c.maxValue = HIGH;
        c.minVerdict = 170 days;
        c.minRuling = 60 days;
        c.maxChallenge = 30 days;
        c.silence = uint64(SILENCE_MOST);
        committeeTerms = c;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < MANY; ++i) {
            mintUSDC(evaluators[i], MOST);
            vm.startPrank(evaluators[i]);
            usdc.approve(address(escrow), MOST);
            escrow.deposit(evaluators[i], MOST);
            escrow.join(committee, i, vm.addr(keys[i]), keyProof(committee, evaluators[i], keys[i]));
            vm.stopPrank();
        }
        mintUSDC(buyer, type(uint128).max);
    }

    function newAgreement() internal override returns (Agreement memory a) {
        a = super.newAgreement();
        a.terms.gated = 17 * MOST - BOND;
        a.terms.fee = HIGH;
        a.terms.judgeBy = uint40(block.timestamp + 173 days);
        a.terms.ruling = 60 days;
    }

    function assertCommittee(uint256 reserved, uint32 active, uint256 epoch) private view {
        IViews.CommitteeView memory v = escrow.committeeState(committee);
        Committee memory c = committeeTerms;
        assertEq(v.reserved, reserved, "reserved");
        assertEq(v.active, active, "active");
        assertEq(v.epoch, epoch, "epoch");
        assertEq(v.stake, c.stake);
        assertEq(v.silence, c.silence);
        assertEq(v.maxValue, c.maxValue);
        assertEq(v.minVerdict, c.minVerdict);
        assertEq(v.feeFlat, c.feeFlat);
        assertEq(v.feeRate, c.feeRate);
        assertEq(v.minRuling, c.minRuling);
        assertEq(v.maxChallenge, c.maxChallenge);
        assertEq(v.threshold, c.threshold);
    }

    function test_allOfAStakeReserved_slashed_andFilledUp() public {
        assertCommittee(0, type(uint32).max, 0);
        Agreement memory a = delivered();
        assertCommittee(MOST, type(uint32).max, 0);
        Agreement memory b = newAgreement();
        b.terms.gated = 1;
        b.terms.bond = 0;
        uint256 share = (SILENCE_MOST + 16) / 17; // the price of silence is more than its value
        refused(
            relayer,
            openCall(b),
            abi.encodeWithSelector(CoverageExhausted.selector, committee, MOST, share, MOST)
        );
        done(relayer, abi.encodeCall(escrow.judge, (verdictOn(a, Outcome.Pass, SIGNERS), false)));
        mintUSDC(buyer, HIGH);
        done(buyer, disputeCall(a, buyer, Outcome.Fail));
        // What goes to the buyer does not fit 64 bits.
        uint256 value = 17 * uint256(MOST);
        expectClosed(a, Outcome.Fail, Ending.Ruled, 2 * value + HIGH, 0, 0, SIGNERS, 0);
        done(arbiter, ruleCall(a, Outcome.Fail));
        assertEq(free(arbiter), HIGH - 1);
        assertCommittee(0, 0x7fff, 0);
        for (uint256 i = 15; i < MANY; ++i) {
            assertEq(stakeOf(i), 0);
            mintUSDC(evaluators[i], MOST);
            vm.startPrank(evaluators[i]);
            usdc.approve(address(escrow), MOST);
            escrow.deposit(evaluators[i], MOST);
            escrow.topUp(committee, i);
            vm.stopPrank();
        }
        assertCommittee(0, type(uint32).max, 0);
        opened();
        assertCommittee(MOST, type(uint32).max, 0);
    }

    /// Fees that do not fit beside the rest go elsewhere, to the unit.
    function test_feesAtTheEdgeOfTheirField() public {
        uint256 most = type(uint40).max;
        mintUSDC(relayer, type(uint128).max);
        done(relayer, abi.encodeCall(escrow.deposit, (relayer, type(uint128).max)));
        uint256[5] memory amounts = [most - 1, 1, 1, type(uint128).max - 3 * most, most];
        uint256 sum;
        for (uint256 i; i < amounts.length; ++i) {
            done(relayer, abi.encodeCall(escrow.payFees, (committee, type(uint32).max, amounts[i])));
            sum += amounts[i];
            assertEq(escrow.feesOf(committee, type(uint32).max), sum);
            assertCommittee(0, type(uint32).max, 0);
        }
        done(relayer, abi.encodeCall(escrow.payFees, (committee, 1 << 31, 5)));
        assertEq(escrow.feesOf(committee, type(uint32).max), sum);
        assertEq(escrow.feesOf(committee, 1 << 31), 5);
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, type(uint32).max)));
        assertEq(free(evaluators[31]), sum / MANY);
        assertEq(escrow.feesOf(committee, type(uint32).max), sum % MANY);
        assertEq(escrow.feesOf(committee, 1 << 31), 5);
        assertCommittee(0, type(uint32).max, 0);
    }

    /// As many epochs as there can be, with a job open from before the first ended.
    function test_allLeaveOneAfterAnother() public {
        Agreement memory a = delivered();
        for (uint256 i; i < MANY; ++i) {
            done(evaluators[i], abi.encodeCall(escrow.leave, (committee, i)));
            assertCommittee(MOST, type(uint32).max & ~uint32((1 << (i + 1)) - 1), i + 1);
        }
        done(relayer, abi.encodeCall(escrow.judge, (verdictOn(a, Outcome.Fail, SIGNERS), false)));
        vm.warp(block.timestamp + a.terms.challenge);
        settle(a, false);
        assertCommittee(0, 0, 32);
        assertEq(free(buyer), 17 * uint256(MOST));
        assertEq(escrow.feesOf(committee, SIGNERS), HIGH);
        for (uint256 i; i < MANY; ++i) {
            escrow.withdraw(committee, i);
            assertEq(free(evaluators[i]), MOST);
        }
    }

    /// A stake from which a share was taken and which answers for a job: what is free is still S less that job's share.
    function test_whatIsFreeDoesNotFollowAnybodysStake() public {
        Agreement memory a = newAgreement();
        a.terms.gated = 17e6;
        open(a);
        uint256 share = (SILENCE_MOST + 16) / 17;
        assertCommittee(share, type(uint32).max, 0);
        bytes32 job = idOf(a);
        Statement memory x = statement(keys[31], job, "d", Outcome.Pass, 0);
        Statement memory y = statement(keys[31], job, "d", Outcome.Fail, 0);
        done(relayer, abi.encodeCall(escrow.proveEquivocation, (a.terms, openingHash(a.opening), "d", x, y)));
        assertLt(stakeOf(31), MOST);
        assertCommittee(share, type(uint32).max >> 1, 1);
        deliver(a);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        vm.warp(block.timestamp + a.terms.challenge);
        settle(a, false);
        assertCommittee(0, 0, 1);
        for (uint256 i; i < 31; ++i) {
            assertEq(stakeOf(i), MOST - (SILENCE_MOST + MANY - 1) / MANY);
        }
        escrow.withdraw(committee, 31);
        assertEq(stakeOf(31), 0);
    }
}
