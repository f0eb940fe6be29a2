// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../../arbiters/IRulable.sol";
import {Attested, Basis, Funding, Outcome, Statement} from "../../interfaces/Types.sol";
import {ForeignStatus, Mandate} from "./IAdapter.sol";
import {IBook} from "./IBook.sol";

/// @notice A verdict on a subject, or a part of one.
/// @param deliverable The hash that was anchored and judged.
/// @param outcome What all signers attest.
/// @param signers Bit i set: evaluator i of the committee signed.
/// @param attested One entry for each set bit, lowest bit first. The signed type is the escrow's, in the escrow's
/// domain: `Attestation(bytes32 subject,bytes32 deliverable,uint8 outcome,uint256 payable,bytes32 evidence)`, payable 0.
struct Judgement {
    bytes32 deliverable;
    Outcome outcome;
    uint32 signers;
    Attested[] attested;
}

/// @title A book of the escrow: a committee judges what another contract pays for
/// @notice Each mandate is a subject whose id is its EIP-712 digest in this contract's domain. Coverage is reserved for it in the escrow; a verdict is provisional, can be challenged, disputed and
/// ruled on, and its signers are slashed when it is overturned, as for jobs of the escrow itself.
///
/// From registration on nothing but time is needed to make a subject final: no foreign contract, nor its adapter, can
/// prevent it. Only then the adapter carries the outcome out.
///
/// `job` is everywhere what the adapter needs to find the foreign job or payment. Amounts are USDC base units
/// (6 decimals), times Unix timestamps, periods seconds. What is owed becomes free collateral in the escrow.
interface IVerdictBook is IBook, IRulable {
    /// @notice Where a subject stands.
    enum Stage {
        None, // never registered
        Registered,
        Judged, // the outcome is provisional
        Disputed,
        Ruled, // by the arbiter; `settle` closes it
        Final // nothing can change the outcome; money here is handed out, coverage released
    }

    /// @notice What made a subject final.
    enum Ending {
        Settled, // challenge over
        Ruled, // by the arbiter
        RulingOver, // the arbiter was silent
        Conceded,
        Overtaken // the foreign job ended before it was judged
    }

    /// @notice A term of a mandate that has limits.
    enum Term {
        Value, // up to the committee's highest
        Fee, // from the committee's lowest for this value and time
        JudgeBy, // from the committee's shortest verdict period after `deliverBy`, up to the longest job
        Challenge, // from the shortest of the deployment up to the committee's longest
        Ruling // from the committee's shortest up to the longest of the deployment
    }

    /// @notice What is stored of a subject.
    /// @param stage Where it stands.
    /// @param outcome Provisional; final from Final on.
    /// @param basis What the outcome rests on.
    /// @param sought In Disputed the outcome sought, in Ruled the one ruled.
    /// @param buyerDisputes Whether the disputant is the buyer.
    /// @param deadline Judged: end of the challenge. Disputed: end of the ruling period.
    /// @param members Evaluators that serve the subject.
    /// @param set Registered: the first quorum that was posted. Judged to Ruled: who signed, by silence who did not. Final:
    /// who earned, zero if nobody.
    /// @param posted Who posted attestations.
    /// @param value M as it was when judged; never above the mandate's.
    /// @param deliverable The anchored hash; zero before.
    struct Record {
        Stage stage;
        Outcome outcome;
        Basis basis;
        Outcome sought;
        bool buyerDisputes;
        uint40 deadline;
        uint32 members;
        uint32 set;
        uint32 posted;
        uint64 value;
        bytes32 deliverable;
    }

