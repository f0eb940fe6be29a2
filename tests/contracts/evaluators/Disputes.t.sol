// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// dispute, rule, concede and settle. Who gets what is in Ends.t.sol.
contract DisputesTest is EvaluatorFixture {
    uint256 private constant D = GATED / 5;
    uint256 private constant A = ARBITER_COST;

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

    // ---- helpers

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
