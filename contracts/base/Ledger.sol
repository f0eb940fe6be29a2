// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ILedger} from "../interfaces/ILedger.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {Funding} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {Signatures} from "../libraries/Signatures.sol";

/// @dev Where all USDC comes in and goes out. Balances are kept per account here, never read from the token, so that
/// tokens sent by accident disturb nobody.
abstract contract Ledger is ILedger {
    using SafeERC20 for IERC20;

    address internal immutable USDC;
    uint256 private immutable CHAIN_ID;
    bytes32 internal immutable DOMAIN_SEPARATOR;

    /// @dev One word, in a struct so that a reference to it saves working its slot out twice.
    struct Account {
        uint256 collateral;
    }

    mapping(address account => Account) internal _accounts;
    mapping(bytes32 digest => bool) internal _pledgeUsed;

    /// @param escrow The contract that signatures name: the one whose storage this code runs on.
    constructor(address token, address escrow) {
        if (token.code.length == 0) revert BadRecipient(token);
        USDC = token;
        CHAIN_ID = block.chainid;
        DOMAIN_SEPARATOR = Hashes.domainSeparator(escrow);
    }

    /// @dev Job ids keep the domain of the deployment, so that after a chain fork time can still close every job; only
    /// signatures, which could be replayed, are refused there.
    modifier onHomeChain() {
        if (block.chainid != CHAIN_ID) revert WrongChain(block.chainid, CHAIN_ID);
        _;
    }

    /// @dev Brings `amount` in from `payer`, or reverts. By `Collateral` the caller has checked the permission.
    function _take(
        Funding funding,
        address payer,
        uint256 amount,
        bytes32 nonce,
        uint256 validBefore,
        bytes calldata authorization
    ) internal {
        // Compared as numbers: Solidity looks at an enum's range each time.
        uint256 how = uint256(funding);
        if (how == uint256(Funding.Authorization)) {
            _receive(payer, amount, validBefore, nonce, authorization);
        } else if (how == uint256(Funding.Allowance)) {
            IERC20(USDC).safeTransferFrom(payer, address(this), amount);
        } else {
            _debit(payer, amount);
        }
    }

    /// @dev `IUSDC.receiveWithAuthorization(payer, this, amount, 0, validBefore, nonce, authorization)`, its signature
    /// copied straight from calldata. The constructor has seen that USDC has code, and it returns nothing.
    function _receive(
        address payer,
        uint256 amount,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata authorization
    ) private {
        address token = USDC;
        bytes32 selector = IUSDC.receiveWithAuthorization.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), payer)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), amount)
            mstore(add(m, 0x64), 0)
            mstore(add(m, 0x84), validBefore)
            mstore(add(m, 0xa4), nonce)
            mstore(add(m, 0xc4), 0xe0)
            mstore(add(m, 0xe4), authorization.length)
            calldatacopy(add(m, 0x104), authorization.offset, authorization.length)
            // To whole words: what is behind is not zero for sure, and USDC does not read it.
            let size := add(0x104, and(add(authorization.length, 0x1f), not(0x1f)))
            if iszero(call(gas(), token, 0, m, size, 0, 0)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
        }
    }

    /// @dev Pays out, or says that it could not: blacklisted, paused, reverting. Never reverts.
    function _tryPay(address to, uint256 amount) internal returns (bool) {
        return IERC20(USDC).trySafeTransfer(to, amount);
    }

    function _credit(address account, uint256 amount) internal {
        _accounts[account].collateral += amount;
    }

    function _debit(address account, uint256 amount) internal {
        Account storage a = _accounts[account];
        uint256 has = a.collateral;
        if (has < amount) revert InsufficientCollateral(account, has, amount);
        unchecked {
            a.collateral = has - amount;
        }
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return Hashes.digest(DOMAIN_SEPARATOR, structHash);
    }

    function _requireUnexpired(uint256 expiry) internal view {
        if (block.timestamp >= expiry) revert Expired(expiry, block.timestamp);
    }

    /// @dev `account` calls itself, or has signed.
    function _requireConsent(address account, bytes32 digest, bytes calldata signature) internal view {
        if (msg.sender != account || signature.length != 0) Signatures.check(account, digest, signature);
    }
}