    /// @notice The adapter found nothing amiss, so the subject is not overtaken.
    error NotOvertaken(bytes32 subject);
    /// @notice Zero, the escrow, or the other party: this account can be no party to a mandate.
    error BadParty(address party);
    /// @notice A term of the mandate is not between what the protocol and the committee accept.
    error OutOfRange(Term term, uint256 given, uint256 least, uint256 most);
    /// @notice Judging, challenge, ruling and carrying out could last until `needed`, but the foreign job may end at
    /// `lastMoment`.
    error EndsTooLate(uint256 needed, uint256 lastMoment);
    /// @notice What the mandate is about is registered already, as `subject`.
    error AlreadyRegistered(bytes32 subject);
    /// @notice The subject is not where the act needs it. A wrong mandate gives None.
    error WrongStage(bytes32 subject, Stage stage);
    /// @notice A delivery has been anchored already.
    error AlreadyDelivered(bytes32 subject);
    /// @notice Another deliverable than the anchored one is named, none is anchored, or zero would be.
    error WrongDeliverable(bytes32 subject, bytes32 named);
    /// @notice The number of attestations is not the committee's threshold.
    error NotAQuorum(uint256 attestations, uint256 threshold);
    /// @notice `party` may not do this here.
    error NotAllowed(address party);
    /// @notice Only the committee's arbiter rules.
    error NotTheArbiter(address caller, address arbiter);
    /// @notice None is no outcome.
    error NoOutcome();
    /// @notice Nothing but the outcome is ruled on here.
    error PayableNotZero(uint256 payable_);
    /// @notice The foreign job or payment is not, or no longer, what the mandate says; the field that differs is named,
    /// in ASCII.
    error ForeignChanged(bytes32 field);
    /// @notice The foreign job or payment is not where the act needs it.
    error ForeignNotReady(ForeignStatus status);
    /// @notice The adapter made another hash of the job than the mandate names.
    error WrongForeign(bytes32 named, bytes32 found);

    /// @notice A committee was mandated. `members` may sign, bear silence, and share the fee where nobody signed.
    event Registered(
        bytes32 indexed subject,
        address indexed buyer,
        address indexed provider,
        Mandate mandate,
        uint32 members
    );
    /// @notice The provider anchored the hash of its deliverable.
    event Delivered(bytes32 indexed subject, bytes32 deliverable);
    /// @notice Attestations were posted: their signers were not silent.
    event AttestationsPosted(
        bytes32 indexed subject, bytes32 deliverable, Outcome outcome, uint32 signers, bytes32[] evidence
    );
    /// @notice A verdict made `outcome` provisional until `challengeEnds`; `value` is M.
    event Judged(
        bytes32 indexed subject,
        Outcome outcome,
        uint32 signers,
        uint256 value,
        uint40 challengeEnds,
        bytes32[] evidence
    );
    /// @notice A limit passed and made `outcome` provisional until `challengeEnds`. `set`: by silence the silent, for a
    /// posted quorum its signers.
    event Lapsed(bytes32 indexed subject, Outcome outcome, Basis basis, uint32 set, uint40 challengeEnds);
    /// @notice `party` put down `deposit` and seeks `sought`; the arbiter may rule until `rulingEnds`.
    event Disputed(
        bytes32 indexed subject, address indexed party, Outcome sought, uint256 deposit, uint40 rulingEnds
    );
    /// @notice The arbiter ruled, and was credited its cost.
    event Ruled(bytes32 indexed subject, address indexed arbiter, Outcome outcome, uint256 cost);
    /// @notice A subject is final, and the money that lay here for it is handed out as free collateral.
    event Finalised(
        bytes32 indexed subject,
        Outcome outcome,
        Ending how,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toPayer,
        uint256 toEvaluators,
        uint32 set
    );
    /// @notice Nobody closed the subject for 300 days and its coverage was given back: nobody can be slashed any more.
    event CoverageGone(bytes32 indexed subject, uint256 missing);
    /// @notice Before it was judged, the foreign job was found ended (`status`) or changed (`field`).
    event Overtaken(bytes32 indexed subject, ForeignStatus status, bytes32 field);

