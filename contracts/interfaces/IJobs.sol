// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "./IDocket.sol";
import {Agreement, Funding, Terms, Verdict} from "./Types.sol";

/// @title Jobs: agreements that have been funded
/// @notice Terms are signed and passed in, not stored. Every limit is half-open: the earlier act is allowed strictly
/// before it, the later one from it on. Amounts are USDC base units (6 decimals), times in seconds.
interface IJobs is IDocket {
    /// @notice Funds a job. Anyone may relay it.
    /// @dev By `Authorization` the buyer's one signature is USDC's ReceiveWithAuthorization of price and fee with the
    /// job id as nonce, valid from 0 to `openBy`. By `Allowance` the buyer calls. From `Collateral` the buyer calls or
    /// signs the agreement.
    /// @param agreement The terms.
    /// @param funding How the buyer pays.
    /// @param buyerSignature See above; empty where the buyer calls.
    /// @param providerSignature Over the agreement (EOA or ERC-1271); empty where the provider calls.
    /// @return job The job's id.
    function open(
        Agreement calldata agreement,
        Funding funding,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external returns (bytes32 job);

    /// @notice Funds jobs together, all or none; each is released on its own. One buyer, one provider.
    /// @dev Both sign `Milestones(bytes32[] jobs)` over the ordered ids instead of each agreement; its digest is the
    /// nonce of the authorization, which is valid to the earliest `openBy`.
    function openMilestones(
        Agreement[] calldata agreements,
        Funding funding,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external returns (bytes32[] memory jobs);

    /// @notice Anchors the hash of the deliverable. By the provider, once, before `deliverBy`.
    function deliver(bytes32 job, bytes32 deliverable) external;

    /// @notice The same, relayed with the provider's signature over
    /// `Delivery(bytes32 job,bytes32 deliverable,uint256 expiry)`.
    function deliverFor(bytes32 job, bytes32 deliverable, uint256 expiry, bytes calldata signature) external;

    /// @notice Posts exactly k attestations that agree. Makes the outcome provisional, or closes the job at once where
    /// its challenge period is zero.
    /// @param verdict The attestations.
    /// @param payOut Where it closes the job: pay what is owed out to the parties' wallets.
    function judge(Verdict calldata verdict, bool payOut) external;

    /// @notice Closes a job whose challenge, or whose ruling period, is over. Anyone may call.
    /// @param payOut Pay what is owed out to the parties' wallets; what cannot be paid is credited.
    function settle(Terms calldata terms, bytes32 openingHash, bool payOut) external;

    /// @notice Runs many calls of this contract as the caller; one that fails does not sink the others.
    /// @param calls ABI-encoded calls.
    /// @return results What became of each.
    function batch(bytes[] calldata calls) external returns (Result[] memory results);
}
