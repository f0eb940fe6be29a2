// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Funding, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// dispute and rule. Amounts are checked in Payouts.t.sol.
contract DisputeTest is UnitTest {
    uint256 private constant DEPOSIT = 260e6; // a fifth of 1300

    // ---- who may dispute what

    function test_dispute_everyPairOfOutcomes() public {
        uint256 snapshot = vm.snapshotState();
        for (uint8 p = 1; p <= 3; ++p) {
            for (uint8 s = 1; s <= 3; ++s) {
                for (uint256 who; who < 2; ++who) {
                    pair(Outcome(p), Outcome(s), who == 0);
                    vm.revertToState(snapshot);
                }
            }
        }
    }

    function pair(Outcome provisional, Outcome sought, bool byBuyer) private {
        Agreement memory a = judged(provisional);
        address party = byBuyer ? buyer : provider;
        // For the provider Pass is better than Lapse, and Lapse better than Fail; for the buyer the other way round.
        bool better = byBuyer ? rank(sought) < rank(provisional) : rank(sought) > rank(provisional);
        if (!better) {
            refused(party, disputeCall(a, party, sought), abi.encodeWithSelector(NotAllowed.selector, party));
            return;
        }
        vm.expectEmit(address(escrow));
        emit Disputed(idOf(a), party, sought, DEPOSIT, uint40(block.timestamp + 2 days));
        done(party, disputeCall(a, party, sought));
        IViews.JobView memory v = viewOf(a);
        assertEq(uint8(v.state), uint8(State.Disputed));
        assertEq(uint8(v.sought), uint8(sought));
        assertEq(uint8(v.outcome), uint8(provisional));
        assertEq(v.buyerDisputes, byBuyer);
        assertEq(v.deadline, block.timestamp + 2 days);
        assertEq(v.signers, 7);
        refused(party, disputeCall(a, party, sought), wrongState(a, State.Disputed));
    }

    function rank(Outcome o) private pure returns (uint256) {
        return o == Outcome.Pass ? 3 : o == Outcome.Lapse ? 2 : 1;
    }

    function test_dispute_refused() public {
        Agreement memory a = newAgreement();
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), wrongState(a, State.None));
        open(a);
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), wrongState(a, State.Open));
        deliver(a);
        judge(a, Outcome.Pass);
        refused(
            relayer,
            disputeCall(a, relayer, Outcome.Fail),
            abi.encodeWithSelector(NotAllowed.selector, relayer)
        );
        refused(buyer, disputeCall(a, buyer, Outcome.None), abi.encodeWithSelector(BadOutcome.selector));
        // Word 11 is `sought`, word 13 the funding.
        bytes memory call = disputeCall(a, buyer, Outcome.Fail);
        refused(buyer, patched(call, 11 * 32, 4), "");
        refused(buyer, patched(call, 13 * 32, 3), "");
        refused(
            relayer,
            disputeCall(a, buyer, Outcome.Fail),
            abi.encodeWithSelector(Expired.selector, 0, block.timestamp)
        );
    }

    function test_dispute_boundary() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 ends = block.timestamp + 1 days;
        vm.warp(ends - 1);
        uint256 snapshot = vm.snapshotState();
        done(buyer, disputeCall(a, buyer, Outcome.Fail));
        vm.revertToState(snapshot);
        vm.warp(ends);
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), tooLate(ends));
    }

    // ---- who pays the deposit

    function test_dispute_fromCollateral() public {
        Agreement memory a = judged(Outcome.Fail);
        bytes memory call = disputing(a, provider, Outcome.Pass, 0, Funding.Collateral, "");
        uint256 before = free(provider);
        done(provider, call);
        assertEq(before - free(provider), DEPOSIT);
        a = judged(Outcome.Pass);
        call = disputing(a, buyer, Outcome.Fail, 0, Funding.Collateral, "");
        refused(buyer, call, abi.encodeWithSelector(InsufficientCollateral.selector, buyer, 0, DEPOSIT));
        assertState(a, State.Judged);
    }

    function test_dispute_fromCollateralBySignature() public {
        Agreement memory a = judged(Outcome.Fail);
        Agreement memory b = judged(Outcome.Fail);
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = disputeDigest(a, provider, Outcome.Fail, Outcome.Pass, expiry);
        bytes memory signature = sign(providerKey, digest);
        refused(
            relayer,
            disputing(a, provider, Outcome.Lapse, expiry, Funding.Collateral, signature),
            notSigned(provider, disputeDigest(a, provider, Outcome.Fail, Outcome.Lapse, expiry))
        );
        refused(
            relayer,
            disputing(b, provider, Outcome.Pass, expiry, Funding.Collateral, signature),
            notSigned(provider, disputeDigest(b, provider, Outcome.Fail, Outcome.Pass, expiry))
        );
        refused(
            relayer,
            disputing(a, provider, Outcome.Pass, expiry, Funding.Collateral, sign(buyerKey, digest)),
            notSigned(provider, digest)
        );
        bytes memory call = disputing(a, provider, Outcome.Pass, expiry, Funding.Collateral, signature);
        vm.warp(expiry);
        refused(relayer, call, abi.encodeWithSelector(Expired.selector, expiry, expiry));
        vm.warp(expiry - 1);
        done(relayer, call);
        assertTrue(!viewOf(a).buyerDisputes);
    }

    /// A signature for a provisional Fail cannot be used on a provisional Lapse.
    function test_dispute_signatureNamesTheProvisionalOutcome() public {
        Agreement memory a = judged(Outcome.Lapse);
        uint256 expiry = block.timestamp + 100;
        bytes memory signature =
            sign(providerKey, disputeDigest(a, provider, Outcome.Fail, Outcome.Pass, expiry));
        refused(
            relayer,
            disputing(a, provider, Outcome.Pass, expiry, Funding.Collateral, signature),
            notSigned(provider, disputeDigest(a, provider, Outcome.Lapse, Outcome.Pass, expiry))
        );
    }

    function test_dispute_paidByAnyoneWithThePartysSignature() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 100;
        bytes memory signature = sign(buyerKey, disputeDigest(a, buyer, Outcome.Pass, Outcome.Fail, expiry));
        uint256 before = usdc.balanceOf(relayer);
        done(relayer, disputing(a, buyer, Outcome.Fail, expiry, Funding.Allowance, signature));
        assertEq(before - usdc.balanceOf(relayer), DEPOSIT);
        assertTrue(viewOf(a).buyerDisputes);
    }

    function test_dispute_byAuthorization() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 expiry = block.timestamp + 100;
        bytes32 nonce = disputeDigest(a, buyer, Outcome.Pass, Outcome.Fail, expiry);
        bytes memory pays = signReceiveUSDC(buyerKey, address(escrow), DEPOSIT, 0, expiry, nonce);
        // The plain signature is no authorization, nor is one for another outcome.
        refused(
            relayer,
            disputing(a, buyer, Outcome.Fail, expiry, Funding.Authorization, sign(buyerKey, nonce)),
            BAD_USDC_SIGNATURE
        );
        refused(
            relayer,
            disputing(a, buyer, Outcome.Lapse, expiry, Funding.Authorization, pays),
            BAD_USDC_SIGNATURE
        );
        bytes memory call = disputing(a, buyer, Outcome.Fail, expiry, Funding.Authorization, pays);
        uint256 snapshot = vm.snapshotState();
        vm.warp(expiry);
        refused(relayer, call, EXPIRED_USDC_AUTHORIZATION);
        vm.revertToState(snapshot);
        uint256 before = usdc.balanceOf(buyer);
        done(relayer, call);
        assertEq(before - usdc.balanceOf(buyer), DEPOSIT);
    }

    function test_dispute_whileBlacklistedWorksFromCollateral() public {
        vm.prank(buyer);
        escrow.deposit(buyer, DEPOSIT);
        Agreement memory a = judged(Outcome.Pass);
        blacklistUSDC(buyer);
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), BLACKLISTED);
        done(buyer, disputing(a, buyer, Outcome.Fail, 0, Funding.Collateral, ""));
    }

    function test_dispute_depositIsAtLeastTheArbitersCost() public {
        Agreement memory a = newAgreement();
        a.terms.gated = 10e6;
        a.terms.bond = 0;
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        vm.expectEmit(address(escrow));
        emit Disputed(idOf(a), buyer, Outcome.Fail, ARBITER_COST, uint40(block.timestamp + 2 days));
        dispute(a, buyer, Outcome.Fail);
        a = newAgreement();
        a.terms.gated = ARBITER_COST * 5 + 1;
        a.terms.bond = 0;
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        vm.expectEmit(address(escrow));
        emit Disputed(idOf(a), buyer, Outcome.Fail, ARBITER_COST + 1, uint40(block.timestamp + 2 days));
        dispute(a, buyer, Outcome.Fail);
    }

    function test_dispute_afterAFork() public {
        Agreement memory a = judged(Outcome.Pass);
        bytes memory call = disputeCall(a, buyer, Outcome.Fail);
        vm.chainId(3);
        refused(buyer, call, abi.encodeWithSelector(WrongChain.selector, 3, 31337));
    }

    // ---- rule

    function test_rule_refused() public {
        Agreement memory a = newAgreement();
        refused(arbiter, ruleCall(a, Outcome.Fail), wrongState(a, State.None));
        open(a);
        refused(arbiter, ruleCall(a, Outcome.Fail), wrongState(a, State.Open));
        deliver(a);
        judge(a, Outcome.Pass);
        refused(arbiter, ruleCall(a, Outcome.Fail), wrongState(a, State.Judged));
        dispute(a, buyer, Outcome.Fail);
        address[4] memory others = [buyer, provider, relayer, evaluators[0]];
        for (uint256 i; i < 4; ++i) {
            refused(
                others[i],
                ruleCall(a, Outcome.Fail),
                abi.encodeWithSelector(NotTheArbiter.selector, others[i], arbiter)
            );
        }
        refused(arbiter, ruleCall(a, Outcome.None), abi.encodeWithSelector(BadOutcome.selector));
        refused(arbiter, patched(ruleCall(a, Outcome.Fail), 10 * 32, 4), "");
        done(arbiter, ruleCall(a, Outcome.Fail));
        refused(arbiter, ruleCall(a, Outcome.Pass), wrongState(a, State.Closed));
    }

    function test_rule_boundary() public {
        Agreement memory a = judged(Outcome.Pass);
        Agreement memory b = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        dispute(b, buyer, Outcome.Fail);
        uint256 ends = block.timestamp + 2 days;
        vm.warp(ends - 1);
        done(arbiter, ruleCall(a, Outcome.Lapse));
        vm.warp(ends);
        refused(arbiter, ruleCall(b, Outcome.Lapse), tooLate(ends));
    }

    function test_rule_emitsAndMarks() public {
        Agreement memory a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        // 1300 over three signers, rounded up: two units more than M.
        vm.expectEmit(address(escrow));
        emit Slashed(committee, idOf(a), 7, 433_333_334);
        vm.expectEmit(address(escrow));
        emit ArbiterPaid(idOf(a), arbiter, ARBITER_COST);
        expectClosed(
            a, Outcome.Fail, Ending.Ruled, 2 * (GATED + BOND) + 2 + FEE + DEPOSIT - ARBITER_COST, 0, 0, 7, 0
        );
        done(arbiter, ruleCall(a, Outcome.Fail));
        IViews.JobView memory v = viewOf(a);
        assertEq(uint8(v.state), uint8(State.Closed));
        assertEq(uint8(v.outcome), uint8(Outcome.Fail));
        assertEq(free(arbiter), ARBITER_COST);
        assertEq(escrow.committeeState(committee).active, 31 - 7, "below full stake: no new jobs");
    }

    // ---- helpers

    function disputing(
        Agreement memory a,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes memory signature
    ) private view returns (bytes memory) {
        return abi.encodeCall(
            escrow.dispute, (a.terms, openingHash(a.opening), party, sought, expiry, funding, signature)
        );
    }

    function disputeDigest(
        Agreement memory a,
        address party,
        Outcome provisional,
        Outcome sought,
        uint256 expiry
    ) private view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)"
        );
        return typed(keccak256(abi.encode(typeHash, idOf(a), party, provisional, sought, expiry)));
    }
}
