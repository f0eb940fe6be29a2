// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {EscrowFixture} from "./EscrowFixture.sol";

/// Brings one job to its end and holds what everyone then has against what the payout table says. A party's money is what
/// lies in its wallet and as free collateral together.
abstract contract PayoutsFixture is EscrowFixture {
    uint32 internal constant MEMBERS = 31;
    uint32 internal constant SIGNERS = 7;
    uint32 internal constant HONEST = 9; // the first and the fourth attest where the others are silent
    uint32 internal constant SILENT = MEMBERS & ~HONEST;

    struct Fees {
        uint32 set;
        uint256 amount;
    }

    uint256 private _buyerHad;
    uint256 private _providerHad;
    uint256 private _arbiterHad;
    uint256 private _escrowHad;
    uint256[N] private _evaluatorHad;
    uint256[N] private _staked;
    uint256 private _deposit;
    address private _disputant;

    /// Who signs verdicts.
    uint32 internal signers = SIGNERS;

    /// Pay out to wallets at closing; the totals are the same either way.
    bool internal payOut = true;

    // ---- on the way

    function begun(Agreement memory a) internal returns (Agreement memory) {
        (_buyerHad, _providerHad, _arbiterHad) = (worth(buyer), worth(provider), worth(arbiter));
        _escrowHad = usdc.balanceOf(address(escrow));
        for (uint256 i; i < N; ++i) {
            (_evaluatorHad[i], _staked[i]) = (worth(evaluators[i]), stakeOf(i));
        }
        (_disputant, _deposit) = (address(0), 0);
        open(a);
        assertEq(
            _buyerHad - worth(buyer),
            uint256(a.terms.gated) + a.opening.upFront + a.terms.fee,
            "price and fee"
        );
        assertEq(_providerHad + a.opening.upFront - worth(provider), a.terms.bond, "bond, less the advance");
        return a;
    }

    function judgedAs(Outcome outcome) internal returns (Agreement memory a) {
        a = begun(newAgreement());
        deliver(a);
        judgeAs(a, outcome);
    }

    function judgeAs(Agreement memory a, Outcome outcome) internal {
        Verdict memory v = verdictOn(a, outcome, signers);
        vm.prank(relayer);
        escrow.judge(v, payOut);
    }

    function notShown() internal returns (Agreement memory) {
        return notShown(newAgreement());
    }

    function notShown(Agreement memory a) internal returns (Agreement memory) {
        begun(a);
        vm.warp(a.opening.deliverBy);
        lapse(a);
        return a;
    }

    /// Lapse by silence of all members but `honest`.
    function silencedBut(uint32 honest) internal returns (Agreement memory) {
        return silencedBut(newAgreement(), honest);
    }

    function silencedBut(Agreement memory a, uint32 honest) internal returns (Agreement memory) {
        begun(a);
        deliver(a);
        if (honest != 0) {
            Verdict memory v = verdictOn(a, Outcome.Pass, honest);
            vm.prank(relayer);
            escrow.attest(v);
        }
        vm.warp(a.terms.judgeBy);
        lapse(a);
        return a;
    }

    function disputed(Agreement memory a, address party, Outcome sought) internal returns (Agreement memory) {
        uint256 had = worth(party);
        dispute(a, party, sought);
        (_disputant, _deposit) = (party, had - worth(party));
        uint256 value = uint256(a.terms.gated) + a.terms.bond;
        uint256 fifth = value / 5 + (value % 5 == 0 ? 0 : 1);
        uint256 cost = committeeTerms.arbiterCost;
        assertEq(_deposit, fifth < cost ? cost : fifth, "deposit");
        return a;
    }

    // ---- ends

    function settleAfterChallenge(Agreement memory a) internal {
        vm.warp(escrow.jobState(idOf(a)).deadline);
        settle(a, payOut);
    }

    function settleAfterRuling(Agreement memory a) internal {
        assertEq(uint8(stateOf(a)), uint8(State.Disputed), "disputed");
        settleAfterChallenge(a);
    }

    function ruleAs(Agreement memory a, Outcome outcome) internal {
        rule(a, outcome, payOut);
    }

    function concedeAs(Agreement memory a, address party) internal {
        vm.prank(party);
        escrow.concede(a.terms, openingHash(a.opening), party, 0, "", payOut);
    }

    function agreeOn(Agreement memory a, uint256 toBuyer) internal {
        bytes32 split = keccak256(
            abi.encode(
                keccak256("Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)"),
                idOf(a),
                stateOf(a),
                stateOf(a) == State.Open ? Outcome.None : escrow.jobState(idOf(a)).outcome,
                toBuyer,
                block.timestamp + 1
            )
        );
        bytes memory byBuyer = sign(buyerKey, typed(split));
        bytes memory byProvider = sign(providerKey, typed(split));
        vm.prank(relayer);
        escrow.agree(
            a.terms, openingHash(a.opening), toBuyer, block.timestamp + 1, byBuyer, byProvider, payOut
        );
    }

    // ---- what everyone has

    /// Where a verdict or a no-show was closed: each signer lost `each`.
    function assertRow(
        Agreement memory a,
        Outcome outcome,
        uint256 toBuyer,
        uint256 toProvider,
        Fees memory fees,
        uint256 each,
        uint256 toArbiter
    ) internal {
        _assert(a, outcome, toBuyer, toProvider, fees, each == 0 ? 0 : signers, each, toArbiter);
    }

    /// Where a lapse by silence was closed: each of the silent lost `each`, and nobody earned the fee.
    function assertSilence(
        Agreement memory a,
        Outcome outcome,
        uint256 toBuyer,
        uint256 toProvider,
        uint32 silent,
        uint256 each,
        uint256 toArbiter
    ) internal {
        _assert(a, outcome, toBuyer, toProvider, Fees(0, 0), silent, each, toArbiter);
    }

    function worth(address account) internal view returns (uint256) {
        return usdc.balanceOf(account) + escrow.collateralOf(account);
    }

    function _assert(
        Agreement memory a,
        Outcome outcome,
        uint256 toBuyer,
        uint256 toProvider,
        Fees memory fees,
        uint32 slashed,
        uint256 each,
        uint256 toArbiter
    ) private {
        assertEq(uint8(stateOf(a)), uint8(State.Closed), "closed");
        assertEq(uint8(escrow.jobState(idOf(a)).outcome), uint8(outcome), "final outcome");
        uint256 paid = uint256(a.terms.gated) + a.opening.upFront + a.terms.fee;
        if (_disputant == buyer) paid += _deposit;
        assertEq(worth(buyer) + paid - _buyerHad, toBuyer, "buyer");
        paid = a.terms.bond;
        if (_disputant == provider) paid += _deposit;
        assertEq(worth(provider) + paid - _providerHad - a.opening.upFront, toProvider, "provider");
        assertEq(worth(arbiter) - _arbiterHad, toArbiter, "arbiter");
        _assertEvaluators(fees, slashed, each);
        uint256 held = uint256(a.terms.gated) + a.terms.bond + a.terms.fee + _deposit;
        uint256 taken = each * _count(slashed);
        assertEq(toBuyer + toProvider + toArbiter + fees.amount, held + taken, "conservation");
        _assertEscrow(a, fees, slashed, each, toArbiter);
    }

    /// Stakes, and fees: drawn in equal parts by the set that earned them, what does not divide is left.
    function _assertEvaluators(Fees memory fees, uint32 slashed, uint256 each) private {
        for (uint256 i; i < N; ++i) {
            assertEq(stakeOf(i), _staked[i] - (slashed & (1 << i) != 0 ? each : 0), "stake");
        }
        for (uint32 set; set <= MEMBERS; ++set) {
            assertEq(escrow.feesOf(committee, set), set == fees.set ? fees.amount : 0, "fees");
        }
        uint256 part = fees.amount == 0 ? 0 : fees.amount / _count(fees.set);
        if (part != 0) {
            escrow.drawFees(committee, fees.set);
            assertEq(escrow.feesOf(committee, fees.set), fees.amount % _count(fees.set), "left of the fees");
        }
        for (uint256 i; i < N; ++i) {
            uint256 earned = fees.set & (1 << i) != 0 ? part : 0;
            assertEq(worth(evaluators[i]), _evaluatorHad[i] + earned, "evaluator");
        }
    }

    /// The parties were paid out of the contract, or hold what is theirs in it; nothing else moved.
    function _assertEscrow(
        Agreement memory a,
        Fees memory fees,
        uint32 slashed,
        uint256 each,
        uint256 toArbiter
    ) private view {
        if (!payOut) return;
        uint256 bond = a.terms.bond;
        uint256 stays = _escrowHad + fees.amount + toArbiter - bond - each * _count(slashed);
        assertEq(usdc.balanceOf(address(escrow)), stays, "left in the escrow");
    }

    function _count(uint32 set) private pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            ++n;
        }
    }
}
