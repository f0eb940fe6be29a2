// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "./ICoverage.sol";
import {Basis, Outcome, State, Terms} from "./Types.sol";

/// @title What is stored
/// @notice Amounts are USDC base units (6 decimals), times in seconds.
interface IViews {
    /// @notice The id of a job with these terms.
    function jobId(Terms calldata terms, bytes32 openingHash) external view returns (bytes32);

    /// @notice What the deployment fixes for all jobs, in seconds.
    /// @return minChallenge Shortest challenge period that is not zero.
    /// @return lapseChallenge Shortest challenge period after a lapse.
    /// @return minDelivery Shortest time from `openBy` to `deliverBy`.
    /// @return maxChallenge Longest challenge period.
    /// @return maxRuling Longest ruling period.
    /// @return maxLength Longest time from opening to `judgeBy`.
    function constants()
        external
        view
        returns (
            uint256 minChallenge,
            uint256 lapseChallenge,
            uint256 minDelivery,
            uint256 maxChallenge,
            uint256 maxRuling,
            uint256 maxLength
        );

    /// @notice What is stored of a job.
    function jobState(bytes32 job) external view returns (JobView memory);

    /// @notice Terms and running figures of a committee that change or that openings depend on.
    function committeeState(bytes32 committee) external view returns (CommitteeView memory);

    /// @notice One evaluator of a committee.
    function evaluator(bytes32 committee, uint256 index) external view returns (EvaluatorView memory);

    /// @notice What evaluator `index` still owes for contradicting itself on one subject: a job's id, or, for a subject of
    /// a book, `keccak256(abi.encode(book, subject))`.
    function debtOf(bytes32 committee, uint256 index, bytes32 subject) external view returns (uint256 owed);

    /// @notice Fees a set of evaluators has earned and not drawn.
    function feesOf(bytes32 committee, uint32 set) external view returns (uint256);

    /// @notice Which evaluator a key speaks, or once spoke, for.
    /// @return index The evaluator; meaningless where `known` is false.
    /// @return known Whether the key ever belonged to one.
    /// @return retiredAt When it was replaced; zero while current.
    function keyOf(bytes32 committee, address key)
        external
        view
        returns (uint256 index, bool known, uint256 retiredAt);

    /// @notice Free collateral of `account`.
    function collateralOf(address account) external view returns (uint256);

    /// @notice The USDC token.
    function usdc() external view returns (address);

    /// @notice EIP-712 domain separator (name "Earnest", version "1", chain and contract of the deployment).
    function domainSeparator() external view returns (bytes32);

    /// @notice See `jobState`. Fields that the state does not keep are zero.
    struct JobView {
        State state;
        bool delivered;
        uint8 epoch; // of the committee when it was opened
        uint32 members;
        uint40 openedAt;
        address provider; // Open, nothing delivered
        uint40 deliverBy; // Open, nothing delivered
        bytes32 mark; // Open, delivered: the upper 184 bits of keccak256(deliverable)
        Outcome outcome; // provisional, or final once Closed
        Basis basis; // Judged, Disputed
        uint32 signers; // Judged, Disputed: who signed; by silence: who did not
        uint40 deadline; // Judged: end of the challenge; Disputed: end of the ruling period
        Outcome sought; // Disputed
        bool buyerDisputes; // Disputed
        uint32 attested; // posted attestations short of a verdict
    }

    /// @notice See `committeeState`.
    struct CommitteeView {
        uint8 threshold;
        uint8 evaluators;
        uint8 epoch;
        uint32 active; // full stake and not leaving
        uint256 stake;
        uint256 silence;
        uint256 reserved; // each member's part of all reservations
        uint256 free; // what each member's part could still grow by; zero while fewer than k are active
        address arbiter;
        uint256 arbiterCost;
        bytes32 methodology;
        uint256 feeFlat;
        uint256 feeRate;
        uint256 maxValue;
        uint256 minVerdict;
        uint256 minRuling;
        uint256 maxChallenge;
    }

    /// @notice See `evaluator`.
    struct EvaluatorView {
        address account;
        address key;
        ICoverage.Standing standing;
        bool expelled;
        uint256 stake;
        uint256 owed; // for equivocations, collected before it may withdraw
        uint256 liable; // its part of reservations that still have to close before it may withdraw; after notice only
        bool mayWithdraw;
    }
}
