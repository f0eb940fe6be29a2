// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAdapter} from "./IAdapter.sol";
import {ICaptureAuthorizer, IFeeAmountCaptureAuthorizer, PaymentInfo} from "./IAuthCapture.sol";

/// @notice A payment in an AuthCaptureEscrow: what a mandate's `job` is the ABI encoding of.
/// @param escrow The AuthCaptureEscrow.
/// @param info The payment.
/// @param authorizer The x402 receiver authorizer that its salt commits to.
/// @param saltNonce The nonce in its salt.
struct ForeignPayment {
    address escrow;
    PaymentInfo info;
    address authorizer;
    uint256 saltNonce;
}

/// @title A final verdict as the policy of x402 auth-capture
/// @notice Name this contract as `extra.policy`. After the payment is authorized, payer and receiver mandate a committee
/// in the book. What is held can then be captured only by a final Pass, and voided only by a final Fail or Lapse; without
/// a mandate it can be voided only. From `authorizationExpiry` on the payer can always take back what was not captured.
interface ICapturePolicy is IAdapter, ICaptureAuthorizer, IFeeAmountCaptureAuthorizer {
    /// @notice `foreign` in the mandate of a payment: EIP-712 struct hash of
    /// `ForeignPayment(address escrow,PaymentInfo info)`, PaymentInfo as commerce-payments types it.
    function hashOf(address escrow, PaymentInfo calldata info) external pure returns (bytes32);

    /// @notice The key by which the book knows a payment. It leaves the escrow out, which the operator does not name when
    /// it asks: an operator serves one escrow.
    function keyOf(PaymentInfo calldata info) external pure returns (bytes32);

    /// @notice The salts that bind a payment to this policy: the x402 scheme's v1.1 form, and the one before.
    function saltsOf(address authorizer, uint256 saltNonce)
        external
        view
        returns (uint256 salt, uint256 before);

    /// @notice The book whose verdicts are the policy.
    function book() external view returns (address);
}
