// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAdapter, Mandate} from "./IAdapter.sol";

/// @notice Which of the incompatible forms of ERC-8183 an escrow has. All take `complete` and `reject` alike; they differ
/// in what `getJob` returns, in where the token is found, and in what happens after expiry.
enum Variant {
    Plain, // the EIP's record, ten words from `id`; one token for all jobs (qntx, Arc, the EIP's reference code)
    Kernel, // as Plain with the hook before the description (BNB APEX)
    Packed, // Virtuals on Base: nine words from `client`; one token for all jobs
    Graced, // base-contracts c67e160: Plain with a token a job, and an hour of grace after expiry
    Claims // base-contracts 0310b99: packed, a token a job, partial settlement, and an hour of grace after expiry
}

/// @notice A job in another contract.
/// @param escrow The ERC-8183 contract.
/// @param jobId Its number there.
/// @param variant Its form.
/// @param budget What it pays, in USDC base units. The mandate's value is this less what was settled already.
/// @param expiredAt When anyone may have it refunded.
/// @param hook Its hook, noted as it was at registration; zero for none. A hook may forbid the outcome to be carried out.
/// @param optParams keccak256 of the bytes that `complete` and `reject` are given.
struct ForeignJob {
    address escrow;
    uint256 jobId;
    Variant variant;
    uint256 budget;
    uint256 expiredAt;
    address hook;
    bytes32 optParams;
}

/// @title The committee as the evaluator of any ERC-8183 job
/// @notice Name this contract as the job's `evaluator`. After the job is funded, buyer (its client) and provider mandate a
/// committee in the book, with this contract as adapter and `abi.encode(ForeignJob)` as `job`. Without a mandate nothing
/// is ever completed, so a provider starts work only then.
/// Pass is carried out as `complete`, Fail and Lapse as `reject`: in both the buyer gets its money back.
interface IJobEvaluator is IAdapter {
    /// @notice What became of a final outcome.
    enum Carriage {
        Waiting, // not carried out; not even final perhaps
        Carried, // carried out in the foreign escrow, and seen there
        Overtaken // the foreign job was ended or changed by others: nothing is left to carry out
    }

    /// @notice The mandate names another adapter, or another job than the one given.
    error NotOurs(address adapter, bytes32 foreign);
    /// @notice The subject is not final, or its outcome was carried out or overtaken before.
    error NotWaiting(bytes32 subject, Carriage carriage);
    /// @notice The foreign job is in another state than the act needs: Open 0, Funded 1, Submitted 2, Completed 3,
    /// Rejected 4, Expired 5.
    error WrongForeignStatus(uint256 status);
    /// @notice The foreign job is no longer what the mandate says; the field that differs is named,
    /// in ASCII.
    error ForeignChanged(bytes32 field);
    /// @notice The foreign job is as it should be: nothing has overtaken the outcome.
    error NotOvertaken(bytes32 subject);
    /// @notice The foreign escrow answered in another form than its variant has.
    error BadAnswer(address escrow, bytes4 selector);
    /// @notice The call went through, but the foreign job is not in the state it was to reach.
    error NotCarriedOut(uint256 status);
    /// @notice The bytes are not those whose hash was agreed.
    error WrongParams(bytes32 agreed, bytes32 given);

    /// @notice The outcome was carried out and seen in the foreign escrow. `evaluatorFee`: what that paid to this
    /// contract, passed on to the evaluators who earned, to the provider where none did.
    event CarriedOut(
        bytes32 indexed subject,
        address indexed escrow,
        uint256 indexed jobId,
        uint256 status,
        uint256 evaluatorFee
    );
    /// @notice The foreign job of a final subject was found in a final state (`status`), or changed (`field`), by others:
    /// its outcome stays on record here, and nothing can be carried out there.
    event Overtaken(
        bytes32 indexed subject, address indexed escrow, uint256 indexed jobId, uint256 status, bytes32 field
    );

    /// @notice Carries a final outcome out in the foreign escrow; settles before where it can be settled. Anyone may call,
    /// again and again until it succeeds: whatever fails there fails here.
    /// @param optParams What `complete` or `reject` is given; its hash was agreed.
    function carryOut(Mandate calldata mandate, ForeignJob calldata job, bytes calldata optParams) external;

    /// @notice Notes that a final outcome cannot be carried out, because the foreign job was ended or changed by others.
    /// Anyone may call. No money and no coverage waits for it.
    function noteOvertaken(Mandate calldata mandate, ForeignJob calldata job) external;

    /// @notice The EIP-712 struct hash of a foreign job: `foreign` in its mandate.
    function hashOf(ForeignJob calldata job) external pure returns (bytes32);

    /// @notice The key by which the book knows a foreign job.
    function keyOf(address escrow, uint256 jobId) external pure returns (bytes32);

    /// @notice What became of a subject's outcome.
    function carriageOf(bytes32 subject) external view returns (Carriage);

    /// @notice The book whose verdicts are carried out.
    function book() external view returns (address);
}
