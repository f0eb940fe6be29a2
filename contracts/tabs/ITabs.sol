// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../arbiters/IRulable.sol";
import {IBook} from "../evaluators/interfaces/IBook.sol";
import {Attested, Basis, Funding, Outcome, Statement} from "../interfaces/Types.sol";

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

/// @title Tabs: aggregate escrow and credit for interactions of a cent
/// @notice A book of the escrow. Terms are signed and passed in, not stored. Every limit is half-open: the earlier act is
/// allowed strictly before it, the later one from it on. Amounts are USDC base units (6 decimals), times Unix timestamps,
/// periods of time seconds. What is owed becomes free collateral in the escrow, or is paid out where the caller asks.
///
/// EIP-712 domain: name "Earnest tabs", version "1", chain and contract of the deployment. A period's subject is the tab's
/// id; what its attestations name as deliverable is
/// keccak256(abi.encode(bytes32 tab, uint64 period, uint64 count, uint64 amount, bytes32 root)), periods counted from 1.
interface ITabs is IBook, IRulable {
    /// @notice Where a tab stands.
    enum Phase {
        None, // never opened
        Open, // no period pending
        Presented,
        Judged, // payable is provisional
        Disputed,
        Ruled, // by the arbiter; `settle` carries it out
        Owing, // the balance did not suffice: topped up, or collateral drawn
        Closed
    }

    /// @notice What closed a tab.
    enum Ending {
        Left, // after notice or `endBy`, or its last period was settled
        Failed, // a period ended as Fail: the bond is gone
        Overturned, // a verdict was overturned
        Silence, // the committee was silent
        Defaulted, // the collateral was drawn
        Agreed
    }

    /// @notice What is stored of a tab. Fields that the phase does not keep are zero.
    struct TabView {
        Phase phase;
        bool closing; // a party gave notice
        bool last; // the pending period is the last one
        uint32 members; // may sign for it, and bear its silence
        uint64 balance; // of what the buyer paid in
        uint64 settledCount;
        uint64 settledAmount; // presented and settled, withheld parts included
        uint16 period; // how many were settled
        uint40 end; // Open: a tally may be presented strictly before it
        uint40 from; // Open: a tally may be presented from it on
        uint40 deadline; // Presented: end of the window. Judged: of the challenge. Disputed: of the ruling. Owing: of the grace
        bytes32 mark; // Presented: upper 152 bits of keccak256(deliverable)
        uint32 set; // Presented: who posted attestations. Later: who signed; by silence, who did not
        uint64 count; // Judged to Ruled
        uint64 amount; // Judged to Ruled
        Outcome outcome; // Judged to Ruled: provisional
        Basis basis; // Judged to Ruled: Verdict or Silence
        uint64 payable_; // Judged to Ruled: provisional. Owing: still owed
    }

    /// @notice A term breaks a rule; the field is named, in ASCII.
    error BadTerms(bytes32 field);
    /// @notice What is presented breaks a rule: "count" and "amount" must grow, and fit; "ceiling": it costs more than its
    /// interactions may.
    error BadTally(bytes32 field);
    /// @notice More is owed than balance and credit cover.
    error NotCovered(uint256 owed, uint256 covered);
    /// @notice The tab is not where the act needs it. Wrong terms give None.
    error WrongPhase(bytes32 tab, Phase phase);
    /// @notice Another tally than the presented one is named.
    error WrongTally(bytes32 tab, bytes32 deliverable);
    /// @notice What replaces a presented tally must have a higher count and no lower amount.
    error NotHigher(uint256 count, uint256 presented);
    /// @notice More would be payable than was presented and not settled before, or something for a Lapse.
    error PayableTooHigh(uint256 payable_, uint256 highest);
    /// @notice The number of attestations is not the committee's threshold.
    error NotAQuorum(uint256 attestations, uint256 threshold);
    /// @notice `party` may not do this here.
    error NotAllowed(address party);
    /// @notice Only the committee's arbiter rules.
    error NotTheArbiter(address caller, address arbiter);
    /// @notice None is no outcome.
    error NoOutcome();
    /// @notice The balance can take no more than `room`.
    error TopUpTooLarge(uint256 amount, uint256 room);
    /// @notice More is given to one side than there is.
    error SplitTooLarge(uint256 toProvider, uint256 held);
    /// @notice A list is empty, or longer than `most`.
    error BadLength(uint256 length, uint256 most);

