// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// dispute, rule, concede and settle, and who gets what at every ending.
contract DisputesTest is EvaluatorFixture {
    uint256 private constant G = GATED;
    uint256 private constant D = GATED / 5;
    uint256 private constant A = ARBITER_COST;
    uint256 private constant H = (D - A + 1) / 2; // half, rounded up
    uint256 private constant M = ((uint256(GATED) + 2) / 3) * 3; // with its rounding
    uint256 private constant SILENT = SILENCE; // five parts of 20

    // ---- dispute

    function test_dispute() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        uint256 before = usdc.balanceOf(buyer);
        uint40 until = uint40(block.timestamp + 2 days);
        vm.expectEmit(address(book));
        emit IVerdictBook.Disputed(idOf(m), buyer, Outcome.Fail, D, until);
        done(buyer, disputeCall(m, buyer, Outcome.Fail));
        assertEq(usdc.balanceOf(buyer), before - D);
        assertEq(free(address(book)), FEE + D);
        (address by, uint256 rulingEnds, address a, address b) = book.rulingOf(idOf(m));
        assertEq(by, arbiter);
        assertEq(rulingEnds, until);
        assertEq(a, buyer);
        assertEq(b, provider);
    }

    function test_dispute_byAuthorizationOrCollateral() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = disputeDigest(m, buyer, Outcome.Pass, Outcome.Fail, expiry);
        bytes memory pays = signReceiveUSDC(buyerKey, address(book), D, 0, expiry, digest);
        vm.prank(relayer);
        book.dispute(m, buyer, Outcome.Fail, expiry, Funding.Authorization, pays);
        assertEq(free(address(book)), FEE + D);

        (m,) = judged(Outcome.Fail);
        digest = disputeDigest(m, provider, Outcome.Fail, Outcome.Pass, expiry);
        bytes32 pledge = typed(
            keccak256(
                abi.encode(
                    keccak256(
                        "Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)"
                    ),
                    provider,
                    address(book),
                    digest,
                    D,
                    expiry
                )
            )
        );
        bytes memory signature = sign(providerKey, pledge);
        vm.prank(relayer);
        book.dispute(m, provider, Outcome.Pass, expiry, Funding.Collateral, signature);
        assertEq(free(provider), 10_000e6 - D);
        assertStage(m, IVerdictBook.Stage.Disputed);
    }

    function test_dispute_paidBySomebodyElse() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = disputeDigest(m, buyer, Outcome.Pass, Outcome.Lapse, expiry);
        bytes memory signature = sign(buyerKey, digest);
        bytes memory call =
            abi.encodeCall(book.dispute, (m, buyer, Outcome.Lapse, expiry, Funding.Allowance, signature));
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.warp(expiry - 1);
        bytes memory other = sign(providerKey, digest);
        refused(
            relayer,
            abi.encodeCall(book.dispute, (m, buyer, Outcome.Lapse, expiry, Funding.Allowance, other)),
            abi.encodeWithSelector(ILedger.NotSignedBy.selector, buyer, digest)
        );
        done(relayer, call);
        assertEq(usdc.balanceOf(relayer), 1_000_000e6 - D);
    }

    function test_dispute_refused() public {
        (Mandate memory m,) = delivered();
        bytes memory call = disputeCall(m, buyer, Outcome.Fail);
        refused(buyer, call, wrongStage(m, IVerdictBook.Stage.Registered));
        (m,) = judged(Outcome.Pass);
        refused(provider, disputeCall(m, provider, Outcome.Fail), notAllowed(provider));
        refused(buyer, disputeCall(m, buyer, Outcome.Pass), notAllowed(buyer));
        refused(relayer, disputeCall(m, relayer, Outcome.Fail), notAllowed(relayer));
        refused(
            buyer,
            disputeCall(m, buyer, Outcome.None),
            abi.encodeWithSelector(IVerdictBook.NoOutcome.selector)
        );
        call = disputeCall(m, buyer, Outcome.Fail);
        vm.chainId(1);
        refused(buyer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
        vm.chainId(HOME);
        vm.warp(recordOf(m).deadline);
        refused(buyer, call, tooLate(block.timestamp));
        vm.warp(block.timestamp - 1);
        done(buyer, call);
        refused(buyer, call, wrongStage(m, IVerdictBook.Stage.Disputed));
    }

    // ---- rule

    function test_rule() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        vm.expectEmit(address(book));
        emit IVerdictBook.Ruled(idOf(m), arbiter, Outcome.Fail, A);
        ruled(m, Outcome.Fail);
        assertEq(free(arbiter), A);
        assertStage(m, IVerdictBook.Stage.Ruled);
        (address by,,,) = book.rulingOf(idOf(m));
        assertEq(by, address(0));
        // The ruling is final at once; only handing out is left, and no time has to pass.
        settle(m);
        assertStage(m, IVerdictBook.Stage.Final);
    }

    function test_rule_refused() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        bytes32 subject = idOf(m);
        bytes memory call = abi.encodeCall(book.rule, (subject, Outcome.Fail, 0));
        refused(arbiter, call, wrongStage(m, IVerdictBook.Stage.Judged));
        disputed(m);
        refused(relayer, call, abi.encodeWithSelector(IVerdictBook.NotTheArbiter.selector, relayer, arbiter));
        refused(
            arbiter,
            abi.encodeCall(book.rule, (subject, Outcome.None, 0)),
            abi.encodeWithSelector(IVerdictBook.NoOutcome.selector)
        );
        refused(
            arbiter,
            abi.encodeCall(book.rule, (subject, Outcome.Fail, 5)),
            abi.encodeWithSelector(IVerdictBook.PayableNotZero.selector, 5)
        );
        uint256 limit = recordOf(m).deadline;
        vm.warp(limit);
        refused(arbiter, call, tooLate(limit));
        vm.warp(limit - 1);
        done(arbiter, call);
        refused(arbiter, call, wrongStage(m, IVerdictBook.Stage.Ruled));
    }

    // ---- concede

    function test_concede_beforeAVerdict() public {
        (Mandate memory m,) = delivered();
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        assertFinal(m, Outcome.Pass);
        (m,) = registered();
        vm.prank(provider);
        book.concede(m, provider, 0, "");
        assertFinal(m, Outcome.Fail);
    }

    function test_concede_judged() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        refused(provider, abi.encodeCall(book.concede, (m, provider, 0, "")), notAllowed(provider));
        vm.prank(buyer);
        book.concede(m, buyer, 0, "");
        assertFinal(m, Outcome.Pass);
        (m,) = silenced();
        refused(buyer, abi.encodeCall(book.concede, (m, buyer, 0, "")), notAllowed(buyer));
        refused(provider, abi.encodeCall(book.concede, (m, provider, 0, "")), notAllowed(provider));
    }

    function test_concede_disputed() public {
        (Mandate memory m,) = judged(Outcome.Fail);
        disputed(m);
        refused(buyer, abi.encodeCall(book.concede, (m, buyer, 0, "")), notAllowed(buyer));
        vm.prank(provider);
        book.concede(m, provider, 0, "");
        assertFinal(m, Outcome.Fail);
        assertEq(free(arbiter), A);
        // A disputant cannot give in where the provisional outcome is Lapse.
        (m,) = silenced();
        disputed(m);
        refused(provider, abi.encodeCall(book.concede, (m, provider, 0, "")), notAllowed(provider));
    }

    function test_concede_bySignature() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 5;
        bytes32 digest = concessionDigest(m, buyer, IVerdictBook.Stage.Judged, Outcome.Pass, expiry);
        bytes memory signature = sign(buyerKey, digest);
        bytes memory call = abi.encodeCall(book.concede, (m, buyer, expiry, signature));
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.warp(expiry - 1);
        vm.chainId(1);
        refused(relayer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
        vm.chainId(HOME);
        // One for another stage is none for this.
        bytes memory early =
            sign(buyerKey, concessionDigest(m, buyer, IVerdictBook.Stage.Registered, Outcome.Pass, expiry));
        refused(
            relayer,
            abi.encodeCall(book.concede, (m, buyer, expiry, early)),
            abi.encodeWithSelector(ILedger.NotSignedBy.selector, buyer, digest)
        );
        done(relayer, call);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Final));
    }

    function test_concede_strangersRefused() public {
        (Mandate memory m,) = registered();
        refused(relayer, abi.encodeCall(book.concede, (m, relayer, 0, "")), notAllowed(relayer));
        m.pact = "unknown";
        refused(
            buyer, abi.encodeCall(book.concede, (m, buyer, 0, "")), wrongStage(m, IVerdictBook.Stage.None)
        );
    }

    // ---- settle

    function test_settle_refused() public {
        (Mandate memory m,) = delivered();
        bytes memory call = abi.encodeCall(book.settle, (m));
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Registered));
        (m,) = judged(Outcome.Pass);
        call = abi.encodeCall(book.settle, (m));
        vm.warp(recordOf(m).deadline - 1);
        refused(relayer, call, tooEarly(recordOf(m).deadline));
        disputed(m);
        vm.warp(recordOf(m).deadline - 1);
        refused(relayer, call, tooEarly(recordOf(m).deadline));
        vm.warp(recordOf(m).deadline);
        vm.expectEmit(address(book));
        emit IVerdictBook.Finalised(idOf(m), Outcome.Pass, IVerdictBook.Ending.RulingOver, D, 0, 0, FEE, 7);
        done(relayer, call);
        refused(relayer, call, wrongStage(m, IVerdictBook.Stage.Final));
    }

    /// Time still closes everything after a fork.
    function test_settle_afterAFork() public {
        (Mandate memory m,) = judged(Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        vm.chainId(1);
        settle(m);
    }

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

    function assertFinal(Mandate memory m, Outcome outcome) private view {
        assertStage(m, IVerdictBook.Stage.Final);
        assertEq(uint8(recordOf(m).outcome), uint8(outcome), "outcome");
    }

    function notAllowed(address party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.NotAllowed.selector, party);
    }

    function disputeDigest(
        Mandate memory m,
        address party,
        Outcome provisional,
        Outcome sought,
        uint256 expiry
    ) private view returns (bytes32) {
        return bookTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "Dispute(bytes32 subject,address party,uint8 provisional,uint8 sought,uint256 expiry)"
                    ),
                    idOf(m),
                    party,
                    provisional,
                    sought,
                    expiry
                )
            )
        );
    }

    function concessionDigest(
        Mandate memory m,
        address party,
        IVerdictBook.Stage stage,
        Outcome outcome,
        uint256 expiry
    ) private view returns (bytes32) {
        return bookTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "Concession(bytes32 subject,address party,uint8 stage,uint8 outcome,uint256 expiry)"
                    ),
                    idOf(m),
                    party,
                    stage,
                    outcome,
                    expiry
                )
            )
        );
    }
}
