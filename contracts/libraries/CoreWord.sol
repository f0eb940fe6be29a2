// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev One word: all of a committee that opening and closing a job read and change. The rest of what they need is in the
/// committee's id.
///
///   bits 0-47     free: the stake S less the shares of all open subjects
///   bits 48-87    price of silence Z
///   bits 88-119   active: who is at full stake and not leaving
///   bits 120-127  epoch
///   bits 128-159  the set that earned last
///   bits 160-199  what it earned and has not drawn
///   bits 200-231  highest value at stake of one job, in whole USDC, never zero; all ones: no such limit
///   bits 232-255  shortest time from deliverBy to judgeBy, seconds
///
/// The fees of the set that earned last ride along, so that a committee whose evaluators do their work pays for no
/// second slot.
type Core is uint256;

using CoreWord for Core global;

/// @dev Arithmetic here is unchecked: whoever adds has checked that the sum fits its bits.
library CoreWord {
    uint256 internal constant MAX_FEES = type(uint40).max;

    uint256 private constant USDC = 1e6;
    uint256 private constant UNLIMITED = type(uint32).max;
    uint256 private constant FREE = type(uint48).max;
    uint256 private constant FEES = uint256(type(uint72).max) << 128; // with the set

    /// @dev Whether a highest value can be kept here.
    function fits(uint256 maxValue_) internal pure returns (bool) {
        if (maxValue_ == type(uint64).max) return true;
        return maxValue_ != 0 && maxValue_ % USDC == 0 && maxValue_ / USDC < UNLIMITED;
    }

    function create(uint256 stake, uint256 silence_, uint256 maxValue_, uint256 minVerdict_)
        internal
        pure
        returns (Core)
    {
        uint256 value = maxValue_ == type(uint64).max ? UNLIMITED : maxValue_ / USDC;
        return Core.wrap(stake | (silence_ << 48) | (value << 200) | (minVerdict_ << 232));
    }

    function exists(Core c) internal pure returns (bool) {
        return Core.unwrap(c) != 0;
    }

    function free(Core c) internal pure returns (uint256) {
        return Core.unwrap(c) & FREE;
    }

    function silence(Core c) internal pure returns (uint256) {
        return uint40(Core.unwrap(c) >> 48);
    }

    function active(Core c) internal pure returns (uint32) {
        return uint32(Core.unwrap(c) >> 88);
    }

    function epoch(Core c) internal pure returns (uint256) {
        return uint8(Core.unwrap(c) >> 120);
    }

    function feeSet(Core c) internal pure returns (uint32) {
        return uint32(Core.unwrap(c) >> 128);
    }

    function fees(Core c) internal pure returns (uint256) {
        return uint40(Core.unwrap(c) >> 160);
    }

    /// @dev In USDC base units.
    function maxValue(Core c) internal pure returns (uint256) {
        uint256 value = uint32(Core.unwrap(c) >> 200);
        unchecked {
            return value == UNLIMITED ? type(uint64).max : value * USDC;
        }
    }

    function minVerdict(Core c) internal pure returns (uint256) {
        return Core.unwrap(c) >> 232;
    }

    /// @param share At most what is free.
    function reserve(Core c, uint256 share) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) - share);
        }
    }

    /// @param share Of what is reserved.
    function release(Core c, uint256 share) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) + share);
        }
    }

    function nextEpoch(Core c) internal pure returns (Core) {
        unchecked {
            return Core.wrap(Core.unwrap(c) + (1 << 120));
        }
    }

    function with(Core c, uint256 index) internal pure returns (Core) {
        return Core.wrap(Core.unwrap(c) | (1 << (88 + index)));
    }

    function without(Core c, uint32 set) internal pure returns (Core) {
        return Core.wrap(Core.unwrap(c) & ~(uint256(set) << 88));
    }

    /// @param amount At most `MAX_FEES`.
    function withFees(Core c, uint32 set, uint256 amount) internal pure returns (Core) {
        return Core.wrap((Core.unwrap(c) & ~FEES) | (uint256(set) << 128) | (amount << 160));
    }
}
