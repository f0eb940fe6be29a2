// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {TabPayouts} from "../../../contracts/tabs/libraries/TabPayouts.sol";
import {TabsHarness} from "../harness/TabsHarness.sol";
import {and} from "./Bools.sol";

/// What a solver proves of how a period's money is split, for every value its types can hold. Divisors are constants: a
/// solver divides by constants only.
contract TabPayoutsSymbolic is Test {
    using {and} for bool;

    /// What a tab and its committee can hold.
    struct Figures {
        uint64 bond;
        uint64 verdictFee;
        uint64 fee;
        uint64 cost;
        uint72 deposit;
        uint64 silence;
        uint64 pay;
        uint8 outcome;
        bool bySilence;
        bool buyerDisputes;
    }

    TabsHarness private lib;

    function setUp() public {
        lib = harness();
    }

    function harness() internal virtual returns (TabsHarness) {
        return new TabsHarness();
    }

    /// Both fees and the deposit go out to the last unit, and a tab goes on only with its fee for readiness kept back.
    function check_tabStands_conserves(Figures memory x) public view {
        TabPayouts.Case memory c = _case(x);
        c.arbiterCost = 0;
        (bool ok, TabPayouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == 0).and(s.withFee == c.bySilence));
    }

    function check_tabUpheld_conserves(Figures memory x) public view {
        TabPayouts.Case memory c = _case(x);
        (bool ok, TabPayouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost).and(s.withFee == c.bySilence));
    }

    /// What the parties agree on is beside it: the signers, the silent and the arbiter get what is theirs.
    function check_tabAgreed_conserves(Figures memory x) public view {
        TabPayouts.Case memory c = _case(x);
        if (c.deposit == 0) c.arbiterCost = 0;
        (bool ok, TabPayouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost).and(s.withFee == c.bySilence));
    }

    function check_tabOverturned_conserves(Figures memory x, uint8 ruling, uint64 ruled) public view {
        TabPayouts.Case memory c = _case(x);
        vm.assume((ruling >= 1).and(ruling <= 3));
        (bool ok, TabPayouts.Split memory s) =
            _ask(abi.encodeCall(lib.overturned, (c, Outcome(ruling), ruled)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost).and(s.withFee));
    }

    /// What is slashed covers what the ruling moves, and no signer pays more than its part of it, rounded up; it goes to the
    /// side that the ruling leaves better off.
    function check_tabOverturned_slashes(Figures memory x, uint8 ruling, uint64 ruled) public view {
        TabPayouts.Case memory c = _case(x);
        vm.assume((ruling >= 1).and(ruling <= 3));
        (, TabPayouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, Outcome(ruling), ruled)));
        unchecked {
            uint256 moved = ruled > c.payable_ ? ruled - c.payable_ : c.payable_ - ruled;
            if ((Outcome(ruling) == Outcome.Fail) != (c.provisional == Outcome.Fail)) moved += c.bond;
            if (c.bySilence && moved < c.silence) moved = c.silence;
            uint256 parts = c.bySilence ? c.members : c.threshold;
            assert((s.slashEach * parts >= moved).and(s.slashEach * parts < moved + parts));
            // In halves of a unit: of two that leave the provider the same, a Fail is the worse one.
            uint256 before = 2 * c.payable_ + (c.provisional == Outcome.Fail ? 0 : 2 * c.bond + 1);
            uint256 after_ = 2 * uint256(ruled) + (Outcome(ruling) == Outcome.Fail ? 0 : 2 * c.bond + 1);
            assert(s.slashedToProvider == (after_ > before));
        }
    }

    function _conserves(TabPayouts.Case memory c, TabPayouts.Split memory s) private pure returns (bool) {
        unchecked {
            uint256 paidIn = c.verdictFee + c.deposit + (s.withFee ? c.fee : 0);
            return s.buyer + s.provider + s.evaluators + s.arbiter == paidIn;
        }
    }

    function _case(Figures memory x) private pure returns (TabPayouts.Case memory c) {
        vm.assume((x.outcome >= 1).and(x.outcome <= 3).and(x.cost <= x.deposit));
        c.bond = x.bond;
        c.verdictFee = x.verdictFee;
        c.fee = x.fee;
        c.deposit = x.deposit;
        c.arbiterCost = x.cost;
        c.silence = x.silence;
        (c.threshold, c.members) = (3, 5);
        c.provisional = Outcome(x.outcome);
        c.payable_ = x.pay;
        c.bySilence = x.bySilence;
        c.buyerDisputes = x.buyerDisputes;
    }

    function _ask(bytes memory call) private view returns (bool ok, TabPayouts.Split memory s) {
        bytes memory data;
        (ok, data) = address(lib).staticcall(call);
        if (ok) s = abi.decode(data, (TabPayouts.Split));
    }
}

/// Splits that are wrong on purpose: each check must be refuted of them.
contract SpoiltTabs is TabsHarness {
    function stands(TabPayouts.Case memory c) external pure override returns (TabPayouts.Split memory s) {
        s = TabPayouts.stands(c);
        ++s.buyer;
    }

    function upheld(TabPayouts.Case memory c) external pure override returns (TabPayouts.Split memory s) {
        s = TabPayouts.upheld(c);
        s.evaluators += 2;
    }

    function agreed(TabPayouts.Case memory c) external pure override returns (TabPayouts.Split memory s) {
        s = TabPayouts.agreed(c);
        ++s.provider;
    }

    function overturned(TabPayouts.Case memory c, Outcome outcome, uint256 payable_)
        external
        pure
        override
        returns (TabPayouts.Split memory s)
    {
        s = TabPayouts.overturned(c, outcome, payable_);
        ++s.provider;
        s.slashEach += 7;
    }
}

contract TabPayoutsBroken is TabPayoutsSymbolic {
    function harness() internal override returns (TabsHarness) {
        return new SpoiltTabs();
    }
}
