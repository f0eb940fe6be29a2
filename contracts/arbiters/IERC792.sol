// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// ERC-792 and ERC-1497 as published (ethereum/EIPs issues 792 and 1497), as far as they are used here. Amounts are wei.

/// @title An arbitrator (ERC-792): a court that rules for a fee in ETH
interface IArbitrator {
    /// @notice Creates a dispute; the caller must be the arbitrable and pay at least `arbitrationCost`.
    /// @param choices Number of rulings besides 0, which is a refusal to rule.
    /// @param extraData What the court wants to know: which of its chambers, how many jurors.
    /// @return disputeID Unique in this court.
    function createDispute(uint256 choices, bytes calldata extraData)
        external
        payable
        returns (uint256 disputeID);

    /// @notice What a dispute costs now, in wei.
    function arbitrationCost(bytes calldata extraData) external view returns (uint256 cost);
}

/// @title What can be arbitrated (ERC-792)
interface IArbitrable {
    /// @notice A ruling was given.
    event Ruling(IArbitrator indexed arbitrator, uint256 indexed disputeID, uint256 ruling);

    /// @notice Gives a ruling; only the court may call.
    /// @param disputeID As `createDispute` returned it.
    /// @param ruling 0 is a refusal to rule.
    function rule(uint256 disputeID, uint256 ruling) external;
}

/// @title Evidence (ERC-1497)
interface IEvidence {
    /// @notice Where the context of a kind of disputes is described.
    event MetaEvidence(uint256 indexed metaEvidenceID, string evidence);
    /// @notice A piece of evidence: an address of a document as the standard describes it.
    event Evidence(
        IArbitrator indexed arbitrator,
        uint256 indexed evidenceGroupID,
        address indexed party,
        string evidence
    );
    /// @notice A dispute was created.
    event Dispute(
        IArbitrator indexed arbitrator,
        uint256 indexed disputeID,
        uint256 metaEvidenceID,
        uint256 evidenceGroupID
    );
}