    /// @notice A tab was opened. `members` may sign for it, bear its silence and share the fee for readiness.
    event TabOpened(
        bytes32 indexed tab,
        address indexed buyer,
        address indexed provider,
        TabAgreement agreement,
        uint32 members
    );
    /// @notice The balance grew.
    event ToppedUp(bytes32 indexed tab, uint256 amount, address from);
    /// @notice A tally was anchored, as period `period`, or replaced one. Nothing is drawn for it before `windowEnds`.
    event Presented(
        bytes32 indexed tab,
        uint64 indexed period,
        uint64 count,
        uint64 amount,
        bytes32 root,
        uint40 windowEnds,
        bool last
    );
    /// @notice Attestations were posted: their signers were not silent.
    event AttestationsPosted(
        bytes32 indexed tab,
        uint64 indexed period,
        Outcome outcome,
        uint64 payable_,
        uint32 signers,
        bytes32[] evidence
    );
    /// @notice A verdict made `payable_` provisional until `challengeEnds`.
    event PeriodJudged(
        bytes32 indexed tab,
        uint64 indexed period,
        Outcome outcome,
        uint64 payable_,
        uint32 signers,
        uint40 challengeEnds,
        bytes32[] evidence
    );
    /// @notice Nobody judged the period in time: provisionally nothing is payable. `silent`: members that are.
    event PeriodLapsed(bytes32 indexed tab, uint64 indexed period, uint32 silent, uint40 challengeEnds);
    /// @notice `party` put down `deposit` and seeks another outcome; the arbiter may rule until `rulingEnds`.
    event PeriodDisputed(
        bytes32 indexed tab,
        uint64 indexed period,
        address indexed party,
        Outcome sought,
        uint64 soughtPayable,
        uint256 deposit,
        uint40 rulingEnds
    );
    /// @notice The arbiter ruled, and was credited its cost.
    event PeriodRuled(
        bytes32 indexed tab,
        uint64 indexed period,
        address indexed arbiter,
        Outcome outcome,
        uint64 payable_,
        uint256 cost
    );
    /// @notice A period is over: everything up to its tally is settled, withheld parts included. Out of the balance `paid`
    /// went to the provider; the rest of `payable_` is owed. `toBuyer` and `toProvider` came on top, from deposits, fees
    /// and stakes; `toEvaluators` was earned by `set`.
    event PeriodSettled(
        bytes32 indexed tab,
        uint64 indexed period,
        Outcome outcome,
        uint64 payable_,
        uint64 paid,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toEvaluators,
        uint32 set
    );
    /// @notice A part of what was owed went to the provider out of the balance; `left` is owed still.
    event DebtPaid(bytes32 indexed tab, uint256 amount, uint256 left);
    /// @notice Nobody paid what was owed in the grace period: it came out of the buyer's collateral.
    event Defaulted(bytes32 indexed tab, address indexed buyer, uint256 amount);
    /// @notice A party leaves: nothing is presented from `end` on.
    event NoticeGiven(bytes32 indexed tab, address indexed party, uint40 end);
    /// @notice A tab is over. Out of balance, collateral, bond and fees not needed: `toBuyer` and `toProvider`;
    /// `toMembers`, the fee for readiness, where it was not handed out before.
    event TabClosed(bytes32 indexed tab, Ending how, uint256 toBuyer, uint256 toProvider, uint256 toMembers);
    /// @notice A call of a batch failed with `reason`; the others are not affected.
    event CallFailed(uint256 indexed index, bytes reason);

    /// @notice What became of one call of a batch.
    struct Result {
        bool ok;
        bytes data;
    }

    /// @notice Opens a tab. Anyone may relay it. The buyer pays deposit + fee + periods * verdictFee.
    /// @dev `Authorization`: `payment` is USDC's ReceiveWithAuthorization to this contract with the tab's id as nonce, valid
    /// from 0 to `openBy`. `Allowance`: the buyer calls. `Collateral`: `payment` is the escrow's Pledge to this contract
    /// with the tab's id as subject and `openBy` as expiry; the credit is added to its amount. By the other two ways a
    /// credit is pledged apart, by `collateral`: a Pledge of just the credit.
    /// @param collateral See above; empty where there is no credit.
    /// @param providerSignature The provider's Pledge of the bond with the tab's id as subject and `openBy` as expiry;
    /// without a bond, its signature over the tab's id, or empty where it calls.
    /// @return tab The tab's id.
    function open(
        TabAgreement calldata agreement,
        Funding funding,
        bytes calldata payment,
        bytes calldata collateral,
        bytes calldata providerSignature
    ) external returns (bytes32 tab);

