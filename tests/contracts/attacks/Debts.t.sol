// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Agreement, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "../evaluators/EvaluatorFixture.sol";

/// What an evaluator owes for contradicting itself on a subject of a book reaches those it is owed to, whoever
/// collects it.
contract DebtsTest is EvaluatorFixture {
    /// The escrow's own `collect` is open to anyone, the debtor included.
    function test_collectedAtTheEscrowInsteadOfTheBook_isStillHandedOut() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        uint256 share = (uint256(m.value) + K - 1) / K;
        // All the rest of the stake answers for a job, so nothing can be taken now.
        Agreement memory rest = newAgreement();
        rest.terms.gated = uint64((STAKE - share) * K);
        rest.terms.bond = 0;
        rest.terms.fee = 100e6;
        open(rest);
        bytes32 subject = idOf(m);
        Statement memory x = statement(keys[0], subject, DELIVERABLE, Outcome.Pass, 0);
        Statement memory y = statement(keys[0], subject, DELIVERABLE, Outcome.Fail, 0);
        vm.prank(relayer);
        book.proveEquivocation(m, DELIVERABLE, x, y);
        assertEq(escrow.collateralOf(relayer), 0);

        assertEq(escrow.debtOf(committee, 0, keccak256(abi.encode(address(book), subject))), share);
        refusedWith(relayer, abi.encodeCall(book.collect, (m, 0)), ICoverage.StillLiable.selector);

        done(relayer, judgeCall(m, job, Outcome.Pass, 14));
        vm.warp(rest.opening.deliverBy);
        lapse(rest);
        vm.warp(block.timestamp + 2 days);
        settle(m);
        settle(rest, false);

        vm.prank(evaluators[0]);
        escrow.collect(committee, 0, keccak256(abi.encode(address(book), subject)));
        (uint256 toBuyer, uint256 toProvider) = (free(m.buyer), free(m.provider));
        book.collect(m, 0);
        assertEq(escrow.collateralOf(relayer), share / 2);
        uint256 parties = share - share / 2;
        assertEq(free(m.buyer) - toBuyer, parties - parties / 2);
        assertEq(free(m.provider) - toProvider, parties / 2);
        refusedWith(relayer, abi.encodeCall(book.collect, (m, 0)), IBook.NoDebt.selector);
        assertEq(escrow.collateralOf(address(book)), 0);
    }
}
