// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What can go wrong with, and what happens to, free collateral and signatures
/// @notice Amounts are USDC base units (6 decimals), times in seconds.
interface ILedger {
    /// @notice An account's free collateral is less than what would be taken from it.
    error InsufficientCollateral(address account, uint256 has, uint256 needs);
    /// @notice An amount that must be above zero is zero.
    error ZeroAmount();
    /// @notice The zero address or the escrow itself can neither own collateral nor be paid.
    error BadRecipient(address recipient);
    /// @notice The chain has forked away from the one this contract was deployed on: signatures are refused here.
    error WrongChain(uint256 chainId, uint256 deployedOn);
    /// @notice The permission ended at `expiry`.
    error Expired(uint256 expiry, uint256 timestamp);
    /// @notice `signature` is not one by `signer` over `digest`, neither by its key nor by ERC-1271.
    error NotSignedBy(address signer, bytes32 digest);
    /// @notice A signature must be 65 bytes (r, s, v) or 64 (EIP-2098), unless ERC-1271 judges it.
    error MalformedSignature(uint256 length);
    /// @notice The signature's s is in the upper half of the curve's order.
    error HighS();
    /// @notice The pledge was used before.
    error PledgeUsed(bytes32 digest);

    /// @notice `amount` was added to the free collateral of `account` from outside.
    event Deposited(address indexed account, uint256 amount, address from);
    /// @notice `amount` left the free collateral of `account` for the wallet `to`.
    event Claimed(address indexed account, address indexed to, uint256 amount);
    /// @notice `amount` went from the free collateral of one account to that of another.
    event Transferred(address indexed from, address indexed to, uint256 amount);
    /// @notice A pledge was taken by `book` for `subject`.
    event Pledged(address indexed account, address indexed book, bytes32 indexed subject, uint256 amount);
}
