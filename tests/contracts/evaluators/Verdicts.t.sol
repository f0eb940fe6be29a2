// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ForeignStatus, Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook, Judgement} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Basis, Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {Foreign} from "./standins/Foreign.sol";
import {HostileForeign} from "./standins/Hostile.sol";

/// deliver, judge, attest and lapse.
contract VerdictsTest is EvaluatorFixture {
    // ---- deliver

    function test_deliver() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        submit(job);
        vm.expectEmit(address(book));
        emit IVerdictBook.Delivered(idOf(m), DELIVERABLE);
        deliver(m, job);
        assertEq(recordOf(m).deliverable, DELIVERABLE);
    }

    function test_deliver_bySignature() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        submit(job);
        uint256 expiry = block.timestamp + 10;
        bytes32 digest = deliveryDigest(m, DELIVERABLE, expiry);
        bytes memory signature = sign(providerKey, digest);
        bytes memory call = abi.encodeCall(book.deliver, (m, abi.encode(job), DELIVERABLE, expiry, signature));
        bytes32 other = keccak256("other");
        refused(
            relayer,
            abi.encodeCall(book.deliver, (m, abi.encode(job), other, expiry, signature)),
            abi.encodeWithSelector(ILedger.NotSignedBy.selector, provider, deliveryDigest(m, other, expiry))
        );
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.warp(expiry - 1);
        done(relayer, call);
        assertEq(recordOf(m).deliverable, DELIVERABLE);
    }

    function test_deliver_refused() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        bytes memory call = abi.encodeCall(book.deliver, (m, abi.encode(job), DELIVERABLE, 0, ""));
        refused(provider, call, notReady(ForeignStatus.Funded));
        submit(job);
        refused(relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, 0, block.timestamp));
        refused(
            provider,
            abi.encodeCall(book.deliver, (m, abi.encode(job), 0, 0, "")),
            abi.encodeWithSelector(IVerdictBook.WrongDeliverable.selector, idOf(m), bytes32(0))
        );
        vm.warp(m.deliverBy);
        refused(provider, call, tooLate(m.deliverBy));
        vm.warp(m.deliverBy - 1);
        done(provider, call);
        refused(provider, call, abi.encodeWithSelector(IVerdictBook.AlreadyDelivered.selector, idOf(m)));
        Mandate memory unknown = mandateFor(job);
        unknown.pact = "another";
        refused(
            provider,
            abi.encodeCall(book.deliver, (unknown, abi.encode(job), DELIVERABLE, 0, "")),
            wrongStage(unknown, IVerdictBook.Stage.None)
        );
    }

    // ---- judge

    function test_judge() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        bytes memory call = judgeCall(m, job, Outcome.Pass, 7);
        Judgement memory j = judgementOn(m, Outcome.Pass, 7);
        bytes32[] memory evidence = new bytes32[](3);
        for (uint256 i; i < 3; ++i) {
            evidence[i] = j.attested[i].evidence;
        }
        uint40 ends = uint40(block.timestamp + 1 days);
        vm.expectEmit(address(book));
        emit IVerdictBook.Judged(idOf(m), Outcome.Pass, 7, GATED, ends, evidence);
        done(relayer, call);
        IVerdictBook.Record memory r = recordOf(m);
        assertEq(uint8(r.stage), uint8(IVerdictBook.Stage.Judged));
        assertEq(uint8(r.outcome), uint8(Outcome.Pass));
        assertEq(uint8(r.basis), uint8(Basis.Verdict));
        assertEq(r.set, 7);
        assertEq(r.deadline, ends);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Judged));
    }

    function test_judge_onlyWithAQuorum() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        refused(
            relayer,
            judgeCall(m, job, Outcome.Pass, 3),
            abi.encodeWithSelector(IVerdictBook.NotAQuorum.selector, 2, 3)
        );
        refused(
            relayer,
            judgeCall(m, job, Outcome.Pass, 15),
            abi.encodeWithSelector(IVerdictBook.NotAQuorum.selector, 4, 3)
        );
        Judgement memory j = judgementOn(m, Outcome.Pass, 7);
        j.signers = 15;
        refused(
            relayer,
            abi.encodeCall(book.judge, (m, abi.encode(job), j)),
            abi.encodeWithSelector(ICoverage.SignerCount.selector, 4, 3)
        );
        j = judgementOn(m, Outcome.Pass, 7);
        j.outcome = Outcome.Fail;
        refusedWith(
            relayer, abi.encodeCall(book.judge, (m, abi.encode(job), j)), ICoverage.NotTheKey.selector
        );
        j.outcome = Outcome.None;
        refusedWith(
            relayer, abi.encodeCall(book.judge, (m, abi.encode(job), j)), ICoverage.BadOutcome.selector
        );
    }

    /// Attestations on one subject are worth nothing on another, though job, parties and deliverable are alike.
    function test_judge_attestationsOfAnotherSubjectRefused() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        (Mandate memory other,) = delivered();
        Judgement memory j = judgementOn(other, Outcome.Pass, 7);
        refusedWith(
            relayer, abi.encodeCall(book.judge, (m, abi.encode(job), j)), ICoverage.NotTheKey.selector
        );
    }

    function test_judge_onlyTheAnchoredDeliverable() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        submit(job);
        refused(relayer, judgeCall(m, job, Outcome.Pass, 7), wrongDeliverable(m, DELIVERABLE));
        deliver(m, job);
        Judgement memory j = judgementOn(m, Outcome.Pass, 7);
        j.deliverable = "other";
        refused(relayer, abi.encodeCall(book.judge, (m, abi.encode(job), j)), wrongDeliverable(m, "other"));
        j.deliverable = 0;
        refused(relayer, abi.encodeCall(book.judge, (m, abi.encode(job), j)), wrongDeliverable(m, 0));
    }

    function test_judge_beforeJudgeBy() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        vm.warp(m.judgeBy);
        refused(relayer, judgeCall(m, job, Outcome.Pass, 7), tooLate(m.judgeBy));
        vm.warp(m.judgeBy - 1);
        done(relayer, judgeCall(m, job, Outcome.Pass, 7));
    }

    /// What another path ended, or an admin rewrote, is not judged.
    function test_judge_refusedWhereTheForeignJobChanged() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        bytes memory call = judgeCall(m, job, Outcome.Pass, 7);
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.budget += 1;
        plain.rewrite(job.jobId, s);
        refused(relayer, call, changed("budget"));
        s.budget -= 1;
        s.expiredAt -= 10 days;
        plain.rewrite(job.jobId, s);
        refused(relayer, call, changed("expiredAt"));
        s.expiredAt += 10 days;
        s.evaluator = relayer;
        plain.rewrite(job.jobId, s);
        refused(relayer, call, changed("evaluator"));
        (s.evaluator, s.status) = (address(evaluator), Foreign.Status.Funded);
        plain.rewrite(job.jobId, s);
        refused(relayer, call, notReady(ForeignStatus.Funded));
        s.status = Foreign.Status.Expired;
        plain.rewrite(job.jobId, s);
        refused(relayer, call, notReady(ForeignStatus.Ended));
        plain.behave(HostileForeign.Manner.Mute);
        refused(
            relayer,
            call,
            abi.encodeWithSelector(
                IJobEvaluator.BadAnswer.selector, address(plain), bytes4(keccak256("getJob(uint256)"))
            )
        );
    }

    function test_judge_afterAForkRefused() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        bytes memory call = judgeCall(m, job, Outcome.Pass, 7);
        vm.chainId(1);
        refused(relayer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
    }

    // ---- attest

    function test_attest() public {
        (Mandate memory m,) = delivered();
        Judgement memory j = judgementOn(m, Outcome.Fail, 9);
        bytes32[] memory evidence = new bytes32[](2);
        (evidence[0], evidence[1]) = (j.attested[0].evidence, j.attested[1].evidence);
        vm.expectEmit(address(book));
        emit IVerdictBook.AttestationsPosted(idOf(m), DELIVERABLE, Outcome.Fail, 9, evidence);
        book.attest(m, j);
        book.attest(m, judgementOn(m, Outcome.Pass, 2));
        assertEq(recordOf(m).posted, 11);
    }

    function test_attest_refused() public {
        (Mandate memory m,) = registered();
        refused(
            relayer,
            abi.encodeCall(book.attest, (m, judgementOn(m, Outcome.Fail, 1))),
            wrongDeliverable(m, DELIVERABLE)
        );
        (m,) = delivered();
        refused(
            relayer,
            abi.encodeCall(book.attest, (m, judgementOn(m, Outcome.Fail, 0))),
            abi.encodeWithSelector(IVerdictBook.NotAQuorum.selector, 0, 1)
        );
        Judgement memory j = judgementOn(m, Outcome.Fail, 1);
        j.signers = 2;
        refusedWith(relayer, abi.encodeCall(book.attest, (m, j)), ICoverage.NotTheKey.selector);
        bytes memory call = abi.encodeCall(book.attest, (m, judgementOn(m, Outcome.Fail, 1)));
        vm.chainId(1);
        refused(relayer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
        vm.chainId(HOME);
        vm.warp(m.judgeBy);
        refused(relayer, call, tooLate(m.judgeBy));
        book.lapse(m);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Judged));
    }

    /// A foreign escrow that hides while it should be judged can neither make evaluators silent nor bind their stake for
    /// nothing: a quorum that was posted becomes the verdict, is paid, and answers for it.
    function test_attest_aQuorumBecomesTheVerdict() public {
        (Mandate memory m, ForeignJob memory job) = hidden();
        vm.expectEmit(address(book));
        emit IVerdictBook.Lapsed(
            idOf(m), Outcome.Pass, Basis.Verdict, 7, uint40(block.timestamp + LAPSE_CHALLENGE)
        );
        book.lapse(m);
        vm.warp(recordOf(m).deadline);
        settle(m);
        assertEq(uint8(recordOf(m).outcome), uint8(Outcome.Pass));
        assertEq(escrow.feesOf(committee, 7), FEE);
        assertEq(free(payer), 0);
        plain.behave(HostileForeign.Manner.Good);
        carryOut(m, job);
    }

    function test_attest_aPostedQuorumIsSlashedWhenOverturned() public {
        (Mandate memory m,) = hidden();
        book.lapse(m);
        disputed(m);
        ruled(m, Outcome.Fail);
        settle(m);
        assertLt(stakeOf(0), STAKE);
        assertEq(stakeOf(3), STAKE);
        assertEq(escrow.feesOf(committee, 7), 0);
    }

    function test_attest_theFirstQuorumCounts() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        book.attest(m, judgementOn(m, Outcome.Lapse, 3)); // two are none
        assertEq(recordOf(m).set, 0);
        // More than k are no verdict either: exactly k answer for one.
        book.attest(m, judgementOn(m, Outcome.Lapse, 15));
        assertEq(recordOf(m).set, 0);
        book.attest(m, judgementOn(m, Outcome.Pass, 28));
        book.attest(m, judgementOn(m, Outcome.Fail, 7));
        assertEq(recordOf(m).set, 28);
        assertEq(uint8(recordOf(m).outcome), uint8(Outcome.Pass));
        // What the adapter accepts in time goes before it.
        judge(m, job, Outcome.Fail);
        assertEq(recordOf(m).set, 7);
        assertEq(uint8(recordOf(m).outcome), uint8(Outcome.Fail));
    }

    /// Whoever did the work is paid where parties or others end it before the verdict could stand.
    function test_attest_aPostedQuorumEarnsWhereOthersEndIt() public {
        (Mandate memory m, ForeignJob memory job) = hidden();
        plain.behave(HostileForeign.Manner.Good);
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.status = Foreign.Status.Expired;
        plain.rewrite(job.jobId, s);
        book.overtake(m, abi.encode(job));
        assertEq(escrow.feesOf(committee, 7), FEE);
        (m,) = hidden();
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        assertEq(escrow.feesOf(committee, 7), 2 * FEE);
        for (uint256 i; i < N; ++i) {
            assertEq(stakeOf(i), STAKE);
        }
    }

    /// A few who post are not fined for the rest.
    function test_attest_shortOfAQuorum() public {
        (Mandate memory m,) = delivered();
        plain.behave(HostileForeign.Manner.Mute);
        book.attest(m, judgementOn(m, Outcome.Pass, 3));
        vm.warp(m.judgeBy);
        book.lapse(m);
        assertEq(recordOf(m).set, 28);
        vm.warp(recordOf(m).deadline);
        settle(m);
        assertEq(stakeOf(0), STAKE);
        assertLt(stakeOf(2), STAKE);
    }

    // ---- lapse

    function test_lapse_noShow() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        submit(job); // submitted there but not anchored here is a no-show
        bytes memory call = abi.encodeCall(book.lapse, (m));
        vm.warp(m.deliverBy - 1);
        refused(relayer, call, tooEarly(m.deliverBy));
        vm.warp(m.deliverBy);
        vm.expectEmit(address(book));
        emit IVerdictBook.Lapsed(
            idOf(m), Outcome.Fail, Basis.NoShow, 0, uint40(block.timestamp + LAPSE_CHALLENGE)
        );
        done(relayer, call);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Judged));
    }

    function test_lapse_silence() public {
        (Mandate memory m,) = delivered();
        book.attest(m, judgementOn(m, Outcome.Pass, 2));
        bytes memory call = abi.encodeCall(book.lapse, (m));
        vm.warp(m.judgeBy - 1);
        refused(relayer, call, tooEarly(m.judgeBy));
        vm.warp(m.judgeBy);
        vm.expectEmit(address(book));
        emit IVerdictBook.Lapsed(
            idOf(m), Outcome.Lapse, Basis.Silence, 29, uint40(block.timestamp + LAPSE_CHALLENGE)
        );
        done(relayer, call);
    }

    /// Called late, the challenge ends when it would have ended at the latest, so that a ruling still fits.
    function test_lapse_late() public {
        (Mandate memory m, ForeignJob memory job) = delivered();
        uint256 latest = m.judgeBy + LAPSE_CHALLENGE;
        vm.warp(latest - 5);
        book.lapse(m);
        assertEq(recordOf(m).deadline, latest);
        done(provider, disputeCall(m, provider, Outcome.Pass));
        assertLe(recordOf(m).deadline + 1 hours, job.expiredAt);
        (m,) = delivered();
        latest = m.judgeBy + LAPSE_CHALLENGE;
        vm.warp(latest + 100);
        book.lapse(m);
        assertEq(recordOf(m).deadline, block.timestamp);
        refused(provider, disputeCall(m, provider, Outcome.Pass), tooLate(block.timestamp));
        settle(m);
    }

    function test_lapse_unknownRefused() public {
        Mandate memory m = mandateFor(funded());
        refused(relayer, abi.encodeCall(book.lapse, (m)), wrongStage(m, IVerdictBook.Stage.None));
    }

    // ---- helpers

    /// Delivered, and a quorum posted for Pass while the escrow cannot be read; judgeBy has come.
    function hidden() private returns (Mandate memory m, ForeignJob memory job) {
        plain.behave(HostileForeign.Manner.Good);
        (m, job) = delivered();
        plain.behave(HostileForeign.Manner.Mute);
        refusedWith(relayer, judgeCall(m, job, Outcome.Pass, 7), IJobEvaluator.BadAnswer.selector);
        book.attest(m, judgementOn(m, Outcome.Pass, 7));
        vm.warp(m.judgeBy);
    }

    function deliveryDigest(Mandate memory m, bytes32 deliverable, uint256 expiry)
        private
        view
        returns (bytes32)
    {
        return bookTyped(
            keccak256(
                abi.encode(
                    keccak256("Delivery(bytes32 subject,bytes32 deliverable,uint256 expiry)"),
                    idOf(m),
                    deliverable,
                    expiry
                )
            )
        );
    }

    function wrongDeliverable(Mandate memory m, bytes32 named) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.WrongDeliverable.selector, idOf(m), named);
    }

    function notReady(ForeignStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.ForeignNotReady.selector, status);
    }
}
