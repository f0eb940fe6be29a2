// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";
import {PayoutsHarness} from "../harness/PayoutsHarness.sol";
import {and, or} from "./Bools.sol";

/// What a solver proves of the payout arithmetic, for every value its types can hold (halmos runs `check_…`).
/// Divisors are small numbers, so each is put in as a constant: a solver divides by constants only.
contract PayoutsSymbolic is Test {
    using {and, or} for bool;

    uint256 private constant MOST = 32; // members of a committee

    /// What a job and its committee can hold. A symbolic struct is taken apart by the tool into symbolic words.
    struct Figures {
        uint64 gated;
        uint64 bond;
        uint64 fee;
        uint64 cost;
        uint72 deposit;
        uint64 silence;
        uint8 shape;
        uint8 outcome;
        uint8 basis;
        bool buyerDisputes;
    }

    PayoutsHarness private lib;

    function setUp() public {
        lib = harness();
    }

    function harness() internal virtual returns (PayoutsHarness) {
        return new PayoutsHarness();
    }

    // ---- conservation: what comes in goes out, to the last unit, and nothing overflows

    // Conditions are joined by `and`, not `&&`: each is one question to the solver and no fork of the path.

    function check_stands_conserves(Figures memory x, bool disputed) public view {
        Payouts.Case memory c = _case(x, disputed);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == 0));
    }

    function check_upheld_conserves(Figures memory x) public view {
        Payouts.Case memory c = _case(x, true);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    function check_overturned_conserves(Figures memory x, uint8 ruling) public view {
        Payouts.Case memory c = _case(x, true);
        vm.assume((ruling >= 1).and(ruling <= 3).and(ruling != x.outcome));
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, Outcome(ruling))));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    function check_agreed_conserves(Figures memory x, bool disputed, uint72 toBuyer) public view {
        Payouts.Case memory c = _case(x, disputed);
        vm.assume(toBuyer <= c.gated + c.bond);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c, toBuyer)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    // ---- what each side gets, to the unit, with the slash as one number

    /// Undisputed, a side has what the outcome gives it; of the silent's part of Z all goes to the provider.
    function check_stands_gives(Figures memory x) public view {
        Payouts.Case memory c = _case(x, false);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        (uint256 buyer, uint256 provider) = _due(c, c.provisional);
        bool silence = c.basis == Basis.Silence;
        unchecked {
            uint256 slash = silence ? s.slashEach * c.silent : 0;
            bool parties = (s.buyer == buyer + (silence ? c.fee : 0)).and(s.provider == provider + slash);
            assert(parties.and(s.evaluators == (silence ? 0 : c.fee)).and(silence.or(s.slashEach == 0)));
        }
    }

    /// A dispute that fails costs its side the deposit and nothing more; the other side has at least half of what the
    /// arbiter leaves of it.
    function check_upheld_gives(Figures memory x) public view {
        Payouts.Case memory c = _case(x, true);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        (uint256 buyer, uint256 provider) = _due(c, c.provisional);
        bool silence = c.basis == Basis.Silence;
        unchecked {
            uint256 slash = silence ? s.slashEach * c.silent : 0;
            uint256 refund = silence ? c.fee : 0;
            uint256 rest = c.deposit - c.arbiterCost;
            uint256 gain = silence ? rest : rest - rest / 2;
            (uint256 toBuyer, uint256 toProvider) = c.buyerDisputes ? (uint256(0), gain) : (gain, uint256(0));
            bool parties =
                (s.buyer == buyer + refund + toBuyer).and(s.provider == provider + slash + toProvider);
            assert(parties.and(s.evaluators == (silence ? 0 : c.fee + rest / 2)));
        }
    }

    /// Overturned, the favoured side has all that the ruling gives it, its deposit less the arbiter's cost, and the
    /// slash; the other side has what the ruling leaves it, and nothing of the slash.
    function check_overturned_gives(Figures memory x, uint8 ruling) public view {
        Payouts.Case memory c = _case(x, true);
        vm.assume((ruling >= 1).and(ruling <= 3).and(ruling != x.outcome));
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, Outcome(ruling))));
        (uint256 buyer, uint256 provider) = _due(c, Outcome(ruling));
        bool silence = c.basis == Basis.Silence;
        bool noShow = c.basis == Basis.NoShow;
        unchecked {
            uint256 gain = c.deposit - c.arbiterCost;
            if (silence) (gain, buyer) = (gain + s.slashEach * c.silent, buyer + c.fee);
            else if (!noShow) gain += c.fee + s.slashEach * c.threshold;
            // Pass is best for the provider, then Lapse, then Fail.
            if (Outcome(ruling) == Outcome.Pass || c.provisional == Outcome.Fail) provider += gain;
            else buyer += gain;
            bool parties = (s.buyer == buyer).and(s.provider == provider);
            assert(parties.and(s.evaluators == (noShow ? c.fee : 0)).and((!noShow).or(s.slashEach == 0)));
        }
    }

    /// Each has what was agreed, the disputant its deposit less the arbiter's cost, and the evaluators no part of it.
    function check_agreed_gives(Figures memory x, bool disputed, uint72 toBuyer) public view {
        Payouts.Case memory c = _case(x, disputed);
        vm.assume(toBuyer <= c.gated + c.bond);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c, toBuyer)));
        bool silence = c.basis == Basis.Silence;
        unchecked {
            uint256 rest = c.deposit - c.arbiterCost;
            uint256 provider = c.gated + c.bond - toBuyer + (c.buyerDisputes ? 0 : rest);
            uint256 buyer = toBuyer + (c.buyerDisputes ? rest : 0);
            // In the order of the contract: the solver is lost in sums of products that are ordered otherwise.
            if (silence) (provider, buyer) = (provider + s.slashEach * c.silent, buyer + c.fee);
            bool parties = (s.buyer == buyer).and(s.provider == provider);
            assert(parties.and(s.evaluators == (silence ? 0 : c.fee)));
        }
    }

    // ---- rounding, and equal shares

    /// `ceilDiv` is the quotient rounded up: equal shares cover the whole and overshoot by less than a unit each.
    function check_ceilDiv_roundsUp(uint72 amount, uint8 parts) public view {
        uint256 divisor = _concrete(parts);
        uint256 each = lib.ceilDiv(amount, divisor);
        unchecked {
            assert((each * divisor >= amount).and(each * divisor < uint256(amount) + divisor));
        }
    }

    /// Never zero for something, never something for zero.
    function check_ceilDiv_zero(uint72 amount, uint8 parts) public view {
        uint256 divisor = _concrete(parts);
        assert((lib.ceilDiv(amount, divisor) == 0) == (amount == 0));
    }

    /// More to share is no less for each.
    function check_ceilDiv_grows(uint72 less, uint72 more, uint8 parts) public view {
        uint256 divisor = _concrete(parts);
        vm.assume(less <= more);
        assert(lib.ceilDiv(less, divisor) <= lib.ceilDiv(more, divisor));
    }

    /// One more to share it is no more for each.
    function check_ceilDiv_shrinks(uint72 amount, uint8 parts) public view {
        uint256 divisor = _concrete(parts);
        assert(lib.ceilDiv(amount, divisor + 1) <= lib.ceilDiv(amount, divisor));
    }

    /// A signer's slash for an overturned verdict is within the share that was reserved for it.
    function check_verdictSlash_withinShare(uint64 gated, uint64 bond, uint64 silence, uint8 k, uint8 pick)
        public
        view
    {
        uint256 threshold = _concrete(k);
        uint256 value = uint256(gated) + bond;
        uint256 moved = pick == 0 ? value : pick == 1 ? gated : bond;
        uint256 each = lib.ceilDiv(moved, threshold);
        unchecked {
            assert((each <= lib.share(value, silence, threshold)).and(each * threshold >= moved));
        }
    }

    /// A silent member's slash, in the narrowest case of as many members as the threshold, is within its share; more
    /// members make it smaller (`check_ceilDiv_shrinks`).
    function check_silenceSlash_withinShare(uint64 gated, uint64 bond, uint64 silence, uint8 k, bool pass)
        public
        view
    {
        uint256 threshold = _concrete(k);
        uint256 moved = pass ? gated : bond;
        uint256 each = lib.ceilDiv(silence > moved ? silence : moved, threshold);
        assert(each <= lib.share(uint256(gated) + bond, silence, threshold));
    }

    /// The deposit pays the arbiter, is no less than a fifth of the value, and no more than it must be.
    function check_deposit(uint72 value, uint64 cost) public view {
        vm.assume(value <= 2 * uint256(type(uint64).max));
        uint256 deposit = lib.depositFor(value, cost);
        assert((deposit >= cost).and(deposit * 5 >= value));
        assert((deposit == cost).or(deposit * 5 < uint256(value) + 5));
    }

    // ----

    function _case(Figures memory x, bool disputed) private pure returns (Payouts.Case memory c) {
        vm.assume((x.outcome >= 1).and(x.outcome <= 3).and(x.basis <= 2));
        vm.assume(x.deposit >= x.cost);
        // The only outcomes that time alone gives.
        vm.assume((x.basis != uint8(Basis.Silence)).or(x.outcome == uint8(Outcome.Lapse)));
        c.gated = x.gated;
        c.bond = x.bond;
        c.fee = x.fee;
        if (disputed) {
            c.deposit = x.deposit;
            c.arbiterCost = x.cost;
            c.buyerDisputes = x.buyerDisputes;
        }
        c.silence = x.silence;
        (c.threshold, c.members, c.silent) = _shape(x.shape);
        c.provisional = Outcome(x.outcome);
        c.basis = Basis(x.basis);
    }

    /// What an outcome gives buyer and provider of gated amount and bond.
    function _due(Payouts.Case memory c, Outcome outcome) private pure returns (uint256, uint256) {
        if (outcome == Outcome.Pass) return (0, c.gated + c.bond);
        if (outcome == Outcome.Fail) return (c.gated + c.bond, 0);
        return (c.gated, c.bond);
    }

    function _ask(bytes memory call) private view returns (bool ok, Payouts.Split memory s) {
        bytes memory data;
        (ok, data) = address(lib).staticcall(call);
        if (ok) s = abi.decode(data, (Payouts.Split));
    }

    function _conserves(Payouts.Case memory c, Payouts.Split memory s) private pure returns (bool) {
        unchecked {
            uint256 slashed = s.slashEach * (c.basis == Basis.Silence ? c.silent : c.threshold);
            uint256 income = c.gated + c.bond + c.fee + c.deposit + slashed;
            return s.buyer + s.provider + s.evaluators + s.arbiter == income;
        }
    }

    /// Threshold, members and how many of them are silent: one path for each of these committees, from the smallest to
    /// the largest, with none, some and all silent. With symbolic ones a share times a count is out of a solver's reach.
    function _shape(uint8 i) private pure returns (uint256, uint256, uint256) {
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

    /// One path for each number from 1 to 32.
    function _concrete(uint8 symbolic) private pure returns (uint256) {
        for (uint256 i = 1; i <= MOST; ++i) {
            if (symbolic == i) return i;
        }
        vm.assume(false);
        return 0;
    }
}
