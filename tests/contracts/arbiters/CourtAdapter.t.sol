// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {IArbitrable, IArbitrator, IEvidence} from "../../../contracts/arbiters/IERC792.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Agreement, Committee, Funding, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";
import {Book} from "./Books.sol";
import {Court, Greedy, Miser} from "./Courts.sol";

/// A court (ERC-792) as arbiter.
contract CourtAdapterTest is UnitTest {
    bytes private constant EXTRA = hex"0102";
    uint256 private constant PRICE = 0.1 ether;
    uint256 private constant DEPOSIT = 260e6;

    Court private court;
    ICourtAdapter private adapter;

    function setUp() public override {
        super.setUp();
        court = new Court();
        adapter = ICourtAdapter(deploy(address(court)));
        serve(0);
        vm.deal(relayer, 10 ether);
        vm.deal(buyer, 10 ether);
    }

    function deploy(address court_) public returns (address) {
        return
            vm.deployCode("CourtAdapter.sol:CourtAdapter", abi.encode(escrow, court_, EXTRA, "ipfs://meta"));
    }

    /// From here on the committee's arbiter is the adapter.
    function serve(uint64 cost) private {
        Committee memory c = defaultCommittee();
        (c.arbiter, c.arbiterCost) = (address(adapter), cost);
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
    }

    // ---- founding

    function test_adapter_saysWhatItIs() public {
        assertEq(adapter.escrow(), address(escrow));
        assertEq(address(adapter.court()), address(court));
        assertEq(adapter.extraData(), EXTRA);
        assertEq(adapter.cost(), PRICE);
        assertLe(address(adapter).code.length, 24_576);
        vm.expectEmit();
        emit IEvidence.MetaEvidence(0, "ipfs://meta");
        deploy(address(court));
    }

    function test_adapter_refusesACourtWithoutCode() public {
        vm.expectRevert(abi.encodeWithSelector(ICourtAdapter.BadCourt.selector, buyer));
        this.deploy(buyer);
    }

    // ---- to the court

    function test_raise() public {
        Agreement memory a = disputed();
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.Raised(1, address(escrow), idOf(a), relayer, PRICE);
        vm.expectEmit(address(adapter));
        emit IEvidence.Dispute(court, 1, 0, 1);
        assertEq(raise(a, PRICE), 1);
        assertEq(address(court).balance, PRICE);
        assertEq(court.choices(), 3);
        assertEq(court.told(), EXTRA);
        (bool raised, uint256 id) = adapter.disputeOf(address(escrow), idOf(a));
        assertTrue(raised);
        assertEq(id, 1);
        ICourtAdapter.Case memory c = adapter.disputeWithId(1);
        assertEq(c.docket, address(escrow));
        assertEq(c.subject, idOf(a));
        assertEq(c.payer, relayer);
        assertEq(keccak256(abi.encode(c.terms)), keccak256(abi.encode(a.terms)));
        assertFalse(c.ruled);
    }

    function test_raise_boundary() public {
        Agreement memory a = disputed();
        uint256 ends = viewOf(a).deadline;
        vm.warp(ends);
        adapterRefuses(
            relayer, PRICE, raiseCall(a), abi.encodeWithSelector(ICourtAdapter.NotDisputed.selector, idOf(a))
        );
        vm.warp(ends - 1);
        raise(a, PRICE);
    }

    function test_raise_refused() public {
        Agreement memory a = judged(Outcome.Pass);
        bytes memory notDisputed = abi.encodeWithSelector(ICourtAdapter.NotDisputed.selector, idOf(a));
        adapterRefuses(relayer, PRICE, raiseCall(a), notDisputed);
        dispute(a, buyer, Outcome.Fail);
        adapterRefuses(
            relayer,
            PRICE - 1,
            raiseCall(a),
            abi.encodeWithSelector(ICourtAdapter.CostNotCovered.selector, PRICE, PRICE - 1)
        );
        raise(a, PRICE);
        adapterRefuses(
            relayer,
            PRICE,
            raiseCall(a),
            abi.encodeWithSelector(ICourtAdapter.AlreadyRaised.selector, idOf(a))
        );
        rule(1, 2);
        adapterRefuses(relayer, PRICE, raiseCall(a), notDisputed);
    }

    function test_raise_refusesWhatAnotherRulesOn() public {
        Committee memory c = defaultCommittee();
        c.salt = 1;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        Agreement memory a = disputed();
        adapterRefuses(
            relayer,
            PRICE,
            raiseCall(a),
            abi.encodeWithSelector(ICourtAdapter.NotOurs.selector, idOf(a), arbiter)
        );
    }

    // ---- both in one go

    function test_disputeAndRaise_byAuthorization() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 1 hours;
        bytes memory signature = authorized(a, expiry);
        uint256 before = usdc.balanceOf(buyer);
        goes(relayer, PRICE, both(a, expiry, Funding.Authorization, signature));
        assertEq(before - usdc.balanceOf(buyer), DEPOSIT);
        assertState(a, State.Disputed);
        rule(1, uint256(Outcome.Fail));
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Fail));
    }

    function test_disputeAndRaise_fromCollateral() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.prank(buyer);
        escrow.deposit(buyer, DEPOSIT);
        uint256 expiry = block.timestamp + 1 hours;
        bytes memory signature = sign(buyerKey, disputeDigest(a, expiry));
        goes(buyer, PRICE, both(a, expiry, Funding.Collateral, signature));
        assertEq(free(buyer), 0);
        assertState(a, State.Disputed);
    }

    /// Whoever relays the party's signature to the escrow first does not keep it from the court.
    function test_disputeAndRaise_overtaken() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 1 hours;
        bytes memory signature = authorized(a, expiry);
        escrow.dispute(
            a.terms, openingHash(a.opening), buyer, Outcome.Fail, expiry, Funding.Authorization, signature
        );
        goes(relayer, PRICE, both(a, expiry, Funding.Authorization, signature));
        (bool raised,) = adapter.disputeOf(address(escrow), idOf(a));
        assertTrue(raised);
    }

    function test_disputeAndRaise_refused() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 1 hours;
        adapterRefuses(
            relayer,
            PRICE,
            both(a, expiry, Funding.Allowance, ""),
            abi.encodeWithSelector(ICourtAdapter.PartyMustPay.selector)
        );
        // Without the party's signature, or with another's, nothing is taken from it.
        adapterRefuses(
            buyer,
            PRICE,
            both(a, expiry, Funding.Collateral, ""),
            abi.encodeWithSelector(MalformedSignature.selector, 0)
        );
        adapterRefuses(
            relayer,
            PRICE,
            both(a, expiry, Funding.Collateral, sign(providerKey, disputeDigest(a, expiry))),
            notSigned(buyer, disputeDigest(a, expiry))
        );
        // All or nothing: the deposit stays where the court is not paid.
        adapterRefuses(
            relayer,
            0,
            both(a, expiry, Funding.Authorization, authorized(a, expiry)),
            abi.encodeWithSelector(ICourtAdapter.CostNotCovered.selector, PRICE, 0)
        );
        assertState(a, State.Judged);
    }

    // ---- ETH

    function test_withdraw_whatWasPaidTooMuch(uint96 paid) public {
        vm.deal(relayer, paid);
        Agreement memory a = disputed();
        if (paid < PRICE) {
            adapterRefuses(
                relayer,
                paid,
                raiseCall(a),
                abi.encodeWithSelector(ICourtAdapter.CostNotCovered.selector, PRICE, paid)
            );
            return;
        }
        raise(a, paid);
        uint256 owed = paid - PRICE;
        assertEq(adapter.owedTo(relayer), owed);
        assertEq(address(adapter).balance, owed);
        bytes memory call = abi.encodeCall(adapter.withdraw, (finder()));
        if (owed != 0) {
            vm.expectEmit(address(adapter));
            emit ICourtAdapter.Withdrawn(relayer, finder(), owed);
            goes(relayer, 0, call);
            assertEq(finder().balance, owed);
        }
        adapterRefuses(relayer, 0, call, abi.encodeWithSelector(ICourtAdapter.NothingOwed.selector, relayer));
        assertEq(address(adapter).balance, 0);
    }

    function test_withdraw_toWhoDoesNotTakeIt() public {
        Miser miser = new Miser();
        vm.deal(address(miser), 1 ether);
        (bool ok,) = miser.act(address(adapter), 1 ether, raiseCall(disputed()));
        assertTrue(ok);
        uint256 owed = 1 ether - PRICE;
        adapterRefuses(
            address(miser),
            0,
            abi.encodeCall(adapter.withdraw, (address(miser))),
            abi.encodeWithSelector(ICourtAdapter.NotTaken.selector, miser, owed)
        );
        goes(address(miser), 0, abi.encodeCall(adapter.withdraw, (finder())));
        assertEq(finder().balance, owed);
    }

    /// Who comes back while it is paid is owed nothing any more.
    function test_withdraw_once() public {
        raise(disputed(), 1 ether);
        Greedy greedy = new Greedy(adapter);
        vm.deal(address(greedy), 1 ether);
        (bool ok,) = greedy.act(address(adapter), 1 ether, raiseCall(disputed()));
        assertTrue(ok);
        uint256 owed = 1 ether - PRICE;
        goes(address(greedy), 0, abi.encodeCall(adapter.withdraw, (address(greedy))));
        assertEq(greedy.answer(), abi.encodeWithSelector(ICourtAdapter.NothingOwed.selector, greedy));
        assertEq(address(greedy).balance, owed);
        assertEq(address(adapter).balance, owed);
    }

    function test_adapter_takesNoOtherEth() public {
        vm.prank(relayer);
        (bool ok,) = address(adapter).call{value: 1}("");
        assertFalse(ok);
    }

    /// A court cannot take what others paid too much by coming back.
    function test_withdraw_notByACourtThatComesBack() public {
        raise(disputed(), 1 ether);
        court.plan(address(adapter), abi.encodeCall(adapter.withdraw, (address(court))));
        vm.deal(address(court), 0);
        court.behave(0, false, false);
        raise(disputed(), 0);
        assertFalse(court.went());
        assertEq(court.answer(), abi.encodeWithSelector(ICourtAdapter.NothingOwed.selector, court));
        assertEq(adapter.owedTo(relayer), 1 ether - PRICE);
        assertEq(address(adapter).balance, 1 ether - PRICE);
    }

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

    // ---- helpers

    function disputed() private returns (Agreement memory a) {
        a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
    }

    function raise(Agreement memory a, uint256 value) private returns (uint256) {
        vm.prank(relayer);
        return adapter.raise{value: value}(a.terms, openingHash(a.opening));
    }

    function raiseCall(Agreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(adapter.raise, (a.terms, openingHash(a.opening)));
    }

    function both(Agreement memory a, uint256 expiry, Funding funding, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            adapter.disputeAndRaise,
            (a.terms, openingHash(a.opening), buyer, Outcome.Fail, expiry, funding, signature)
        );
    }

    function disputeDigest(Agreement memory a, uint256 expiry) private view returns (bytes32) {
        bytes32 typeHash =
            keccak256("Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)");
        return typed(keccak256(abi.encode(typeHash, idOf(a), buyer, Outcome.Pass, Outcome.Fail, expiry)));
    }

    function authorized(Agreement memory a, uint256 expiry) private view returns (bytes memory) {
        return signReceiveUSDC(buyerKey, address(escrow), DEPOSIT, 0, expiry, disputeDigest(a, expiry));
    }

    function rule(uint256 id, uint256 ruling) private {
        court.give(adapter, id, ruling);
    }

    function ruleRefused(address caller, uint256 id, uint256 ruling, bytes memory reason) private {
        adapterRefuses(caller, 0, abi.encodeCall(adapter.rule, (id, ruling)), reason);
    }

    function finder() private returns (address) {
        return makeAddr("finder");
    }

    function goes(address caller, uint256 value, bytes memory call) private {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(adapter).call{value: value}(call);
        if (!ok) {
            assembly {
                revert(add(data, 32), mload(data))
            }
        }
    }

    /// `call` of the adapter by `caller` must revert with exactly `reason`.
    function adapterRefuses(address caller, uint256 value, bytes memory call, bytes memory reason) private {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(adapter).call{value: value}(call);
        assertFalse(ok, "should have been refused");
        assertEq(data, reason, "refused for another reason");
    }
}
