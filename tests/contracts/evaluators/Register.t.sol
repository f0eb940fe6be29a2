// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ForeignStatus, Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator, Variant} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Funding} from "../../../contracts/interfaces/Types.sol";
import {Wallet} from "../utils/Wallets.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {Foreign, PlainForeign} from "./standins/Foreign.sol";
import {Yes} from "./standins/Hostile.sol";

/// register: what is taken, and everything it refuses.
contract RegisterTest is EvaluatorFixture {
    function test_register_byAllowance() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        bytes memory call = registerCall(m, job);
        vm.expectEmit(address(book));
        emit IVerdictBook.Registered(idOf(m), buyer, provider, m, 31);
        bytes memory data = done(payer, call);
        assertEq(abi.decode(data, (bytes32)), idOf(m));
        assertEq(book.subjectOf(m), idOf(m));
        assertEq(book.registered(address(evaluator), evaluator.keyOf(job.escrow, job.jobId)), idOf(m));
        assertEq(usdc.balanceOf(payer), 1_000_000e6 - FEE);
        assertEq(free(address(book)), FEE);
        assertEq(usdc.balanceOf(address(book)), 0);
        assertEq(reserved(), (uint256(GATED) + 2) / 3);
        IVerdictBook.Record memory r = recordOf(m);
        assertEq(uint8(r.stage), uint8(IVerdictBook.Stage.Registered));
        assertEq(r.members, 31);
        assertEq(r.value, GATED);
    }

    function test_register_hashesAndAddresses() public {
        ForeignJob memory job = funded();
        assertEq(evaluator.hashOf(job), hashOf(job));
        assertEq(book.earnest(), address(escrow));
        assertEq(evaluator.book(), address(book));
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
        assertEq(book.domainSeparator(), domain);
    }

    /// A relayer brings all three signatures; the payer's USDC authorization has the subject as its nonce.
    function test_register_byAuthorization() public {
        (Mandate memory m, bytes memory call) = withPayment(Funding.Authorization);
        done(relayer, call);
        assertEq(usdc.balanceOf(payer), 1_000_000e6 - FEE);
        assertEq(free(address(book)), FEE);
        assertStage(m, IVerdictBook.Stage.Registered);
    }

    function test_register_byCollateral() public {
        vm.startPrank(payer);
        usdc.approve(address(escrow), FEE);
        escrow.deposit(payer, FEE);
        vm.stopPrank();
        (Mandate memory m, bytes memory call) = withPayment(Funding.Collateral);
        done(relayer, call);
        assertEq(free(payer), 0);
        assertEq(free(address(book)), FEE);
        assertStage(m, IVerdictBook.Stage.Registered);
    }

    function test_register_paymentBySomebodyElseRefused() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        refused(
            relayer, registerCall(m, job), abi.encodeWithSelector(IVerdictBook.NotAllowed.selector, relayer)
        );
        bytes32 subject = idOf(m);
        bytes memory forged = signReceiveUSDC(buyerKey, address(book), FEE, 0, m.deliverBy, subject);
        bytes memory call = abi.encodeCall(
            book.register,
            (
                m,
                abi.encode(job),
                Funding.Authorization,
                forged,
                sign(buyerKey, subject),
                sign(providerKey, subject)
            )
        );
        refusedWith(relayer, call, bytes4(keccak256("Error(string)")));
    }

    /// A party that calls need not sign; the other must.
    function test_register_byTheBuyerItself() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        m.payer = buyer;
        bytes memory providerSigns = sign(providerKey, idOf(m));
        vm.prank(buyer);
        book.register(m, abi.encode(job), Funding.Allowance, "", "", providerSigns);
        assertStage(m, IVerdictBook.Stage.Registered);
    }

    /// Contract wallets sign by ERC-1271. They are asked statically, so one that calls back changes nothing.
    function test_register_contractWallets() public {
        Wallet wallet = new Wallet(buyer);
        ForeignJob memory job = funded();
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.client = address(wallet);
        plain.rewrite(job.jobId, s);
        Mandate memory m = mandateFor(job);
        m.buyer = address(wallet);
        bytes memory call = registerCall(m, job);
        wallet.plan(address(book), call);
        bytes memory reason = abi.encodeWithSelector(ILedger.NotSignedBy.selector, wallet, idOf(m));
        refused(payer, call, reason);
        wallet.behave(Wallet.Manner.Refuses);
        refused(payer, call, reason);
        wallet.behave(Wallet.Manner.Good);
        done(payer, call);
    }

    function test_register_withoutOnePartysConsentRefused() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        bytes32 subject = idOf(m);
        bytes memory good = sign(buyerKey, subject);
        bytes memory bad = sign(payerKey, subject);
        bytes memory call =
            abi.encodeCall(book.register, (m, abi.encode(job), Funding.Allowance, "", good, bad));
        refused(payer, call, abi.encodeWithSelector(ILedger.NotSignedBy.selector, provider, subject));
        good = sign(providerKey, subject);
        call = abi.encodeCall(book.register, (m, abi.encode(job), Funding.Allowance, "", bad, good));
        refused(payer, call, abi.encodeWithSelector(ILedger.NotSignedBy.selector, buyer, subject));
        call = abi.encodeCall(book.register, (m, abi.encode(job), Funding.Allowance, "", "", good));
        refused(payer, call, abi.encodeWithSelector(ILedger.MalformedSignature.selector, 0));
    }

    function test_register_onceForAForeignJob() public {
        (Mandate memory m, ForeignJob memory job) = registered();
        refused(payer, registerCall(m, job), wrongStage(m, IVerdictBook.Stage.Registered));
        bytes32 first = idOf(m);
        m.pact = "another";
        refused(
            payer,
            registerCall(m, job),
            abi.encodeWithSelector(IVerdictBook.AlreadyRegistered.selector, first)
        );
        // Nor under another reading of the same job.
        job.optParams = "other";
        m.foreign = hashOf(job);
        refused(
            payer,
            registerCall(m, job),
            abi.encodeWithSelector(IVerdictBook.AlreadyRegistered.selector, first)
        );
    }

    function test_register_onlyWhatIsFunded() public {
        uint256 expiredAt = block.timestamp + EXPIRY;
        vm.startPrank(buyer);
        uint256 id = plain.createJob(provider, address(evaluator), expiredAt, "", address(0));
        plain.setBudget(id, GATED, "");
        vm.stopPrank();
        ForeignJob memory job =
            ForeignJob(address(plain), id, Variant.Plain, GATED, expiredAt, address(0), keccak256(""));
        // Budgeted is not funded: nothing lies there.
        Mandate memory m = mandateFor(job);
        refused(payer, registerCall(m, job), notReady(ForeignStatus.Unready));
        job = funded();
        m = mandateFor(job);
        submit(job);
        Foreign.Stored memory s = plain.stored(job.jobId);
        for (uint8 i = 3; i < 6; ++i) {
            s.status = Foreign.Status(i);
            plain.rewrite(job.jobId, s);
            refused(payer, registerCall(m, job), notReady(ForeignStatus.Ended));
        }
        s.status = Foreign.Status.Submitted;
        plain.rewrite(job.jobId, s);
        register(m, job);
    }

    function test_register_bindsEveryFieldOfTheForeignJob() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.evaluator = relayer;
        differs(job, m, s, "evaluator");
        s = plain.stored(job.jobId);
        s.client = relayer;
        differs(job, m, s, "client");
        s = plain.stored(job.jobId);
        s.provider = relayer;
        differs(job, m, s, "provider");
        s = plain.stored(job.jobId);
        s.budget -= 1;
        differs(job, m, s, "budget");
        s = plain.stored(job.jobId);
        s.expiredAt += 1;
        differs(job, m, s, "expiredAt");
        s = plain.stored(job.jobId);
        s.hook = relayer;
        differs(job, m, s, "hook");
        m.value -= 1;
        refused(payer, registerCall(m, job), changed("held"));
    }

    function test_register_onlyInUSDC() public {
        plainIn(makeAddr("other token"));
        vm.startPrank(buyer);
        uint256 expiredAt = block.timestamp + EXPIRY;
        uint256 id = plain.createJob(provider, address(evaluator), expiredAt, "", address(0));
        vm.stopPrank();
        Foreign.Stored memory s = plain.stored(id);
        (s.status, s.budget) = (Foreign.Status.Funded, GATED);
        plain.rewrite(id, s);
        ForeignJob memory job =
            ForeignJob(address(plain), id, Variant.Plain, GATED, expiredAt, address(0), keccak256(""));
        refused(payer, registerCall(mandateFor(job), job), changed("token"));
    }

    function test_register_wrongVariantOrNoEscrow() public {
        ForeignJob memory job = funded();
        job.variant = Variant.Graced;
        badAnswer(job, "EVALUATION_GRACE_PERIOD()");
        job.variant = Variant.Packed; // reads a word that is no address as one
        badAnswer(job, "getJob(uint256)");
        job.variant = Variant.Kernel;
        refused(payer, registerCall(mandateFor(job), job), changed("budget"));
        job.variant = Variant.Claims;
        badAnswer(job, "getJob(uint256)");
        job.variant = Variant.Plain;
        job.escrow = address(new Yes());
        badAnswer(job, "getJob(uint256)");
        job.escrow = makeAddr("nobody");
        badAnswer(job, "getJob(uint256)");
    }

    function test_register_jobMustBeTheOneNamed() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        ForeignJob memory other = funded();
        refused(
            payer,
            registerCall(m, other),
            abi.encodeWithSelector(IVerdictBook.WrongForeign.selector, hashOf(job), hashOf(other))
        );
    }

    function test_register_parties() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        m.payer = address(0);
        refused(payer, registerCall(m, job), badParty(address(0)));
        m.payer = address(escrow);
        refused(payer, registerCall(m, job), badParty(address(escrow)));
        m.payer = payer;
        Foreign.Stored memory s = plain.stored(job.jobId);
        s.provider = buyer;
        plain.rewrite(job.jobId, s);
        m.provider = buyer;
        refused(payer, registerCall(m, job), badParty(buyer));
        s.provider = address(0);
        plain.rewrite(job.jobId, s);
        m.provider = address(0);
        refused(payer, registerCall(m, job), badParty(address(0)));
        (s.provider, s.client) = (provider, address(escrow));
        plain.rewrite(job.jobId, s);
        (m.provider, m.buyer) = (provider, address(escrow));
        refused(payer, registerCall(m, job), badParty(address(escrow)));
    }

    function test_register_value() public {
        uint64 most = 100_000e6;
        ForeignJob memory job = funded(most + 1, EXPIRY, address(0));
        refused(
            payer, registerCall(mandateFor(job), job), outOfRange(IVerdictBook.Term.Value, most + 1, 1, most)
        );
        job = funded(0, EXPIRY, address(0));
        refused(payer, registerCall(mandateFor(job), job), outOfRange(IVerdictBook.Term.Value, 0, 1, most));
    }

    function test_register_times() public {
        ForeignJob memory job = funded(GATED, 365 days, address(0));
        Mandate memory m = mandateFor(job);
        uint256 longest = block.timestamp + 180 days;
        m.judgeBy = m.deliverBy + uint40(1 hours) - 1;
        term(m, job, IVerdictBook.Term.JudgeBy, m.judgeBy, m.deliverBy + 1 hours, longest);
        m.judgeBy = uint40(longest) + 1;
        term(m, job, IVerdictBook.Term.JudgeBy, m.judgeBy, m.deliverBy + 1 hours, longest);
        m = mandateFor(job);
        m.challenge = uint32(MIN_CHALLENGE) - 1;
        term(m, job, IVerdictBook.Term.Challenge, m.challenge, MIN_CHALLENGE, 7 days);
        m.challenge = 0;
        term(m, job, IVerdictBook.Term.Challenge, 0, MIN_CHALLENGE, 7 days);
        m.challenge = uint32(7 days) + 1;
        term(m, job, IVerdictBook.Term.Challenge, m.challenge, MIN_CHALLENGE, 7 days);
        m = mandateFor(job);
        m.ruling = uint32(1 hours) - 1;
        term(m, job, IVerdictBook.Term.Ruling, m.ruling, 1 hours, 60 days);
        m.ruling = uint32(60 days) + 1;
        term(m, job, IVerdictBook.Term.Ruling, m.ruling, 1 hours, 60 days);
        m = mandateFor(job);
        m.deliverBy = uint40(block.timestamp);
        refused(payer, registerCall(m, job), tooLate(block.timestamp));
    }

    /// feeFlat 1 USDC, and 100 millionths of 1000 USDC for each of three days, rounded up.
    function test_register_lowestFee() public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        m.fee = 1.3e6 - 1;
        term(m, job, IVerdictBook.Term.Fee, m.fee, 1.3e6, type(uint64).max);
        m.fee = 1.3e6;
        register(m, job);
    }

    /// judgeBy + the longer challenge + ruling + an hour to carry it out must fit before anyone can have it refunded.
    function test_register_mustEndBeforeTheForeignJob() public {
        uint256 needed = block.timestamp + 3 days + 1 days + 2 days + 1 hours;
        ForeignJob memory job = funded(GATED, needed - block.timestamp - 1, address(0));
        refused(
            payer,
            registerCall(mandateFor(job), job),
            abi.encodeWithSelector(IVerdictBook.EndsTooLate.selector, needed, needed - 1)
        );
        job = funded(GATED, needed - block.timestamp, address(0));
        register(mandateFor(job), job);
    }

    /// A short challenge still leaves room for a lapse's, which is a day at least.
    function test_register_leavesRoomForALapse() public {
        uint256 needed = block.timestamp + 3 days + LAPSE_CHALLENGE + 2 days + 1 hours;
        ForeignJob memory job = funded(GATED, needed - block.timestamp - 1, address(0));
        Mandate memory m = mandateFor(job);
        m.challenge = uint32(MIN_CHALLENGE);
        refused(
            payer,
            registerCall(m, job),
            abi.encodeWithSelector(IVerdictBook.EndsTooLate.selector, needed, needed - 1)
        );
    }

    function test_register_withinCoverageAndConsent() public {
        ForeignJob memory job = funded(30_001e6, EXPIRY, address(0));
        refused(
            payer,
            registerCall(mandateFor(job), job),
            abi.encodeWithSelector(ICoverage.CoverageExhausted.selector, committee, 0, 10_000_333_334, STAKE)
        );
        job = funded();
        Mandate memory m = mandateFor(job);
        m.committee = bytes32("none");
        refused(
            payer,
            registerCall(m, job),
            abi.encodeWithSelector(ICoverage.UnknownCommittee.selector, bytes32("none"))
        );
    }

    function test_register_afterAForkRefused() public {
        ForeignJob memory job = funded();
        bytes memory call = registerCall(mandateFor(job), job);
        vm.chainId(1);
        refused(payer, call, abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME));
    }

    /// The subject binds the chain, the book, the foreign escrow and job, and every term.
    function testFuzz_subject_bindsEverything(uint256 word, uint256 bit) public {
        ForeignJob memory job = funded();
        Mandate memory m = mandateFor(job);
        bytes memory before = abi.encode(m);
        bytes memory altered = abi.encode(m);
        word = bound(word, 0, 13);
        uint8[14] memory widths = [160, 255, 160, 160, 160, 255, 255, 255, 64, 64, 40, 40, 32, 32];
        uint256 flip = 1 << (bit % widths[word]);
        assembly ("memory-safe") {
            let at := add(altered, mul(add(word, 1), 32))
            mstore(at, xor(mload(at), flip))
        }
        assertTrue(
            book.subjectOf(abi.decode(before, (Mandate))) != book.subjectOf(abi.decode(altered, (Mandate)))
        );
    }

    // ---- helpers

    function withPayment(Funding funding) private returns (Mandate memory m, bytes memory call) {
        ForeignJob memory job = funded();
        m = mandateFor(job);
        bytes32 subject = idOf(m);
        bytes memory pays = funding == Funding.Authorization
            ? signReceiveUSDC(payerKey, address(book), FEE, 0, m.deliverBy, subject)
            : sign(
                payerKey,
                typed(
                    keccak256(
                        abi.encode(
                            keccak256(
                                "Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)"
                            ),
                            payer,
                            address(book),
                            subject,
                            uint256(FEE),
                            uint256(m.deliverBy)
                        )
                    )
                )
            );
        call = abi.encodeCall(
            book.register,
            (m, abi.encode(job), funding, pays, sign(buyerKey, subject), sign(providerKey, subject))
        );
    }

    function differs(ForeignJob memory job, Mandate memory m, Foreign.Stored memory now_, bytes32 field)
        private
    {
        uint256 snapshot = vm.snapshotState();
        plain.rewrite(job.jobId, now_);
        refused(payer, registerCall(m, job), changed(field));
        vm.revertToState(snapshot);
    }

    function term(
        Mandate memory m,
        ForeignJob memory job,
        IVerdictBook.Term which,
        uint256 given,
        uint256 least,
        uint256 most
    ) private {
        refused(payer, registerCall(m, job), outOfRange(which, given, least, most));
    }

    function outOfRange(IVerdictBook.Term which, uint256 given, uint256 least, uint256 most)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IVerdictBook.OutOfRange.selector, which, given, least, most);
    }

    function badAnswer(ForeignJob memory job, string memory signature) private {
        refused(
            payer,
            registerCall(mandateFor(job), job),
            abi.encodeWithSelector(
                IJobEvaluator.BadAnswer.selector, job.escrow, bytes4(keccak256(bytes(signature)))
            )
        );
    }

    function badParty(address party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.BadParty.selector, party);
    }

    function notReady(ForeignStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.ForeignNotReady.selector, status);
    }

    function plainIn(address token) private {
        deployCodeTo("Hostile.sol:HostileForeign", abi.encode(token), address(plain));
    }
}
