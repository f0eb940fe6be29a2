// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Funding, Outcome, State, Terms} from "../interfaces/Types.sol";
import {ICourtAdapter} from "./ICourtAdapter.sol";
import {IArbitrable, IArbitrator} from "./IERC792.sol";
import {IRulable} from "./IRulable.sol";

/// @title An adapter to a court (ERC-792)
/// @notice It has no owner and decides nothing. Of the ETH it holds, all is owed to those who paid too much; between two
/// calls it has no free collateral in the escrow that it owes anybody.
contract CourtAdapter is ICourtAdapter {
    uint256 private constant CHOICES = 3; // Pass, Fail, Lapse, with the numbers they have in Outcome
    uint256 private constant META_EVIDENCE = 0;
    uint256 private constant MAX_EVIDENCE = 2048;

    IEscrow private immutable ESCROW;
    IArbitrator private immutable COURT;

    bytes private _extraData;
    mapping(bytes32 key => bool) private _raised;
    mapping(bytes32 key => uint256) private _disputeOf;
    mapping(uint256 disputeID => Case) private _cases;
    mapping(address account => uint256) private _owed;

    /// @param escrow_ Earnest's escrow.
    /// @param court_ The court.
    /// @param extraData_ What the court is told with each dispute: its chamber, the number of jurors.
    /// @param metaEvidence Address of the document that tells the court how to decide (ERC-1497).
    constructor(IEscrow escrow_, IArbitrator court_, bytes memory extraData_, string memory metaEvidence) {
        if (address(court_).code.length == 0) revert BadCourt(address(court_));
        ESCROW = escrow_;
        COURT = court_;
        _extraData = extraData_;
        emit MetaEvidence(META_EVIDENCE, metaEvidence);
    }

    /// @inheritdoc ICourtAdapter
    function raise(Terms calldata terms, bytes32 openingHash) external payable returns (uint256 disputeID) {
        return _raiseJob(terms, openingHash);
    }

    /// @inheritdoc ICourtAdapter
    function disputeAndRaise(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external payable returns (uint256 disputeID) {
        if (funding == Funding.Allowance) revert PartyMustPay();
        // The signature can be relayed by anyone: whoever was faster has done the first half.
        if (ESCROW.jobState(ESCROW.jobId(terms, openingHash)).state != State.Disputed) {
            ESCROW.dispute(terms, openingHash, party, sought, expiry, funding, signature);
        }
        return _raiseJob(terms, openingHash);
    }

    /// @inheritdoc ICourtAdapter
    function raiseOn(IRulable docket, bytes32 subject) external payable returns (uint256 disputeID) {
        (address arbiter, uint256 rulingEnds, address buyer, address provider) = docket.rulingOf(subject);
        if (rulingEnds <= block.timestamp) revert NotDisputed(subject);
        if (arbiter != address(this)) revert NotOurs(subject, arbiter);
        // A court that says Pass says nothing of how much.
        if (docket.rulesOnSums()) revert CannotNameSums(address(docket));
        disputeID = _create(address(docket), subject);
        _cases[disputeID].terms.buyer = buyer;
        _cases[disputeID].terms.provider = provider;
    }

    /// @inheritdoc IArbitrable
    /// @dev Reverts only where the call itself is wrong. A ruling for which it is too late is swallowed knowingly: the
    /// escrow has gone on without the court.
    function rule(uint256 disputeID, uint256 ruling) external {
        if (msg.sender != address(COURT)) revert NotTheCourt(msg.sender);
        Case storage c = _known(disputeID);
        if (ruling > CHOICES) revert BadRuling(ruling, CHOICES);
        c.ruled = true;
        bytes32 subject = c.subject;
        emit Ruling(COURT, disputeID, ruling);
        if (ruling == 0) {
            emit Refused(disputeID, subject);
            return;
        }
        Outcome outcome = Outcome(ruling);
        if (!_awaited(c.docket, subject)) {
            emit TooLateToRule(disputeID, subject, outcome);
        } else {
            emit CarriedOut(disputeID, subject, outcome);
            if (c.docket == address(ESCROW)) ESCROW.rule(c.terms, c.openingHash, outcome, false);
            else IRulable(c.docket).rule(subject, outcome, 0);
        }
        // Nothing, where the committee sets A to zero as it should.
        uint256 earned = ESCROW.collateralOf(address(this));
        if (earned != 0) ESCROW.transfer(c.payer, earned);
    }

    /// @inheritdoc ICourtAdapter
    function submitEvidence(uint256 disputeID, string calldata evidence) external {
        Terms storage terms = _known(disputeID).terms;
        if (msg.sender != terms.buyer && msg.sender != terms.provider) revert NotConcerned(msg.sender);
        _submit(disputeID, evidence);
    }

    /// @inheritdoc ICourtAdapter
    function submitEvidenceAsEvaluator(uint256 disputeID, uint256 index, string calldata evidence) external {
        bytes32 committee = _known(disputeID).terms.committee;
        if (ESCROW.evaluator(committee, index).account != msg.sender) revert NotConcerned(msg.sender);
        _submit(disputeID, evidence);
    }

    /// @inheritdoc ICourtAdapter
    function withdraw(address to) external {
        uint256 amount = _owed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        _owed[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert NotTaken(to, amount);
    }

    /// @inheritdoc ICourtAdapter
    function cost() external view returns (uint256) {
        return COURT.arbitrationCost(_extraData);
    }

    /// @inheritdoc ICourtAdapter
    function owedTo(address account) external view returns (uint256) {
        return _owed[account];
    }

    /// @inheritdoc ICourtAdapter
    function disputeWithId(uint256 disputeID) external view returns (Case memory) {
        return _cases[disputeID];
    }

    /// @inheritdoc ICourtAdapter
    function disputeOf(address docket, bytes32 subject)
        external
        view
        returns (bool raised, uint256 disputeID)
    {
        bytes32 key = _key(docket, subject);
        return (_raised[key], _disputeOf[key]);
    }

    /// @inheritdoc ICourtAdapter
    function escrow() external view returns (address) {
        return address(ESCROW);
    }

    /// @inheritdoc ICourtAdapter
    function court() external view returns (IArbitrator) {
        return COURT;
    }

    /// @inheritdoc ICourtAdapter
    function extraData() external view returns (bytes memory) {
        return _extraData;
    }

    function _raiseJob(Terms calldata terms, bytes32 openingHash) private returns (uint256 disputeID) {
        bytes32 job = ESCROW.jobId(terms, openingHash);
        if (!_awaited(address(ESCROW), job)) revert NotDisputed(job);
        address arbiter = ESCROW.committeeState(terms.committee).arbiter;
        if (arbiter != address(this)) revert NotOurs(job, arbiter);
        disputeID = _create(address(ESCROW), job);
        _cases[disputeID].terms = terms;
        _cases[disputeID].openingHash = openingHash;
    }

    /// @dev Asks and pays the court. It is not trusted: it may come back, or give a number that is taken.
    function _create(address docket, bytes32 subject) private returns (uint256 disputeID) {
        bytes32 key = _key(docket, subject);
        if (_raised[key]) revert AlreadyRaised(subject);
        _raised[key] = true;
        bytes memory extra = _extraData;
        uint256 price = COURT.arbitrationCost(extra);
        if (msg.value < price) revert CostNotCovered(price, msg.value);
        if (msg.value != price) {
            _owed[msg.sender] += msg.value - price;
            emit Owed(msg.sender, msg.value - price);
        }
        disputeID = COURT.createDispute{value: price}(CHOICES, extra);
        Case storage c = _cases[disputeID];
        if (c.payer != address(0)) revert DisputeIdTaken(disputeID);
        (c.docket, c.payer, c.subject) = (docket, msg.sender, subject);
        _disputeOf[key] = disputeID;
        emit Raised(disputeID, docket, subject, msg.sender, price);
        emit Dispute(COURT, disputeID, META_EVIDENCE, disputeID);
    }

    function _submit(uint256 disputeID, string calldata evidence) private {
        uint256 length = bytes(evidence).length;
        if (length == 0 || length > MAX_EVIDENCE) revert BadEvidence(length, MAX_EVIDENCE);
        emit Evidence(COURT, disputeID, msg.sender, evidence);
    }

    /// @dev A dispute that the court has not ruled on.
    function _known(uint256 disputeID) private view returns (Case storage c) {
        c = _cases[disputeID];
        if (c.payer == address(0)) revert UnknownDispute(disputeID);
        if (c.ruled) revert AlreadyRuled(disputeID);
    }

    /// @dev Whether a ruling on the subject would still be taken.
    function _awaited(address docket, bytes32 subject) private view returns (bool) {
        if (docket == address(ESCROW)) {
            IViews.JobView memory v = ESCROW.jobState(subject);
            return v.state == State.Disputed && block.timestamp < v.deadline;
        }
        (address arbiter, uint256 rulingEnds,,) = IRulable(docket).rulingOf(subject);
        return arbiter == address(this) && block.timestamp < rulingEnds;
    }

    function _key(address docket, bytes32 subject) private pure returns (bytes32) {
        return keccak256(abi.encode(docket, subject));
    }
}
