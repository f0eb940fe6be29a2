// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBook} from "../../evaluators/interfaces/IBook.sol";
import {ITabLife} from "./ITabLife.sol";
import {ITabPeriods} from "./ITabPeriods.sol";

/// @title Tabs: aggregate escrow and credit for interactions of a cent
/// @notice A book of the escrow. Terms are signed and passed in, not stored. Every limit is half-open: the earlier act is
/// allowed strictly before it, the later one from it on. Amounts are USDC base units (6 decimals), times Unix timestamps,
/// periods of time seconds. What is owed becomes free collateral in the escrow, or is paid out where the caller asks.
///
/// EIP-712 domain: name "Earnest tabs", version "1", chain and contract of the deployment. What a period's
/// attestations name as subject is the tab's id, as deliverable
/// keccak256(abi.encode(bytes32 tab, uint64 period, uint64 count, uint64 amount, bytes32 root)), periods counted from 1. What
/// the arbiter rules on is keccak256(abi.encode(bytes32 tab, uint256 period)).
interface ITabs is IBook, ITabPeriods, ITabLife {}
