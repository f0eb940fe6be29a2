// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Committee} from "../interfaces/Types.sol";

/// @dev One word: what opening checks of a committee.
///
///   bits 0-63     highest value at stake
///   bits 64-127   lowest fee, flat
///   bits 128-159  lowest fee, per value and day
///   bits 160-191  shortest time from deliverBy to judgeBy
///   bits 192-223  shortest ruling period
///   bits 224-255  longest challenge
type Limits is uint256;

using LimitsWord for Limits global;

library LimitsWord {
    function pack(Committee calldata c) internal pure returns (Limits) {
        return Limits.wrap(
            c.maxValue | (uint256(c.feeFlat) << 64) | (uint256(c.feeRate) << 128)
                | (uint256(c.minVerdict) << 160) | (uint256(c.minRuling) << 192)
                | (uint256(c.maxChallenge) << 224)
        );
    }

    function maxValue(Limits limits) internal pure returns (uint256) {
        return uint64(Limits.unwrap(limits));
    }

    function feeFlat(Limits limits) internal pure returns (uint256) {
        return uint64(Limits.unwrap(limits) >> 64);
    }

    function feeRate(Limits limits) internal pure returns (uint256) {
        return uint32(Limits.unwrap(limits) >> 128);
    }

    function minVerdict(Limits limits) internal pure returns (uint256) {
        return uint32(Limits.unwrap(limits) >> 160);
    }

    function minRuling(Limits limits) internal pure returns (uint256) {
        return uint32(Limits.unwrap(limits) >> 192);
    }

    function maxChallenge(Limits limits) internal pure returns (uint256) {
        return Limits.unwrap(limits) >> 224;
    }
}
