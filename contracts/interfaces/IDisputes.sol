// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "./IDocket.sol";
import {Funding, Outcome, Statement, Terms} from "./Types.sol";

/// @title What parties and arbiter may do about a job, and proofs against its evaluators
/// @notice Amounts are USDC base units (6 decimals), times in seconds.
interface IDisputes is IDocket {
    /// @notice Disputes the provisional outcome, once a job, during the challenge.
    /// @dev `Authorization`: the party's signature is USDC's ReceiveWithAuthorization of the deposit, whose nonce is the
    /// digest of `Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)`, valid from 0 to
    /// `expiry`. `Allowance`: the caller pays; `Collateral`: the party's free collateral pays. In both the party calls
    /// or signs that digest.
    /// @param party Buyer or provider: the one the outcome goes against, either for Lapse.
    /// @param sought An outcome better for the party than the provisional one.
    /// @param expiry End of the permission; not looked at where the party calls.
    function dispute(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external;

    /// @notice The arbiter's final ruling, within the ruling period.
    function rule(Terms calldata terms, bytes32 openingHash, Outcome outcome, bool payOut) external;

    /// @notice Gives in. Open: either side gives the other everything. Judged: the party the outcome goes against makes
    /// it final. Disputed: the disputant, as if upheld. Not where the provisional outcome is Lapse.
    /// @dev The party calls, or signs `Concession(bytes32 job,address party,uint8 state,uint8 outcome,uint256 expiry)`
    /// where outcome is the one that becomes final.
    function concede(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature,
        bool payOut
    ) external;

    /// @notice Both parties split gated amount and bond as they like, in any state but Closed.
    /// @dev Each calls or signs `Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)` where
    /// outcome is the provisional one (0 in Open).
    function agree(
        Terms calldata terms,
        bytes32 openingHash,
        uint256 toBuyer,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external;

    /// @notice Expels an evaluator that signed two contradicting attestations on one job and deliverable, and takes
    /// one share of its stake: half to the caller, half to the job's parties.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    /// @param deliverable Named by both attestations.
    /// @param a One attestation.
    /// @param b Another, with a different outcome or payable.
    function proveEquivocation(
        Terms calldata terms,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external;
}
