// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What the escrow needs of USDC (FiatTokenV2_2) beyond ERC-20
interface IUSDC {
    /// @notice Pulls `value` from `from` to the caller with a signature by `from` (EOA or ERC-1271).
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;
}