    /// @notice Adds to the balance, up to the deposit and what is owed. Anyone may call.
    /// @dev `Authorization` and `Collateral` take the buyer's money: the nonce, or the pledge's subject, is the digest of
    /// `TopUp(bytes32 tab,uint256 amount,uint256 expiry,uint256 salt)`. `Allowance` takes the caller's.
    function topUp(
        TabTerms calldata terms,
        bytes32 openingHash,
        uint256 amount,
        Funding funding,
        uint256 expiry,
        uint256 salt,
        bytes calldata signature
    ) external;

    /// @notice Anchors a tally as the next period, from `from` on or where `due` is owed or a party gave notice, and before
    /// `end`. Each party signs it, or calls.
    /// @dev Under both signatures and not last, it can be judged at once. Else the window opens. It is the last one after a
    /// notice, from `endBy` on, and where no other was paid for.
    function present(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external;

    /// @notice Puts a tally with a higher count in the place of the presented one, within the window. Each party signs it,
    /// or calls.
    function replace(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata presented,
        Tally calldata higher,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external;

    /// @notice A verdict on the presented period: exactly k attestations, from the end of the window on.
    function judge(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external;

    /// @notice Posts attestations short of a verdict, so that their signers do not count as silent.
    function attest(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external;

    /// @notice From the end of the time for a verdict: provisionally Lapse, nothing payable. Anyone may call.
    function lapse(TabTerms calldata terms, bytes32 openingHash, Tally calldata tally) external;

    /// @notice Disputes what is provisional, once a period, during the challenge, with the deposit D: the larger of a fifth
    /// of (amount of the period + bond), rounded up, and the arbiter's cost.
    /// @dev Typed hash: `TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)`.
    /// `Authorization`: the party's signature is USDC's ReceiveWithAuthorization of the deposit with that hash as nonce,
    /// valid from 0 to `expiry`. `Collateral`: the escrow's Pledge with that hash as subject. `Allowance`: the caller pays,
    /// and is the party or shows its signature over that hash.
    /// @param party Whoever gets more by what it seeks than by what is provisional.
    function dispute(
        TabTerms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint64 soughtPayable,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external;

    /// @notice Carries out what is final: from the end of the challenge or of the ruling period, or once ruled. In Owing:
    /// pays what the balance allows, and from the end of the grace period the rest out of the collateral. Anyone may call.
    /// @param payOut Pay what is owed out to the parties' wallets; what cannot be paid is credited.
    function settle(TabTerms calldata terms, bytes32 openingHash, bool payOut) external;

    /// @notice A party leaves: the last tally may be presented before `notice` has passed.
    /// @dev The party calls, or signs `Notice(bytes32 tab,address party,uint256 expiry)`.
    function giveNotice(
        TabTerms calldata terms,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature
    ) external;

    /// @notice Ends a tab with no period pending, from `end` on: everybody gets back what is its own. Anyone may call.
    function close(TabTerms calldata terms, bytes32 openingHash, bool payOut) external;

    /// @notice Both parties split balance, collateral and bond as they like and end the tab, in Open or Presented.
    /// @dev Each calls or signs `TabSplit(bytes32 tab,uint64 period,uint8 phase,uint256 toProvider,uint256 expiry)` where
    /// period is the number of those settled.
    function agree(
        TabTerms calldata terms,
        bytes32 openingHash,
        uint256 toProvider,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external;

    /// @notice Expels an evaluator that signed two contradicting attestations on one period of a tab that is not closed, and
    /// takes one share of its stake: half to the caller, half to buyer and provider.
    function proveEquivocation(
        TabTerms calldata terms,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external;

    /// @notice Collects and hands out what an evaluator still owes for contradicting itself, once nothing it answers for is
    /// open. Anyone may call.
    function collect(TabTerms calldata terms, bytes32 openingHash, uint256 index) external;

    /// @notice Runs many calls of this contract as the caller; one that fails does not sink the others.
    function batch(bytes[] calldata calls) external returns (Result[] memory results);

    /// @notice The id of a tab with these terms.
    function tabId(TabTerms calldata terms, bytes32 openingHash) external view returns (bytes32);

    /// @notice What is stored of a tab.
    function tabState(bytes32 tab) external view returns (TabView memory);

    /// @notice How often, and for how much in all, a buyer's collateral had to be drawn.
    function defaultsOf(address buyer) external view returns (uint64 times, uint64 amount);
}
