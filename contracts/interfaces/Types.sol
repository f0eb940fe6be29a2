// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Amounts are USDC base units (6 decimals); times are Unix timestamps and periods in seconds.

/// @notice How a job ends. `None` is never a valid outcome to attest, rule or name.
enum Outcome {
    None,
    Pass, // gated amount to the provider, bond back
    Fail, // gated amount and bond to the buyer
    Lapse // gated amount to the buyer, bond back to the provider
}

/// @notice Where a job stands. A job that was never opened is `None`; a closed one stays `Closed` for ever.
enum State {
    None,
    Open,
    Judged,
    Disputed,
    Closed
}

/// @notice What a provisional outcome rests on.
enum Basis {
    Verdict, // k attestations
    NoShow, // nothing anchored before deliverBy
    Silence // a delivery anchored, no verdict before judgeBy
}

/// @notice How a payment comes in.
enum Funding {
    Authorization, // USDC receiveWithAuthorization (EIP-3009); its nonce is the typed hash of what is done
    Allowance, // USDC transferFrom the caller
    Collateral // the payer's free collateral in this contract
}

/// @notice The part of an agreement that every later step needs again.
/// @param buyer Pays; receives what is refunded.
/// @param provider Is paid; puts up the bond.
/// @param committee Id of the committee that judges: the hash of all its terms, methodology included.
/// @param gated Gated amount G: the price less the part paid up front. Above zero.
/// @param bond Bond B, locked from the provider's free collateral.
/// @param fee Fee F, paid by the buyer on top of the price.
/// @param judgeBy A verdict is accepted strictly before this time.
/// @param challenge Challenge period after a verdict; zero makes the job unsecured.
/// @param ruling Time the arbiter has after a dispute.
struct Terms {
    address buyer;
    address provider;
    bytes32 committee;
    uint64 gated;
    uint64 bond;
    uint64 fee;
    uint40 judgeBy;
    uint32 challenge;
    uint32 ruling;
}

/// @notice The part of an agreement that only opening needs; afterwards its hash stands for it.
/// @param pact Hash of the pact's canonical form.
/// @param offchain Hash of the off-chain terms: where deliveries are handed over, keys to encrypt to.
/// @param agentId ERC-8004 agent id of the provider, or zero.
/// @param upFront Part of the price that goes to the provider at opening.
/// @param openBy The job may be opened strictly before this time.
/// @param deliverBy A delivery is accepted strictly before this time.
/// @param salt Tells otherwise equal agreements apart.
struct Opening {
    bytes32 pact;
    bytes32 offchain;
    uint256 agentId;
    uint64 upFront;
    uint40 openBy;
    uint40 deliverBy;
    uint256 salt;
}

/// @notice The terms of one job, signed by both sides. Its EIP-712 digest is the job's id.
/// The price is `terms.gated + opening.upFront`.
struct Agreement {
    Terms terms;
    Opening opening;
}

/// @notice One evaluator's signature (EIP-2098 compact: r, and s with the parity in its top bit) and its evidence.
struct Attested {
    bytes32 r;
    bytes32 vs;
    bytes32 evidence;
}

/// @notice A verdict on a job, or a part of one.
/// @param terms The job's terms.
/// @param openingHash EIP-712 struct hash of the job's `Opening`.
/// @param deliverable The hash that was anchored and judged.
/// @param outcome The outcome all signers attest.
/// @param signers Bit i set: evaluator i of the committee signed.
/// @param attested One entry for each set bit, lowest bit first.
/// @param others May be empty. The current keys of all other evaluators of the committee in order (zero for one that has
/// not joined or was expelled) make it cheaper, by about 3,000 gas where three of five signed. Wrong ones do no harm.
struct Verdict {
    Terms terms;
    bytes32 openingHash;
    bytes32 deliverable;
    Outcome outcome;
    uint32 signers;
    Attested[] attested;
    address[] others;
}

/// @notice One attestation in full, as shown in a proof of equivocation.
struct Statement {
    Outcome outcome;
    uint256 payable_;
    bytes32 evidence;
    bytes32 r;
    bytes32 vs;
}

/// @notice Everything that is fixed about a committee. Its id says some of it in full and is the hash of all
/// of it, the chain and the contract, see ICommittees.committeeId.
/// @param evaluators Accounts that stake, draw fees and rotate keys; strictly ascending, at most 32.
/// @param threshold k: attestations that make a verdict; more than half of the evaluators.
/// @param stake S: what each evaluator puts in; below 2^48.
/// @param methodology Hash of the methodology document.
/// @param arbiter Rules on disputes.
/// @param arbiterCost A: what the arbiter is paid out of the disputant's deposit.
/// @param feeFlat Lowest fee of a job; whole hundredths of a USDC below 167,772.15 USDC, or 2^64 - 1 where the committee
/// takes no jobs.
/// @param feeRate Added to it: millionths of the value at stake for each day from opening to `judgeBy`;
/// below 2^16.
/// @param maxValue Highest value at stake (gated amount and bond) of one job; whole USDC below 2^32 - 1, or 2^64 - 1 for no
/// such limit.
/// @param minVerdict Shortest time from `deliverBy` to `judgeBy`; below 2^24.
/// @param minRuling Shortest ruling period.
/// @param maxChallenge Longest challenge period.
/// @param silence Z: what silence costs all members together; below 2^40.
/// @param salt Tells otherwise equal committees apart.
struct Committee {
    address[] evaluators;
    uint8 threshold;
    uint64 stake;
    bytes32 methodology;
    address arbiter;
    uint64 arbiterCost;
    uint64 feeFlat;
    uint32 feeRate;
    uint64 maxValue;
    uint32 minVerdict;
    uint32 minRuling;
    uint32 maxChallenge;
    uint64 silence;
    uint256 salt;
}
