// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {
    ICaptureAuthorizer,
    IFeeAmountCaptureAuthorizer,
    PaymentInfo
} from "../../../../contracts/evaluators/interfaces/IAuthCapture.sol";

interface IToken20 {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// A stand-in for commerce-payments' AuthCaptureEscrow, written from what is on record of it; fees are left out.
contract AuthCapture {
    struct PaymentState {
        bool hasCollectedPayment;
        uint120 capturableAmount;
        uint120 refundableAmount;
    }

    bytes32 private constant INFO = keccak256(
        "PaymentInfo(address operator,address payer,address receiver,address token,uint120 maxAmount,uint48 preApprovalExpiry,uint48 authorizationExpiry,uint48 refundExpiry,uint16 minFeeBps,uint16 maxFeeBps,address feeReceiver,uint256 salt)"
    );

    mapping(bytes32 => PaymentState) public paymentState;

    error NotOperator();
    error WrongTime();
    error WrongAmount();

    function authorize(PaymentInfo calldata p, uint256 amount, address, bytes calldata) external {
        if (msg.sender != p.operator) revert NotOperator();
        PaymentState storage s = paymentState[getHash(p)];
        if (s.hasCollectedPayment || amount > p.maxAmount) revert WrongAmount();
        (s.hasCollectedPayment, s.capturableAmount) = (true, uint120(amount));
        IToken20(p.token).transferFrom(p.payer, address(this), amount);
    }

    function capture(PaymentInfo calldata p, uint256 amount, uint16, address) external {
        if (msg.sender != p.operator) revert NotOperator();
        if (block.timestamp >= p.authorizationExpiry) revert WrongTime();
        PaymentState storage s = paymentState[getHash(p)];
        if (amount > s.capturableAmount) revert WrongAmount();
        s.capturableAmount -= uint120(amount);
        s.refundableAmount += uint120(amount);
        IToken20(p.token).transfer(p.receiver, amount);
    }

    function void(PaymentInfo calldata p) external {
        if (msg.sender != p.operator) revert NotOperator();
        _return(p);
    }

    function reclaim(PaymentInfo calldata p) external {
        if (msg.sender != p.payer) revert NotOperator();
        if (block.timestamp < p.authorizationExpiry) revert WrongTime();
        _return(p);
    }

    function getHash(PaymentInfo calldata p) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), keccak256(abi.encode(INFO, p))));
    }

    function _return(PaymentInfo calldata p) private {
        PaymentState storage s = paymentState[getHash(p)];
        uint256 amount = s.capturableAmount;
        if (amount == 0) revert WrongAmount();
        s.capturableAmount = 0;
        IToken20(p.token).transfer(p.payer, amount);
    }
}

/// A stand-in for x402's operator of type "policy": it asks the policy and binds it by the salt. The authorizer's signature
/// is left out: it is asked in addition, never instead.
contract PolicyOperator {
    AuthCapture public immutable ESCROW;
    bool public immutable BY_AMOUNT; // v1.1

    error AuthorizationDenied();
    error InvalidPolicy();

    constructor(AuthCapture escrow, bool byAmount) {
        (ESCROW, BY_AMOUNT) = (escrow, byAmount);
    }

    function authorize(PaymentInfo calldata p, uint256 amount, ICaptureAuthorizer policy) external {
        if (!policy.authorizeAuthorization(p, amount, address(0), "", "")) revert AuthorizationDenied();
        ESCROW.authorize(p, amount, address(0), "");
    }

    function charge(PaymentInfo calldata p, uint256 amount, ICaptureAuthorizer policy) external view {
        bool ok = BY_AMOUNT
            ? IFeeAmountCaptureAuthorizer(address(policy))
                .authorizeCharge(p, amount, address(0), "", uint256(0), address(0), "")
            : policy.authorizeCharge(p, amount, address(0), "", uint16(0), address(0), "");
        if (!ok) revert AuthorizationDenied();
    }

    function capture(PaymentInfo calldata p, uint256 amount, ICaptureAuthorizer policy) external {
        bool ok = BY_AMOUNT
            ? IFeeAmountCaptureAuthorizer(address(policy))
                .authorizeCapture(p, amount, uint256(0), address(0), "")
            : policy.authorizeCapture(p, amount, uint16(0), address(0), "");
        if (!ok) revert AuthorizationDenied();
        ESCROW.capture(p, amount, 0, address(0));
    }

    function void(PaymentInfo calldata p, ICaptureAuthorizer policy) external {
        if (!policy.authorizeVoid(p, "")) revert AuthorizationDenied();
        ESCROW.void(p);
    }
}
