// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice What buyer and provider of a foreign job or payment mandate a committee to judge. The money at stake lies
/// elsewhere; here lie the fee, deposits and what is slashed.
/// @param adapter The contract that reads the foreign escrow and carries the outcome out there: for ERC-8183 the job's
/// evaluator, for x402 the payment's policy.
/// @param foreign Hash of the foreign job or payment, as the adapter makes it.
/// @param buyer Pays the foreign job: what ERC-8183 calls the client, and x402 the payer.
/// @param provider Is paid by it.
/// @param payer Pays the fee F here, and gets it back where silence makes it not owed.
/// @param committee Id of the committee in the escrow that judges.
/// @param pact Hash of the pact's canonical form.
/// @param offchain Hash of the off-chain terms.
/// @param value What lies between Pass and any other outcome: M, in USDC base units.
/// @param fee Fee F, in USDC base units.
/// @param deliverBy The provider anchors its delivery strictly before this time.
/// @param judgeBy A verdict is accepted strictly before this time.
/// @param challenge Challenge period after a verdict, in seconds; never zero.
/// @param ruling Time the arbiter has after a dispute, in seconds.
struct Mandate {
    address adapter;
    bytes32 foreign;
    address buyer;
    address provider;
    address payer;
    bytes32 committee;
    bytes32 pact;
    bytes32 offchain;
    uint64 value;
    uint64 fee;
    uint40 deliverBy;
    uint40 judgeBy;
    uint32 challenge;
    uint32 ruling;
}

/// @notice Where a foreign job or payment stands.
enum ForeignStatus {
    Unready, // nothing is funded yet
    Funded, // nothing is delivered yet
    Submitted, // can be judged
    Ended // nothing is left to decide
}

/// @notice What an adapter finds.
/// @param foreign The hash of the job or payment that a mandate names.
/// @param key Names it for ever: each is registered once.
/// @param held What the verdict moves now, in USDC base units.
/// @param lastMoment Unix time before which only the verdict ends it, once it is submitted.
/// @param status Where it stands.
/// @param changed The first field that is not as the mandate says, its name in ASCII; zero if none.
struct Finding {
    bytes32 foreign;
    bytes32 key;
    uint256 held;
    uint256 lastMoment;
    ForeignStatus status;
    bytes32 changed;
}

/// @title What a book of verdicts asks about jobs and payments elsewhere
/// @notice Buyer and provider choose the adapter with their mandate. It can refuse what is registered, delivered and
/// judged; it cannot keep a subject from becoming final, nor make anyone pay.
interface IAdapter {
    /// @notice The book is one of another escrow.
    error NotItsBook(address escrow, address book);

    /// @notice Looks at a foreign job or payment. Reverts where it cannot be read.
    /// @param mandate What was agreed.
    /// @param job Its terms, in the adapter's own encoding.
    function inspect(Mandate calldata mandate, bytes calldata job) external view returns (Finding memory);
}
