// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Ledger} from "../base/Ledger.sol";
import {ICollateral} from "../interfaces/ICollateral.sol";
import {Funding} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";

/// @dev Free collateral: in, out, and between accounts.
abstract contract Collateral is ICollateral, Ledger {
    using SafeERC20 for IERC20;

    /// @inheritdoc ICollateral
    function deposit(address account, uint256 amount) external {
        _take(Funding.Allowance, msg.sender, amount, 0, 0, msg.data[0:0]);
        _deposited(account, amount, msg.sender);
    }

    /// @inheritdoc ICollateral
    function depositWithAuthorization(
        address account,
        uint256 amount,
        uint256 expiry,
        uint256 salt,
        bytes calldata authorization
    ) external onHomeChain {
        bytes32 nonce = _digest(Hashes.deposit(account, amount, expiry, salt));
        _take(Funding.Authorization, account, amount, nonce, expiry, authorization);
        _deposited(account, amount, account);
    }

    /// @inheritdoc ICollateral
    function claim(address to, uint256 amount) external {
        _requirePayable(to, amount);
        _debit(msg.sender, amount);
        emit Claimed(msg.sender, to, amount);
        IERC20(USDC).safeTransfer(to, amount);
    }

    /// @inheritdoc ICollateral
    function transfer(address to, uint256 amount) external {
        _requirePayable(to, amount);
        _debit(msg.sender, amount);
        _credit(to, amount);
        emit Transferred(msg.sender, to, amount);
    }

    function _deposited(address account, uint256 amount, address from) private {
        _requirePayable(account, amount);
        _credit(account, amount);
        emit Deposited(account, amount, from);
    }

    function _requirePayable(address to, uint256 amount) private view {
        if (amount == 0) revert ZeroAmount();
        if (to == address(0) || to == address(this)) revert BadRecipient(to);
    }
}
