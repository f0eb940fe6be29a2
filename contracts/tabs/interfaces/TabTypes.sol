// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Attested, Outcome} from "../../interfaces/Types.sol";

/// @notice The part of a tab's terms that every later step needs again.
/// @param buyer Pays; receives what is refunded.
/// @param provider Is paid; puts up the bond.
/// @param committee Id of the committee that judges.
/// @param deposit What the buyer pays in at opening, and the most the balance may ever be. Above zero.
/// @param credit How much more than the balance may be owed. Secured in full by the buyer's collateral, locked at opening.
/// @param bond Bond B, locked from the provider's free collateral; forfeited to the buyer when a period ends as Fail.
/// @param ceiling Highest average price of an interaction of one period. Above zero.
/// @param fee Paid to all members for their readiness when the tab ends.
/// @param verdictFee Paid to the signers of each period's verdict. `periods` of them are paid in at opening; those that
/// are not needed go back.
/// @param due Amount owed from which a period may be presented before its time; zero for never.
/// @param endBy After this time at most one more tally is presented, see `present`.
/// @param period Shortest time between two presentations, and from opening to the first.
/// @param window How long a higher count may replace what one side presented alone, or what is presented last.
/// @param verdict A verdict is accepted strictly before this long after the window.
/// @param challenge Challenge period after a verdict; zero makes the tab unsecured.
/// @param ruling Time the arbiter has after a dispute.
/// @param grace How long a debt may be paid before the collateral is drawn.
/// @param notice How long after a party's notice to leave, or after the closing of the period before, the last tally may be
/// presented.
/// @param periods How many periods may be presented at most. Above zero.
struct TabTerms {
    address buyer;
    address provider;
    bytes32 committee;
    uint64 deposit;
    uint64 credit;
    uint64 bond;
    uint64 ceiling;
    uint64 fee;
    uint64 verdictFee;
    uint64 due;
    uint40 endBy;
    uint32 period;
    uint32 window;
    uint32 verdict;
    uint32 challenge;
    uint32 ruling;
    uint32 grace;
    uint32 notice;
    uint16 periods;
}

/// @notice The part of a tab's terms that only opening needs; afterwards its hash stands for it.
/// @param pact Hash of the pact's canonical form.
/// @param offchain Hash of the off-chain terms: where logs are handed over, keys to encrypt to.
/// @param agentId ERC-8004 agent id of the provider, or zero.
/// @param openBy The tab may be opened strictly before this time.
/// @param salt Tells otherwise equal tabs apart.
struct TabOpening {
    bytes32 pact;
    bytes32 offchain;
    uint256 agentId;
    uint40 openBy;
    uint256 salt;
}

/// @notice All terms of a tab. Their EIP-712 digest is the tab's id.
struct TabAgreement {
    TabTerms terms;
    TabOpening opening;
}

/// @notice What both parties sign after each interaction, over the whole tab: the newest replaces all before it.
/// Typed as `Tally(bytes32 tab,uint64 count,uint64 amount,bytes32 root)`.
/// @param count Interactions since opening.
/// @param amount Their price, base units.
/// @param root Root of all receipts.
struct Tally {
    uint64 count;
    uint64 amount;
    bytes32 root;
}

/// @notice Attestations on one period.
/// @param outcome What all signers attest.
/// @param payable_ What they say is payable for the period; zero where the outcome is Lapse.
/// @param signers Bit i set: evaluator i of the committee signed.
/// @param attested One entry for each set bit, lowest bit first: the escrow's own signed type, in the escrow's domain.
struct TabVerdict {
    Outcome outcome;
    uint64 payable_;
    uint32 signers;
    Attested[] attested;
}
