// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TabTerms} from "../interfaces/TabTypes.sol";

/// @title A tab's terms, read as they stand in calldata
/// @dev Without the compiler's look at each field's upper bits: terms with dirty ones were never opened, because opening
/// puts all of them into an event, and that checks them.
library TabFields {
    function buyer(TabTerms calldata t) internal pure returns (address result) {
        assembly ("memory-safe") {
            result := calldataload(t)
        }
    }

    function provider(TabTerms calldata t) internal pure returns (address result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x20))
        }
    }

    function committee(TabTerms calldata t) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x40))
        }
    }

    function deposit(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x60))
        }
    }

    function credit(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x80))
        }
    }

    function bond(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0xa0))
        }
    }

    function ceiling(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0xc0))
        }
    }

    function fee(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0xe0))
        }
    }

    function verdictFee(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x100))
        }
    }

    function due(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x120))
        }
    }

    function endBy(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x140))
        }
    }

    function period(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x160))
        }
    }

    function window(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x180))
        }
    }

    function verdict(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x1a0))
        }
    }

    function challenge(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x1c0))
        }
    }

    function ruling(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x1e0))
        }
    }

    function grace(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x200))
        }
    }

    function notice(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x220))
        }
    }

    function periods(TabTerms calldata t) internal pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := calldataload(add(t, 0x240))
        }
    }

    /// @dev Deposit, credit and bond: all that a verdict can move. Each is below 2^64.
    function value(TabTerms calldata t) internal pure returns (uint256) {
        unchecked {
            return deposit(t) + credit(t) + bond(t);
        }
    }
}
