// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "./ILedger.sol";

/// @title Free collateral: USDC that an account holds in the escrow and that nothing is waiting for
/// @notice Bonds, deposits and stakes are locked from it; whatever a closing owes is credited to it.
/// All amounts are USDC base units (6 decimals).
interface ICollateral is ILedger {
    /// @notice Adds USDC of the caller (by allowance) to the free collateral of `account`.
    /// @param account Whose free collateral grows.
    /// @param amount Base units, above zero.
    function deposit(address account, uint256 amount) external;

    /// @notice Adds USDC of `account` to its own free collateral; anyone may relay it.
    /// The nonce of the authorization is the EIP-712 digest of
    /// `Deposit(address account,uint256 amount,uint256 expiry,uint256 salt)`; it is valid from 0 to `expiry`.
    /// @param account Signer and payer.
    /// @param amount Base units, above zero.
    /// @param expiry The authorization ends here.
    /// @param salt Tells otherwise equal deposits apart.
    /// @param authorization Signature over USDC's ReceiveWithAuthorization (EOA or ERC-1271).
    function depositWithAuthorization(
        address account,
        uint256 amount,
        uint256 expiry,
        uint256 salt,
        bytes calldata authorization
    ) external;

    /// @notice Pays free collateral of the caller out to any wallet.
    /// @param to Recipient.
    /// @param amount Base units, above zero.
    function claim(address to, uint256 amount) external;

    /// @notice Moves free collateral of the caller to another account.
    /// @param to Receiving account.
    /// @param amount Base units, above zero.
    function transfer(address to, uint256 amount) external;
}
