// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Funding, Outcome, Terms} from "../interfaces/Types.sol";
import {IArbitrable, IArbitrator, IEvidence} from "./IERC792.sol";
import {IRulable} from "./IRulable.sol";

/// @title An arbiter behind which a court (ERC-792) rules
/// @notice The court is paid in ETH by whoever takes the dispute to it, so a committee that names this arbiter sets its
/// cost A to zero; what is paid all the same goes to that payer. The court chooses among 1 Pass, 2 Fail and 3 Lapse; 0 is
/// its refusal, which counts as silence: the provisional outcome stands. The court's first ruling counts; there are no
/// appeals, since whoever gains by the provisional outcome could appeal until the ruling period is over.
///
/// A docket is where a subject is disputed: the escrow, or a book. ETH amounts are wei, times in seconds.
interface ICourtAdapter is IArbitrable, IEvidence {
    /// @notice There is no code at the court's address.
    error BadCourt(address court);
    /// @notice The job is not disputed, or its ruling period is over. Wrong terms give that too.
    error NotDisputed(bytes32 subject);
    /// @notice The arbiter of the subject is another.
    error NotOurs(bytes32 subject, address arbiter);
    /// @notice The book's rulings name what is payable, and the court chooses among outcomes only. So nobody pays the court for
    /// it, and what is provisional stands: a committee for such books needs another arbiter.
    error CannotNameSums(address docket);
    /// @notice The dispute is before the court already, or was.
    error AlreadyRaised(bytes32 subject);
    /// @notice The court asks for `cost` and was sent `paid`.
    error CostNotCovered(uint256 cost, uint256 paid);
    /// @notice The court returned the number of another dispute.
    error DisputeIdTaken(uint256 disputeID);
    /// @notice The adapter holds no USDC: the deposit comes by the party's authorization or from its free collateral.
    error PartyMustPay();
    /// @notice Only the court rules.
    error NotTheCourt(address caller);
    /// @notice No dispute has this number.
    error UnknownDispute(uint256 disputeID);
    /// @notice The court has ruled.
    error AlreadyRuled(uint256 disputeID);
    /// @notice The court was asked to choose among fewer.
    error BadRuling(uint256 ruling, uint256 choices);
    /// @notice The caller is neither party to the dispute nor evaluator of its committee.
    error NotConcerned(address caller);
    /// @notice Evidence is the address of a document: not empty, and short.
    error BadEvidence(uint256 length, uint256 most);
    /// @notice The caller is owed nothing.
    error NothingOwed(address account);
    /// @notice The recipient did not take its ETH.
    error NotTaken(address to, uint256 amount);

    /// @notice The subject is before the court. `paid`: wei.
    event Raised(
        uint256 indexed disputeID,
        address indexed docket,
        bytes32 indexed subject,
        address payer,
        uint256 paid
    );
    /// @notice The court's ruling was carried out.
    event CarriedOut(uint256 indexed disputeID, bytes32 indexed subject, Outcome outcome);
    /// @notice The court refused to rule; that is silence.
    event Refused(uint256 indexed disputeID, bytes32 indexed subject);
    /// @notice The court ruled when nothing was left to rule on: the ruling period was over, or the parties were done.
    event TooLateToRule(uint256 indexed disputeID, bytes32 indexed subject, Outcome outcome);
    /// @notice What was paid above the court's cost is owed back, in wei.
    event Owed(address indexed account, uint256 amount);
    /// @notice What was owed was paid, in wei.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice See `disputeWithId`.
    struct Case {
        address docket;
        bool ruled;
        address payer; // of the court; zero where there is no such dispute
        bytes32 subject;
        bytes32 openingHash; // jobs only
        Terms terms; // of books' subjects only buyer and provider
    }

    /// @notice Takes a disputed job to the court. Anyone may pay, within the ruling period; what is sent above the cost
    /// can be withdrawn.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    /// @return disputeID The court's number.
    function raise(Terms calldata terms, bytes32 openingHash) external payable returns (uint256 disputeID);

    /// @notice Disputes a job for a party and takes it to the court in one transaction. Anyone may relay it. Where
    /// somebody has relayed the party's signature to the escrow before, only the second half is done.
    /// @param terms The job's terms.
    /// @param openingHash The job's opening hash.
    /// @param party Who disputes.
    /// @param sought An outcome better for the party than the provisional one.
    /// @param expiry End of the permission.
    /// @param funding Where the deposit comes from; not `Allowance`.
    /// @param signature The party's, as `IDisputes.dispute` describes.
    /// @return disputeID The court's number.
    function disputeAndRaise(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external payable returns (uint256 disputeID);

    /// @notice Takes a disputed subject of a book to the court, but for books whose rulings name what is payable.
    function raiseOn(IRulable docket, bytes32 subject) external payable returns (uint256 disputeID);

    /// @notice Submits evidence (ERC-1497) until the court has ruled. Only the two parties.
    /// @param disputeID The court's number.
    /// @param evidence Address of a document, at most 2,048 bytes.
    function submitEvidence(uint256 disputeID, string calldata evidence) external;

    /// @notice The same for evaluator `index` of the job's committee, whose stake may hang on the ruling.
    function submitEvidenceAsEvaluator(uint256 disputeID, uint256 index, string calldata evidence) external;

    /// @notice Pays out what the caller is owed.
    /// @param to Recipient.
    function withdraw(address to) external;

    /// @notice What the court asks for now, in wei.
    function cost() external view returns (uint256);

    /// @notice What an account may withdraw, in wei.
    function owedTo(address account) external view returns (uint256);

    /// @notice Everything about a dispute, by the court's number.
    function disputeWithId(uint256 disputeID) external view returns (Case memory);

    /// @notice The court's number of a subject's dispute; `raised` false where it was not taken there.
    function disputeOf(address docket, bytes32 subject) external view returns (bool raised, uint256 disputeID);

    /// @notice The escrow on whose jobs the court rules.
    function escrow() external view returns (address);

    /// @notice The court.
    function court() external view returns (IArbitrator);

    /// @notice What the court is told with each dispute.
    function extraData() external view returns (bytes memory);
}
