// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../interfaces/Types.sol";

/// @title The payout table: who gets what at every ending of a job
/// @notice Pure arithmetic in USDC base units. For every split:
/// buyer + provider + evaluators + arbiter = gated + bond + fee + deposit + slashEach * (number slashed).
library Payouts {
    /// @param gated G
    /// @param bond B
    /// @param fee F
    /// @param deposit D, zero where nobody disputed
    /// @param arbiterCost A
    /// @param silence Z
    /// @param threshold k
    /// @param members n: the job's members
    /// @param silent How many of them were silent; only where the basis is Silence
    /// @param provisional The provisional outcome
    /// @param basis What it rests on
    /// @param buyerDisputes Whether the disputant is the buyer
    struct Case {
        uint256 gated;
        uint256 bond;
        uint256 fee;
        uint256 deposit;
        uint256 arbiterCost;
        uint256 silence;
        uint256 threshold;
        uint256 members;
        uint256 silent;
        Outcome provisional;
        Basis basis;
        bool buyerDisputes;
    }

    /// @param buyer To the buyer
    /// @param provider To the provider
    /// @param evaluators To a set of evaluators in equal parts: the signers, or all members where nobody signed
    /// @param arbiter To the arbiter
    /// @param slashEach From each signer of an overturned verdict, or from each silent member
    struct Split {
        uint256 buyer;
        uint256 provider;
        uint256 evaluators;
        uint256 arbiter;
        uint256 slashEach;
    }

    function ceilDiv(uint256 a, uint256 b) internal pure returns (uint256) {
        if (a == 0) return 0;
        unchecked {
            return (a - 1) / b + 1;
        }
    }

    /// @dev What each member answers for with its stake: V/k, or Z/k where that is more, rounded up.
    function share(uint256 value, uint256 silence, uint256 threshold) internal pure returns (uint256) {
        return ceilDiv(value > silence ? value : silence, threshold);
    }

    /// @dev D: a fifth of the value at stake rounded up, and at least the arbiter's cost.
    function depositFor(uint256 value, uint256 arbiterCost) internal pure returns (uint256) {
        uint256 fifth = ceilDiv(value, 5);
        return fifth > arbiterCost ? fifth : arbiterCost;
    }

    /// @dev The commonest endings at little cost, the same as `stands`: undisputed, and not by silence.
    /// Writes into an empty split: each one more that is made costs 120 gas.
    function plain(Split memory s, Outcome outcome, uint256 gated, uint256 bond, uint256 fee) internal pure {
        _base(s, gated, bond, outcome);
        s.evaluators = fee;
    }

    /// @dev The provisional outcome stands and nobody ruled: settled, conceded before a dispute, or the arbiter was
    /// silent, in which case the deposit goes back.
    function stands(Case memory c) internal pure returns (Split memory s) {
        _base(s, c.gated, c.bond, c.provisional);
        if (c.deposit != 0) {
            if (c.buyerDisputes) s.buyer += c.deposit;
            else s.provider += c.deposit;
        }
        if (c.basis == Basis.Silence) _priceOfSilence(s, c);
        else s.evaluators = c.fee;
    }

    /// @dev The arbiter ruled for the provisional outcome, or the disputant gave in.
    function upheld(Case memory c) internal pure returns (Split memory s) {
        _base(s, c.gated, c.bond, c.provisional);
        s.arbiter = c.arbiterCost;
        uint256 rest = c.deposit - c.arbiterCost;
        if (c.basis == Basis.Silence) {
            _priceOfSilence(s, c);
            if (c.buyerDisputes) s.provider += rest;
            else s.buyer += rest;
        } else {
            uint256 half = rest - rest / 2;
            if (c.buyerDisputes) s.provider += half;
            else s.buyer += half;
            s.evaluators = c.fee + rest - half;
        }
    }

    /// @dev The arbiter ruled for another outcome than the provisional one.
    function overturned(Case memory c, Outcome ruling) internal pure returns (Split memory s) {
        _base(s, c.gated, c.bond, ruling);
        s.arbiter = c.arbiterCost;
        uint256 favoured = c.deposit - c.arbiterCost;
        uint256 moved = moves(c, ruling);
        if (c.basis == Basis.Verdict) {
            s.slashEach = ceilDiv(moved, c.threshold);
            favoured += c.fee + s.slashEach * c.threshold;
        } else if (c.basis == Basis.NoShow) {
            s.evaluators = c.fee;
        } else {
            s.slashEach = ceilDiv(c.silence > moved ? c.silence : moved, c.members);
            favoured += s.slashEach * c.silent;
            s.buyer += c.fee;
        }
        if (favoursProvider(c.provisional, ruling)) s.provider += favoured;
        else s.buyer += favoured;
    }

    /// @dev The parties agreed: `toBuyer` of gated amount and bond to the buyer, the rest to the provider.
    /// `toBuyer` is at most their sum.
    function agreed(Case memory c, uint256 toBuyer) internal pure returns (Split memory s) {
        s.buyer = toBuyer;
        s.provider = c.gated + c.bond - toBuyer;
        if (c.deposit != 0) {
            s.arbiter = c.arbiterCost;
            if (c.buyerDisputes) s.buyer += c.deposit - c.arbiterCost;
            else s.provider += c.deposit - c.arbiterCost;
        }
        if (c.basis == Basis.Silence) _priceOfSilence(s, c);
        else s.evaluators = c.fee;
    }

    /// @dev M: what lies between the provisional outcome and the ruling.
    function moves(Case memory c, Outcome ruling) internal pure returns (uint256) {
        if (c.provisional != Outcome.Lapse && ruling != Outcome.Lapse) return c.gated + c.bond;
        return c.provisional == Outcome.Pass || ruling == Outcome.Pass ? c.gated : c.bond;
    }

    /// @dev Pass is better for the provider than Lapse, and Lapse than Fail.
    function favoursProvider(Outcome provisional, Outcome ruling) internal pure returns (bool) {
        return ruling == Outcome.Pass || provisional == Outcome.Fail;
    }

    function _base(Split memory s, uint256 gated, uint256 bond, Outcome outcome) private pure {
        unchecked {
            // Both come from fields of 64 bits.
            if (outcome == Outcome.Pass) {
                s.provider = gated + bond;
            } else if (outcome == Outcome.Fail) {
                s.buyer = gated + bond;
            } else {
                s.buyer = gated;
                s.provider = bond;
            }
        }
    }

    /// @dev The fee goes back to the buyer; the silent pay their parts of Z to the provider, rounded up against them.
    function _priceOfSilence(Split memory s, Case memory c) private pure {
        s.slashEach = ceilDiv(c.silence, c.members);
        s.provider += s.slashEach * c.silent;
        s.buyer += c.fee;
    }
}
