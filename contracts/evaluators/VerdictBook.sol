// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../arbiters/IRulable.sol";
import {IEscrow} from "../interfaces/IEscrow.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Basis, Funding, Outcome} from "../interfaces/Types.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Finding, ForeignStatus, IAdapter, Mandate} from "./interfaces/IAdapter.sol";
import {IVerdictBook, Judgement} from "./interfaces/IVerdictBook.sol";
import {Mandates} from "./libraries/Mandates.sol";
import {BookMoney} from "./base/BookMoney.sol";
import {Finality} from "./base/Finality.sol";

/// @title A book of the escrow: verdicts on what other contracts pay for
/// @notice No owner, no setter, nothing to upgrade. See docs/evaluators.md.
/// @dev Foreign escrows are looked at by static calls only, and only by `register`, `deliver`, `judge` and `overtake`:
/// none can hold coverage, money or a party's rights.
contract VerdictBook is Finality {
    /// @dev What is left, after the last moment of a ruling, for carrying the outcome out.
    uint256 internal constant CARRY_TIME = 1 hours;
    uint256 private constant FEE_UNIT = 1e6 * 1 days; // see Coverage._lowestFee

    uint256 private immutable MIN_CHALLENGE;
    uint256 private immutable LAPSE_CHALLENGE;
    uint256 private immutable MAX_RULING;
    uint256 private immutable MAX_LENGTH;

    mapping(address adapter => mapping(bytes32 key => bytes32 subject)) private _registered;

    /// @param escrow_ The escrow whose committees judge.
    constructor(IEscrow escrow_) BookMoney(escrow_, "Earnest verdicts", address(this)) {
        (MIN_CHALLENGE, LAPSE_CHALLENGE,,, MAX_RULING, MAX_LENGTH) = ESCROW.constants();
    }

    /// @inheritdoc IVerdictBook
    function register(
        Mandate calldata m,
        bytes calldata job,
        Funding funding,
        bytes calldata payment,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain returns (bytes32 subject) {
        Record memory r;
        (subject, r) = _load(m);
        _requireStage(subject, r, Stage.None);
        Finding memory f = _unchanged(m, job);
        if (f.status != ForeignStatus.Funded && f.status != ForeignStatus.Submitted) {
            revert ForeignNotReady(f.status);
        }
        if (f.held != m.value) revert ForeignChanged("held");
        bytes32 known = _registered[m.adapter][f.key];
        if (known != 0) revert AlreadyRegistered(known);
        _registered[m.adapter][f.key] = subject;
        _requireAccepted(m, f.lastMoment);
        _requireConsent(m.buyer, subject, buyerSignature);
        _requireConsent(m.provider, subject, providerSignature);
        if (funding == Funding.Allowance && msg.sender != m.payer) revert NotAllowed(msg.sender);
        (r.stage, r.value) = (Stage.Registered, m.value);
        (r.members,) = ESCROW.reserve(m.committee, subject, m.value);
        _save(subject, r);
        emit Registered(subject, m.buyer, m.provider, m, r.members);
        _take(funding, m.payer, m.fee, subject, m.deliverBy, payment);
    }

    /// @inheritdoc IVerdictBook
    function deliver(
        Mandate calldata m,
        bytes calldata job,
        bytes32 deliverable,
        uint256 expiry,
        bytes calldata signature
    ) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        _requireStage(subject, r, Stage.Registered);
        if (r.deliverable != 0) revert AlreadyDelivered(subject);
        if (deliverable == 0) revert WrongDeliverable(subject, deliverable);
        _requireBefore(m.deliverBy);
        _submitted(m, job);
        bytes32 digest = _digest(Mandates.delivery(subject, deliverable, expiry));
        _requirePermission(m.provider, digest, expiry, signature);
        r.deliverable = deliverable;
        _save(subject, r);
        emit Delivered(subject, deliverable);
    }

    /// @inheritdoc IVerdictBook
    function judge(Mandate calldata m, bytes calldata job, Judgement calldata j) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        _requireAwaited(m, subject, r, j.deliverable);
        uint256 k = _threshold(m);
        if (j.attested.length != k) revert NotAQuorum(j.attested.length, k);
        _check(m, subject, r, j);
        uint256 held = _submitted(m, job).held;
        if (held < r.value) r.value = uint64(held);
        uint256 challengeEnds = block.timestamp + m.challenge;
        r.stage = Stage.Judged;
        r.outcome = j.outcome;
        r.basis = Basis.Verdict;
        r.set = j.signers;
        r.deadline = uint40(challengeEnds);
        _save(subject, r);
        emit Judged(subject, j.outcome, j.signers, r.value, uint40(challengeEnds), _evidence(j));
    }

    /// @inheritdoc IVerdictBook
    function overtake(Mandate calldata m, bytes calldata job) external {
        (bytes32 subject, Record memory r) = _load(m);
        _requireStage(subject, r, Stage.Registered);
        Finding memory f = _inspect(m, job);
        bool alive = f.status == ForeignStatus.Funded || f.status == ForeignStatus.Submitted;
        if (alive && f.changed == 0) revert NotOvertaken(subject);
        bool silent = r.deliverable != 0 && block.timestamp >= m.judgeBy && r.set == 0;
        (r.outcome, r.basis) = (Outcome.Lapse, silent ? Basis.Silence : Basis.NoShow);
        if (silent) r.set = r.members & ~r.posted;
        emit Overtaken(subject, f.status, f.changed);
        _finalise(m, subject, r, Outcome.Lapse, Ending.Overtaken);
    }

    /// @inheritdoc IVerdictBook
    function attest(Mandate calldata m, Judgement calldata j) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        _requireAwaited(m, subject, r, j.deliverable);
        if (j.signers == 0) revert NotAQuorum(0, 1);
        _check(m, subject, r, j);
        r.posted |= j.signers;
        // A quorum that could not be brought before the adapter counts at `judgeBy`; the first one. Of exactly k: each
        // answers for a k-th part of what a ruling moves.
        if (r.set == 0 && j.attested.length == _threshold(m)) (r.set, r.outcome) = (j.signers, j.outcome);
        _save(subject, r);
        emit AttestationsPosted(subject, j.deliverable, j.outcome, j.signers, _evidence(j));
    }

    /// @inheritdoc IVerdictBook
    function lapse(Mandate calldata m) external {
        (bytes32 subject, Record memory r) = _load(m);
        _requireStage(subject, r, Stage.Registered);
        if (r.deliverable == 0) {
            _requireFrom(m.deliverBy);
            (r.outcome, r.basis) = (Outcome.Fail, Basis.NoShow);
        } else {
            _requireFrom(m.judgeBy);
            if (r.set == 0) {
                (r.outcome, r.basis) = (Outcome.Lapse, Basis.Silence);
                r.set = r.members & ~r.posted;
            } // else a quorum was posted: its outcome, for which it answers as for any verdict
        }
        // A late call cannot push the ruling beyond the end of the foreign job. Who wants to dispute can call this and
        // dispute from the limit on.
        uint256 ends = block.timestamp + _lapsePeriod(m);
        uint256 latest = uint256(m.judgeBy) + _lapsePeriod(m);
        if (ends > latest) ends = latest;
        if (ends < block.timestamp) ends = block.timestamp;
        r.stage = Stage.Judged;
        r.deadline = uint40(ends);
        _save(subject, r);
        emit Lapsed(subject, r.outcome, r.basis, r.set, uint40(ends));
    }

    /// @inheritdoc IVerdictBook
    function dispute(
        Mandate calldata m,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        _requireStage(subject, r, Stage.Judged);
        _requireBefore(r.deadline);
        Outcome provisional = r.outcome;
        bool byBuyer = _isBuyer(m, party);
        if (sought == Outcome.None) revert NoOutcome();
        if (sought == provisional || Payouts.favoursProvider(provisional, sought) == byBuyer) {
            revert NotAllowed(party);
        }
        uint256 rulingEnds = block.timestamp + m.ruling;
        (r.stage, r.sought, r.buyerDisputes, r.deadline) =
        (Stage.Disputed, sought, byBuyer, uint40(rulingEnds));
        _save(subject, r);
        IViews.CommitteeView memory c = _committee(m);
        _appeals[subject] = Appeal(c.arbiter, uint64(c.arbiterCost), m.buyer, m.provider);
        uint256 deposit = Payouts.depositFor(r.value, c.arbiterCost);
        bytes32 digest = _digest(Mandates.dispute(subject, party, provisional, sought, expiry));
        emit Disputed(subject, party, sought, deposit, uint40(rulingEnds));
        // A deposit that is paid by signature carries the party's consent; one of zero does not.
        bool bySignature = funding != Funding.Allowance && deposit != 0;
        if (!bySignature) _requirePermission(party, digest, expiry, signature);
        _take(funding, party, deposit, digest, expiry, signature);
    }

    /// @inheritdoc IRulable
    function rule(bytes32 subject, Outcome outcome, uint256 payable_) external {
        Record memory r = _get(subject);
        _requireStage(subject, r, Stage.Disputed);
        Appeal memory a = _appeals[subject];
        if (msg.sender != a.arbiter) revert NotTheArbiter(msg.sender, a.arbiter);
        _requireBefore(r.deadline);
        if (outcome == Outcome.None) revert NoOutcome();
        if (payable_ != 0) revert PayableNotZero(payable_);
        (r.stage, r.sought) = (Stage.Ruled, outcome);
        _save(subject, r);
        emit Ruled(subject, a.arbiter, outcome, a.cost);
        _give(a.arbiter, a.cost);
    }

    /// @inheritdoc IVerdictBook
    function concede(Mandate calldata m, address party, uint256 expiry, bytes calldata signature)
        external
        onHomeChain
    {
        (bytes32 subject, Record memory r) = _load(m);
        bool byBuyer = _isBuyer(m, party);
        Stage stage = r.stage;
        Outcome outcome = byBuyer ? Outcome.Pass : Outcome.Fail;
        if (stage == Stage.Judged) {
            if (r.outcome != outcome) revert NotAllowed(party);
        } else if (stage == Stage.Disputed) {
            // The disputant gives in to the outcome that goes against it.
            if (r.buyerDisputes != byBuyer || r.outcome != outcome) revert NotAllowed(party);
        } else if (stage != Stage.Registered) {
            revert WrongStage(subject, stage);
        }
        bytes32 digest = _digest(Mandates.concession(subject, party, stage, outcome, expiry));
        _requirePermission(party, digest, expiry, signature);
        if (stage == Stage.Registered) (r.outcome, r.basis) = (outcome, Basis.NoShow);
        _finalise(m, subject, r, outcome, Ending.Conceded);
    }

    /// @inheritdoc IVerdictBook
    function settle(Mandate calldata m) external {
        (bytes32 subject, Record memory r) = _load(m);
        _settle(m, subject, r);
    }

    /// @inheritdoc IRulable
    function rulingOf(bytes32 subject)
        external
        view
        returns (address arbiter, uint256 rulingEnds, address buyer, address provider)
    {
        Record memory r = _get(subject);
        if (r.stage != Stage.Disputed) return (address(0), 0, address(0), address(0));
        Appeal memory a = _appeals[subject];
        return (a.arbiter, r.deadline, a.buyer, a.provider);
    }

    /// @inheritdoc IRulable
    function rulesOnSums() external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IVerdictBook
    function recordOf(bytes32 subject) external view returns (Record memory) {
        return _get(subject);
    }

    /// @inheritdoc IVerdictBook
    function subjectOf(Mandate calldata m) external view returns (bytes32 subject) {
        (subject,) = _load(m);
    }

    /// @inheritdoc IVerdictBook
    function registered(address adapter, bytes32 key) external view returns (bytes32) {
        return _registered[adapter][key];
    }

    function _settle(Mandate calldata m, bytes32 subject, Record memory r) internal {
        if (r.stage == Stage.Ruled) {
            _finalise(m, subject, r, r.sought, Ending.Ruled);
            return;
        }
        if (r.stage != Stage.Judged && r.stage != Stage.Disputed) revert WrongStage(subject, r.stage);
        _requireFrom(r.deadline);
        Ending how = r.stage == Stage.Judged ? Ending.Settled : Ending.RulingOver;
        _finalise(m, subject, r, r.outcome, how);
    }

    /// @dev Asks the adapter, by a static call, and holds the answer against the mandate.
    function _inspect(Mandate calldata m, bytes calldata job) private view returns (Finding memory f) {
        f = IAdapter(m.adapter).inspect(m, job);
        if (f.foreign != m.foreign) revert WrongForeign(m.foreign, f.foreign);
    }

    function _unchanged(Mandate calldata m, bytes calldata job) private view returns (Finding memory f) {
        f = _inspect(m, job);
        if (f.changed != 0) revert ForeignChanged(f.changed);
    }

    function _submitted(Mandate calldata m, bytes calldata job) private view returns (Finding memory f) {
        f = _unchanged(m, job);
        if (f.status != ForeignStatus.Submitted) revert ForeignNotReady(f.status);
    }

    function _requireAccepted(Mandate calldata m, uint256 lastMoment) private view {
        _requireParty(m.buyer, m.provider);
        _requireParty(m.provider, m.buyer);
        _requireParty(m.payer, address(0));
        _requireBefore(m.deliverBy);
        IViews.CommitteeView memory c = _committee(m);
        _requireWithin(Term.Value, m.value, 1, c.maxValue);
        uint256 soonest = uint256(m.deliverBy) + (c.minVerdict == 0 ? 1 : c.minVerdict);
        _requireWithin(Term.JudgeBy, m.judgeBy, soonest, block.timestamp + MAX_LENGTH);
        _requireWithin(Term.Challenge, m.challenge, MIN_CHALLENGE, c.maxChallenge);
        _requireWithin(Term.Ruling, m.ruling, c.minRuling, MAX_RULING);
        uint256 priced = uint256(m.value) * c.feeRate * (m.judgeBy - block.timestamp);
        uint256 lowest = c.feeFlat + Payouts.ceilDiv(priced, FEE_UNIT);
        _requireWithin(Term.Fee, m.fee, lowest, type(uint64).max);
        uint256 needed = uint256(m.judgeBy) + _lapsePeriod(m) + m.ruling + CARRY_TIME;
        if (needed > lastMoment) revert EndsTooLate(needed, lastMoment);
    }

    /// @dev The escrow refuses to credit zero or itself, which would keep a subject from being closed.
    function _requireParty(address party, address other) private view {
        if (party == address(0) || party == address(ESCROW) || party == other) revert BadParty(party);
    }

    function _requireWithin(Term term, uint256 given, uint256 least, uint256 most) private pure {
        if (given < least || given > most) revert OutOfRange(term, given, least, most);
    }

    function _requireAwaited(Mandate calldata m, bytes32 subject, Record memory r, bytes32 deliverable)
        private
        view
    {
        _requireStage(subject, r, Stage.Registered);
        _requireBefore(m.judgeBy);
        if (deliverable == 0 || r.deliverable != deliverable) revert WrongDeliverable(subject, deliverable);
    }

    function _check(Mandate calldata m, bytes32 subject, Record memory r, Judgement calldata j) private view {
        ESCROW.checkAttestations(
            m.committee, r.members, subject, j.deliverable, j.outcome, 0, j.signers, j.attested
        );
    }

    function _threshold(Mandate calldata m) private pure returns (uint256) {
        return uint8(uint256(m.committee)); // see ICommittees.committeeId
    }

    function _lapsePeriod(Mandate calldata m) private view returns (uint256) {
        return m.challenge > LAPSE_CHALLENGE ? m.challenge : LAPSE_CHALLENGE;
    }

    function _isBuyer(Mandate calldata m, address party) private pure returns (bool) {
        if (party == m.buyer) return true;
        if (party == m.provider) return false;
        revert NotAllowed(party);
    }

    function _evidence(Judgement calldata j) private pure returns (bytes32[] memory evidence) {
        evidence = new bytes32[](j.attested.length);
        for (uint256 i; i < evidence.length; ++i) {
            evidence[i] = j.attested[i].evidence;
        }
    }
}
