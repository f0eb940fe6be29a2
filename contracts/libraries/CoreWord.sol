// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One word: all of a committee that opening and closing a job change, and what never changes but is needed then.
///
///   bits 0-47     reserved: the sum of the shares of all open subjects
///   bits 48-95    stake S
///   bits 96-135   price of silence Z
///   bits 136-143  threshold k; not zero, so the word of a committee is never zero
///   bits 144-151  epoch
///   bits 152-183  active: who is at full stake and not leaving
///   bits 184-215  the set that earned last
///   bits 216-255  what it earned and has not drawn
///
/// The fees of the set that earned last ride along, so that a committee whose evaluators do their work pays for no
/// second slot.
type Core is uint256;

using CoreWord for Core global;

/// @dev Arithmetic here is unchecked: whoever adds has checked that the sum fits its bits.
library CoreWord {
    uint256 internal constant MAX_FEES = type(uint40).max;

    uint256 private constant _FEES = type(uint256).max << 184;
    uint256 private constant _RESERVED = type(uint48).max;

    function create(uint256 stake_, uint256 silence_, uint256 threshold_) internal pure returns (Core) {
        return Core.wrap((stake_ << 48) | (silence_ << 96) | (threshold_ << 136));
    }

    function exists(Core c) internal pure returns (bool) {
        return Core.unwrap(c) != 0;
    }

    function reserved(Core c) internal pure returns (uint256) {
        return Core.unwrap(c) & _RESERVED;
    }

    function stake(Core c) internal pure returns (uint256) {
        return uint48(Core.unwrap(c) >> 48);
    }

    function silence(Core c) internal pure returns (uint256) {
        return uint40(Core.unwrap(c) >> 96);
    }

    function threshold(Core c) internal pure returns (uint256) {
        return uint8(Core.unwrap(c) >> 136);
    }

    function epoch(Core c) internal pure returns (uint256) {
        return uint8(Core.unwrap(c) >> 144);
    }

    function active(Core c) internal pure returns (uint32) {
        return uint32(Core.unwrap(c) >> 152);
    }

    function feeSet(Core c) internal pure returns (uint32) {
        return uint32(Core.unwrap(c) >> 184);
    }

    function fees(Core c) internal pure returns (uint256) {
        return Core.unwrap(c) >> 216;
    }

    /// @param share At most stake less reserved.
    function reserve(Core c, uint256 share) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) + share);
        }
    }

    /// @param share At most what is reserved.
    function release(Core c, uint256 share) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) - share);
        }
    }

    function nextEpoch(Core c) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) + (1 << 144));
        }
    }

    function with(Core c, uint256 index) internal pure returns (Core) {
        return Core.wrap(Core.unwrap(c) | (1 << (152 + index)));
    }

    function without(Core c, uint32 set) internal pure returns (Core) {
        return Core.wrap(Core.unwrap(c) & ~(uint256(set) << 152));
    }

    /// @param amount At most `MAX_FEES`.
    function withFees(Core c, uint32 set, uint256 amount) internal pure returns (Core) {
        return Core.wrap((Core.unwrap(c) & ~_FEES) | (uint256(set) << 184) | (amount << 216));
    }
}
