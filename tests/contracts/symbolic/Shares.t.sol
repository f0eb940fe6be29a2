// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";
import {and, or} from "./Bools.sol";
import {PayoutCases} from "./PayoutCases.sol";

/// What a solver proves of rounding, of shares and of slashes. That no slash is more than the share reserved for it takes
/// four steps, each proved here:
///
/// 1. a slash is ceilDiv of what the ruling moves by the threshold; of silence, of Z where that is more, by the members
///    (`…_slashes`);
/// 2. what a ruling moves is no more than V (`moves_withinValue`);
/// 3. a share is ceilDiv of the larger of V and Z by the threshold (`share_isOfTheLarger`);
/// 4. ceilDiv of more is no less, and by more no more (`ceilDiv_grows`, `ceilDiv_shrinks`); a committee has no fewer
///    members than its threshold.
///
/// Asked as one question, a solver must compare two quotients of sums and does not end.
contract PayoutSharesSymbolic is PayoutCases {
    using {and, or} for bool;

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

    /// A share is of the value or of the price of silence, whichever is more.
    function check_share_isOfTheLarger(uint72 value, uint64 silence, uint8 k) public view {
        uint256 threshold = _concrete(k);
        uint256 larger = value > silence ? value : silence;
        assert(lib.share(value, silence, threshold) == lib.ceilDiv(larger, threshold));
    }

    /// No ruling moves more than gated amount and bond.
    function check_moves_withinValue(Figures memory x, Crew memory crew, uint8 ruling) public view {
        Payouts.Case memory c = _spoken(x, crew);
        assert(lib.moves(c, _other(c, ruling)) <= c.gated + c.bond);
    }

    /// Each signer of an overturned verdict pays its part of what the ruling moves.
    function check_overturned_slashes(Figures memory x, uint8 shape, uint8 ruling) public view {
        Payouts.Case memory c = _judged(x, shape);
        Outcome outcome = _other(c, ruling);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        assert(s.slashEach == lib.ceilDiv(lib.moves(c, outcome), c.threshold));
    }

    /// Each silent member pays its part of Z, or of what the ruling moves where that is more.
    function check_overturnedInSilence_slashes(Figures memory x, uint8 shape, uint8 ruling) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        Outcome outcome = _other(c, ruling);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        uint256 moved = lib.moves(c, outcome);
        assert(s.slashEach == lib.ceilDiv(c.silence > moved ? c.silence : moved, c.members));
    }

    /// The deposit pays the arbiter, is no less than a fifth of the value, and no more than it must be.
    function check_deposit(uint72 value, uint64 cost) public view {
        vm.assume(value <= 2 * uint256(type(uint64).max));
        uint256 deposit = lib.depositFor(value, cost);
        assert((deposit >= cost).and(deposit * 5 >= value));
        assert((deposit == cost).or(deposit * 5 < uint256(value) + 5));
    }
}
