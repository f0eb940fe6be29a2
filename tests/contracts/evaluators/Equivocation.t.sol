// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// proveEquivocation and collect.
contract EquivocationTest is EvaluatorFixture {
    uint256 private constant SHARE = (uint256(GATED) + 2) / 3;

    function test_proveEquivocation() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        bytes memory call = contradiction(m, 2, Outcome.Pass, Outcome.Fail);
        uint256 before = free(provider);
        vm.expectEmit(address(book));
        emit IBook.Equivocated(idOf(m), 2, relayer, SHARE);
        done(relayer, call);
        uint256 parties = SHARE - SHARE / 2;
        assertEq(free(relayer), SHARE / 2);
        assertEq(free(buyer), parties - parties / 2);
        assertEq(free(provider) - before, parties / 2);
        assertEq(stakeOf(2), STAKE - SHARE);
        assertTrue(escrow.evaluator(committee, 2).expelled);
        refusedWith(relayer, call, ICoverage.AlreadyShown.selector);
        // The verdict it signed can still be overturned, and is then still covered in full.
        disputed(m);
        ruled(m, Outcome.Fail);
        settle(m);
        assertEq(stakeOf(2), STAKE - 2 * SHARE);
        assertEq(free(address(book)), 0);
    }

    /// An expelled evaluator's attestations count no more, here as for jobs.
    function test_expelledCannotSign() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        bytes memory call = judgeCall(m, job, Outcome.Pass, 7);
        vm.warp(block.timestamp + 1);
        done(relayer, contradiction(m, 2, Outcome.Pass, Outcome.Fail));
        refusedWith(relayer, call, ICoverage.IsExpelled.selector);
        done(relayer, judgeCall(m, job, Outcome.Pass, 11));
    }

    function test_proveEquivocation_refused() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        refusedWith(
            relayer, contradiction(m, 2, Outcome.Pass, Outcome.Pass), ICoverage.NoContradiction.selector
        );
        bytes memory call = contradiction(m, 2, Outcome.Pass, Outcome.Fail);
        vm.chainId(1);
        refused(relayer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
        vm.chainId(HOME);
        Mandate memory unknown = m;
        vm.warp(recordOf(m).deadline);
        settle(m);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Final));
        unknown.pact = "unknown";
        refused(
            relayer,
            contradiction(unknown, 2, Outcome.Pass, Outcome.Fail),
            wrongStage(unknown, IVerdictBook.Stage.None)
        );
    }

    /// A stake that is reserved to the last unit pays later, when nothing is open any more.
    function test_collect() public {
        ForeignJob memory job = funded(30_000e6, EXPIRY, address(0));
        Mandate memory m = mandateFor(job);
        m.fee = 100e6;
        register(m, job);
        submit(job);
        deliver(m, job);
        vm.warp(block.timestamp + 1);
        done(relayer, contradiction(m, 2, Outcome.Pass, Outcome.Fail));
        assertEq(free(relayer), 0);
        assertEq(escrow.evaluator(committee, 2).owed, STAKE);
        bytes memory call = abi.encodeCall(book.collect, (m, 2));
        refusedWith(relayer, call, ICoverage.StillLiable.selector);
        refused(
            relayer,
            abi.encodeCall(book.collect, (m, 1)),
            abi.encodeWithSelector(IBook.NoDebt.selector, idOf(m), 1)
        );
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        vm.expectEmit(address(book));
        emit IBook.DebtHandedOut(idOf(m), 2, STAKE);
        done(makeAddr("anyone"), call);
        assertEq(free(relayer), STAKE / 2);
        assertEq(free(buyer), STAKE / 4);
        assertEq(free(address(book)), 0);
        refused(relayer, call, abi.encodeWithSelector(IBook.NoDebt.selector, idOf(m), 2));
    }

    /// A debt stays unpaid where the stake went to those who disputed the verdict.
    function test_collect_whereNothingIsLeft() public {
        ForeignJob memory job = funded(30_000e6, EXPIRY, address(0));
        Mandate memory m = mandateFor(job);
        m.fee = 100e6;
        register(m, job);
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        done(relayer, contradiction(m, 2, Outcome.Pass, Outcome.Fail));
        disputed(m);
        ruled(m, Outcome.Fail);
        settle(m);
        assertEq(stakeOf(2), 0);
        assertEq(escrow.evaluator(committee, 2).owed, STAKE);
        refused(
            relayer,
            abi.encodeCall(book.collect, (m, 2)),
            abi.encodeWithSelector(IBook.NoDebt.selector, idOf(m), 2)
        );
        assertEq(escrow.evaluator(committee, 2).owed, STAKE);
    }

    function contradiction(Mandate memory m, uint256 i, Outcome a, Outcome b)
        private
        view
        returns (bytes memory)
    {
        bytes32 subject = idOf(m);
        return abi.encodeCall(
            book.proveEquivocation,
            (
                m,
                DELIVERABLE,
                statement(keys[i], subject, DELIVERABLE, a, 0),
                statement(keys[i], subject, DELIVERABLE, b, 0)
            )
        );
    }
}
