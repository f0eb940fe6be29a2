// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabEvents} from "../interfaces/ITabEvents.sol";

/// @title What became of the calls of a batch
/// @dev Written into memory as it is returned, a `Result[]` encoded: made as structs first, it would cost a row of a batch
/// a thousand gas more.
library Results {
    /// @dev The list for `n` calls, which `run` fills in order.
    function make(uint256 n) internal pure returns (uint256 list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, 0x20)
            mstore(add(list, 0x20), n)
            mstore(0x40, add(list, add(0x40, shl(5, n))))
        }
    }

    /// @dev Carries out call `i` on this contract's own code, as the caller of the batch.
    function run(uint256 list, uint256 i, bytes calldata call) internal {
        bytes32 failed = ITabEvents.CallFailed.selector;
        assembly ("memory-safe") {
            let entry := mload(0x40)
            calldatacopy(entry, call.offset, call.length)
            let ok := delegatecall(gas(), address(), entry, call.length, 0, 0)
            // A result is (bool ok, bytes data). Its place is told from the first word after the length.
            let heads := add(list, 0x40)
            mstore(add(heads, shl(5, i)), sub(entry, heads))
            mstore(entry, ok)
            mstore(add(entry, 0x20), 0x40)
            let size := returndatasize()
            mstore(add(entry, 0x40), size)
            let data := add(entry, 0x60)
            returndatacopy(data, 0, size)
            mstore(add(data, size), 0) // the rest of the last word still says what was called
            let next := add(data, and(add(size, 0x1f), not(0x1f)))
            mstore(0x40, next)
            if iszero(ok) {
                // CallFailed(i, data): the same bytes behind another offset.
                let at := add(entry, 0x20)
                mstore(at, 0x20)
                log2(at, sub(next, at), failed, i)
                mstore(at, 0x40)
            }
        }
    }

    /// @dev Ends the call with the list.
    function give(uint256 list) internal pure {
        assembly ("memory-safe") {
            return(list, sub(mload(0x40), list))
        }
    }
}
