// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "./ICoverage.sol";
import {Statement} from "./Types.sol";

/// @title Books: contracts that settle something else than jobs on the same stake and coverage
/// @notice Any contract may be a book. It can only use stake of evaluators that agreed to it, and only what it has
/// reserved, so no book can touch the coverage of another's subjects or of jobs.
/// Amounts are USDC base units (6 decimals).
interface IBooks is ICoverage {
    /// @notice For books: reserves a share of every member's stake for one subject.
    /// @param committee Id.
    /// @param subject What the book names it; attestations on it carry this.
    /// @param value Value at stake; the share is the larger of it and Z, divided by k, rounded up.
    /// @return members The evaluators that serve this subject: full stake, not leaving, and agreed to the caller.
    /// @return share Reserved from each member.
    function reserve(bytes32 committee, bytes32 subject, uint256 value)
        external
        returns (uint32 members, uint256 share);

    /// @notice For books: gives a reservation back, slashing members by at most the share it held. What is slashed
    /// becomes free collateral of the caller.
    /// @param committee Id.
    /// @param subject What it was for.
    /// @param slashed Set of members of the subject to slash.
    /// @param each Slashed from each; at most the share.
    /// @return total What the caller was credited.
    function release(bytes32 committee, bytes32 subject, uint32 slashed, uint256 each)
        external
        returns (uint256 total);

    /// @notice Gives back, without slashing, a reservation that its book has held for 300 days. Anyone may call.
    /// A book must close its subjects before that: later nothing covers them.
    function releaseStale(bytes32 committee, address book, bytes32 subject) external;

    /// @notice For books: pays free collateral of the caller to a set of evaluators, in equal parts, to be drawn.
    function payFees(bytes32 committee, uint32 set, uint256 amount) external;

    /// @notice For books: expels a member that contradicted itself on a subject the caller holds a reservation for, and
    /// takes one share. What is taken becomes free collateral of the caller, now or, for what is owed, at withdrawal.
    /// @param committee Id.
    /// @param subject Named by both attestations.
    /// @param deliverable Named by both attestations.
    /// @param a One attestation.
    /// @param b Another, with a different outcome or payable.
    /// @return index The evaluator.
    /// @return taken Taken now.
    function expel(
        bytes32 committee,
        bytes32 subject,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external returns (uint256 index, uint256 taken);

    /// @notice Takes free collateral of `account` for the calling book (a contract that settles something else than
    /// jobs), once, with the account's signature over
    /// `Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)`.
    /// @param account Who pledges.
    /// @param subject What the pledge is for, as the book names it.
    /// @param amount Base units, above zero.
    /// @param expiry The pledge may be taken strictly before this time.
    /// @param signature By `account` (EOA or ERC-1271).
    function takePledge(
        address account,
        bytes32 subject,
        uint256 amount,
        uint256 expiry,
        bytes calldata signature
    ) external;
}
