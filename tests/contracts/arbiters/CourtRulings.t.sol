// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {IArbitrable, IEvidence} from "../../../contracts/arbiters/IERC792.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Agreement, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {Book} from "./Books.sol";
import {CourtFixture} from "./CourtFixture.sol";
import {Court} from "./Courts.sol";

/// What a court rules, well or badly; evidence; books.
contract CourtRulingsTest is CourtFixture {
    // ---- rulings

    function test_rule_everyRuling() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 ruling = 1; ruling <= 3; ++ruling) {
            Agreement memory a = disputed();
            uint256 id = raise(a, PRICE);
            vm.expectEmit(address(adapter));
            emit IArbitrable.Ruling(court, id, ruling);
            vm.expectEmit(address(adapter));
            emit ICourtAdapter.CarriedOut(id, idOf(a), Outcome(ruling));
            rule(id, ruling);
            assertState(a, State.Closed);
            assertEq(uint8(viewOf(a).outcome), ruling);
            assertTrue(adapter.disputeWithId(id).ruled);
            vm.revertToState(snapshot);
        }
    }

    /// Refused is silence: the provisional outcome stands, the deposit goes back.
    function test_rule_zeroIsSilence() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.Refused(1, idOf(a));
        rule(1, 0);
        assertState(a, State.Disputed);
        ruleRefused(address(court), 1, 2, abi.encodeWithSelector(ICourtAdapter.AlreadyRuled.selector, 1));
        vm.warp(viewOf(a).deadline);
        uint256 before = free(buyer);
        settle(a, false);
        assertEq(free(buyer) - before, DEPOSIT);
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Pass));
    }

    function test_rule_neverComes() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        vm.warp(viewOf(a).deadline);
        settle(a, false);
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Pass));
    }

    function test_rule_lateDoesNothing() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        uint256 ends = viewOf(a).deadline;
        uint256 snapshot = vm.snapshotState();
        vm.warp(ends - 1);
        rule(1, 2);
        assertState(a, State.Closed);
        vm.revertToState(snapshot);
        vm.warp(ends);
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.TooLateToRule(1, idOf(a), Outcome.Fail);
        rule(1, 2);
        assertState(a, State.Disputed);
        settle(a, false);
        vm.revertToState(snapshot);
        vm.warp(ends);
        settle(a, false);
        rule(1, 2);
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Pass));
    }

    function test_rule_afterTheParties() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        vm.prank(buyer);
        escrow.concede(a.terms, openingHash(a.opening), buyer, 0, "", false);
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.TooLateToRule(1, idOf(a), Outcome.Fail);
        rule(1, 2);
    }

    function test_rule_refused() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        ruleRefused(relayer, 1, 2, abi.encodeWithSelector(ICourtAdapter.NotTheCourt.selector, relayer));
        ruleRefused(address(court), 2, 2, abi.encodeWithSelector(ICourtAdapter.UnknownDispute.selector, 2));
        ruleRefused(address(court), 1, 4, abi.encodeWithSelector(ICourtAdapter.BadRuling.selector, 4, 3));
        rule(1, 2);
        ruleRefused(address(court), 1, 2, abi.encodeWithSelector(ICourtAdapter.AlreadyRuled.selector, 1));
        ruleRefused(address(court), 1, 1, abi.encodeWithSelector(ICourtAdapter.AlreadyRuled.selector, 1));
    }

    /// A committee that pays its arbiter nevertheless pays the one who paid the court.
    function test_rule_costGoesToWhoPaidTheCourt() public {
        serve(ARBITER_COST);
        raise(disputed(), PRICE);
        rule(1, 1);
        assertEq(free(relayer), ARBITER_COST);
        assertEq(free(address(adapter)), 0);
    }

    /// Also where the parties were done before.
    function test_rule_costGoesToWhoPaidTheCourt_late() public {
        serve(ARBITER_COST);
        Agreement memory a = disputed();
        raise(a, PRICE);
        done(buyer, concedeCall(a, buyer));
        rule(1, 1);
        assertEq(free(relayer), ARBITER_COST);
    }

    /// USDC that is paused or refuses a party keeps no ruling from being carried out.
    function test_rule_whateverUSDCDoes() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        blacklistUSDC(buyer);
        pauseUSDC();
        rule(1, 2);
        assertState(a, State.Closed);
    }

    // ---- hostile courts

    function test_court_thatTakesNoDisputes() public {
        court.behave(PRICE, true, false);
        Agreement memory a = disputed();
        adapterRefuses(relayer, PRICE, raiseCall(a), abi.encodeWithSelector(Court.Closed.selector));
        court.behave(PRICE, false, false);
        raise(a, PRICE);
    }

    function test_court_thatRaisesItsCost() public {
        Agreement memory a = disputed();
        court.behave(2 * PRICE, false, false);
        adapterRefuses(
            relayer,
            PRICE,
            raiseCall(a),
            abi.encodeWithSelector(ICourtAdapter.CostNotCovered.selector, 2 * PRICE, PRICE)
        );
        court.behave(type(uint256).max, false, false);
        adapterRefuses(
            relayer,
            10 ether,
            raiseCall(a),
            abi.encodeWithSelector(ICourtAdapter.CostNotCovered.selector, type(uint256).max, 10 ether)
        );
        vm.warp(viewOf(a).deadline);
        settle(a, false);
        assertState(a, State.Closed);
    }

    function test_court_thatRepeatsANumber() public {
        Agreement memory a = disputed();
        court.behave(PRICE, false, true);
        raise(a, PRICE);
        Agreement memory b = disputed();
        adapterRefuses(
            relayer, PRICE, raiseCall(b), abi.encodeWithSelector(ICourtAdapter.DisputeIdTaken.selector, 1)
        );
        rule(1, 2);
        assertState(a, State.Closed);
        assertState(b, State.Disputed);
    }

    function test_court_thatRulesBeforeItAnswers() public {
        court.plan(address(adapter), abi.encodeCall(adapter.rule, (1, 2)));
        vm.deal(address(court), 0);
        court.behave(0, false, false);
        Agreement memory a = disputed();
        raise(a, 0);
        assertFalse(court.went());
        assertEq(court.answer(), abi.encodeWithSelector(ICourtAdapter.UnknownDispute.selector, 1));
        assertState(a, State.Disputed);
    }

    function test_court_thatRaisesTheSameAgain() public {
        Agreement memory a = disputed();
        court.plan(address(adapter), raiseCall(a));
        raise(a, PRICE);
        assertFalse(court.went());
        assertEq(court.answer(), abi.encodeWithSelector(ICourtAdapter.AlreadyRaised.selector, idOf(a)));
        assertEq(adapter.owedTo(address(court)), 0);
    }

    // ---- evidence

    function test_evidence() public {
        Agreement memory a = disputed();
        raise(a, PRICE);
        address[2] memory parties = [buyer, provider];
        for (uint256 i; i < 2; ++i) {
            vm.expectEmit(address(adapter));
            emit IEvidence.Evidence(court, 1, parties[i], "ipfs://evidence");
            goes(parties[i], 0, abi.encodeCall(adapter.submitEvidence, (1, "ipfs://evidence")));
        }
        vm.expectEmit(address(adapter));
        emit IEvidence.Evidence(court, 1, evaluators[2], "ipfs://record");
        goes(evaluators[2], 0, abi.encodeCall(adapter.submitEvidenceAsEvaluator, (1, 2, "ipfs://record")));
    }

    function test_evidence_refused() public {
        Agreement memory a = disputed();
        bytes memory call = abi.encodeCall(adapter.submitEvidence, (1, "ipfs://evidence"));
        bytes memory theirs = abi.encodeCall(adapter.submitEvidenceAsEvaluator, (1, 2, "ipfs://evidence"));
        bytes memory unknown = abi.encodeWithSelector(ICourtAdapter.UnknownDispute.selector, 1);
        adapterRefuses(buyer, 0, call, unknown);
        adapterRefuses(evaluators[2], 0, theirs, unknown);
        raise(a, PRICE);
        adapterRefuses(relayer, 0, call, abi.encodeWithSelector(ICourtAdapter.NotConcerned.selector, relayer));
        adapterRefuses(
            evaluators[1],
            0,
            theirs,
            abi.encodeWithSelector(ICourtAdapter.NotConcerned.selector, evaluators[1])
        );
        adapterRefuses(
            buyer,
            0,
            abi.encodeCall(adapter.submitEvidence, (1, "")),
            abi.encodeWithSelector(ICourtAdapter.BadEvidence.selector, 0, 2048)
        );
        adapterRefuses(
            buyer,
            0,
            abi.encodeCall(adapter.submitEvidence, (1, string(new bytes(2049)))),
            abi.encodeWithSelector(ICourtAdapter.BadEvidence.selector, 2049, 2048)
        );
        goes(buyer, 0, abi.encodeCall(adapter.submitEvidence, (1, string(new bytes(2048)))));
        rule(1, 0);
        adapterRefuses(buyer, 0, call, abi.encodeWithSelector(ICourtAdapter.AlreadyRuled.selector, 1));
    }

    // ---- books

    function test_book() public {
        Book book = new Book(escrow, 7e6);
        vm.prank(provider);
        escrow.transfer(address(book), 7e6);
        bytes32 subject = "claim 1";
        IRulable docket = IRulable(address(book));
        uint256 ends = block.timestamp + 1 days;
        bytes memory call = abi.encodeCall(adapter.raiseOn, (docket, subject));
        adapterRefuses(
            relayer, PRICE, call, abi.encodeWithSelector(ICourtAdapter.NotDisputed.selector, subject)
        );
        book.raise(subject, Book.Dispute(arbiter, ends, buyer, provider));
        adapterRefuses(
            relayer, PRICE, call, abi.encodeWithSelector(ICourtAdapter.NotOurs.selector, subject, arbiter)
        );
        book.raise(subject, Book.Dispute(address(adapter), ends, buyer, provider));
        vm.warp(ends);
        adapterRefuses(
            relayer, PRICE, call, abi.encodeWithSelector(ICourtAdapter.NotDisputed.selector, subject)
        );
        vm.warp(ends - 1);
        uint256 asking = vm.snapshotState();
        book.asksForSums();
        adapterRefuses(
            relayer, PRICE, call, abi.encodeWithSelector(ICourtAdapter.CannotNameSums.selector, address(book))
        );
        vm.revertToState(asking);
        goes(relayer, PRICE, call);
        goes(provider, 0, abi.encodeCall(adapter.submitEvidence, (1, "ipfs://evidence")));
        uint256 snapshot = vm.snapshotState();
        rule(1, 3);
        assertEq(uint8(book.outcomes(subject)), uint8(Outcome.Lapse));
        assertEq(free(relayer), 7e6);
        vm.revertToState(snapshot);
        vm.warp(ends);
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.TooLateToRule(1, subject, Outcome.Lapse);
        rule(1, 3);
        vm.revertToState(snapshot);
        book.raise(subject, Book.Dispute(arbiter, ends, buyer, provider));
        rule(1, 3);
        assertEq(uint8(book.outcomes(subject)), 0);
    }

    /// The escrow is no book.
    function test_book_isNotTheEscrow() public {
        Agreement memory a = disputed();
        adapterRefuses(
            relayer, PRICE, abi.encodeCall(adapter.raiseOn, (IRulable(address(escrow)), idOf(a))), ""
        );
    }
}
