// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev The first of the two words that are stored of a tab: what holds from period to period.
///
///   bits 0-31     members      who may sign, and bear silence
///   bits 32-87    balance      of what the buyer paid in
///   bits 88-143   settledAmount
///   bits 144-183  settledCount
///   bits 184-199  period       how many were settled
///   bits 200-231  end          no tally is presented from then on
///   bit  232      closing      a party gave notice, or the buyer defaulted
///   bit  233      defaulted    the rest of the collateral is in the balance
///   bits 234-249  unpaid       how many periods' verdict fees are kept for the pending word's `set`
type Standing is uint256;

using StandingWord for Standing global;

/// @dev Every field fits: see what `open`, `present` and `topUp` refuse.
library StandingWord {
    uint256 internal constant MAX_AMOUNT = type(uint56).max;
    uint256 internal constant MAX_COUNT = type(uint40).max;

    uint256 private constant CLOSING = 1 << 232;
    uint256 private constant DEFAULTED = 1 << 233;
    uint256 private constant BALANCE = MAX_AMOUNT << 32;
    uint256 private constant SETTLED = uint256(type(uint112).max) << 88; // amount, count and period
    uint256 private constant END = uint256(type(uint32).max) << 200;
    uint256 private constant UNPAID = uint256(type(uint16).max) << 234;

    function opened(uint256 members_, uint256 balance_, uint256 end_) internal pure returns (Standing) {
        return Standing.wrap(members_ | (balance_ << 32) | (end_ << 200));
    }

    function members(Standing s) internal pure returns (uint32) {
        return uint32(Standing.unwrap(s));
    }

    function balance(Standing s) internal pure returns (uint256) {
        return uint56(Standing.unwrap(s) >> 32);
    }

    function settledAmount(Standing s) internal pure returns (uint256) {
        return uint56(Standing.unwrap(s) >> 88);
    }

    function settledCount(Standing s) internal pure returns (uint256) {
        return uint40(Standing.unwrap(s) >> 144);
    }

    function period(Standing s) internal pure returns (uint256) {
        return uint16(Standing.unwrap(s) >> 184);
    }

    function end(Standing s) internal pure returns (uint256) {
        return uint32(Standing.unwrap(s) >> 200);
    }

    function closing(Standing s) internal pure returns (bool) {
        return Standing.unwrap(s) & CLOSING != 0;
    }

    function defaulted(Standing s) internal pure returns (bool) {
        return Standing.unwrap(s) & DEFAULTED != 0;
    }

    function unpaid(Standing s) internal pure returns (uint256) {
        return Standing.unwrap(s) >> 234;
    }

    function withBalance(Standing s, uint256 balance_) internal pure returns (Standing) {
        return Standing.wrap((Standing.unwrap(s) & ~BALANCE) | (balance_ << 32));
    }

    /// @dev One period more is settled, and all that was presented until its end. Before it, fewer than `periods` are, which has
    /// 16 bits: the last one ends the tab.
    function settled(Standing s, uint256 amount, uint256 count) internal pure returns (Standing) {
        unchecked {
            return Standing.wrap(
                (Standing.unwrap(s) & ~SETTLED) | (amount << 88) | (count << 144) | ((period(s) + 1) << 184)
            );
        }
    }

    function nextPeriod(Standing s) internal pure returns (Standing) {
        unchecked {
            return Standing.wrap(Standing.unwrap(s) + (1 << 184)); // as in `settled`
        }
    }

    function withEnd(Standing s, uint256 end_) internal pure returns (Standing) {
        return Standing.wrap((Standing.unwrap(s) & ~END) | (end_ << 200));
    }

    function leaving(Standing s) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) | CLOSING);
    }

    function inDefault(Standing s) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) | CLOSING | DEFAULTED);
    }

    /// @dev One verdict's fee more is kept.
    function keepingFee(Standing s) internal pure returns (Standing) {
        unchecked {
            return Standing.wrap(Standing.unwrap(s) + (1 << 234)); // as many as periods, at most
        }
    }

    function withoutUnpaid(Standing s) internal pure returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) & ~UNPAID);
    }
}
