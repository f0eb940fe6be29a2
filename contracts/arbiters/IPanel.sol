// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Attested, Outcome, Statement, Terms} from "../interfaces/Types.sol";
import {IRulable} from "./IRulable.sol";

/// @title A panel: an arbiter whose members have stake of their own, and whose k-of-n rulings are final
/// @notice The members are the evaluators of a committee in the escrow that serves no jobs. Stake, keys, their rotation,
/// leaving and the drawing of fees are the escrow's; each member lets the panel use its stake with
/// `consent(committee, index, panel)`.
///
/// A signed ruling is an attestation (EIP-712, in the escrow's domain) of
/// `Attestation(bytes32 subject,bytes32 deliverable,uint8 outcome,uint256 payable,bytes32 evidence)`, where `subject` is
/// `caseId(docket, subject)`, `deliverable` is the subject itself (a job's id), `payable` is zero for jobs and `evidence`
/// the hash of the member's reasons.
///
/// A docket is where a subject is disputed: the escrow, or a book. Amounts are USDC base units (6 decimals), times in
/// seconds.
interface IPanel {
    /// @notice What was wrong with a panel's terms or its committee's, by the parameter's or field's name.
    error BadPanel(string field);
    /// @notice The job is not disputed. Wrong terms give that too.
    error NotDisputed(bytes32 job);
    /// @notice The job is still disputed, so its case is not over.
    error StillDisputed(bytes32 job);
    /// @notice The arbiter of the job's committee is another.
    error NotOurs(bytes32 job, address arbiter);
    /// @notice The job's committee pays its arbiter less than members can be summoned for.
    error CostTooLow(uint256 cost, uint256 lowest);
    /// @notice The job's ruling period is shorter than members can be summoned for.
    error RulingTooShort(uint256 ruling, uint256 shortest);
    /// @notice The case is not where this act needs it.
    error WrongStage(bytes32 id, Stage stage);
    /// @notice No member signed.
    error NoSigners();
    /// @notice The escrow's jobs are ruled on with their terms: use `rule`.
    error UseRule();
    /// @notice Nobody can be paid at this address, so a case with this party cannot be closed.
    error BadParty(address party);
    /// @notice The contradiction of this member has been shown.
    error AlreadyShown(bytes32 id, uint256 index);
    /// @notice Nothing came in without a ruling.
    error NothingToDistribute();

    /// @notice Where a case stands.
    enum Stage {
        Absent, // nobody was summoned, and the panel has not ruled under cover of stake
        Summoned, // members must answer before `ends`
        Ruled,
        Dismissed, // the dispute ended without the panel
        Released // the stake no longer answers for it
    }

    /// @notice See `caseOf`.
    struct Case {
        address buyer;
        uint64 share; // reserved from each member: the larger of V and Z, divided by k, rounded up
        uint32 members; // who answers for it
        address provider;
        uint40 since; // when the dispute began; a key replaced before binds nobody
        uint40 ends; // Summoned: end of the ruling period; afterwards when it was ruled or dismissed
        Stage stage;
        bool byBuyer; // the disputant is the buyer
        uint32 answered; // who posted a ruling of its own
        uint32 guilty; // who contradicted itself
    }

    /// @notice A panel came to be.
    event PanelCreated(address indexed escrow, bytes32 indexed committee, uint256 cost, uint256 minRuling);
    /// @notice Members must answer before `ends`, or lose `share` each.
    event Summoned(bytes32 indexed job, bytes32 indexed id, uint32 members, uint256 share, uint256 ends);
    /// @notice Members posted rulings short of a quorum: they are not silent.
    event Answered(
        address indexed docket, bytes32 indexed subject, Outcome outcome, uint32 signers, bytes32[] evidence
    );
    /// @notice The panel ruled.
    /// @param docket The escrow or the book.
    /// @param subject Job id, or what the book names.
    /// @param outcome Final.
    /// @param payable_ Zero for jobs.
    /// @param signers The k members that signed.
    /// @param evidence Hash of each signer's reasons, lowest index first.
    /// @param earned Credited to the signers in equal parts, to be drawn from the escrow.
    /// @param covered Whether stake answers for it; false only where all of it answers for other cases.
    event PanelRuled(
        address indexed docket,
        bytes32 indexed subject,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        bytes32[] evidence,
        uint256 earned,
        bool covered
    );
    /// @notice The dispute ended before the panel had to answer.
    event Dismissed(bytes32 indexed job);
    /// @notice Member `index` contradicted itself; it loses one share when the case is released.
    event EquivocationShown(
        address indexed docket, bytes32 indexed subject, uint256 indexed index, address shownBy
    );
    /// @notice The stake no longer answers for the case. `silent` and `guilty` lost `share` each.
    event CaseReleased(
        address indexed docket, bytes32 indexed subject, uint32 silent, uint32 guilty, uint256 share
    );

