// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Outcome, State, Statement} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// proveEquivocation and collect.
contract EquivocationTest is UnitTest {
    uint256 private constant SHARE = 433_333_334; // 1300 over three, rounded up

    function test_expelsAndTakesOneShare() public {
        Agreement memory a = delivered();
        vm.expectEmit(address(escrow));
        emit Expelled(committee, 1, idOf(a), SHARE);
        vm.expectEmit(address(escrow));
        emit DebtPaid(committee, 1, idOf(a), SHARE, 0);
        done(relayer, proof(a, 1));
        assertEq(stakeOf(1), STAKE - SHARE);
        assertEq(free(relayer), SHARE / 2, "half to whoever shows it");
        assertEq(free(buyer), SHARE / 4 + 1);
        assertEq(free(provider), 10_000e6 - BOND + SHARE / 4);
        IViews.EvaluatorView memory v = escrow.evaluator(committee, 1);
        assertTrue(v.expelled);
        assertEq(v.owed, 0);
        assertEq(escrow.committeeState(committee).active, 29);
        assertEq(escrow.committeeState(committee).epoch, 1);
        refused(relayer, proof(a, 1), abi.encodeWithSelector(AlreadyShown.selector, committee, 1, idOf(a)));
    }

    function test_aDifferentPayableContradictsToo() public {
        Agreement memory a = delivered();
        done(
            relayer,
            proving(
                a,
                "d",
                statement(keys[1], idOf(a), "d", Outcome.Pass, 0),
                statement(keys[1], idOf(a), "d", Outcome.Pass, 5)
            )
        );
        assertTrue(escrow.evaluator(committee, 1).expelled);
    }

    function test_thatDoNotContradict() public {
        Agreement memory a = delivered();
        Agreement memory b = delivered();
        Statement memory pass = statement(keys[1], idOf(a), "d", Outcome.Pass, 0);
        Statement memory fail = statement(keys[1], idOf(a), "d", Outcome.Fail, 0);
        bytes memory none = abi.encodeWithSelector(NoContradiction.selector);
        refused(relayer, proving(a, "d", pass, pass), none);
        // Two evaluators may differ.
        refused(relayer, proving(a, "d", pass, statement(keys[2], idOf(a), "d", Outcome.Fail, 0)), none);
        // Other deliverable, other job, other chain, other evidence than was signed: no key of this committee signed.
        refusedKey(a, "e", pass, fail);
        refusedKey(b, "d", pass, fail);
        refusedKey(a, "d", statement(keys[1], idOf(b), "d", Outcome.Pass, 0), fail);
        vm.chainId(8);
        Statement memory foreign = statement(keys[1], idOf(a), "d", Outcome.Pass, 0);
        vm.chainId(31337);
        refusedKey(a, "d", foreign, fail);
        refusedKey(a, "d", statement(buyerKey, idOf(a), "d", Outcome.Pass, 0), fail);
        Statement memory zero = statement(keys[1], idOf(a), "d", Outcome.None, 0);
        refused(relayer, proving(a, "d", zero, fail), abi.encodeWithSelector(BadOutcome.selector));
        refused(relayer, proving(a, "d", pass, zero), abi.encodeWithSelector(BadOutcome.selector));
        fail.vs = bytes32(type(uint256).max);
        refused(relayer, proving(a, "d", pass, fail), abi.encodeWithSelector(HighS.selector));
        fail.vs = 0;
        refused(
            relayer, proving(a, "d", pass, fail), abi.encodeWithSelector(KeyDoesNotBind.selector, address(0))
        );
        assertFalse(escrow.evaluator(committee, 1).expelled);
    }

    function test_neverOpened() public {
        Agreement memory a = newAgreement();
        refused(relayer, proof(a, 1), wrongState(a, State.None));
    }

    function test_afterAFork() public {
        Agreement memory a = delivered();
        bytes memory call = proof(a, 1);
        vm.chainId(8);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 8, 31337));
    }

    function test_inEveryState() public {
        Agreement[5] memory jobs =
            [opened(), delivered(), judged(Outcome.Pass), judged(Outcome.Pass), judged(Outcome.Fail)];
        dispute(jobs[3], buyer, Outcome.Fail);
        done(provider, concedeCall(jobs[4], provider));
        for (uint256 i; i < 5; ++i) {
            done(relayer, proof(jobs[i], i));
            assertTrue(escrow.evaluator(committee, i).expelled);
        }
    }

    function test_whoWasNoMemberIsNotBound() public {
        vm.prank(evaluators[1]);
        escrow.leave(committee, 1);
        Agreement memory a = delivered();
        refused(relayer, proof(a, 1), abi.encodeWithSelector(NotAMember.selector, 1));
    }

    function test_whoHasWithdrawnIsGone() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.prank(evaluators[1]);
        escrow.leave(committee, 1);
        done(buyer, concedeCall(a, buyer));
        escrow.withdraw(committee, 1);
        refused(
            relayer,
            proof(a, 1),
            abi.encodeWithSelector(WrongStanding.selector, committee, 1, Standing.Withdrawn)
        );
    }

    function test_whoIsLeavingIsBound() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.prank(evaluators[1]);
        escrow.leave(committee, 1);
        done(relayer, proof(a, 1));
        assertEq(escrow.committeeState(committee).epoch, 1, "its epoch had ended");
        assertEq(stakeOf(1), STAKE - SHARE);
    }

    // ---- keys

    function test_oldKeyBindsForSubjectsOpenedBefore() public {
        Agreement memory before = delivered();
        vm.warp(block.timestamp + 1);
        uint256 old = rotate();
        vm.warp(block.timestamp + 1);
        Agreement memory later = delivered();
        bytes32 job = idOf(later);
        refused(
            relayer,
            proving(
                later,
                "d",
                statement(old, job, "d", Outcome.Pass, 0),
                statement(old, job, "d", Outcome.Fail, 0)
            ),
            abi.encodeWithSelector(KeyDoesNotBind.selector, vm.addr(old))
        );
        job = idOf(before);
        // Old and new key speak for the same evaluator.
        done(
            relayer,
            proving(
                before,
                "d",
                statement(old, job, "d", Outcome.Pass, 0),
                statement(keys[1], job, "d", Outcome.Fail, 0)
            )
        );
        assertTrue(escrow.evaluator(committee, 1).expelled);
    }

    function test_oldKeyDoesNotBindForSubjectsOpenedWithTheRotation() public {
        Agreement memory a = delivered();
        uint256 old = rotate();
        refused(
            relayer,
            proving(
                a,
                "d",
                statement(old, idOf(a), "d", Outcome.Pass, 0),
                statement(old, idOf(a), "d", Outcome.Fail, 0)
            ),
            abi.encodeWithSelector(KeyDoesNotBind.selector, vm.addr(old))
        );
    }

    // ---- what is left unpaid

    function test_takenOnlyAboveEveryReservation() public {
        Agreement memory a = delivered();
        Agreement memory big = newAgreement();
        big.terms.bond = 0;
        big.terms.gated = 28_500e6; // 9500 from each
        big.terms.fee = 100e6;
        open(big);
        // 10,000 - 9500 - 433.333334 stand above.
        uint256 above = STAKE - 9500e6 - SHARE;
        vm.expectEmit(address(escrow));
        emit DebtPaid(committee, 1, idOf(a), above, SHARE - above);
        done(relayer, proof(a, 1));
        assertEq(stakeOf(1), 9500e6 + SHARE);
        assertEq(escrow.evaluator(committee, 1).owed, SHARE - above);
        bytes memory collecting = abi.encodeCall(escrow.collect, (committee, 1, idOf(a)));
        bytes memory withdrawing = abi.encodeCall(escrow.withdraw, (committee, 1));
        bytes memory liable = abi.encodeWithSelector(StillLiable.selector, committee, 1, 0, 9500e6 + SHARE);
        refused(relayer, collecting, liable);
        refused(relayer, withdrawing, liable);
        done(provider, concedeCall(a, provider));
        done(provider, concedeCall(big, provider));
        refused(relayer, withdrawing, abi.encodeWithSelector(InDebt.selector, committee, 1, SHARE - above));
        assertFalse(escrow.evaluator(committee, 1).mayWithdraw);
        refused(
            relayer,
            abi.encodeCall(escrow.collect, (committee, 1, idOf(big))),
            abi.encodeWithSelector(NothingOwed.selector, committee, 1, idOf(big))
        );
        uint256 shower = free(relayer);
        done(buyer, collecting);
        assertEq(free(relayer) - shower, (SHARE - above) / 2, "to who showed it, whoever collects");
        assertTrue(escrow.evaluator(committee, 1).mayWithdraw);
        refused(relayer, collecting, abi.encodeWithSelector(NothingOwed.selector, committee, 1, idOf(a)));
        done(relayer, withdrawing);
        assertEq(free(evaluators[1]), STAKE - SHARE);
    }

    /// Whoever has itself expelled over next to nothing still answers for the rest.
    function test_expelledOverATinyJobStillPaysForTheBigOne() public {
        Agreement memory big = delivered();
        Agreement memory tiny = newAgreement();
        tiny.terms.gated = 1;
        tiny.terms.bond = 0;
        open(tiny);
        done(relayer, proof(tiny, 1));
        assertEq(stakeOf(1), STAKE - 1);
        done(relayer, proof(big, 1));
        assertEq(stakeOf(1), STAKE - 1 - SHARE);
        assertEq(escrow.committeeState(committee).epoch, 1, "it leaves only once");
    }

    function test_debtsBeyondTheStake() public {
        // Three jobs of 28,500 in turn, a contradiction on each, shown when all are closed: 28,500 owed out of 10,000.
        Agreement[] memory jobs = new Agreement[](3);
        for (uint256 i; i < 3; ++i) {
            jobs[i] = newAgreement();
            jobs[i].terms.bond = 0;
            jobs[i].terms.gated = 28_500e6;
            jobs[i].terms.fee = 100e6;
            open(jobs[i]);
            done(provider, concedeCall(jobs[i], provider));
        }
        for (uint256 i; i < 3; ++i) {
            done(relayer, proof(jobs[i], 1));
        }
        assertEq(stakeOf(1), 0);
        assertEq(escrow.evaluator(committee, 1).owed, 28_500e6 - STAKE);
        refused(
            relayer,
            abi.encodeCall(escrow.collect, (committee, 1, idOf(jobs[2]))),
            abi.encodeWithSelector(NothingOwed.selector, committee, 1, idOf(jobs[2]))
        );
        // Nothing is left to pay with or to withdraw, so nothing holds the member.
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 1)));
        assertEq(free(evaluators[1]), 0);
    }

    function test_collect_refused() public {
        refused(
            relayer,
            abi.encodeCall(escrow.collect, (committee, 1, "x")),
            abi.encodeWithSelector(WrongStanding.selector, committee, 1, Standing.Joined)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.collect, (committee, 5, "x")),
            abi.encodeWithSelector(NotAMember.selector, 5)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.collect, ("none", 1, "x")),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    function test_theExpelledCountAsSilentAndPay() public {
        Agreement memory a = delivered();
        done(relayer, proof(a, 1));
        uint256 before = stakeOf(1);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        assertEq(viewOf(a).signers, 31);
        vm.warp(block.timestamp + 1 days);
        settle(a, false);
        assertEq(before - stakeOf(1), SILENCE / 5);
    }

    // ---- helpers

    function rotate() private returns (uint256 old) {
        old = keys[1];
        keys[1] = uint256(keccak256("fresh"));
        bytes memory p = keyProof(committee, evaluators[1], keys[1]);
        address key = vm.addr(keys[1]);
        vm.prank(evaluators[1]);
        escrow.rotateKey(committee, 1, key, p);
    }

    function proof(Agreement memory a, uint256 i) private view returns (bytes memory) {
        return proving(
            a,
            "d",
            statement(keys[i], idOf(a), "d", Outcome.Pass, 0),
            statement(keys[i], idOf(a), "d", Outcome.Lapse, 0)
        );
    }

    function proving(Agreement memory a, bytes32 d, Statement memory one, Statement memory two)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(escrow.proveEquivocation, (a.terms, openingHash(a.opening), d, one, two));
    }

    /// Refused because what was signed is not what is claimed, so that the key recovered is nobody's.
    function refusedKey(Agreement memory a, bytes32 d, Statement memory one, Statement memory two) private {
        vm.prank(relayer);
        (bool ok, bytes memory data) = address(escrow).call(proving(a, d, one, two));
        assertFalse(ok);
        assertEq(bytes4(data), KeyDoesNotBind.selector);
    }
}
