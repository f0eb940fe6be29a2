// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../../interfaces/Types.sol";
import {TabAgreement} from "./TabTypes.sol";

/// @title Tabs: phases, what is stored, refusals and events
interface ITabEvents {
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
        Defaulted, // as Left, after the collateral was drawn
        Agreed
    }

    /// @notice What is stored of a tab. Fields that the phase does not keep are zero.
    struct TabView {
        Phase phase;
        bool closing; // a party gave notice
        bool last; // the pending period is the last one
        bool defaulted; // the collateral was drawn: its rest is in the balance
        uint32 members; // may sign for it, and bear its silence
        uint64 balance; // of what the buyer paid in
        uint64 settledCount;
        uint64 settledAmount; // presented and settled, withheld parts included
        uint16 period; // how many were settled
        uint40 end; // a tally may be presented strictly before it
        uint40 from; // Open: a tally may be presented from it on
        uint40 deadline; // Presented: end of the window. Judged: of the challenge. Disputed: of the ruling. Owing: of the grace
        bytes32 mark; // Presented: upper 59 bits of the deliverable
        uint32 set; // while `unpaid` is not zero: who signed those periods. Else in Presented: who posted attestations; later:
        // who signed, or by silence who did not
        uint64 count; // Presented to Ruled
        uint64 amount; // Presented to Ruled
        Outcome outcome; // Judged to Ruled: provisional
        Basis basis; // Judged to Ruled: Verdict or Silence
        uint64 payable_; // Judged to Ruled: provisional. Owing: still owed
        uint16 unpaid; // how many periods' verdict fees are kept here for `set`
    }

    /// @notice What a ruling needs to know without the terms, and what it was.
    struct Appeal {
        address arbiter;
        uint64 cost; // A
        bool buyerDisputes;
        Outcome ruled; // None before
        address buyer;
        uint64 deposit; // D
        address provider;
        uint64 payable_; // ruled
        bytes32 tab;
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
    /// @notice No period that awaits a ruling has this subject.
    error NotDisputed(bytes32 subject);
    /// @notice No verdict fees are kept here for anybody.
    error NothingUnpaid(bytes32 tab);
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
    /// @dev Small fields share words, because a word of log data costs 256 gas.
    /// @param posted Bits 0-7 outcome, 8-39 signers, 80-143 payable, 144-159 number of the period.
    /// @param evidence What each signer's attestation rests on, lowest bit first.
    event AttestationsPosted(bytes32 indexed tab, uint256 posted, bytes32[] evidence);
    /// @notice A verdict made `payable` provisional.
    /// @param verdict As `posted`; bits 40-79 end of the challenge.
    /// @param evidence As above.
    event PeriodJudged(bytes32 indexed tab, uint256 verdict, bytes32[] evidence);
    /// @notice Nobody judged the period in time: provisionally nothing is payable. `silent`: members that are.
    event PeriodLapsed(bytes32 indexed tab, uint64 indexed period, uint32 silent, uint40 challengeEnds);
    /// @notice `party` put down `deposit` and seeks another outcome; the arbiter may rule until `rulingEnds`. `subject` is
    /// what it rules on: keccak256(abi.encode(bytes32 tab, uint256 period)).
    event PeriodDisputed(
        bytes32 indexed tab,
        uint64 indexed period,
        address indexed party,
        Outcome sought,
        uint64 soughtPayable,
        uint256 deposit,
        uint40 rulingEnds,
        bytes32 subject
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
    /// went to the provider; the rest of `payable` is owed. What is on top came from deposits, fees and stakes; what
    /// `set` earned is handed over by `SignersPaid` as far as it is the verdict fee.
    /// @param settled Bits 0-7 outcome, 8-39 `set`, 40-55 number of the period, 56-119 `payable`, 120-183 `paid`.
    /// @param onTop Bits 0-79 to the buyer, 80-159 to the provider, 160-239 to `set`.
    event PeriodSettled(bytes32 indexed tab, uint256 settled, uint256 onTop);
    /// @notice Verdict fees that were kept here were credited to `set` in the escrow.
    event SignersPaid(bytes32 indexed tab, uint32 set, uint256 amount);
    /// @notice A part of what was owed went to the provider out of the balance; `left` is owed still.
    event DebtPaid(bytes32 indexed tab, uint256 amount, uint256 left);
    /// @notice Nobody paid what was owed in the grace period: it came out of the buyer's collateral, and the rest of that
    /// into the balance. One last tally may be presented strictly before `end`; zero where the tab is over.
    event Defaulted(bytes32 indexed tab, address indexed buyer, uint256 amount, uint40 end);
    /// @notice A party leaves: nothing is presented from `end` on.
    event NoticeGiven(bytes32 indexed tab, address indexed party, uint40 end);
    /// @notice A tab is over. Out of balance, collateral, bond and fees not needed: `toBuyer` and `toProvider`;
    /// `toMembers`, the fee for readiness, where it was not handed out before.
    event TabClosed(bytes32 indexed tab, Ending how, uint256 toBuyer, uint256 toProvider, uint256 toMembers);
    /// @notice A call of a batch failed with `reason`; the others are not affected.
    event CallFailed(uint256 indexed index, bytes reason);
}
