// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Outcome} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// Fees that evaluators earned are drawn.
contract FeesTest is UnitTest {
    function test_drawFees() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        settle(a, false);
        assertEq(escrow.feesOf(committee, 7), FEE);
        vm.expectEmit(address(escrow));
        emit FeesDrawn(committee, 7, FEE / 3);
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 7)));
        for (uint256 i; i < 5; ++i) {
            assertEq(free(evaluators[i]), i < 3 ? FEE / 3 : 0);
        }
        assertEq(escrow.feesOf(committee, 7), FEE % 3, "what does not divide stays");
        refused(
            relayer,
            abi.encodeCall(escrow.drawFees, (committee, 7)),
            abi.encodeWithSelector(NothingToDraw.selector, committee, 7)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.drawFees, (committee, 0)),
            abi.encodeWithSelector(NothingToDraw.selector, committee, 0)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.drawFees, (committee, 11)),
            abi.encodeWithSelector(NothingToDraw.selector, committee, 11)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.drawFees, ("none", 7)),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    /// Sets take turns in the committee's slot; what each earned is kept apart.
    function test_drawFees_ofSetsInTurn() public {
        uint32[5] memory sets = [uint32(7), 11, 7, 28, 7];
        for (uint256 i; i < sets.length; ++i) {
            vm.prank(provider);
            escrow.payFees(committee, sets[i], 100 + i);
        }
        assertEq(escrow.feesOf(committee, 7), 306);
        assertEq(escrow.feesOf(committee, 11), 101);
        assertEq(escrow.feesOf(committee, 28), 103);
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 11)));
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 7)));
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 28)));
        assertEq(free(evaluators[0]), 33 + 102);
        assertEq(free(evaluators[1]), 33 + 102);
        assertEq(free(evaluators[2]), 102 + 34);
        assertEq(free(evaluators[3]), 33 + 34);
        assertEq(free(evaluators[4]), 34);
        vm.prank(provider);
        escrow.payFees(committee, 7, 3);
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 7)));
        assertEq(free(evaluators[0]), 136);
    }

    /// Amounts about and beyond what the committee's slot holds.
    function test_drawFees_ofLargeAmounts() public {
        uint256 most = type(uint40).max;
        mintUSDC(relayer, 10 * most);
        vm.prank(relayer);
        escrow.deposit(relayer, 8 * most);
        uint256[5] memory amounts = [most - 1, 1, 1, most + 1, 2 * most];
        uint256 sum;
        for (uint256 i; i < amounts.length; ++i) {
            vm.prank(relayer);
            escrow.payFees(committee, 1, amounts[i]);
            sum += amounts[i];
            assertEq(escrow.feesOf(committee, 1), sum);
        }
        vm.prank(relayer);
        escrow.payFees(committee, 2, most);
        assertEq(escrow.feesOf(committee, 1), sum);
        assertEq(escrow.feesOf(committee, 2), most);
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 1)));
        done(relayer, abi.encodeCall(escrow.drawFees, (committee, 2)));
        assertEq(free(evaluators[0]), sum);
        assertEq(free(evaluators[1]), most);
        assertEq(escrow.feesOf(committee, 1) + escrow.feesOf(committee, 2), 0);
    }
}
