// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "./ICoverage.sol";
import {Committee} from "./Types.sol";

/// @title Committees: evaluators, their stake, their keys and the fees they earn
/// @notice A committee is fixed at creation. Amounts are USDC base units (6 decimals).
interface ICommittees is ICoverage {
    /// @notice Creates a committee. Anyone may; nobody owns it.
    /// @return committee Its id.
    function createCommittee(Committee calldata terms) external returns (bytes32 committee);

    /// @notice The id a committee with these terms has or would have: the upper 160 bits of
    /// keccak256(abi.encode(chain id, escrow, terms)), then feeFlat in hundredths of a USDC (24 bits, all ones for the
    /// highest number there is), feeRate (16), maxChallenge (24), minRuling (24) and threshold (8), so that whoever holds
    /// the id knows what it takes to open and to judge.
    /// Reverts with BadCommittee for terms that do not fit.
    function committeeId(Committee calldata terms) external view returns (bytes32);

    /// @notice Puts the caller's stake S in, from its free collateral, and names its signing key.
    /// @param committee Id.
    /// @param index The caller's place among the evaluators.
    /// @param key Signing key, never used in this committee.
    /// @param proof Signature by `key` over `Key(bytes32 committee,address evaluator,address key)`.
    function join(bytes32 committee, uint256 index, address key, bytes calldata proof) external;

    /// @notice Fills a slashed stake up to S from the caller's free collateral.
    function topUp(bytes32 committee, uint256 index) external;

    /// @notice Gives notice: no new subjects from now on. Cannot be taken back.
    function leave(bytes32 committee, uint256 index) external;

    /// @notice Pays what evaluator `index` owes over `subject` out of its stake, once nothing it answers for is open.
    /// Anyone may call.
    function collect(bytes32 committee, uint256 index, bytes32 subject) external;

    /// @notice Credits what is left of the stake, after the last subject reserved before the notice is closed and all
    /// debts are collected, as far as the stake goes. Anyone may call.
    function withdraw(bytes32 committee, uint256 index) external;

    /// @notice Replaces the caller's signing key. The old one binds it only for subjects opened before.
    function rotateKey(bytes32 committee, uint256 index, address key, bytes calldata proof) external;

    /// @notice Lets `book` reserve and slash the caller's stake within coverage. Cannot be taken back but by leaving.
    function consent(bytes32 committee, uint256 index, address book) external;

    /// @notice Credits what a set of evaluators earned to their free collateral in equal parts. Anyone may call.
    /// What does not divide stays for the next time.
    function drawFees(bytes32 committee, uint32 set) external;
}
