// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A payment of commerce-payments' AuthCaptureEscrow, as its payer signed it.
/// @param operator Drives the payment: for x402 of type "policy", the contract that asks the policy.
/// @param payer Pays.
/// @param receiver Is paid.
/// @param token What it is paid in.
/// @param maxAmount The most that can be authorized, in base units of the token.
/// @param preApprovalExpiry Unix time from which it cannot be authorized any more.
/// @param authorizationExpiry Unix time from which it cannot be captured, and the payer may take it back.
/// @param refundExpiry Unix time from which it cannot be refunded.
/// @param minFeeBps Lowest fee, in hundredths of a percent.
/// @param maxFeeBps Highest fee, in hundredths of a percent.
/// @param feeReceiver Gets the fee.
/// @param salt For x402 the hash of the authorizer, the policy and a nonce.
struct PaymentInfo {
    address operator;
    address payer;
    address receiver;
    address token;
    uint120 maxAmount;
    uint48 preApprovalExpiry;
    uint48 authorizationExpiry;
    uint48 refundExpiry;
    uint16 minFeeBps;
    uint16 maxFeeBps;
    address feeReceiver;
    uint256 salt;
}

/// @title What is read of AuthCaptureEscrow
interface IAuthCaptureEscrow {
    /// @notice The escrow's name for a payment; binds chain and escrow.
    function getHash(PaymentInfo calldata paymentInfo) external view returns (bytes32);

    /// @notice Where a payment stands, in base units of its token.
    function paymentState(bytes32 hash)
        external
        view
        returns (bool hasCollectedPayment, uint120 capturableAmount, uint120 refundableAmount);
}

/// @title What an x402 auth-capture operator of type "policy" asks, for commerce-payments v1.0 (fees in basis points)
interface ICaptureAuthorizer {
    /// @notice Whether the payment may be put into the escrow.
    function authorizeAuthorization(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        address tokenCollector,
        bytes calldata collectorData,
        bytes calldata authData
    ) external view returns (bool);

    /// @notice Whether it may be paid at once, without a hold.
    function authorizeCharge(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        address tokenCollector,
        bytes calldata collectorData,
        uint16 feeBps,
        address feeReceiver,
        bytes calldata authData
    ) external view returns (bool);

    /// @notice Whether `amount` of what is held may go to the receiver.
    function authorizeCapture(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        uint16 feeBps,
        address feeReceiver,
        bytes calldata authData
    ) external view returns (bool);

    /// @notice Whether what is held may go back to the payer before the authorization ends.
    function authorizeVoid(PaymentInfo calldata paymentInfo, bytes calldata authData)
        external
        view
        returns (bool);
}

/// @title The two questions that carry a fee, as commerce-payments v1.1 has it: an amount instead of basis points
/// @notice Inferred from the x402 scheme's v1.1 text; the other two are those of `ICaptureAuthorizer`.
interface IFeeAmountCaptureAuthorizer {
    /// @notice See `ICaptureAuthorizer.authorizeCharge`.
    function authorizeCharge(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        address tokenCollector,
        bytes calldata collectorData,
        uint256 feeAmount,
        address feeReceiver,
        bytes calldata authData
    ) external view returns (bool);

    /// @notice See `ICaptureAuthorizer.authorizeCapture`.
    function authorizeCapture(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        uint256 feeAmount,
        address feeReceiver,
        bytes calldata authData
    ) external view returns (bool);
}
