// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBooks} from "./IBooks.sol";
import {ICollateral} from "./ICollateral.sol";
import {ICommittees} from "./ICommittees.sol";
import {IDisputes} from "./IDisputes.sol";
import {IJobs} from "./IJobs.sol";
import {ISilence} from "./ISilence.sol";
import {IViews} from "./IViews.sol";

/// @title Earnest's escrow: collateral, committees and jobs at one address
interface IEscrow is ICollateral, ICommittees, IBooks, IJobs, ISilence, IDisputes, IViews {
    /// @notice The second half of the escrow's code, created and fixed with it.
    function annex() external view returns (address);
}
