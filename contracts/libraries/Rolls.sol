// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The roll of a committee: its current keys in order, as one hash
/// @dev A list in memory of 20 bytes for each evaluator, zero for one that has not joined or was expelled. A list that
/// gives the committee's roll when hashed has just its length and just its keys.
library Rolls {
    /// @dev Room for 32 keys.
    function make() internal pure returns (uint256 list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(0x40, add(list, 672)) // 32 * 20 bytes, and what the last write writes beyond
        }
    }

    function set(uint256 list, uint256 index, address key) internal pure {
        assembly ("memory-safe") {
            mstore(add(list, mul(index, 20)), shl(96, key))
        }
    }

    function get(uint256 list, uint256 index) internal pure returns (address key) {
        assembly ("memory-safe") {
            key := shr(96, mload(add(list, mul(index, 20))))
        }
    }

    function hash(uint256 list, uint256 length) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(list, mul(length, 20))
        }
    }

    /// @dev `others[index]` without a look at its upper bits, which `set` drops. `index` is below the length.
    function hint(address[] calldata others, uint256 index) internal pure returns (address key) {
        assembly ("memory-safe") {
            key := calldataload(add(others.offset, shl(5, index)))
        }
    }
}