    /// @notice `amount` that came in without a ruling was credited to the set of active members, to be drawn.
    event Distributed(uint32 members, uint256 amount);

    /// @notice Calls the members to a disputed job: one share of each is reserved, and whoever does not answer before the
    /// ruling period ends loses it. Anyone may call, in the first half of the ruling period.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    function summon(Terms calldata terms, bytes32 openingHash) external;

    /// @notice Posts rulings short of a quorum in a case members were summoned to, so that their signers are not silent.
    /// Anyone may relay them, before the ruling period ends.
    /// @param job The job's id.
    /// @param outcome What they say.
    /// @param signers Bit i set: member i signed.
    /// @param attested One entry for each set bit, lowest first.
    function answer(bytes32 job, Outcome outcome, uint32 signers, Attested[] calldata attested) external;

    /// @notice Rules on a job of the escrow, summoned to it or not. Anyone may relay it.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    /// @param outcome Pass, Fail or Lapse.
    /// @param payOut Pay what the closing owes out to the parties' wallets where possible.
    /// @param signers Bit i set: member i signed. Exactly k bits.
    /// @param attested One entry for each set bit, lowest first.
    function rule(
        Terms calldata terms,
        bytes32 openingHash,
        Outcome outcome,
        bool payOut,
        uint32 signers,
        Attested[] calldata attested
    ) external;

    /// @notice Rules on a subject of a book whose arbiter this panel is. Anyone may relay it. The share is Z/k: what is
    /// at stake in a book is not known here.
    /// @param docket The book.
    /// @param subject What the book names it.
    /// @param outcome Pass, Fail or Lapse.
    /// @param payable_ What is payable; zero where the book asks for none.
    /// @param signers Bit i set: member i signed. Exactly k bits.
    /// @param attested One entry for each set bit, lowest first.
    function ruleOn(
        IRulable docket,
        bytes32 subject,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) external;

    /// @notice Notes that a job members were summoned to is closed without them, before the ruling period ends: nobody
    /// was silent. Anyone may call.
    function dismiss(bytes32 job) external;

    /// @notice Shows two contradicting rulings of one member on one subject. It loses one share when the case is released:
    /// half to the caller, half to the subject's two parties.
    /// @param docket The escrow or the book.
    /// @param subject Job id, or what the book names.
    /// @param a One signed ruling.
    /// @param b Another, with a different outcome or payable.
    function proveEquivocation(address docket, bytes32 subject, Statement calldata a, Statement calldata b)
        external;

    /// @notice Ends a case, from `proofPeriod` after it was ruled, dismissed or left unanswered: gives the reserved
    /// shares back, but for those of silent members (to the disputant) and of those that contradicted themselves.
    /// Anyone may call; it must be within 300 days of the reservation (see `IBooks.releaseStale`).
    function release(address docket, bytes32 subject) external;

    /// @notice Credits what came in without a ruling to all active members in equal parts: the arbiter's cost of disputes
    /// that the parties ended themselves. Anyone may call.
    function distribute() external;

    /// @notice One case.
    function caseOf(address docket, bytes32 subject) external view returns (Case memory);

    /// @notice What members sign as the subject of their rulings.
    function caseId(address docket, bytes32 subject) external view returns (bytes32);

    /// @notice The escrow that holds the members' stake, and on whose jobs the panel rules.
    function escrow() external view returns (address);

    /// @notice The committee in the escrow whose evaluators are the panel's members.
    function committee() external view returns (bytes32);

    /// @notice Lowest arbiter's cost A for which members can be summoned, in USDC base units.
    function cost() external view returns (uint256);

    /// @notice Shortest ruling period for which members can be summoned, in seconds.
    function minRuling() external view returns (uint256);

    /// @notice How long a case stays open to proofs of equivocation, in seconds.
    function proofPeriod() external view returns (uint256);
}
