// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "./IDocket.sol";
import {Attested, Outcome, Terms, Verdict} from "./Types.sol";

/// @title What anyone may do where a provider does not deliver or a committee does not answer, and the check of attestations
/// for books
interface ISilence is IDocket {
    /// @notice Posts attestations short of a verdict, so that their signers do not count as silent.
    function attest(Verdict calldata verdict) external;

    /// @notice Ends the wait: no delivery by `deliverBy` is Fail, no verdict by `judgeBy` is Lapse. Provisionally.
    function lapse(Terms calldata terms, bytes32 openingHash) external;

    /// @notice Checks attestations against the current keys of a committee. Reverts where one does not hold.
    /// @param committee Id.
    /// @param members Evaluators that may sign for this subject.
    /// @param subject Job id, or what a book names.
    /// @param deliverable What was judged.
    /// @param outcome What is attested.
    /// @param payable_ Zero for jobs.
    /// @param signers Bit i set: evaluator i signed.
    /// @param attested One entry for each set bit, lowest first.
    function checkAttestations(
        bytes32 committee,
        uint32 members,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) external view;
}
