// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IViews} from "../interfaces/IViews.sol";
import {Outcome, Terms} from "../interfaces/Types.sol";

/// @title What wallets and scripts ask that the escrow's own views do not answer
/// @notice Read only; it holds nothing and nothing depends on it. Terms are not stored, so callers pass them. Amounts are
/// USDC base units (6 decimals), times Unix timestamps in seconds; every limit is half-open: an act is allowed from
/// `from` on and strictly before `until`.
interface ILens {
    /// @notice The list of opening hashes is not as long as the list of terms.
    error LengthsDiffer(uint256 terms, uint256 openingHashes);
    /// @notice No job has these terms.
    error NoSuchJob(bytes32 job);
    /// @notice The job is over: nothing more can come of it.
    error JobIsClosed(bytes32 job);

    /// @notice What can be done next about a job that moves its money.
    enum Act {
        None, // nothing: closed, or never opened
        Lapse,
        Judge, // needs a delivery
        Settle,
        Rule, // in Judged: after a dispute by `disputant`
        Concede,
        Agree
    }

    /// @notice See `standing`.
    struct Standing {
        bytes32 job;
        IViews.JobView stored;
        Act act; // what anyone can do if nobody else acts
        uint256 from; // from when on
        Outcome outcome; // what it leads to
        uint256 closesFrom; // from when on anyone can close it, if nobody disputes and whoever can calls at each limit
        uint256 closesBy; // the same, if it is disputed at the last moment and the arbiter is silent
        uint256 value; // V = G + B
        uint256 deposit; // D, for who disputes
    }

    /// @notice One way in which a job can end, and who gets what. In all ways
    /// buyer + provider + evaluators + arbiter = G + B + F + deposit + slashEach * (number slashed).
    struct Way {
        Act act;
        address by; // who does it; zero: anyone may call or relay
        uint256 from; // zero: now
        uint256 until; // zero: no limit
        Outcome outcome; // None where the parties split
        address disputant; // who has disputed, or would have to; zero where the way needs no dispute
        uint256 deposit; // what the disputant put down, or would have to
        uint256 buyer; // to the buyer
        uint256 provider; // to the provider, its bond included
        uint256 arbiter; // to the arbiter
        uint256 evaluators; // to evaluators in all
        uint32 earners; // among whom; in Open before a verdict: any `parts` of them
        uint256 parts; // in how many equal parts
        uint256 slashEach; // taken from the stake of each evaluator in `slashed`
        uint32 slashed;
    }

    /// @notice See `exposure`.
    struct Exposure {
        IViews.EvaluatorView stored; // stake, debts, and whether it may withdraw now
        bool active; // serves in new jobs
        uint256 reserved; // each member's part of everything reserved in the committee now
        uint256 atStake; // of the stake, what the given jobs can still take
        uint256 listed; // of `reserved`, what the given jobs make up; where equal, none is missing and no book holds any
        uint256 clearBy; // when the last of the given jobs can be closed at the latest: then a leaver may go
    }

    /// @notice Where a job stands, and what happens if nobody acts, and when.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    function standing(Terms calldata terms, bytes32 openingHash) external view returns (Standing memory);

    /// @notice Every way in which a job can still end, but for a split the parties agree on (see `agreed`), and who gets
    /// what in it. Nothing for a closed job.
    function ways(Terms calldata terms, bytes32 openingHash) external view returns (Way[] memory);

    /// @notice Who gets what if the parties agree now that `toBuyer` of G + B goes to the buyer.
    function agreed(Terms calldata terms, bytes32 openingHash, uint256 toBuyer)
        external
        view
        returns (Way memory);

    /// @notice What an evaluator has at stake, what it owes, and when it may leave.
    /// @param committee Id.
    /// @param index The evaluator's.
    /// @param terms Jobs of this committee that are open, as far as the caller knows them; those of other committees are
    /// passed over. For a leaver: those opened before its notice.
    /// @param openingHashes Theirs, in the same order.
    function exposure(
        bytes32 committee,
        uint256 index,
        Terms[] calldata terms,
        bytes32[] calldata openingHashes
    ) external view returns (Exposure memory);

    /// @notice What a job opened now would need.
    /// @param committee Id.
    /// @param value V = G + B.
    /// @param judgeBy When the verdict must be there.
    /// @return lowestFee The lowest fee F the committee takes.
    /// @return deposit D, for who disputes.
    /// @return share What is reserved of each member's stake.
    /// @return covered Whether that much is free, and V below the highest the committee takes.
    function quote(bytes32 committee, uint256 value, uint256 judgeBy)
        external
        view
        returns (uint256 lowestFee, uint256 deposit, uint256 share, bool covered);

    /// @notice The escrow that is looked at.
    function escrow() external view returns (address);
}
