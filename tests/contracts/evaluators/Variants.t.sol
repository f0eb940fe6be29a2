// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator, Variant} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IERC8183} from "../../../contracts/evaluators/libraries/ForeignJobs.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Committee, Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {
    ClaimsForeign,
    Foreign,
    GracedForeign,
    KernelForeign,
    PackedForeign,
    PlainForeign
} from "./standins/Foreign.sol";
import {Parrot} from "./standins/Hostile.sol";

/// Every form of ERC-8183 in the field, from funding to what the verdict moves.
contract VariantsTest is EvaluatorFixture {
    KernelForeign private kernel;
    PackedForeign private packed;
    GracedForeign private graced;
    ClaimsForeign private claims;

    function setUp() public override {
        super.setUp();
        kernel = new KernelForeign(address(usdc));
        packed = new PackedForeign(address(usdc));
        graced = new GracedForeign();
        claims = new ClaimsForeign();
    }

    /// The selectors computed from the peers' own sources.
    function test_selectors() public view {
        assertEq(IERC8183.complete.selector, bytes4(0xd75bbdf3));
        assertEq(IERC8183.reject.selector, bytes4(0x41dd26f5));
        assertEq(Foreign.submit.selector, bytes4(0x9e63798d));
        assertEq(Foreign.complete.selector, bytes4(0xd75bbdf3));
        assertEq(Foreign.reject.selector, bytes4(0x41dd26f5));
        assertEq(plain.getJob.selector, bytes4(0xbf22c457));
        assertEq(kernel.getJob.selector, bytes4(0xbf22c457));
        assertEq(packed.getJob.selector, bytes4(0xbf22c457));
        assertEq(graced.getJob.selector, bytes4(0xbf22c457));
        assertEq(claims.getJob.selector, bytes4(0xbf22c457));
        assertEq(plain.createJob.selector, bytes4(0x41528812));
        assertEq(packed.createJob.selector, bytes4(0x41528812));
        assertEq(graced.createJob.selector, bytes4(0x1c226749));
        assertEq(claims.createJob.selector, bytes4(0xbaf3ede2));
        assertEq(plain.setProvider.selector, bytes4(0xc9a84bb9));
        assertEq(packed.setProvider.selector, bytes4(0xd0fae591));
        assertEq(graced.setProvider.selector, bytes4(0xfac3246c));
        assertEq(claims.setProvider.selector, bytes4(0x2c8b9c5b));
        assertEq(plain.setBudget.selector, bytes4(0xdd4ae9d4));
        assertEq(graced.setBudget.selector, bytes4(0xf3302b89));
        assertEq(claims.setBudget.selector, bytes4(0xf3302b89));
        assertEq(plain.fund.selector, bytes4(0xd2e13f50));
        assertEq(graced.fund.selector, bytes4(0xd2e13f50));
        assertEq(claims.fund.selector, bytes4(0x1f989ec8));
        assertEq(plain.claimRefund.selector, bytes4(0x5b7baf64));
        assertEq(claims.claimRefund.selector, bytes4(0xd2fd101b));
        assertEq(claims.settleClaim.selector, bytes4(0xe8bcf104));
    }

    function test_everyVariant_pass() public {
        for (uint8 v; v < 5; ++v) {
            whole(Variant(v), Outcome.Pass);
        }
    }

    function test_everyVariant_fail() public {
        for (uint8 v; v < 5; ++v) {
            whole(Variant(v), Outcome.Fail);
        }
    }

    function test_everyVariant_tokenOtherThanUSDCRefused() public {
        kernel = new KernelForeign(makeAddr("token"));
        packed = new PackedForeign(makeAddr("token"));
        for (uint8 v = 1; v < 5; ++v) {
            ForeignJob memory job = inVariant(Variant(v));
            if (v > 2) {
                Foreign.Stored memory s = Foreign(job.escrow).stored(job.jobId);
                s.token = makeAddr("token");
                Foreign(job.escrow).rewrite(job.jobId, s);
            }
            refused(payer, registerCall(mandateFor(job), job), changed("token"));
        }
    }

    /// C and D leave the evaluator an hour after expiry; it is counted on.
    function test_graceCounts() public {
        uint256 needed = 3 days + 1 days + 2 days + 1 hours;
        for (uint8 v = 3; v < 5; ++v) {
            ForeignJob memory job = inVariant(Variant(v), needed - 1 hours - 1);
            uint256 from = block.timestamp;
            refused(
                payer,
                registerCall(mandateFor(job), job),
                abi.encodeWithSelector(IVerdictBook.EndsTooLate.selector, from + needed, from + needed - 1)
            );
            job = inVariant(Variant(v), needed - 1 hours);
            register(mandateFor(job), job);
        }
    }

    /// The last ruling, in the last second, is carried out in the grace; nobody can have it refunded before.
    function test_graceIsEnoughForTheLastRuling() public {
        ForeignJob memory job = inVariant(Variant.Claims, 3 days + 1 days + 2 days);
        Mandate memory m = mandateFor(job);
        register(m, job);
        submit(job);
        deliver(m, job);
        vm.warp(m.judgeBy - 1);
        judge(m, job, Outcome.Fail);
        vm.warp(recordOf(m).deadline - 1);
        disputed(m);
        vm.warp(recordOf(m).deadline - 1);
        ruled(m, Outcome.Pass);
        vm.warp(job.expiredAt + 1 hours - 1);
        vm.expectRevert(Foreign.WrongStatus.selector);
        claims.claimRefund(job.jobId, "");
        uint256 before = usdc.balanceOf(provider);
        carryOut(m, job);
        assertEq(usdc.balanceOf(provider) - before, GATED);
    }

    /// In D the buyer may settle a part while the job is funded: the verdict then moves only the rest, and only that is
    /// slashed. It does not keep the job from being judged.
    function test_claims_partlySettled() public {
        ForeignJob memory job = inVariant(Variant.Claims);
        Mandate memory m = mandateFor(job);
        register(m, job);
        vm.prank(buyer);
        claims.settleClaim(job.jobId, 400e6, "part", "");
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        assertEq(recordOf(m).value, 600e6);
        disputed(m);
        assertEq(free(address(book)), FEE + 600e6 / 5);
        ruled(m, Outcome.Fail);
        settle(m);
        assertEq(stakeOf(0), STAKE - 200e6);
        uint256 before = usdc.balanceOf(buyer);
        carryOut(m, job);
        assertEq(usdc.balanceOf(buyer) - before, 600e6);
    }

    function test_claims_settledBeforeRegistration() public {
        ForeignJob memory job = inVariant(Variant.Claims);
        vm.prank(buyer);
        claims.settleClaim(job.jobId, 400e6, "part", "");
        Mandate memory m = mandateFor(job);
        refused(payer, registerCall(m, job), changed("held"));
        m.value = 600e6;
        register(m, job);
    }

    /// All of it settled: nothing is left to lose, so the deposit is the arbiter's cost.
    function test_claims_whollySettled() public {
        ForeignJob memory job = inVariant(Variant.Claims);
        Mandate memory m = mandateFor(job);
        register(m, job);
        vm.prank(buyer);
        claims.settleClaim(job.jobId, GATED, "all", "");
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        assertEq(recordOf(m).value, 0);
        disputed(m);
        assertEq(free(address(book)), FEE + ARBITER_COST);
        ruled(m, Outcome.Fail);
        settle(m);
        assertEq(stakeOf(0), STAKE);
        carryOut(m, job);
    }

    /// With nothing at stake and an arbiter that costs nothing, D is zero and no payment carries the party's consent: it is
    /// asked for all the same.
    function test_claims_disputeThatCostsNothingNeedsConsent() public {
        Committee memory terms = defaultCommittee();
        (terms.salt, terms.arbiterCost) = (9, 0);
        committee = escrow.createCommittee(terms);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, address(book));
        }
        ForeignJob memory job = inVariant(Variant.Claims);
        Mandate memory m = mandateFor(job);
        register(m, job);
        vm.prank(buyer);
        claims.settleClaim(job.jobId, GATED, "all", "");
        submit(job);
        deliver(m, job);
        judge(m, job, Outcome.Pass);
        Funding[3] memory ways = [Funding.Authorization, Funding.Allowance, Funding.Collateral];
        for (uint256 i; i < 3; ++i) {
            refusedWith(
                relayer,
                abi.encodeCall(book.dispute, (m, buyer, Outcome.Fail, type(uint256).max, ways[i], "")),
                ILedger.MalformedSignature.selector
            );
        }
        vm.prank(buyer);
        book.dispute(m, buyer, Outcome.Fail, 0, Funding.Collateral, "");
        ruled(m, Outcome.Fail);
        settle(m);
        assertEq(free(address(book)), 0);
    }

    /// No escrow is believed a grace beyond a day.
    function test_graceIsCapped() public {
        uint256 needed = 3 days + 1 days + 2 days + 1 hours;
        ForeignJob memory job = inVariant(Variant.Graced, needed - 1 days - 1);
        vm.mockCall(
            address(graced), abi.encodeWithSignature("EVALUATION_GRACE_PERIOD()"), abi.encode(1000 days)
        );
        refusedWith(payer, registerCall(mandateFor(job), job), IVerdictBook.EndsTooLate.selector);
        job = inVariant(Variant.Graced, needed - 1 days);
        vm.mockCall(
            address(graced), abi.encodeWithSignature("EVALUATION_GRACE_PERIOD()"), abi.encode(1000 days)
        );
        register(mandateFor(job), job);
    }

    /// A job whose form fits but whose token cannot be found, or is no address.
    function test_reading_noToken() public {
        ForeignJob memory job = inVariant(Variant.Graced);
        job.variant = Variant.Plain;
        refused(
            payer,
            registerCall(mandateFor(job), job),
            abi.encodeWithSelector(
                IJobEvaluator.BadAnswer.selector, address(graced), bytes4(keccak256("paymentToken()"))
            )
        );
        job = inVariant(Variant.Packed);
        vm.mockCall(address(packed), abi.encodeWithSignature("paymentToken()"), abi.encode(uint256(1) << 160));
        refusedWith(payer, registerCall(mandateFor(job), job), IJobEvaluator.BadAnswer.selector);
        vm.mockCall(address(packed), abi.encodeWithSignature("paymentToken()"), hex"01");
        refusedWith(payer, registerCall(mandateFor(job), job), IJobEvaluator.BadAnswer.selector);
    }

    /// Answers are read word by word: however long the description, only the words that count are looked at.
    function test_reading_longDescription() public {
        bytes memory long = new bytes(50_000);
        vm.startPrank(buyer);
        uint256 id =
            plain.createJob(provider, address(evaluator), block.timestamp + EXPIRY, string(long), address(0));
        plain.setBudget(id, GATED, "");
        usdc.approve(address(plain), GATED);
        plain.fund(id, GATED, "");
        vm.stopPrank();
        ForeignJob memory job = ForeignJob(
            address(plain), id, Variant.Plain, GATED, block.timestamp + EXPIRY, address(0), keccak256("")
        );
        register(mandateFor(job), job);
    }

    /// Random words in place of a job: refused, or read as what they are; never something else.
    function testFuzz_reading_garbage(uint8 v, bytes32 seed, uint8 length, uint8 good) public {
        Parrot parrot = new Parrot();
        bytes memory words;
        for (uint256 i; i < length % 20; ++i) {
            uint256 word = uint256(keccak256(abi.encode(seed, i)));
            if (i == 0 && good & 1 == 0) word = 32;
            if (good & 2 == 0 && i != 0) word %= 6;
            words = bytes.concat(words, bytes32(word));
        }
        parrot.teach(words);
        ForeignJob memory job = ForeignJob(
            address(parrot), 1, Variant(v % 5), GATED, block.timestamp + EXPIRY, address(0), keccak256("")
        );
        Mandate memory m = mandateFor(job);
        bytes memory call = registerCall(m, job);
        vm.prank(payer);
        (bool ok, bytes memory data) = address(book).call(call);
        assertFalse(ok);
        bytes4 why = bytes4(data);
        assertTrue(
            why == IJobEvaluator.BadAnswer.selector || why == IVerdictBook.ForeignChanged.selector,
            "refused for another reason"
        );
    }

    /// A status beyond the six is no job.
    function test_reading_unknownStatusAndOverpaid() public {
        Parrot parrot = new Parrot();
        ForeignJob memory job = ForeignJob(
            address(parrot), 1, Variant.Packed, GATED, block.timestamp + EXPIRY, address(0), keccak256("")
        );
        Mandate memory m = mandateFor(job);
        bytes32[9] memory words;
        words[0] = bytes32(uint256(32));
        words[2] = bytes32(uint256(6)); // status
        parrot.teach(abi.encodePacked(words));
        refusedWith(payer, registerCall(m, job), IJobEvaluator.BadAnswer.selector);
        // Right words behind another offset are not where the ABI says the tuple is.
        words[0] = bytes32(uint256(64));
        words[2] = bytes32(uint256(5));
        parrot.teach(abi.encodePacked(words));
        refusedWith(payer, registerCall(m, job), IJobEvaluator.BadAnswer.selector);
        words[0] = bytes32(uint256(32));
        parrot.teach(abi.encodePacked(words));
        refused(payer, registerCall(m, job), changed("evaluator"));
        job.variant = Variant.Claims;
        bytes32[14] memory more;
        more[0] = bytes32(uint256(32));
        more[7] = bytes32(uint256(1)); // budget
        more[12] = bytes32(uint256(2)); // settled
        parrot.teach(abi.encodePacked(more));
        m.foreign = hashOf(job);
        refusedWith(payer, registerCall(m, job), IJobEvaluator.BadAnswer.selector);
        more[7] = bytes32(uint256(2));
        parrot.teach(abi.encodePacked(more));
        refused(payer, registerCall(m, job), changed("evaluator"));
    }

    // ---- helpers

    function whole(Variant variant, Outcome outcome) private {
        ForeignJob memory job = inVariant(variant);
        Mandate memory m = mandateFor(job);
        register(m, job);
        submit(job);
        deliver(m, job);
        judge(m, job, outcome);
        vm.warp(recordOf(m).deadline);
        address winner = outcome == Outcome.Pass ? provider : buyer;
        uint256 before = usdc.balanceOf(winner);
        carryOut(m, job);
        assertEq(usdc.balanceOf(winner) - before, GATED);
        uint8 expected = outcome == Outcome.Pass ? 3 : 4;
        assertEq(uint8(Foreign(job.escrow).stored(job.jobId).status), expected);
        assertEq(reserved(), 0);
    }

    function inVariant(Variant variant) private returns (ForeignJob memory) {
        return inVariant(variant, EXPIRY);
    }

    function inVariant(Variant variant, uint256 length) private returns (ForeignJob memory job) {
        if (variant == Variant.Plain) return funded(GATED, length, address(0));
        uint256 at = block.timestamp + length;
        address target;
        uint256 id;
        vm.startPrank(buyer);
        if (variant == Variant.Kernel) {
            (target, id) =
            (address(kernel), kernel.createJob(provider, address(evaluator), at, "k", address(0)));
            kernel.setBudget(id, GATED, "");
        } else if (variant == Variant.Packed) {
            (target, id) =
            (address(packed), packed.createJob(provider, address(evaluator), at, "p", address(0)));
            packed.setBudget(id, GATED, "");
        } else if (variant == Variant.Graced) {
            (target, id) =
            (address(graced), graced.createJob(provider, address(evaluator), at, "g", address(0), 7));
            graced.setBudget(id, address(usdc), GATED, "");
        } else {
            (target, id) =
            (address(claims), claims.createJob(provider, address(evaluator), uint48(at), "c", address(0), 7));
            claims.setBudget(id, address(usdc), GATED, "");
        }
        usdc.approve(target, GATED);
        if (variant == Variant.Claims) claims.fund(id, address(usdc), GATED, "");
        else if (Foreign(target).stored(id).token == address(usdc)) PlainForeign(target).fund(id, GATED, "");
        vm.stopPrank();
        job = ForeignJob(target, id, variant, GATED, at, address(0), keccak256(""));
    }
}
