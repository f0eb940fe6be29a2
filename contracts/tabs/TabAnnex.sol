// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {TabDisputes} from "./base/TabDisputes.sol";
import {TabLife} from "./base/TabLife.sol";
import {TabStore} from "./base/TabStore.sol";
import {TabViews} from "./base/TabViews.sol";

/// @title The second half of the code of tabs
/// @notice Runs only within the contract that created it, on its storage; called by itself it has none. It exists because one
/// contract may hold no more than 24,576 bytes of code (EIP-170).
contract TabAnnex is TabLife, TabDisputes, TabViews {
    address private immutable SELF = address(this);

    constructor(IEscrow escrow_) TabStore(escrow_, msg.sender) {}

    /// @notice Where this code stands, asked through the contract of tabs: `address(this)` is that one then.
    function annex() external view returns (address) {
        return SELF;
    }
}
