// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {ICoverage} from "../interfaces/ICoverage.sol";
import {IDocket} from "../interfaces/IDocket.sol";
import {IEscrow} from "../interfaces/IEscrow.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Attested, Outcome, State, Statement, Terms} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {IPanel} from "./IPanel.sol";
import {IRulable} from "./IRulable.sol";

/// @title A panel of arbiters
/// @notice A book of the escrow (see docs/decisions): it has no stake system of its own. It holds no token, has no owner,
/// and what a ruling earns or a slash brings goes on in the same call. So whatever free collateral it has in the escrow
/// between two calls came without a ruling, and is all members'.
contract Panel is IPanel {
    uint256 private constant PROOF_PERIOD = 7 days;

    IEscrow private immutable ESCROW;
    bytes32 private immutable COMMITTEE;
    uint256 private immutable THRESHOLD;
    uint256 private immutable COST;
    uint256 private immutable MIN_RULING;
    uint256 private immutable CHAIN_ID;
    bytes32 private immutable DOMAIN_SEPARATOR;

    mapping(bytes32 id => Case) private _cases;
    mapping(bytes32 id => mapping(uint256 index => address)) private _shownBy;

    /// @param escrow_ Earnest's escrow.
    /// @param committee_ A committee there whose flat fee is 2^64 - 1, so that nobody can open jobs with it, and whose
    /// price of silence is above zero.
    /// @param cost_ Lowest arbiter's cost for which members can be summoned, in USDC base units.
    /// @param minRuling_ Shortest ruling period for which members can be summoned, in seconds.
    constructor(IEscrow escrow_, bytes32 committee_, uint256 cost_, uint256 minRuling_) {
        IViews.CommitteeView memory c = escrow_.committeeState(committee_);
        if (c.feeFlat != type(uint64).max) revert BadPanel("feeFlat");
        if (c.silence == 0) revert BadPanel("silence");
        if (cost_ > type(uint64).max) revert BadPanel("cost");
        (,,,, uint256 maxRuling,) = escrow_.constants();
        if (minRuling_ == 0 || minRuling_ > maxRuling) revert BadPanel("minRuling");
        ESCROW = escrow_;
        COMMITTEE = committee_;
        THRESHOLD = c.threshold;
        COST = cost_;
        MIN_RULING = minRuling_;
        CHAIN_ID = block.chainid;
        DOMAIN_SEPARATOR = escrow_.domainSeparator();
        emit PanelCreated(address(escrow_), committee_, cost_, minRuling_);
    }

    /// @dev Members sign nothing on a fork: there they can neither answer nor be held to what they signed.
    modifier onHomeChain() {
        if (block.chainid != CHAIN_ID) revert ILedger.WrongChain(block.chainid, CHAIN_ID);
        _;
    }

    /// @inheritdoc IPanel
    function summon(Terms calldata terms, bytes32 openingHash) external onHomeChain {
        (bytes32 job, IViews.JobView memory v) = _disputed(terms, openingHash);
        IViews.CommitteeView memory theirs = ESCROW.committeeState(terms.committee);
        // Anyone can found a committee that names this panel; only the panel says for what its members must be ready.
        if (theirs.arbiter != address(this)) revert NotOurs(job, theirs.arbiter);
        if (theirs.arbiterCost < COST) revert CostTooLow(theirs.arbiterCost, COST);
        if (terms.ruling < MIN_RULING) revert RulingTooShort(terms.ruling, MIN_RULING);
        // Members have at least half of the period to answer.
        _requireBefore(v.deadline - terms.ruling / 2);
        bytes32 id = caseId(address(ESCROW), job);
        if (_cases[id].stage != Stage.Absent) revert WrongStage(id, _cases[id].stage);
        Case memory c = _newCase(terms, v);
        _reserve(id, c, _value(terms));
        (c.stage, c.ends) = (Stage.Summoned, v.deadline);
        _cases[id] = c;
        emit Summoned(job, id, c.members, c.share, v.deadline);
    }

    /// @inheritdoc IPanel
    function answer(bytes32 job, Outcome outcome, uint32 signers, Attested[] calldata attested) external {
        bytes32 id = caseId(address(ESCROW), job);
        Case storage c = _cases[id];
        if (c.stage != Stage.Summoned) revert WrongStage(id, c.stage);
        _requireBefore(c.ends);
        if (signers == 0) revert NoSigners();
        ESCROW.checkAttestations(COMMITTEE, c.members, id, job, outcome, 0, signers, attested);
        c.answered |= signers;
        emit Answered(address(ESCROW), job, outcome, signers, _evidence(attested));
    }

    /// @inheritdoc IPanel
    function rule(
        Terms calldata terms,
        bytes32 openingHash,
        Outcome outcome,
        bool payOut,
        uint32 signers,
        Attested[] calldata attested
    ) external {
        (bytes32 job, IViews.JobView memory v) = _disputed(terms, openingHash);
        Case memory fresh = _newCase(terms, v);
        bytes32 id = caseId(address(ESCROW), job);
        (uint32 members, bool covered) = _hear(id, fresh, _value(terms));
        _check(members, id, job, outcome, 0, signers, attested);
        uint256 before = _collateral();
        ESCROW.rule(terms, openingHash, outcome, payOut);
        uint256 earned = _earn(signers, before);
        emit PanelRuled(address(ESCROW), job, outcome, 0, signers, _evidence(attested), earned, covered);
    }

    /// @inheritdoc IPanel
    function ruleOn(
        IRulable docket,
        bytes32 subject,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) external {
        if (address(docket) == address(ESCROW)) revert UseRule();
        Case memory fresh;
        (,, fresh.buyer, fresh.provider) = docket.rulingOf(subject);
        _requireParty(fresh.buyer);
        _requireParty(fresh.provider);
        fresh.since = uint40(block.timestamp);
        bytes32 id = caseId(address(docket), subject);
        (uint32 members, bool covered) = _hear(id, fresh, 0);
        _check(members, id, subject, outcome, payable_, signers, attested);
        uint256 before = _collateral();
        docket.rule(subject, outcome, payable_);
        uint256 earned = _earn(signers, before);
        emit PanelRuled(
            address(docket), subject, outcome, payable_, signers, _evidence(attested), earned, covered
        );
    }

    /// @inheritdoc IPanel
    function dismiss(bytes32 job) external {
        bytes32 id = caseId(address(ESCROW), job);
        Case storage c = _cases[id];
        if (c.stage != Stage.Summoned) revert WrongStage(id, c.stage);
        // Later nobody can tell an early end from the panel's silence.
        _requireBefore(c.ends);
        if (ESCROW.jobState(job).state == State.Disputed) revert StillDisputed(job);
        (c.stage, c.ends) = (Stage.Dismissed, uint40(block.timestamp));
        emit Dismissed(job);
    }

    /// @inheritdoc IPanel
    function proveEquivocation(address docket, bytes32 subject, Statement calldata a, Statement calldata b)
        external
        onHomeChain
    {
        bytes32 id = caseId(docket, subject);
        Case memory c = _held(id);
        if (a.outcome == b.outcome && a.payable_ == b.payable_) revert ICoverage.NoContradiction();
        uint256 index = _signerOf(id, subject, c.since, a);
        if (_signerOf(id, subject, c.since, b) != index) revert ICoverage.NoContradiction();
        if (c.members & (1 << index) == 0) revert ICoverage.NotAMember(index);
        if (c.guilty & (1 << index) != 0) revert AlreadyShown(id, index);
        _cases[id].guilty = c.guilty | uint32(1 << index);
        _shownBy[id][index] = msg.sender;
        emit EquivocationShown(docket, subject, index, msg.sender);
    }

    /// @inheritdoc IPanel
    function release(address docket, bytes32 subject) external {
        bytes32 id = caseId(docket, subject);
        Case memory c = _held(id);
        uint256 limit = c.ends + PROOF_PERIOD;
        if (block.timestamp < limit) revert IDocket.TooEarly(limit, block.timestamp);
        uint32 silent = c.stage == Stage.Summoned ? c.members & ~c.answered & ~c.guilty : 0;
        _cases[id].stage = Stage.Released;
        emit CaseReleased(docket, subject, silent, c.guilty, c.share);
        ESCROW.release(COMMITTEE, id, silent | c.guilty, c.share);
        // Whoever asked and was not answered.
        _pay(c.byBuyer ? c.buyer : c.provider, c.share * LibBit.popCount(silent));
        for (uint256 left = c.guilty; left != 0; left &= left - 1) {
            uint256 toParties = c.share - c.share / 2;
            _pay(_shownBy[id][LibBit.ffs(left)], c.share / 2);
            _pay(c.buyer, toParties - toParties / 2);
            _pay(c.provider, toParties / 2);
        }
    }

    /// @inheritdoc IPanel
    function distribute() external {
        uint256 amount = _collateral();
        if (amount == 0) revert NothingToDistribute();
        uint32 active = ESCROW.committeeState(COMMITTEE).active;
        emit Distributed(active, amount);
        ESCROW.payFees(COMMITTEE, active, amount);
    }

    /// @inheritdoc IPanel
    function caseOf(address docket, bytes32 subject) external view returns (Case memory) {
        return _cases[caseId(docket, subject)];
    }

    /// @inheritdoc IPanel
    function escrow() external view returns (address) {
        return address(ESCROW);
    }

    /// @inheritdoc IPanel
    function committee() external view returns (bytes32) {
        return COMMITTEE;
    }

    /// @inheritdoc IPanel
    function cost() external view returns (uint256) {
        return COST;
    }

    /// @inheritdoc IPanel
    function minRuling() external view returns (uint256) {
        return MIN_RULING;
    }

    /// @inheritdoc IPanel
    function proofPeriod() external pure returns (uint256) {
        return PROOF_PERIOD;
    }

    /// @inheritdoc IPanel
    function caseId(address docket, bytes32 subject) public view returns (bytes32) {
        return keccak256(abi.encode("Earnest Panel", address(this), docket, subject));
    }

    /// @dev Marks a case as ruled, before anything is called that could come back, and says who may sign.
    /// @param fresh Its record where nobody was summoned.
    /// @param value What is at stake in it.
    function _hear(bytes32 id, Case memory fresh, uint256 value)
        private
        returns (uint32 members, bool covered)
    {
        Case storage c = _cases[id];
        Stage stage = c.stage;
        if (stage == Stage.Summoned) {
            (c.stage, c.ends) = (Stage.Ruled, uint40(block.timestamp));
            return (c.members & ~c.guilty, true);
        }
        if (stage != Stage.Absent) revert WrongStage(id, stage);
        IViews.CommitteeView memory ours = ESCROW.committeeState(COMMITTEE);
        // Whoever fills the coverage with other cases must not be able to keep the panel from ruling on this one.
        if (Payouts.share(value, ours.silence, THRESHOLD) > ours.free) return (ours.active, false);
        _reserve(id, fresh, value);
        (fresh.stage, fresh.ends) = (Stage.Ruled, uint40(block.timestamp));
        _cases[id] = fresh;
        return (fresh.members, true);
    }

    function _reserve(bytes32 id, Case memory c, uint256 value) private {
        uint256 share;
        (c.members, share) = ESCROW.reserve(COMMITTEE, id, value);
        c.share = uint64(share);
    }

    /// @dev Hands what came in since `before` to the signers. A book may have called `distribute` in between.
    function _earn(uint32 signers, uint256 before) private returns (uint256 earned) {
        uint256 has = _collateral();
        if (has <= before) return 0;
        earned = has - before;
        ESCROW.payFees(COMMITTEE, signers, earned);
    }

    function _pay(address to, uint256 amount) private {
        if (amount != 0) ESCROW.transfer(to, amount);
    }

    function _collateral() private view returns (uint256) {
        return ESCROW.collateralOf(address(this));
    }

    function _check(
        uint32 members,
        bytes32 id,
        bytes32 subject,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) private view {
        if (attested.length != THRESHOLD) {
            revert ICoverage.NotAQuorum(LibBit.popCount(signers), attested.length, THRESHOLD);
        }
        ESCROW.checkAttestations(COMMITTEE, members, id, subject, outcome, payable_, signers, attested);
    }

    function _disputed(Terms calldata terms, bytes32 openingHash)
        private
        view
        returns (bytes32 job, IViews.JobView memory v)
    {
        job = ESCROW.jobId(terms, openingHash);
        v = ESCROW.jobState(job);
        if (v.state != State.Disputed) revert NotDisputed(job);
    }

    function _newCase(Terms calldata terms, IViews.JobView memory v) private pure returns (Case memory c) {
        c.buyer = terms.buyer;
        c.provider = terms.provider;
        c.since = v.deadline - terms.ruling;
        c.byBuyer = v.buyerDisputes;
    }

    /// @dev A case that stake still answers for.
    function _held(bytes32 id) private view returns (Case memory c) {
        c = _cases[id];
        if (c.stage == Stage.Absent || c.stage == Stage.Released) revert WrongStage(id, c.stage);
    }

    /// @dev Who signed. A key that was replaced before the dispute began binds nobody.
    function _signerOf(bytes32 id, bytes32 subject, uint256 since, Statement calldata s)
        private
        view
        returns (uint256)
    {
        if (s.outcome == Outcome.None) revert ICoverage.BadOutcome();
        bytes32 digest = Hashes.attestation(DOMAIN_SEPARATOR, id, subject, s.outcome, s.payable_, s.evidence);
        address key = Signatures.recover(digest, s.r, s.vs);
        (uint256 index, bool known, uint256 retiredAt) = ESCROW.keyOf(COMMITTEE, key);
        if (!known || (retiredAt != 0 && since >= retiredAt)) revert ICoverage.KeyDoesNotBind(key);
        return index;
    }

    function _requireParty(address party) private view {
        if (party == address(0) || party == address(ESCROW)) revert BadParty(party);
    }

    function _requireBefore(uint256 limit) private view {
        if (block.timestamp >= limit) revert IDocket.TooLate(limit, block.timestamp);
    }

    function _value(Terms calldata terms) private pure returns (uint256) {
        return uint256(terms.gated) + terms.bond;
    }

    function _evidence(Attested[] calldata attested) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](attested.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = attested[i].evidence;
        }
    }
}
