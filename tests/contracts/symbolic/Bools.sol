// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Solidity's own `&&` jumps, which is a fork of the path to a symbolic machine; these do not.
function and(bool a, bool b) pure returns (bool r) {
    assembly {
        r := and(a, b)
    }
}

function or(bool a, bool b) pure returns (bool r) {
    assembly {
        r := or(a, b)
    }
}