    /// @notice Registers a mandate, takes the fee and reserves coverage.
    /// @dev Buyer and provider each call, or sign the subject. By `Authorization` or `Collateral` the payer's signature
    /// binds the subject too: as the nonce of USDC's ReceiveWithAuthorization of the fee to this contract, valid from 0
    /// to `deliverBy`, or as the subject of the escrow's Pledge to this contract with that expiry. By `Allowance` the
    /// payer calls.
    /// @return subject Its id.
    function register(
        Mandate calldata mandate,
        bytes calldata job,
        Funding funding,
        bytes calldata payment,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external returns (bytes32 subject);

    /// @notice Anchors what the provider delivered, after the adapter sees that it did.
    /// @dev By the provider, or with its signature over `Delivery(bytes32 subject,bytes32 deliverable,uint256 expiry)`.
    function deliver(
        Mandate calldata mandate,
        bytes calldata job,
        bytes32 deliverable,
        uint256 expiry,
        bytes calldata signature
    ) external;

    /// @notice A verdict: exactly k attestations. Refused where the foreign job is not as it was registered.
    function judge(Mandate calldata mandate, bytes calldata job, Judgement calldata judgement) external;

    /// @notice Shows, before a verdict, that the foreign job was ended or changed by others. That ends the subject: the
    /// committee has earned its fee, unless it had already been silent. Anyone may call.
    function overtake(Mandate calldata mandate, bytes calldata job) external;

    /// @notice Posts attestations, so that their signers do not count as silent. Asks no foreign contract: a quorum that
    /// `judge` cannot accept, because the foreign escrow or its adapter will not answer, is posted here, and `lapse` makes
    /// it the verdict from `judgeBy` on. Exactly k that agree, posted at once, are a quorum; the first one counts.
    function attest(Mandate calldata mandate, Judgement calldata judgement) external;

    /// @notice Makes the outcome provisional that follows from a limit: from `deliverBy` with nothing anchored, Fail;
    /// from `judgeBy` with an anchor and no verdict, that of a posted quorum, or Lapse by silence. Anyone may call.
    /// @dev The challenge runs from the call, but ends early enough for a ruling before the foreign job may end.
    function lapse(Mandate calldata mandate) external;

    /// @notice Disputes the provisional outcome, once, during the challenge, with the deposit D: the larger of a fifth of
    /// the record's value, rounded up, and the arbiter's cost.
    /// @dev Typed hash: `Dispute(bytes32 subject,address party,uint8 provisional,uint8 sought,uint256 expiry)` in this
    /// contract's domain. `Authorization`: the party's signature is USDC's ReceiveWithAuthorization of the deposit to
    /// this contract with that hash as nonce, valid from 0 to `expiry`. `Collateral`: it is the escrow's Pledge to this
    /// contract with that hash as subject. `Allowance`: the caller pays, and is the party or shows its signature over
    /// that hash.
    /// @param party Buyer or provider: the one the outcome goes against, either for Lapse.
    /// @param sought An outcome better for the party than the provisional one.
    /// @param expiry End of the permission; not looked at where the party itself calls and pays by allowance.
    function dispute(
        Mandate calldata mandate,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external;

    /// @notice Gives in. Registered: either side gives the other everything. Judged: the party the outcome goes against
    /// makes it final. Disputed: the disputant, as if upheld. Not where the provisional outcome is Lapse.
    /// @dev The party calls, or signs `Concession(bytes32 subject,address party,uint8 stage,uint8 outcome,uint256 expiry)`
    /// where outcome is the one that becomes final.
    function concede(Mandate calldata mandate, address party, uint256 expiry, bytes calldata signature)
        external;

    /// @notice Makes the outcome final, releases coverage, slashes, and hands out what lies here. Anyone may call: from
    /// the end of the challenge, from the end of the ruling period, or once ruled. Calls no foreign contract.
    function settle(Mandate calldata mandate) external;

    /// @notice Expels an evaluator that signed two contradicting attestations on one subject and deliverable, while the
    /// subject is not final, and takes one share of its stake: half to the caller, half to buyer and provider.
    function proveEquivocation(
        Mandate calldata mandate,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external;

    /// @notice Collects and hands out what an evaluator still owes for contradicting itself on a subject, once nothing
    /// it answers for is open. Anyone may call.
    function collect(Mandate calldata mandate, uint256 index) external;

    /// @notice The id of a subject.
    function subjectOf(Mandate calldata mandate) external view returns (bytes32);

    /// @notice What is stored of a subject.
    function recordOf(bytes32 subject) external view returns (Record memory);

    /// @notice The subject that a foreign job was registered as; zero if none.
    /// @param key As the adapter finds it.
    function registered(address adapter, bytes32 key) external view returns (bytes32 subject);
}
