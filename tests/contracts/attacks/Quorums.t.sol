// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "../evaluators/EvaluatorFixture.sol";

/// A verdict is exactly k attestations, however it comes about: more signers would be slashed together for more than
/// the amount that is moved, and what nobody is owed would stay in the book.
contract QuorumsTest is EvaluatorFixture {
    function test_aQuorumOfThoseWhoPostedCanStillBeBrought() public {
        (Mandate memory m,) = delivered();
        book.attest(m, judgementOn(m, Outcome.Pass, 31));
        book.attest(m, judgementOn(m, Outcome.Pass, 7));
        vm.warp(m.judgeBy);
        book.lapse(m);
        assertEq(uint8(recordOf(m).basis), uint8(Basis.Verdict));
        disputed(m);
        ruled(m, Outcome.Fail);
        settle(m);
        uint256 share = (uint256(m.value) + K - 1) / K;
        assertEq(stakeOf(0), STAKE - share);
        assertEq(stakeOf(4), STAKE);
        assertEq(escrow.collateralOf(address(book)), 0);
    }

    function test_moreThanAQuorumPosted_isSlashedForNoMoreThanWhatMoves() public {
        (Mandate memory m,) = delivered();
        uint256 before = escrow.collateralOf(address(book));
        book.attest(m, judgementOn(m, Outcome.Pass, 31));
        vm.warp(m.judgeBy);
        book.lapse(m);
        // All attested, none was silent; but no verdict of k was brought.
        assertEq(uint8(recordOf(m).basis), uint8(Basis.Silence));
        assertEq(recordOf(m).set, 0);
        disputed(m);
        ruled(m, Outcome.Fail);
        settle(m);
        uint256 slashed;
        for (uint256 i; i < N; ++i) {
            slashed += STAKE - stakeOf(i);
        }
        uint256 share = (uint256(m.value) + K - 1) / K;
        assertLe(slashed, share * K);
        assertLe(escrow.collateralOf(address(book)), before);
    }
}
