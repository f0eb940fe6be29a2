// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICoverage} from "../../interfaces/ICoverage.sol";
import {IEscrow} from "../../interfaces/IEscrow.sol";
import {IUSDC} from "../../interfaces/IUSDC.sol";
import {Funding} from "../../interfaces/Types.sol";
import {Hashes} from "../../libraries/Hashes.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {IBook} from "../interfaces/IBook.sol";

/// @dev What a book holds is free collateral of its own in the escrow; USDC only passes through it. The escrow is
/// trusted: it is ours, has no owner, and calls nothing but USDC and, statically, ERC-1271 wallets. A book calls nothing
/// else but adapters, statically too. So nobody is ever called who could call back, and no guard is needed against it.
abstract contract BookMoney is IBook {
    using SafeERC20 for IERC20;

    IEscrow internal immutable ESCROW;
    IERC20 internal immutable USDC;
    uint256 private immutable CHAIN_ID;
    bytes32 internal immutable DOMAIN_SEPARATOR;

    /// @param escrow_ The escrow whose committees judge.
    /// @param name The book's own, for its EIP-712 domain.
    /// @param home The contract that signatures name: the one whose storage this code runs on.
    constructor(IEscrow escrow_, string memory name, address home) {
        ESCROW = escrow_;
        USDC = IERC20(escrow_.usdc());
        CHAIN_ID = block.chainid;
        DOMAIN_SEPARATOR =
            keccak256(abi.encode(Hashes.DOMAIN, keccak256(bytes(name)), keccak256("1"), block.chainid, home));
        if (home == address(this)) USDC.forceApprove(address(escrow_), type(uint256).max);
    }

    /// @dev Subjects keep the domain of the deployment, so that after a chain fork time can still close them; only
    /// signatures, which could be replayed, are refused there.
    modifier onHomeChain() {
        _requireHomeChain();
        _;
    }

    /// @inheritdoc IBook
    function earnest() external view returns (address) {
        return address(ESCROW);
    }

    /// @inheritdoc IBook
    function domainSeparator() external view returns (bytes32) {
        return DOMAIN_SEPARATOR;
    }

    /// @dev Brings `amount` in as free collateral of this contract, or reverts. By `Authorization` and `Collateral` the
    /// signature is `payer`'s and binds `digest`; by `Allowance` the caller has to be checked before.
    function _take(
        Funding funding,
        address payer,
        uint256 amount,
        bytes32 digest,
        uint256 expiry,
        bytes calldata signature
    ) internal {
        if (amount == 0) return;
        if (funding == Funding.Collateral) {
            ESCROW.takePledge(payer, digest, amount, expiry, signature);
            return;
        }
        if (funding == Funding.Authorization) {
            IUSDC(address(USDC))
                .receiveWithAuthorization(payer, address(this), amount, 0, expiry, digest, signature);
        } else {
            USDC.safeTransferFrom(msg.sender, address(this), amount);
        }
        ESCROW.deposit(address(this), amount);
    }

    function _give(address to, uint256 amount) internal {
        if (amount != 0) ESCROW.transfer(to, amount);
    }

    /// @dev Gives the coverage back and slashes. Where it was given back as stale, after 300 days, nothing can be slashed
    /// and `total` is zero: the rest must be closed all the same, so just this one error is not passed on.
    function _release(bytes32 committee, bytes32 subject, uint32 slashed, uint256 each)
        internal
        returns (uint256 total)
    {
        try ESCROW.release(committee, subject, slashed, each) returns (uint256 taken) {
            total = taken;
        } catch (bytes memory reason) {
            if (bytes4(reason) != ICoverage.NotReserved.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return Hashes.digest(DOMAIN_SEPARATOR, structHash);
    }

    /// @dev `account` calls itself, or has signed.
    function _requireConsent(address account, bytes32 digest, bytes calldata signature) internal view {
        if (msg.sender != account || signature.length != 0) Signatures.check(account, digest, signature);
    }

    function _requireHomeChain() private view {
        if (block.chainid != CHAIN_ID) revert ForkedChain(block.chainid, CHAIN_ID);
    }

    /// @dev As consent, but what is signed ends at `expiry`.
    function _requirePermission(address account, bytes32 digest, uint256 expiry, bytes calldata signature)
        internal
        view
    {
        if (msg.sender == account && signature.length == 0) return;
        if (block.timestamp >= expiry) revert PermissionExpired(expiry, block.timestamp);
        Signatures.check(account, digest, signature);
    }

    function _requireBefore(uint256 limit) internal view {
        if (block.timestamp >= limit) revert TooLate(limit, block.timestamp);
    }

    function _requireFrom(uint256 limit) internal view {
        if (block.timestamp < limit) revert TooEarly(limit, block.timestamp);
    }
}
