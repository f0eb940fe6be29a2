// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Which of the faults of variants.toml is switched on. All of them are compiled into one escrow; a test puts code that
/// returns the number of one at a fixed address. Without it none is on.
library Broken {
    address internal constant SWITCH = address(0xBAD);

    /// Pure only in name, so that pure functions can be broken too.
    function on(uint256 variant) internal pure returns (bool) {
        function() internal view returns (uint256) looks = _number;
        function() internal pure returns (uint256) blind;
        assembly ("memory-safe") {
            blind := looks
        }
        return blind() == variant;
    }

    /// Allocates no memory: the code around it may be using what lies beyond the free pointer.
    function _number() private view returns (uint256 which) {
        address from = SWITCH;
        assembly ("memory-safe") {
            let ok := staticcall(gas(), from, 0, 0, 0, 32)
            if and(ok, eq(returndatasize(), 32)) { which := mload(0) }
        }
    }
}
