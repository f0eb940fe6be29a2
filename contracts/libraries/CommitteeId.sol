// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Committee} from "../interfaces/Types.sol";

/// @title What a committee's id says
/// @dev The id is a hash of all of the committee's terms, and in its lower bits some of them in full, so that they need
/// not be loaded:
///
///   bits 0-7      threshold k
///   bits 8-31     shortest ruling period, seconds
///   bits 32-55    longest challenge, seconds
///   bits 56-71    lowest fee: millionths of the value at stake for each day
///   bits 72-95    lowest fee: flat, in hundredths of a USDC; all ones: beyond any fee
///   bits 96-255   upper 160 bits of the hash
///
/// Two committees with one id would cost 2^80 hashes to find, like two contracts with one address; only one of them could
/// ever be created.
library CommitteeId {
    uint256 private constant CENT = 1e4;
    uint256 private constant BEYOND = type(uint24).max;

    /// @param c Its fields are sayable.
    function make(bytes32 hash, Committee calldata c) internal pure returns (bytes32) {
        uint256 flat = c.feeFlat == type(uint64).max ? BEYOND : c.feeFlat / CENT;
        uint256 low = c.threshold | (uint256(c.minRuling) << 8) | (uint256(c.maxChallenge) << 32)
            | (uint256(c.feeRate) << 56) | (flat << 72);
        return bytes32((uint256(hash) & ~uint256(type(uint96).max)) | low);
    }

    /// @dev The field whose value the id cannot say; empty where there is none.
    function unsayable(Committee calldata c) internal pure returns (string memory field) {
        if (c.feeFlat != type(uint64).max && (c.feeFlat % CENT != 0 || c.feeFlat / CENT >= BEYOND)) {
            return "feeFlat";
        }
        if (c.feeRate > type(uint16).max) return "feeRate";
        if (c.minRuling > type(uint24).max) return "minRuling";
        if (c.maxChallenge > type(uint24).max) return "maxChallenge";
    }

    function threshold(bytes32 id) internal pure returns (uint256) {
        return uint8(uint256(id));
    }

    function minRuling(bytes32 id) internal pure returns (uint256) {
        return uint24(uint256(id) >> 8);
    }

    function maxChallenge(bytes32 id) internal pure returns (uint256) {
        return uint24(uint256(id) >> 32);
    }

    function feeRate(bytes32 id) internal pure returns (uint256) {
        return uint16(uint256(id) >> 56);
    }

    /// @dev In USDC base units.
    function feeFlat(bytes32 id) internal pure returns (uint256) {
        uint256 flat = uint24(uint256(id) >> 72);
        unchecked {
            return flat == BEYOND ? type(uint64).max : flat * CENT;
        }
    }
}
