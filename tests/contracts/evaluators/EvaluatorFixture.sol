// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator, Variant} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook, Judgement} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";
import {PlainForeign} from "./standins/Foreign.sol";
import {HostileForeign} from "./standins/Hostile.sol";

/// The escrow's fixture with a book of verdicts that all five evaluators agreed to, an evaluator of ERC-8183 jobs, and a
/// foreign escrow of form A in which jobs are funded. Type strings are written out anew.
abstract contract EvaluatorFixture is EscrowFixture {
    bytes32 private constant MANDATE = keccak256(
        "Mandate(address adapter,bytes32 foreign,address buyer,address provider,address payer,bytes32 committee,bytes32 pact,bytes32 offchain,uint64 value,uint64 fee,uint40 deliverBy,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 private constant JOB = keccak256(
        "ForeignJob(address escrow,uint256 jobId,uint8 variant,uint256 budget,uint256 expiredAt,address hook,bytes32 optParams)"
    );
    bytes32 internal constant DELIVERABLE = keccak256("foreign deliverable");
    // Not read from the block: what an optimizer reads once it may read again, after the chain was changed.
    uint256 internal constant HOME = 31337;
    uint256 internal constant EXPIRY = 30 days;

    IVerdictBook internal book;
    IJobEvaluator internal evaluator;
    HostileForeign internal plain;
    uint256 internal payerKey = uint256(keccak256("payer"));
    address internal payer = vm.addr(payerKey);

    function setUp() public virtual override {
        super.setUp();
        book = IVerdictBook(vm.deployCode("VerdictBook.sol:VerdictBook", abi.encode(escrow)));
        evaluator = IJobEvaluator(vm.deployCode("JobEvaluator.sol:JobEvaluator", abi.encode(escrow, book)));
        vm.label(address(book), "book");
        vm.label(address(evaluator), "evaluator");
        for (uint256 i; i < N; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, address(book));
        }
        mintUSDC(payer, 1_000_000e6);
        address[4] memory payers = [buyer, provider, relayer, payer];
        for (uint256 i; i < 4; ++i) {
            vm.prank(payers[i]);
            usdc.approve(address(book), type(uint256).max);
        }
        plain = new HostileForeign(address(usdc));
    }

    // ---- a job of form A

    function funded() internal returns (ForeignJob memory job) {
        return funded(GATED, EXPIRY, address(0));
    }

    function funded(uint256 budget, uint256 length, address hook) internal returns (ForeignJob memory job) {
        uint256 expiredAt = block.timestamp + length;
        vm.startPrank(buyer);
        uint256 id = plain.createJob(provider, address(evaluator), expiredAt, "what is to be done", hook);
        plain.setBudget(id, budget, "");
        usdc.approve(address(plain), budget);
        plain.fund(id, budget, "");
        vm.stopPrank();
        job = ForeignJob(address(plain), id, Variant.Plain, budget, expiredAt, hook, keccak256(""));
    }

    function mandateFor(ForeignJob memory job) internal view returns (Mandate memory m) {
        m.adapter = address(evaluator);
        m.foreign = hashOf(job);
        m.buyer = buyer;
        m.provider = provider;
        m.payer = payer;
        m.committee = committee;
        m.pact = keccak256("pact");
        m.offchain = keccak256("offchain");
        m.value = uint64(job.budget);
        m.fee = FEE;
        m.deliverBy = uint40(block.timestamp + 2 days);
        m.judgeBy = uint40(block.timestamp + 3 days);
        m.challenge = uint32(1 days);
        m.ruling = uint32(2 days);
    }

    function submit(ForeignJob memory job) internal {
        vm.prank(provider);
        PlainForeign(job.escrow).submit(job.jobId, DELIVERABLE, "");
    }

    // ---- acts

    function registerCall(Mandate memory m, ForeignJob memory job) internal view returns (bytes memory) {
        bytes32 subject = idOf(m);
        return abi.encodeCall(
            book.register,
            (m, abi.encode(job), Funding.Allowance, "", sign(buyerKey, subject), sign(providerKey, subject))
        );
    }

    function register(Mandate memory m, ForeignJob memory job) internal returns (bytes32 subject) {
        subject = idOf(m);
        done(m.payer, registerCall(m, job));
    }

    function deliver(Mandate memory m, ForeignJob memory job) internal {
        vm.prank(provider);
        book.deliver(m, abi.encode(job), DELIVERABLE, 0, "");
    }

    function judgementOn(Mandate memory m, Outcome outcome, uint32 signers)
        internal
        view
        returns (Judgement memory j)
    {
        j.deliverable = DELIVERABLE;
        j.outcome = outcome;
        j.signers = signers;
        j.attested = attest(idOf(m), DELIVERABLE, outcome, 0, signers);
    }

    function judgeCall(Mandate memory m, ForeignJob memory job, Outcome outcome, uint32 signers)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(book.judge, (m, abi.encode(job), judgementOn(m, outcome, signers)));
    }

    function judge(Mandate memory m, ForeignJob memory job, Outcome outcome) internal {
        done(relayer, judgeCall(m, job, outcome, 7));
    }

    function disputeCall(Mandate memory m, address party, Outcome sought)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(book.dispute, (m, party, sought, 0, Funding.Allowance, ""));
    }

    function settle(Mandate memory m) internal {
        vm.prank(relayer);
        book.settle(m);
    }

    function carryCall(Mandate memory m, ForeignJob memory job) internal view returns (bytes memory) {
        return abi.encodeCall(evaluator.carryOut, (m, job, ""));
    }

    function carryOut(Mandate memory m, ForeignJob memory job) internal {
        vm.prank(relayer);
        evaluator.carryOut(m, job, "");
    }

    // ---- subjects brought to a stage

    function registered() internal returns (Mandate memory m, ForeignJob memory job) {
        job = funded();
        m = mandateFor(job);
        register(m, job);
    }

    function delivered() internal returns (Mandate memory m, ForeignJob memory job) {
        (m, job) = registered();
        submit(job);
        deliver(m, job);
    }

    function judged(Outcome outcome) internal returns (Mandate memory m, ForeignJob memory job) {
        (m, job) = delivered();
        judge(m, job, outcome);
    }

    function silenced() internal returns (Mandate memory m, ForeignJob memory job) {
        (m, job) = delivered();
        vm.warp(m.judgeBy);
        book.lapse(m);
    }

    function noShow() internal returns (Mandate memory m, ForeignJob memory job) {
        (m, job) = registered();
        vm.warp(m.deliverBy);
        book.lapse(m);
    }

    /// The party that can gain disputes, and seeks what it can gain.
    function disputed(Mandate memory m) internal returns (address party) {
        bool pass = recordOf(m).outcome == Outcome.Pass;
        party = pass ? buyer : provider;
        done(party, disputeCall(m, party, pass ? Outcome.Fail : Outcome.Pass));
    }

    function ruled(Mandate memory m, Outcome outcome) internal {
        bytes32 subject = idOf(m);
        vm.prank(arbiter);
        book.rule(subject, outcome, 0);
    }

    // ---- calls

    /// `call` by `caller` must revert with exactly `reason`.
    function refused(address caller, bytes memory call, bytes memory reason) internal {
        refusedAt(address(book), caller, call, reason);
    }

    function refusedAt(address target, address caller, bytes memory call, bytes memory reason) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = target.call(call);
        assertFalse(ok, "should have been refused");
        assertEq(data, reason, "refused for another reason");
    }

    /// `call` by `caller` must revert with this error, whatever its figures.
    function refusedWith(address caller, bytes memory call, bytes4 selector) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(book).call(call);
        assertFalse(ok, "should have been refused");
        assertEq(bytes4(data), selector, "refused for another reason");
    }

    function done(address caller, bytes memory call) internal returns (bytes memory data) {
        bool ok;
        vm.prank(caller);
        (ok, data) = address(book).call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
    }

    // ---- hashes and figures

    function hashOf(ForeignJob memory job) internal pure returns (bytes32) {
        return keccak256(abi.encode(JOB, job));
    }

    function idOf(Mandate memory m) internal view returns (bytes32) {
        return bookTyped(keccak256(abi.encode(MANDATE, m)));
    }

    function bookTyped(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest verdicts"),
                keccak256("1"),
                block.chainid,
                address(book)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function recordOf(Mandate memory m) internal view returns (IVerdictBook.Record memory) {
        return book.recordOf(idOf(m));
    }

    function assertStage(Mandate memory m, IVerdictBook.Stage stage) internal view {
        assertEq(uint8(recordOf(m).stage), uint8(stage), "stage");
    }

    function assertFinal(Mandate memory m, Outcome outcome) internal view {
        assertStage(m, IVerdictBook.Stage.Final);
        assertEq(uint8(recordOf(m).outcome), uint8(outcome), "outcome");
    }

    function wrongStage(Mandate memory m, IVerdictBook.Stage stage) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.WrongStage.selector, idOf(m), stage);
    }

    function changed(bytes32 field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.ForeignChanged.selector, field);
    }

    function tooLate(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IBook.TooLate.selector, limit, block.timestamp);
    }

    function tooEarly(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IBook.TooEarly.selector, limit, block.timestamp);
    }

    function free(address account) internal view returns (uint256) {
        return escrow.collateralOf(account);
    }

    function reserved() internal view returns (uint256) {
        return escrow.committeeState(committee).reserved;
    }
}
