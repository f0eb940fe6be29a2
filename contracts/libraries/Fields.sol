// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Opening, Terms} from "../interfaces/Types.sol";

/// @title Fields of an agreement as they stand in calldata
/// @dev Solidity checks the width of a field each time it is read, some 30 gas every time. Here `clean` checks all of
/// them at once, when a job is opened. Later the terms' hash vouches for them: a word with a dirty upper bit has another
/// hash, so it names a job that was never opened. Whoever reads terms here has called `clean`, or has seen that the job
/// they name exists.
library Fields {
    /// @dev Whether every field fits its type.
    function clean(Agreement calldata a) internal pure returns (bool result) {
        assembly ("memory-safe") {
            // Positions as in Types.sol: nine words of terms, seven of opening.
            let addresses := or(calldataload(a), calldataload(add(a, 0x20)))
            let amounts :=
                or(
                    or(calldataload(add(a, 0x60)), calldataload(add(a, 0x80))),
                    or(calldataload(add(a, 0xa0)), calldataload(add(a, 0x180)))
                )
            let times :=
                or(calldataload(add(a, 0xc0)), or(calldataload(add(a, 0x1a0)), calldataload(add(a, 0x1c0))))
            let periods := or(calldataload(add(a, 0xe0)), calldataload(add(a, 0x100)))
            result := iszero(
                or(or(shr(160, addresses), shr(64, amounts)), or(shr(40, times), shr(32, periods)))
            )
        }
    }

    function buyer(Terms calldata t) internal pure returns (address value_) {
        assembly ("memory-safe") {
            value_ := calldataload(t)
        }
    }

    function provider(Terms calldata t) internal pure returns (address value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0x20))
        }
    }

    function gated(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0x60))
        }
    }

    function bond(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0x80))
        }
    }

    /// @dev V: gated amount and bond. Each is below 2^64.
    function value(Terms calldata t) internal pure returns (uint256) {
        unchecked {
            return gated(t) + bond(t);
        }
    }

    function fee(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0xa0))
        }
    }

    function judgeBy(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0xc0))
        }
    }

    function challenge(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0xe0))
        }
    }

    function ruling(Terms calldata t) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(t, 0x100))
        }
    }

    function upFront(Opening calldata o) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(o, 0x60))
        }
    }

    function openBy(Opening calldata o) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(o, 0x80))
        }
    }

    function deliverBy(Opening calldata o) internal pure returns (uint256 value_) {
        assembly ("memory-safe") {
            value_ := calldataload(add(o, 0xa0))
        }
    }
}
