// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Attested, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// consent, reserve, release, releaseStale, payFees, expel and checkAttestations.
contract BooksTest is UnitTest {
    address private book = makeAddr("book");
    address private rival = makeAddr("rival");

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 3; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, book);
        }
    }

    function test_consent() public {
        vm.expectEmit(address(escrow));
        emit Consented(committee, 3, book);
        done(evaluators[3], abi.encodeCall(escrow.consent, (committee, 3, book)));
        refused(
            relayer,
            abi.encodeCall(escrow.consent, (committee, 3, book)),
            abi.encodeWithSelector(NotTheEvaluator.selector, committee, 3, relayer)
        );
        vm.expectEmit(address(escrow));
        emit Reserved(committee, book, "tab", 40e6, 15, 0);
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
    }

    function test_reserve_onlyWithConsentOfAQuorum() public {
        refused(
            rival,
            abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)),
            abi.encodeWithSelector(TooFewMembers.selector, committee, 0, 3)
        );
        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        refused(
            book,
            abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)),
            abi.encodeWithSelector(TooFewMembers.selector, committee, 2, 3)
        );
        refused(
            book,
            abi.encodeCall(escrow.reserve, ("none", "tab", 120e6)),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    function test_reserve_withinCoverage() public {
        refused(
            book,
            abi.encodeCall(escrow.reserve, (committee, "tab", 30_000e6 + 1)),
            abi.encodeWithSelector(CoverageExhausted.selector, committee, 0, 10_000e6 + 1, 10_000e6)
        );
        refused(
            book,
            abi.encodeCall(escrow.reserve, (committee, "tab", type(uint256).max)),
            abi.encodeWithSelector(CoverageExhausted.selector, committee, 0, type(uint256).max / 3, 10_000e6)
        );
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 30_000e6)));
        refused(
            book,
            abi.encodeCall(escrow.reserve, (committee, "tab", 1)),
            abi.encodeWithSelector(SubjectReserved.selector, committee, book, bytes32("tab"))
        );
        Agreement memory a = newAgreement();
        refused(
            relayer,
            openCall(a),
            abi.encodeWithSelector(CoverageExhausted.selector, committee, 10_000e6, 433_333_334, 10_000e6)
        );
        done(book, abi.encodeCall(escrow.release, (committee, "tab", 0, 0)));
        done(relayer, openCall(a));
    }

    function test_reserve_leastIsThePriceOfSilence() public {
        bytes memory data = done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 0)));
        (uint32 members, uint256 share) = abi.decode(data, (uint32, uint256));
        assertEq(members, 7);
        assertEq(share, (SILENCE + 2) / 3);
    }

    function test_release_slashes() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
        vm.expectEmit(address(escrow));
        emit Slashed(committee, "tab", 5, 40e6);
        vm.expectEmit(address(escrow));
        emit Released(committee, book, "tab");
        done(book, abi.encodeCall(escrow.release, (committee, "tab", 5, 40e6)));
        assertEq(free(book), 80e6);
        assertEq(stakeOf(0), STAKE - 40e6);
        assertEq(stakeOf(1), STAKE);
        assertEq(stakeOf(2), STAKE - 40e6);
        assertEq(escrow.committeeState(committee).reserved, 0);
        assertEq(escrow.committeeState(committee).active, 31 - 5);
        refused(
            book,
            abi.encodeCall(escrow.release, (committee, "tab", 5, 0)),
            abi.encodeWithSelector(NotReserved.selector, committee, book, bytes32("tab"))
        );
    }

    function test_release_refused() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
        refused(
            rival,
            abi.encodeCall(escrow.release, (committee, "tab", 0, 0)),
            abi.encodeWithSelector(NotReserved.selector, committee, rival, bytes32("tab"))
        );
        refused(
            book,
            abi.encodeCall(escrow.release, (committee, "tab", 1, 40e6 + 1)),
            abi.encodeWithSelector(BeyondReservation.selector, committee, 40e6, 40e6 + 1)
        );
        // Evaluator 3 never agreed to this book.
        refused(
            book,
            abi.encodeCall(escrow.release, (committee, "tab", 8, 1)),
            abi.encodeWithSelector(NotAMember.selector, 3)
        );
        refused(
            book,
            abi.encodeCall(escrow.release, ("none", "tab", 0, 0)),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    /// A hostile book takes what it reserved and never what covers a job.
    function test_aBookCannotTouchTheCoverageOfJobs() public {
        Agreement memory a = newAgreement();
        a.terms.bond = 0;
        a.terms.gated = 27_000e6; // 9000 from each
        a.terms.fee = 100e6;
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 3000e6)));
        done(book, abi.encodeCall(escrow.release, (committee, "tab", 7, 1000e6)));
        assertEq(stakeOf(0), 9000e6);
        refused(
            book,
            abi.encodeCall(escrow.reserve, (committee, "tab", 1)),
            abi.encodeWithSelector(TooFewMembers.selector, committee, 0, 3)
        );
        dispute(a, buyer, Outcome.Fail);
        uint256 before = free(buyer);
        rule(a, Outcome.Fail, false);
        assertEq(stakeOf(0), 0, "every slash that can still come is paid in full");
        assertEq(free(buyer) - before, 2 * 27_000e6 + 100e6 + 5400e6 - ARBITER_COST);
    }

    function test_staleReservationCanBeReleasedByAnyone() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 30_000e6)));
        vm.prank(evaluators[4]); // never agreed to the book
        escrow.leave(committee, 4);
        uint256 end = block.timestamp + 300 days;
        bytes memory call = abi.encodeCall(escrow.releaseStale, (committee, book, "tab"));
        vm.warp(end - 1);
        refused(
            relayer, call, abi.encodeWithSelector(NotStale.selector, committee, book, bytes32("tab"), end)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.withdraw, (committee, 4)),
            abi.encodeWithSelector(StillLiable.selector, committee, 4, 0, 10_000e6)
        );
        vm.warp(end);
        vm.expectEmit(address(escrow));
        emit Released(committee, book, "tab");
        done(relayer, call);
        refused(relayer, call, abi.encodeWithSelector(NotReserved.selector, committee, book, bytes32("tab")));
        refused(
            book,
            abi.encodeCall(escrow.release, (committee, "tab", 7, 1)),
            abi.encodeWithSelector(NotReserved.selector, committee, book, bytes32("tab"))
        );
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 4)));
        assertEq(free(evaluators[4]), STAKE);
        assertEq(escrow.committeeState(committee).reserved, 0);
        refused(
            relayer,
            abi.encodeCall(escrow.releaseStale, ("none", book, "tab")),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    function test_payFees() public {
        vm.expectEmit(address(escrow));
        emit FeesEarned(committee, 3, 10);
        done(provider, abi.encodeCall(escrow.payFees, (committee, 3, 10)));
        assertEq(escrow.feesOf(committee, 3), 10);
        refused(
            provider,
            abi.encodeCall(escrow.payFees, (committee, 3, 0)),
            abi.encodeWithSelector(ZeroAmount.selector)
        );
        refused(
            provider,
            abi.encodeCall(escrow.payFees, (committee, 0, 10)),
            abi.encodeWithSelector(NotAMember.selector, 256)
        );
        refused(
            provider,
            abi.encodeCall(escrow.payFees, (committee, 32, 10)),
            abi.encodeWithSelector(NotAMember.selector, 5)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.payFees, (committee, 3, 10)),
            abi.encodeWithSelector(InsufficientCollateral.selector, relayer, 0, 10)
        );
        refused(
            provider,
            abi.encodeCall(escrow.payFees, ("none", 3, 10)),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    // ---- expel

    function test_expel() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
        vm.warp(block.timestamp + 1);
        bytes memory call = contradiction("tab", 1);
        refused(rival, call, abi.encodeWithSelector(NotReserved.selector, committee, rival, bytes32("tab")));
        bytes memory data = done(book, call);
        (uint256 index, uint256 taken) = abi.decode(data, (uint256, uint256));
        assertEq(index, 1);
        assertEq(taken, 40e6);
        assertEq(free(book), 40e6);
        assertEq(stakeOf(1), STAKE - 40e6);
        refused(
            book,
            call,
            abi.encodeWithSelector(
                AlreadyShown.selector, committee, 1, keccak256(abi.encode(book, bytes32("tab")))
            )
        );
        // Still slashed like the others at release, out of what stayed reserved.
        done(book, abi.encodeCall(escrow.release, (committee, "tab", 7, 40e6)));
        assertEq(stakeOf(1), STAKE - 80e6);
    }

    function test_expel_onlyMembersOfTheSubject() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
        refused(book, contradiction("tab", 3), abi.encodeWithSelector(NotAMember.selector, 3));
    }

    function test_expel_notOnAJob() public {
        Agreement memory a = delivered();
        done(book, abi.encodeCall(escrow.reserve, (committee, idOf(a), 120e6)));
        refused(
            book,
            contradiction(idOf(a), 1),
            abi.encodeWithSelector(SubjectReserved.selector, committee, address(escrow), idOf(a))
        );
    }

    function test_expel_refusedAfterAForkAndForUnknown() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 120e6)));
        bytes memory call = contradiction("tab", 1);
        vm.chainId(3);
        refused(book, call, abi.encodeWithSelector(WrongChain.selector, 3, 31337));
        vm.chainId(31337);
        // Word 0 is the committee.
        refused(
            book,
            patched(call, 0, uint256(bytes32("none"))),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
    }

    /// A book that shows a contradiction on a subject of its own does not shield the member from another book.
    function test_expel_isKeptApartByBook() public {
        for (uint256 i; i < 3; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, rival);
        }
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 900e6)));
        done(rival, abi.encodeCall(escrow.reserve, (committee, "tab", 0)));
        vm.warp(block.timestamp + 1);
        bytes memory call = contradiction("tab", 1);
        done(rival, call);
        done(book, call);
        assertEq(free(book), 300e6);
    }

    function test_expel_debtIsThatOfTheBook() public {
        done(book, abi.encodeCall(escrow.reserve, (committee, "tab", 30_000e6)));
        vm.warp(block.timestamp + 1);
        done(book, contradiction("tab", 1));
        assertEq(free(book), 0, "all of the stake is reserved");
        assertEq(escrow.evaluator(committee, 1).owed, STAKE);
        done(book, abi.encodeCall(escrow.release, (committee, "tab", 0, 0)));
        done(relayer, collecting(1));
        assertEq(free(book), STAKE);
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 1)));
        assertEq(free(evaluators[1]), 0);
    }

    // ---- checkAttestations

    function test_checkAttestations() public {
        Attested[] memory good = attest("tab", "root", Outcome.Pass, 55, 11);
        escrow.checkAttestations(committee, 31, "tab", "root", Outcome.Pass, 55, 11, good);
        checking(31, 54, 11, good, NotTheKey.selector);
        checking(31, 55, 7, good, NotTheKey.selector);
        checking(31, 55, 3, good, SignerCount.selector);
        checking(15, 55, 11, good, bytes4(0));
        checking(30, 55, 11, good, NotAMember.selector);
        vm.chainId(3);
        checking(31, 55, 11, good, WrongChain.selector);
    }

    /// A signer too many does not take its attestation from what stands behind the list.
    function test_checkAttestations_nothingBehindTheListIsRead() public {
        Attested[] memory three = attest("tab", "root", Outcome.Pass, 55, 11);
        bytes memory call = abi.encodeCall(
            escrow.checkAttestations, (committee, 31, "tab", "root", Outcome.Pass, 55, 27, three)
        );
        bytes memory highS = abi.encodePacked(type(uint256).max, type(uint256).max, type(uint256).max);
        refused(relayer, bytes.concat(call, highS), abi.encodeWithSelector(SignerCount.selector, 4, 3));
    }

    /// An evaluator that has not joined has the zero key, and a signature of nobody recovers to the zero address.
    function test_checkAttestations_garbageForAbsentEvaluatorIsRefused() public view {
        Attested[] memory garbage = new Attested[](1);
        for (uint32 bit = 5; bit < 32; ++bit) {
            checking(type(uint32).max, 0, uint32(1) << bit, garbage, NotTheKey.selector);
        }
    }

    function checking(uint32 members, uint256 pay, uint32 signers, Attested[] memory attested, bytes4 error_)
        private
        view
    {
        bytes memory call = abi.encodeCall(
            escrow.checkAttestations,
            (committee, members, "tab", "root", Outcome.Pass, pay, signers, attested)
        );
        (bool ok, bytes memory data) = address(escrow).staticcall(call);
        assertEq(ok, error_ == 0);
        if (!ok) assertEq(bytes4(data), error_);
    }

    function contradiction(bytes32 subject, uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(
            escrow.expel,
            (
                committee,
                subject,
                "root",
                statement(keys[i], subject, "root", Outcome.Pass, 4),
                statement(keys[i], subject, "root", Outcome.Pass, 5)
            )
        );
    }

    function collecting(uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(escrow.collect, (committee, i, keccak256(abi.encode(book, bytes32("tab")))));
    }
}
