// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";
import {PayoutsHarness} from "../harness/PayoutsHarness.sol";

/// What the checks of the payout table share: every job and committee that a split can be asked for. Each basis has its own
/// checks, so that each ends soon.
abstract contract PayoutCases is Test {
    uint256 private constant MOST = 32; // members of a committee

    /// What a job and its committee can hold. A symbolic struct is taken apart by the tool into symbolic words.
    /// A deposit of zero is a job that nobody disputed.
    struct Figures {
        uint64 gated;
        uint64 bond;
        uint64 fee;
        uint64 cost;
        uint72 deposit;
        uint64 silence;
        uint8 outcome;
        bool noShow;
        bool buyerDisputes;
    }

    /// Threshold, members and how many of them are silent: any.
    struct Crew {
        uint8 threshold;
        uint8 members;
        uint8 silent;
    }

    PayoutsHarness internal lib;

    function setUp() public {
        lib = harness();
    }

    function harness() internal virtual returns (PayoutsHarness) {
        return new PayoutsHarness();
    }

    /// By a verdict or by nothing delivered. The committee is any at all.
    function _spoken(Figures memory x, Crew memory crew) internal pure returns (Payouts.Case memory c) {
        c = _case(x);
        c.provisional = _outcome(x.outcome);
        c.basis = x.noShow ? Basis.NoShow : Basis.Verdict;
        (c.threshold, c.members, c.silent) = (crew.threshold, crew.members, crew.silent);
    }

    /// By a verdict of a committee of one of the shapes.
    function _judged(Figures memory x, uint8 shape) internal pure returns (Payouts.Case memory c) {
        c = _case(x);
        c.provisional = _outcome(x.outcome);
        c.basis = Basis.Verdict;
        (c.threshold, c.members, c.silent) = _shape(shape);
    }

    /// By silence, which gives no outcome but Lapse.
    function _unspoken(Figures memory x, uint8 shape) internal pure returns (Payouts.Case memory c) {
        c = _case(x);
        c.provisional = Outcome.Lapse;
        c.basis = Basis.Silence;
        (c.threshold, c.members, c.silent) = _shape(shape);
    }

    /// A ruling for another outcome than the provisional one.
    function _other(Payouts.Case memory c, uint8 ruling) internal pure returns (Outcome outcome) {
        outcome = _outcome(ruling);
        vm.assume(outcome != c.provisional);
    }

    /// One path for each outcome, so that nothing later has to ask which it is.
    function _outcome(uint8 symbolic) internal pure returns (Outcome) {
        if (symbolic == 1) return Outcome.Pass;
        if (symbolic == 2) return Outcome.Fail;
        vm.assume(symbolic == 3);
        return Outcome.Lapse;
    }

    function _ask(bytes memory call) internal view returns (bool ok, Payouts.Split memory s) {
        bytes memory data;
        (ok, data) = address(lib).staticcall(call);
        if (ok) s = abi.decode(data, (Payouts.Split));
    }

    /// Threshold, members and how many of them are silent: one path for each of these committees, from the smallest to
    /// the largest, with none, some and all silent. With symbolic ones a share times a count is out of a solver's reach.
    function _shape(uint8 i) internal pure returns (uint256, uint256, uint256) {
        if (i == 0) return (1, 1, 0);
        if (i == 1) return (1, 1, 1);
        if (i == 2) return (2, 3, 2);
        if (i == 3) return (3, 5, 1);
        if (i == 4) return (3, 5, 5);
        if (i == 5) return (5, 7, 3);
        if (i == 6) return (17, 32, 31);
        vm.assume(i == 7);
        return (32, 32, 32);
    }

    /// One path for each number from 1 to 32: a solver divides by constants only.
    function _concrete(uint8 symbolic) internal pure returns (uint256) {
        for (uint256 i = 1; i <= MOST; ++i) {
            if (symbolic == i) return i;
        }
        vm.assume(false);
        return 0;
    }

    function _case(Figures memory x) private pure returns (Payouts.Case memory c) {
        vm.assume(x.deposit >= x.cost);
        (c.gated, c.bond, c.fee, c.silence) = (x.gated, x.bond, x.fee, x.silence);
        (c.deposit, c.arbiterCost, c.buyerDisputes) = (x.deposit, x.cost, x.buyerDisputes);
    }
}
