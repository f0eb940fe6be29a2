// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ForeignStatus, Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator, Variant} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {Foreign, PlainForeign} from "./standins/Foreign.sol";
import {Gate, HostileForeign, Yes} from "./standins/Hostile.sol";

/// carryOut, overtake and noteOvertaken, against good and hostile escrows.
contract CarryOutTest is EvaluatorFixture {
    bytes32 private constant REENTERED = keccak256("ReentrancyGuardReentrantCall()");

    function test_carryOut_pass() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        uint256 before = usdc.balanceOf(provider);
        vm.expectEmit(address(plain));
        emit Foreign.JobCompleted(job.jobId, address(evaluator), idOf(m));
        vm.expectEmit(address(evaluator));
        emit IJobEvaluator.CarriedOut(idOf(m), job.escrow, job.jobId, 3, 0);
        carryOut(m, job);
        assertEq(usdc.balanceOf(provider) - before, GATED);
        assertStage(m, IVerdictBook.Stage.Final);
        assertEq(uint8(evaluator.carriageOf(idOf(m))), uint8(IJobEvaluator.Carriage.Carried));
        refusedHere(carryCall(m, job), notWaiting(m, IJobEvaluator.Carriage.Carried));
        refusedHere(noteCall(m, job), notWaiting(m, IJobEvaluator.Carriage.Carried));
    }

    function test_carryOut_failAndLapse() public {
        carriesAsReject(Outcome.Fail);
        carriesAsReject(Outcome.Lapse);
    }

    /// A no-show is rejected while the foreign job is still Funded: the buyer need not wait for its expiry.
    function test_carryOut_noShow() public {
        (Mandate memory m, ForeignJob memory job) = noShow();
        vm.warp(recordOf(m).deadline);
        uint256 before = usdc.balanceOf(buyer);
        carryOut(m, job);
        assertEq(usdc.balanceOf(buyer) - before, GATED);
    }

    function test_carryOut_afterARuling() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        disputed(m);
        ruled(m, Outcome.Fail);
        uint256 before = usdc.balanceOf(buyer);
        carryOut(m, job);
        assertEq(usdc.balanceOf(buyer) - before, GATED);
        assertEq(uint8(plain.stored(job.jobId).status), uint8(Foreign.Status.Rejected));
    }

    /// The verdict is held: nothing moves before challenge and ruling are over.
    function test_carryOut_heldUntilFinal() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        refusedHere(carryCall(m, job), wrongStage(m, IVerdictBook.Stage.Registered));
        judge(m, job, Outcome.Pass);
        refusedHere(carryCall(m, job), tooEarly(recordOf(m).deadline));
        disputed(m);
        refusedHere(carryCall(m, job), tooEarly(recordOf(m).deadline));
        vm.warp(recordOf(m).deadline - 1);
        refusedHere(carryCall(m, job), tooEarly(recordOf(m).deadline));
        vm.warp(recordOf(m).deadline);
        carryOut(m, job);
    }

    function test_carryOut_refusesOthersMandatesAndParams() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        ForeignJob memory other = funded();
        refusedHere(
            carryCall(m, other),
            abi.encodeWithSelector(IJobEvaluator.NotOurs.selector, address(evaluator), m.foreign)
        );
        Mandate memory elsewhere = mandateFor(job);
        elsewhere.adapter = relayer;
        refusedHere(
            carryCall(elsewhere, job),
            abi.encodeWithSelector(IJobEvaluator.NotOurs.selector, relayer, m.foreign)
        );
        refusedHere(
            abi.encodeCall(evaluator.carryOut, (m, job, "more")),
            abi.encodeWithSelector(IJobEvaluator.WrongParams.selector, keccak256(""), keccak256("more"))
        );
        Mandate memory unknown = mandateFor(job);
        unknown.pact = "unknown";
        refusedHere(carryCall(unknown, job), wrongStage(unknown, IVerdictBook.Stage.None));
    }

    function test_carryOut_givesTheAgreedParams() public {
        ForeignJob memory job = funded();
        job.optParams = keccak256("agreed");
        Mandate memory m = mandateFor(job);
        register(m, job);
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        evaluator.carryOut(m, job, "agreed");
        assertEq(plain.lastParams(), "agreed");
    }

    /// What the foreign escrow pays its evaluator goes on to the evaluators who signed.
    function test_carryOut_passesTheEvaluatorFeeOn() public {
        plain.setEvaluatorFee(500);
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        carryOut(m, job);
        assertEq(escrow.feesOf(committee, 7), FEE + GATED / 20);
        assertEq(usdc.balanceOf(address(evaluator)), 0);
        assertEq(free(address(evaluator)), 0);
    }

    /// Where their verdict was overturned or missing they earned none of it.
    function test_carryOut_evaluatorFeeOfAnOverturnedVerdictIsTheProviders() public {
        plain.setEvaluatorFee(500);
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Fail);
        disputed(m);
        ruled(m, Outcome.Pass);
        settle(m);
        uint256 before = free(provider);
        carryOut(m, job);
        assertEq(free(provider) - before, GATED / 20);
        assertEq(escrow.feesOf(committee, 7), 0);
    }

    function test_carryOut_evaluatorFeeAfterSilenceIsTheProviders() public {
        plain.setEvaluatorFee(500);
        (Mandate memory m, ForeignJob memory job) = silenced();
        disputed(m);
        ruled(m, Outcome.Pass);
        settle(m);
        uint256 before = free(provider);
        carryOut(m, job);
        assertEq(free(provider) - before, GATED / 20);
    }

    /// USDC that lies here by accident is no evaluator's fee.
    function test_carryOut_leavesAccidentsAlone() public {
        mintUSDC(address(evaluator), 77);
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        carryOut(m, job);
        assertEq(usdc.balanceOf(address(evaluator)), 77);
        assertEq(escrow.feesOf(committee, 7), FEE);
    }

    // ---- what fails there fails here, and can be tried again

    function test_carryOut_revertingEscrow() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        plain.behave(HostileForeign.Manner.Reverts);
        refusedHere(carryCall(m, job), abi.encodeWithSignature("Error(string)", "no"));
        // Nothing of the attempt remained: not even what would have settled it here.
        assertStage(m, IVerdictBook.Stage.Judged);
        // Our side can be closed all the same, so coverage and money do not wait for it.
        settle(m);
        assertEq(reserved(), 0);
        plain.behave(HostileForeign.Manner.Good);
        carryOut(m, job);
        assertEq(uint8(plain.stored(job.jobId).status), uint8(Foreign.Status.Completed));
    }

    function test_carryOut_pausedEscrow() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        plain.setPaused(true);
        vm.warp(recordOf(m).deadline);
        refusedHere(carryCall(m, job), abi.encodeWithSelector(Foreign.Paused.selector));
        plain.setPaused(false);
        carryOut(m, job);
    }

    function test_carryOut_hookForbids() public {
        Gate gate = new Gate();
        ForeignJob memory job = funded(GATED, EXPIRY, address(gate));
        Mandate memory m = mandateFor(job);
        register(m, job);
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        gate.setShut(true);
        refusedHere(carryCall(m, job), abi.encodeWithSignature("Error(string)", "gate"));
        // An admin takes the hook off: that only removes an obstacle.
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.hook = address(0);
        plain.rewrite(job.jobId, s);
        carryOut(m, job);
    }

    function test_carryOut_escrowThatDoesNothing() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        plain.behave(HostileForeign.Manner.Idles);
        refusedHere(carryCall(m, job), notCarriedOut(2));
        plain.behave(HostileForeign.Manner.Swaps);
        refusedHere(carryCall(m, job), notCarriedOut(4));
        plain.behave(HostileForeign.Manner.Good);
        carryOut(m, job);
    }

    /// An upgrade to something with another selector behind a fallback that takes everything.
    function test_carryOut_fallbackThatSucceeds() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        Yes yes = new Yes();
        vm.etch(address(plain), address(yes).code);
        refusedHere(
            carryCall(m, job),
            abi.encodeWithSelector(
                IJobEvaluator.BadAnswer.selector, address(plain), bytes4(keccak256("getJob(uint256)"))
            )
        );
        settle(m);
        assertStage(m, IVerdictBook.Stage.Final);
    }

    function test_carryOut_reentering() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        plain.plan(address(evaluator), carryCall(m, job));
        carryOut(m, job);
        assertEq(bytes4(plain.answer()), bytes4(REENTERED));
        (m, job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        settle(m);
        plain.plan(address(evaluator), noteCall(m, job));
        carryOut(m, job);
        assertEq(bytes4(plain.answer()), bytes4(REENTERED));
        // The book is closed by then.
        (m, job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        plain.plan(address(book), abi.encodeCall(book.settle, (m)));
        carryOut(m, job);
        assertEq(plain.answer(), wrongStage(m, IVerdictBook.Stage.Final));
    }

    function test_carryOut_notWhereTheForeignJobChanged() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.budget *= 2;
        plain.rewrite(job.jobId, s);
        bytes memory reason = abi.encodeWithSelector(IJobEvaluator.ForeignChanged.selector, bytes32("budget"));
        refusedHere(carryCall(m, job), reason);
        settle(m);
        refusedHere(carryCall(m, job), reason);
        vm.expectEmit(address(evaluator));
        emit IJobEvaluator.Overtaken(idOf(m), job.escrow, job.jobId, 2, "budget");
        evaluator.noteOvertaken(m, job);
    }

    /// A pass conceded before the delivery waits for it: `complete` needs a submitted job.
    function test_carryOut_waitsForTheSubmission() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        refusedHere(carryCall(m, job), abi.encodeWithSelector(IJobEvaluator.WrongForeignStatus.selector, 1));
        submit(job);
        carryOut(m, job);
    }

    // ---- ended there by others

    function test_noteOvertaken_afterAFinalVerdict() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        refusedHere(noteCall(m, job), notWaiting(m, IJobEvaluator.Carriage.Waiting));
        settle(m);
        refusedHere(noteCall(m, job), abi.encodeWithSelector(IJobEvaluator.NotOvertaken.selector, idOf(m)));
        vm.warp(job.expiredAt);
        plain.claimRefund(job.jobId);
        refusedHere(carryCall(m, job), abi.encodeWithSelector(IJobEvaluator.WrongForeignStatus.selector, 5));
        vm.expectEmit(address(evaluator));
        emit IJobEvaluator.Overtaken(idOf(m), job.escrow, job.jobId, 5, "");
        evaluator.noteOvertaken(m, job);
        assertEq(uint8(evaluator.carriageOf(idOf(m))), uint8(IJobEvaluator.Carriage.Overtaken));
        refusedHere(carryCall(m, job), notWaiting(m, IJobEvaluator.Carriage.Overtaken));
        // The verdict stays on record.
        assertEq(uint8(recordOf(m).outcome), uint8(Outcome.Pass));
    }

    /// An admin ends the job while it is disputed: the ruling still slashes, and the wronged party is paid here.
    function test_forcedEndDoesNotSaveTheSigners() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Fail);
        disputed(m);
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.status = Foreign.Status.Expired;
        plain.rewrite(job.jobId, s);
        ruled(m, Outcome.Pass);
        settle(m);
        assertLt(stakeOf(0), STAKE);
        evaluator.noteOvertaken(m, job);
    }

    function test_overtake_beforeAVerdict() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        bytes memory call = abi.encodeCall(book.overtake, (m, abi.encode(job)));
        refused(relayer, call, abi.encodeWithSelector(IVerdictBook.NotOvertaken.selector, idOf(m)));
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.status = Foreign.Status.Rejected;
        plain.rewrite(job.jobId, s);
        vm.expectEmit(address(book));
        emit IVerdictBook.Overtaken(idOf(m), ForeignStatus.Ended, "");
        vm.expectEmit(address(book));
        emit IVerdictBook.Finalised(idOf(m), Outcome.Lapse, IVerdictBook.Ending.Overtaken, 0, 0, 0, FEE, 31);
        done(relayer, call);
        assertEq(reserved(), 0);
        assertEq(escrow.feesOf(committee, 31), FEE);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Final));
    }

    function test_overtake_whereTheJobChanged() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.provider = relayer;
        plain.rewrite(job.jobId, s);
        vm.expectEmit(address(book));
        emit IVerdictBook.Overtaken(idOf(m), ForeignStatus.Funded, "provider");
        book.overtake(m, abi.encode(job));
        assertEq(reserved(), 0);
    }

    /// A committee that let judgeBy pass cannot use the foreign job's end to be paid for its silence.
    function test_overtake_afterSilence() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        vm.warp(job.expiredAt);
        plain.claimRefund(job.jobId);
        uint256 before = free(provider);
        book.overtake(m, abi.encode(job));
        assertEq(free(provider) - before, SILENCE);
        assertEq(free(payer), FEE);
        assertEq(stakeOf(4), STAKE - SILENCE / 5);
    }

    /// Unreadable is not overtaken: whoever calls could make it so with too little gas. Time closes such a subject.
    function test_overtake_notWhereItCannotBeRead() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        plain.behave(HostileForeign.Manner.Mute);
        refusedWith(
            relayer, abi.encodeCall(book.overtake, (m, abi.encode(job))), IJobEvaluator.BadAnswer.selector
        );
        vm.warp(m.deliverBy);
        book.lapse(m);
        vm.warp(recordOf(m).deadline);
        settle(m);
        assertEq(reserved(), 0);
    }

    function test_overtake_gasCannotMakeItUnreadable() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        bytes memory call = abi.encodeCall(book.overtake, (m, abi.encode(job)));
        for (uint256 limit = 20_000; limit < 200_000; limit += 3_000) {
            (bool ok,) = address(book).call{gas: limit}(call);
            assertFalse(ok);
        }
    }

    // ---- helpers

    function carriesAsReject(Outcome outcome) private {
        (Mandate memory m, ForeignJob memory job) = judged(outcome);
        vm.warp(recordOf(m).deadline);
        uint256 before = usdc.balanceOf(buyer);
        vm.expectEmit(address(plain));
        emit Foreign.JobRejected(job.jobId, address(evaluator), idOf(m));
        carryOut(m, job);
        assertEq(usdc.balanceOf(buyer) - before, GATED);
    }

    function noteCall(Mandate memory m, ForeignJob memory job) private view returns (bytes memory) {
        return abi.encodeCall(evaluator.noteOvertaken, (m, job));
    }

    function refusedHere(bytes memory call, bytes memory reason) private {
        refusedAt(address(evaluator), relayer, call, reason);
    }

    function notWaiting(Mandate memory m, IJobEvaluator.Carriage carriage)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IJobEvaluator.NotWaiting.selector, idOf(m), carriage);
    }

    function notCarriedOut(uint256 status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IJobEvaluator.NotCarriedOut.selector, status);
    }
}
