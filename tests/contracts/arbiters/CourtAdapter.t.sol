// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {IEvidence} from "../../../contracts/arbiters/IERC792.sol";
import {Agreement, Committee, Funding, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {CourtFixture} from "./CourtFixture.sol";
import {Greedy, Miser} from "./Courts.sol";

/// How disputes come before a court, and who pays.
contract CourtAdapterTest is CourtFixture {
    // ---- founding

    function test_adapter_codeFits() public view {
        assertLe(address(adapter).code.length, 24_576);
    }

    function test_adapter_saysWhatItIs() public {
        assertEq(adapter.escrow(), address(escrow));
        assertEq(address(adapter.court()), address(court));
        assertEq(adapter.extraData(), EXTRA);
        assertEq(adapter.cost(), PRICE);
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

    function test_raise_saysWhatWasPaidTooMuch() public {
        Agreement memory a = disputed();
        vm.expectEmit(address(adapter));
        emit ICourtAdapter.Owed(relayer, PRICE + 1);
        raise(a, 2 * PRICE + 1);
    }

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
}
