// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../interfaces/Types.sol";
import {Payouts} from "../../libraries/Payouts.sol";

/// @title Who gets what when a period of a tab is over
/// @notice Pure arithmetic in USDC base units: the jobs' table for a period in which the value is a payable and not all or
/// nothing. What is payable comes out of the balance and is not in these sums. For every split:
/// buyer + provider + evaluators + arbiter = verdictFee + deposit (+ fee, where the split says so).
/// What is taken from stake goes whole to one side.
library TabPayouts {
    /// @param bond B
    /// @param verdictFee For this period's verdict
    /// @param fee For readiness, over the whole tab
    /// @param deposit D, zero where nobody disputed
    /// @param arbiterCost A
    /// @param silence Z
    /// @param threshold k
    /// @param members n: who may sign for the tab; only where the committee was silent
    /// @param provisional The provisional outcome
    /// @param payable_ What is provisionally payable
    /// @param bySilence Whether it rests on the silence of the committee
    /// @param buyerDisputes Whether the disputant is the buyer
    struct Case {
        uint256 bond;
        uint256 verdictFee;
        uint256 fee;
        uint256 deposit;
        uint256 arbiterCost;
        uint256 silence;
        uint256 threshold;
        uint256 members;
        Outcome provisional;
        uint256 payable_;
        bool bySilence;
        bool buyerDisputes;
    }

    /// @param buyer To the buyer
    /// @param provider To the provider
    /// @param evaluators To the signers in equal parts
    /// @param arbiter To the arbiter
    /// @param slashEach From each signer of an overturned verdict, or from each silent member
    /// @param slashedToProvider Which party gets what is slashed
    /// @param withFee Whether the fee for readiness is in this split; coverage ends with it, and so the tab
    struct Split {
        uint256 buyer;
        uint256 provider;
        uint256 evaluators;
        uint256 arbiter;
        uint256 slashEach;
        bool slashedToProvider;
        bool withFee;
    }

    /// @dev Nobody ruled.
    function stands(Case memory c) internal pure returns (Split memory s) {
        if (c.bySilence) _silent(s, c);
        else s.evaluators = c.verdictFee;
        if (c.buyerDisputes) s.buyer += c.deposit;
        else s.provider += c.deposit;
    }

    /// @dev The arbiter ruled what was provisional. Of the rest of the deposit half goes to the other party, half to the
    /// evaluators; all to the other party where they were silent.
    function upheld(Case memory c) internal pure returns (Split memory s) {
        s.arbiter = c.arbiterCost;
        uint256 rest = c.deposit - c.arbiterCost;
        uint256 toParty = rest;
        if (c.bySilence) {
            _silent(s, c);
        } else {
            toParty = rest - rest / 2;
            s.evaluators = c.verdictFee + rest / 2;
        }
        if (c.buyerDisputes) s.provider += toParty;
        else s.buyer += toParty;
    }

    /// @dev The arbiter ruled something else: the rest of the deposit, both fees and what is slashed go to whom it favours;
    /// after silence the fees go back to the buyer.
    function overturned(Case memory c, Outcome outcome, uint256 payable_)
        internal
        pure
        returns (Split memory s)
    {
        s.arbiter = c.arbiterCost;
        s.withFee = true;
        uint256 moved = moves(c, outcome, payable_);
        uint256 favoured = c.deposit - c.arbiterCost;
        s.slashedToProvider =
            position(outcome, payable_, c.bond) > position(c.provisional, c.payable_, c.bond);
        if (c.bySilence) {
            s.slashEach = Payouts.ceilDiv(c.silence > moved ? c.silence : moved, c.members);
            s.buyer = c.verdictFee + c.fee;
        } else {
            s.slashEach = Payouts.ceilDiv(moved, c.threshold);
            favoured += c.verdictFee + c.fee;
        }
        if (s.slashedToProvider) s.provider += favoured;
        else s.buyer += favoured;
    }

    /// @dev The parties ended the tab themselves. The arbiter of a pending dispute keeps its cost.
    function agreed(Case memory c) internal pure returns (Split memory s) {
        if (c.bySilence) _silent(s, c);
        else s.evaluators = c.verdictFee;
        if (c.deposit == 0) return s;
        s.arbiter = c.arbiterCost;
        if (c.buyerDisputes) s.buyer += c.deposit - c.arbiterCost;
        else s.provider += c.deposit - c.arbiterCost;
    }

    /// @dev Whether a ruling differs from what is provisional in anything that is paid.
    function differs(Case memory c, Outcome outcome, uint256 payable_) internal pure returns (bool) {
        return payable_ != c.payable_ || (outcome == Outcome.Fail) != (c.provisional == Outcome.Fail);
    }

    /// @dev M: the difference in payable, with the bond where exactly one of the two outcomes is Fail.
    function moves(Case memory c, Outcome outcome, uint256 payable_) internal pure returns (uint256 moved) {
        moved = payable_ > c.payable_ ? payable_ - c.payable_ : c.payable_ - payable_;
        if ((outcome == Outcome.Fail) != (c.provisional == Outcome.Fail)) moved += c.bond;
    }

    /// @dev What an outcome leaves the provider with, twice; of two that leave it the same, a Fail is the worse one. So any two
    /// between which a ruling can differ favour one side, also where there is no bond.
    function position(Outcome outcome, uint256 payable_, uint256 bond) internal pure returns (uint256) {
        return outcome == Outcome.Fail ? 2 * payable_ : 2 * (payable_ + bond) + 1;
    }

    /// @dev The fees go back to the buyer; the silent pay their parts of Z to the provider, rounded up against them.
    function _silent(Split memory s, Case memory c) private pure {
        s.slashEach = Payouts.ceilDiv(c.silence, c.members);
        s.slashedToProvider = true;
        s.withFee = true;
        s.buyer = c.verdictFee + c.fee;
    }
}
