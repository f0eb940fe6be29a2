// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Outcome} from "../interfaces/Types.sol";
import {Finding, ForeignStatus, IAdapter, Mandate} from "./interfaces/IAdapter.sol";
import {
    IAuthCaptureEscrow,
    ICaptureAuthorizer,
    IFeeAmountCaptureAuthorizer,
    PaymentInfo
} from "./interfaces/IAuthCapture.sol";
import {ForeignPayment, ICapturePolicy} from "./interfaces/ICapturePolicy.sol";
import {IVerdictBook} from "./interfaces/IVerdictBook.sol";

/// @title A final verdict as the policy of x402 auth-capture
/// @notice No owner, no setter, no storage. See docs/evaluators.md.
contract CapturePolicy is ICapturePolicy, IERC165 {
    string private constant INFO_TYPE =
        "PaymentInfo(address operator,address payer,address receiver,address token,uint120 maxAmount,uint48 preApprovalExpiry,uint48 authorizationExpiry,uint48 refundExpiry,uint16 minFeeBps,uint16 maxFeeBps,address feeReceiver,uint256 salt)";
    bytes32 private constant INFO = keccak256(bytes(INFO_TYPE));
    bytes32 private constant PAYMENT =
        keccak256(abi.encodePacked("ForeignPayment(address escrow,PaymentInfo info)", INFO_TYPE));
    bytes32 private constant SALT_BINDING =
        keccak256("x402AuthCaptureSaltBinding(address receiverAuthorizer,address policy,uint256 saltNonce)");

    IVerdictBook private immutable BOOK;
    address private immutable USDC;

    /// @param escrow_ The escrow whose committees judge.
    /// @param book_ Its book, whose verdicts are the policy.
    constructor(IEscrow escrow_, IVerdictBook book_) {
        if (book_.earnest() != address(escrow_)) revert NotItsBook(address(escrow_), address(book_));
        BOOK = book_;
        USDC = escrow_.usdc();
    }

    /// @inheritdoc IAdapter
    function inspect(Mandate calldata mandate, bytes calldata job) external view returns (Finding memory f) {
        ForeignPayment memory p = abi.decode(job, (ForeignPayment));
        f.foreign = keccak256(abi.encode(PAYMENT, p.escrow, _key(p.info)));
        f.key = _key(p.info);
        f.lastMoment = p.info.authorizationExpiry;
        (uint256 salt, uint256 before) = saltsOf(p.authorizer, p.saltNonce);
        if (p.info.payer != mandate.buyer) f.changed = "payer";
        else if (p.info.receiver != mandate.provider) f.changed = "receiver";
        else if (p.info.token != USDC) f.changed = "token";
        else if (p.info.salt != salt && p.info.salt != before) f.changed = "salt";
        bytes32 hash = IAuthCaptureEscrow(p.escrow).getHash(p.info);
        (bool collected, uint120 capturable,) = IAuthCaptureEscrow(p.escrow).paymentState(hash);
        f.held = capturable;
        // Payments know no submission: that the provider anchors its delivery is enough.
        if (capturable != 0) f.status = ForeignStatus.Submitted;
        else f.status = collected ? ForeignStatus.Ended : ForeignStatus.Unready;
    }

    /// @inheritdoc ICaptureAuthorizer
    function authorizeAuthorization(PaymentInfo calldata, uint256, address, bytes calldata, bytes calldata)
        external
        pure
        returns (bool)
    {
        return true;
    }

    /// @inheritdoc ICaptureAuthorizer
    /// @dev Never: what is paid at once cannot wait for a verdict.
    function authorizeCharge(
        PaymentInfo calldata,
        uint256,
        address,
        bytes calldata,
        uint16,
        address,
        bytes calldata
    ) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IFeeAmountCaptureAuthorizer
    function authorizeCharge(
        PaymentInfo calldata,
        uint256,
        address,
        bytes calldata,
        uint256,
        address,
        bytes calldata
    ) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc ICaptureAuthorizer
    function authorizeCapture(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        uint16,
        address,
        bytes calldata
    ) external view returns (bool) {
        return _mayCapture(paymentInfo, amount);
    }

    /// @inheritdoc IFeeAmountCaptureAuthorizer
    function authorizeCapture(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        uint256,
        address,
        bytes calldata
    ) external view returns (bool) {
        return _mayCapture(paymentInfo, amount);
    }

    /// @inheritdoc ICaptureAuthorizer
    function authorizeVoid(PaymentInfo calldata paymentInfo, bytes calldata) external view returns (bool) {
        bytes32 subject = BOOK.registered(address(this), keyOf(paymentInfo));
        if (subject == 0) return true;
        IVerdictBook.Record memory r = BOOK.recordOf(subject);
        return r.stage == IVerdictBook.Stage.Final && r.outcome != Outcome.Pass;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return
            id == type(ICaptureAuthorizer).interfaceId || id == type(IERC165).interfaceId
                || id == _feeAmountId();
    }

    /// @inheritdoc ICapturePolicy
    function hashOf(address escrow, PaymentInfo calldata info) external pure returns (bytes32) {
        return keccak256(abi.encode(PAYMENT, escrow, keyOf(info)));
    }

    /// @inheritdoc ICapturePolicy
    function book() external view returns (address) {
        return address(BOOK);
    }

    /// @inheritdoc ICapturePolicy
    function keyOf(PaymentInfo calldata info) public pure returns (bytes32) {
        return keccak256(abi.encode(INFO, info));
    }

    /// @inheritdoc ICapturePolicy
    function saltsOf(address authorizer, uint256 saltNonce)
        public
        view
        returns (uint256 salt, uint256 before)
    {
        salt = uint256(keccak256(abi.encode(SALT_BINDING, authorizer, address(this), saltNonce)));
        before = uint256(keccak256(abi.encode(authorizer, address(this), saltNonce)));
    }

    function _mayCapture(PaymentInfo calldata paymentInfo, uint256 amount) private view returns (bool) {
        bytes32 subject = BOOK.registered(address(this), keyOf(paymentInfo));
        if (subject == 0) return false;
        IVerdictBook.Record memory r = BOOK.recordOf(subject);
        return r.stage == IVerdictBook.Stage.Final && r.outcome == Outcome.Pass && amount <= r.value;
    }

    function _key(PaymentInfo memory info) private pure returns (bytes32) {
        return keccak256(abi.encode(INFO, info));
    }

    /// @dev The interface id of all four questions in their v1.1 form.
    function _feeAmountId() private pure returns (bytes4) {
        return type(IFeeAmountCaptureAuthorizer).interfaceId
            ^ ICaptureAuthorizer.authorizeAuthorization.selector ^ ICaptureAuthorizer.authorizeVoid.selector;
    }
}
