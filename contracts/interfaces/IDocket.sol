// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome, State} from "./Types.sol";

/// @title What can go wrong with, and what happens to, jobs
/// @notice Amounts are USDC base units (6 decimals), times in seconds.
interface IDocket {
    /// @notice An agreement breaks a rule; the field that does is named.
    error BadTerms(string field);
    /// @notice The fee is below what the committee accepts.
    error FeeTooLow(uint256 fee, uint256 lowest);
    /// @notice The value at stake is above what the committee accepts.
    error ValueTooHigh(uint256 value, uint256 highest);
    /// @notice The act was allowed only before `limit`.
    error TooLate(uint256 limit, uint256 timestamp);
    /// @notice The act is allowed only from `limit` on.
    error TooEarly(uint256 limit, uint256 timestamp);
    /// @notice The job is not in the state the act needs. A job never opened is `None`: wrong terms give that too.
    error WrongState(bytes32 job, State state);
    /// @notice A delivery has been anchored already.
    error AlreadyDelivered(bytes32 job);
    /// @notice No delivery has been anchored.
    error NotDelivered(bytes32 job);
    /// @notice The verdict names another deliverable than the anchored one.
    error WrongDeliverable(bytes32 job, bytes32 named);
    /// @notice `party` may not do this here.
    error NotAllowed(address party);
    /// @notice Only the committee's arbiter rules.
    error NotTheArbiter(address caller, address arbiter);
    /// @notice More is asked for one side than the gated amount and the bond hold.
    error SplitTooLarge(uint256 toBuyer, uint256 held);
    /// @notice A list is empty, or longer than `most`.
    error BadLength(uint256 length, uint256 most);
    /// @notice Milestones must have one buyer and one provider.
    error MixedParties(uint256 index);

    /// @notice A job was funded. Its members may sign for it, bear its silence, and share the fee where nobody signed.
    /// @dev Small fields share words, because a word of log data costs 256 gas.
    /// @param amounts Bits 0-63 gated, 64-127 bond, 128-191 fee, 192-255 upFront.
    /// @param times Bits 0-39 judgeBy, 40-79 openBy, 80-119 deliverBy, 120-151 challenge, 152-183 ruling,
    /// 184-215 members, 216-223 epoch of the committee.
    event JobOpened(
        bytes32 indexed job,
        address indexed buyer,
        address indexed provider,
        bytes32 committee,
        bytes32 pact,
        bytes32 offchain,
        uint256 agentId,
        uint256 salt,
        uint256 amounts,
        uint256 times
    );
    /// @notice The up-front part reached the provider's wallet, or (`paid` false) its free collateral.
    event UpFrontPaid(bytes32 indexed job, uint256 amount, bool paid);
    /// @notice The provider anchored the hash of its deliverable; the block's time is the time of anchoring.
    event Delivered(bytes32 indexed job, bytes32 deliverable);
    /// @notice Attestations short of a verdict were posted: their signers were not silent.
    event AttestationsPosted(
        bytes32 indexed job, bytes32 deliverable, Outcome outcome, uint32 signers, bytes32[] evidence
    );
    /// @notice A verdict made an outcome provisional.
    /// @param verdict Bits 0-7 outcome, 8-39 signers, 40-79 end of the challenge.
    /// @param evidence What each signer's attestation rests on, lowest bit first.
    event Judged(bytes32 indexed job, uint256 verdict, bytes32[] evidence);
    /// @notice A limit passed and made `outcome` provisional until `challengeEnds`. `silent`: members that are.
    event Lapsed(bytes32 indexed job, Outcome outcome, Basis basis, uint32 silent, uint40 challengeEnds);
    /// @notice `party` put down `deposit` and seeks `sought`; the arbiter may rule until `rulingEnds`.
    event Disputed(
        bytes32 indexed job, address indexed party, Outcome sought, uint256 deposit, uint40 rulingEnds
    );
    /// @notice A job is over.
    /// @param ending Bits 0-71 owed to the buyer by this closing, 72-143 owed to the provider, 144-215 credited to the set of
    /// evaluators in bits 216-247, 248-249 the final outcome (None where the parties agreed on a split), 250-252 what closed
    /// it (`Ending`), 253 the buyer's part went to its wallet, 254 the provider's did. Otherwise it was credited.
    event JobClosed(bytes32 indexed job, uint256 ending);
    /// @notice The arbiter was credited its cost out of the deposit.
    event ArbiterPaid(bytes32 indexed job, address indexed arbiter, uint256 amount);
    /// @notice A call of a batch failed with `reason`; the others are not affected.
    event CallFailed(uint256 indexed index, bytes reason);

    /// @notice What closed a job.
    enum Ending {
        Settled, // challenge over
        Ruled, // by the arbiter
        RulingOver, // the arbiter was silent
        Conceded,
        Agreed
    }

    /// @notice What became of one call of a batch.
    struct Result {
        bool ok;
        bytes data; // what it returned, or the error it failed with
    }
}
