// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// Who has what when a subject is over: the payout table, less the value, which moves in the foreign escrow.
contract EndsTest is EvaluatorFixture {
    uint256 private constant G = GATED;
    uint256 private constant D = GATED / 5;
    uint256 private constant A = ARBITER_COST;
    uint256 private constant H = (D - A + 1) / 2; // half, rounded up
    uint256 private constant M = ((uint256(GATED) + 2) / 3) * 3; // with its rounding
    uint256 private constant SILENT = SILENCE; // five parts of 20

    // ---- the payout table, less the value, which moves in the foreign escrow

    function test_payout_pass() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        ends(m, Outcome.None, 0, 0, 0, FEE, 0, 0);
    }

    function test_payout_fail() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        ends(m, Outcome.None, 0, 0, 0, FEE, 0, 0);
    }

    function test_payout_noShow() public {
        (Mandate memory m,) = noShow();
        ends(m, Outcome.None, 0, 0, 0, FEE, 0, 0);
        assertEq(escrow.feesOf(committee, 31), FEE);
    }

    function test_payout_lapseAttested() public {
        (Mandate memory m,) = judged(Outcome.Lapse);
        ends(m, Outcome.None, 0, 0, 0, FEE, 0, 0);
    }

    function test_payout_silence() public {
        (Mandate memory m,) = silenced();
        ends(m, Outcome.None, 0, SILENT, FEE, 0, 0, SILENT);
    }

    function test_payout_passUpheld() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        ends(m, Outcome.Pass, 0, H, 0, FEE + D - A - H, A, 0);
    }

    function test_payout_failUpheld() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        disputed(m);
        ends(m, Outcome.Fail, H, 0, 0, FEE + D - A - H, A, 0);
    }

    function test_payout_lapseUpheld() public {
        (Mandate memory m,) = judged(Outcome.Lapse);
        disputed(m);
        ends(m, Outcome.Lapse, H, 0, 0, FEE + D - A - H, A, 0);
    }

    function test_payout_silenceUpheld() public {
        (Mandate memory m,) = silenced();
        disputed(m);
        ends(m, Outcome.Lapse, D - A, SILENT, FEE, 0, A, SILENT);
    }

    function test_payout_passOverturned() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        ends(m, Outcome.Fail, M + FEE + D - A, 0, 0, 0, A, M);
        assertEq(stakeOf(0), STAKE - M / 3);
        assertEq(stakeOf(3), STAKE);
    }

    function test_payout_passToLapse() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        ends(m, Outcome.Lapse, M + FEE + D - A, 0, 0, 0, A, M);
    }

    function test_payout_failOverturned() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        disputed(m);
        ends(m, Outcome.Pass, 0, M + FEE + D - A, 0, 0, A, M);
    }

    /// Nothing lies between Fail and Lapse where there is no bond.
    function test_payout_failToLapse() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        disputed(m);
        ends(m, Outcome.Lapse, 0, FEE + D - A, 0, 0, A, 0);
    }

    function test_payout_lapseToPass() public {
        (Mandate memory m,) = judged(Outcome.Lapse);
        disputed(m);
        ends(m, Outcome.Pass, 0, M + FEE + D - A, 0, 0, A, M);
    }

    function test_payout_lapseToFail() public {
        (Mandate memory m,) = judged(Outcome.Lapse);
        done(buyer, disputeCall(m, buyer, Outcome.Fail));
        ends(m, Outcome.Fail, FEE + D - A, 0, 0, 0, A, 0);
    }

    function test_payout_silenceToPass() public {
        (Mandate memory m,) = silenced();
        disputed(m);
        ends(m, Outcome.Pass, 0, D - A + G, FEE, 0, A, G);
    }

    function test_payout_silenceToFail() public {
        (Mandate memory m,) = silenced();
        done(buyer, disputeCall(m, buyer, Outcome.Fail));
        ends(m, Outcome.Fail, D - A + SILENT, 0, FEE, 0, A, SILENT);
    }

    function test_payout_noShowOverturned() public {
        (Mandate memory m,) = noShow();
        disputed(m);
        ends(m, Outcome.Pass, 0, D - A, 0, FEE, A, 0);
    }

    function test_payout_arbiterSilent() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        disputed(m);
        ends(m, Outcome.None, 0, D, 0, FEE, 0, 0);
    }

    function test_payout_concededInADispute() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        uint256 before = free(provider);
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        assertEq(free(provider) - before, H);
        assertEq(free(arbiter), A);
        assertEq(escrow.feesOf(committee, 7), FEE + D - A - H);
        assertEq(free(address(book)), 0);
    }

    /// Only the silent pay, and those who posted do not.
    function test_payout_silenceOfSome() public {
        (Mandate memory m,) = delivered();
        book.attest(m, judgementOn(m, Outcome.Pass, 3));
        vm.warp(m.judgeBy);
        book.lapse(m);
        ends(m, Outcome.None, 0, SILENT * 3 / 5, FEE, 0, 0, SILENT * 3 / 5);
        assertEq(stakeOf(0), STAKE);
        assertEq(stakeOf(2), STAKE - 20e6);
    }

    // ---- 300 days later

    /// Where nobody closed a subject and its coverage was given back, it can still be closed, without slashing.
    function test_settle_afterTheCoverageIsGone() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        ruled(m, Outcome.Fail);
        vm.warp(block.timestamp + 300 days);
        escrow.releaseStale(committee, address(book), idOf(m));
        vm.expectEmit(address(book));
        emit IVerdictBook.CoverageGone(idOf(m), M);
        settle(m);
        assertEq(free(buyer), FEE + D - A);
        assertEq(free(address(book)), 0);
        (m,) = silenced();
        uint256 before = free(provider);
        vm.warp(block.timestamp + 300 days);
        escrow.releaseStale(committee, address(book), idOf(m));
        settle(m);
        assertEq(free(provider), before);
        assertEq(free(address(book)), 0);
    }

    /// Nothing else that the escrow may say is swallowed.
    function test_settle_passesOtherErrorsOn() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        bytes memory other = abi.encodeWithSelector(ICoverage.UnknownCommittee.selector, committee);
        vm.mockCallRevert(address(escrow), abi.encodeWithSelector(escrow.release.selector), other);
        refused(relayer, abi.encodeCall(book.settle, (m)), other);
        vm.mockCallRevert(address(escrow), abi.encodeWithSelector(escrow.release.selector), "");
        refused(relayer, abi.encodeCall(book.settle, (m)), "");
        vm.clearMockedCalls();
        settle(m);
    }

    // ---- helpers

    /// Ends a subject by a ruling, or by time where `ruling` is None, and checks everything that is owed.
    function ends(
        Mandate memory m,
        Outcome ruling,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toPayer,
        uint256 toEvaluators,
        uint256 toArbiter,
        uint256 slashed
    ) private {
        uint256[4] memory had = [free(buyer), free(provider), free(payer), allStakes()];
        Outcome expected = ruling == Outcome.None ? recordOf(m).outcome : ruling;
        if (ruling == Outcome.None) vm.warp(recordOf(m).deadline);
        else ruled(m, ruling);
        settle(m);
        assertFinal(m, expected);
        assertEq(free(buyer) - had[0], toBuyer, "buyer");
        assertEq(free(provider) - had[1], toProvider, "provider");
        assertEq(free(payer) - had[2], toPayer, "payer");
        assertEq(had[3] - allStakes(), slashed, "slashed");
        assertEq(fees(), toEvaluators, "evaluators");
        assertEq(free(arbiter), toArbiter, "arbiter");
        assertEq(free(address(book)), 0, "kept");
        assertEq(reserved(), 0, "coverage");
    }

    function fees() private view returns (uint256) {
        return escrow.feesOf(committee, 7) + escrow.feesOf(committee, 31);
    }

    function allStakes() private view returns (uint256 sum) {
        for (uint256 i; i < N; ++i) {
            sum += stakeOf(i);
        }
    }
}
