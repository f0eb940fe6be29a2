// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Docket} from "../base/Docket.sol";
import {IJobs} from "../interfaces/IJobs.sol";
import {Agreement, Basis, Funding, Opening, Outcome, Terms, Verdict} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Logs} from "../libraries/Logs.sol";
import {Payouts} from "../libraries/Payouts.sol";

/// @dev A job's ordinary life. Each act checks, then writes, then pays: the only calls outward are to USDC, at the end,
/// and static ones to ERC-1271 wallets.
abstract contract Jobs is IJobs, Docket {
    using JobWord for uint256;

    uint256 private constant MAX_MILESTONES = 32;
    uint256 private constant MAX_BATCH = 256;

    /// @inheritdoc IJobs
    function open(
        Agreement calldata agreement,
        Funding funding,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain returns (bytes32 job) {
        Terms calldata terms = agreement.terms;
        job = _admit(agreement);
        _requireConsent(terms.provider, job, providerSignature);
        _fund(funding, terms.buyer, _price(agreement), job, agreement.opening.openBy, buyerSignature);
        _payUpFront(job, terms.provider, agreement.opening.upFront);
    }

    /// @inheritdoc IJobs
    function openMilestones(
        Agreement[] calldata agreements,
        Funding funding,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain returns (bytes32[] memory jobs) {
        uint256 n = agreements.length;
        if (n == 0 || n > MAX_MILESTONES) revert BadLength(n, MAX_MILESTONES);
        address buyer = agreements[0].terms.buyer;
        address provider = agreements[0].terms.provider;
        jobs = new bytes32[](n);
        uint256 total;
        uint256 openBy = type(uint40).max;
        for (uint256 i; i < n; ++i) {
            Agreement calldata a = agreements[i];
            if (a.terms.buyer != buyer || a.terms.provider != provider) revert MixedParties(i);
            jobs[i] = _admit(a);
            total += _price(a);
            if (a.opening.openBy < openBy) openBy = a.opening.openBy;
        }
        bytes32 digest = _digest(Hashes.milestones(jobs));
        _requireConsent(provider, digest, providerSignature);
        _fund(funding, buyer, total, digest, openBy, buyerSignature);
        for (uint256 i; i < n; ++i) {
            _payUpFront(jobs[i], provider, agreements[i].opening.upFront);
        }
    }

    /// @inheritdoc IJobs
    function deliver(bytes32 job, bytes32 deliverable) external {
        _deliver(job, deliverable, msg.sender);
    }

    /// @inheritdoc IJobs
    function deliverFor(bytes32 job, bytes32 deliverable, uint256 expiry, bytes calldata signature)
        external
        onHomeChain
    {
        _requireUnexpired(expiry);
        address provider = _deliver(job, deliverable, address(0));
        _requireConsent(provider, _digest(Hashes.delivery(job, deliverable, expiry)), signature);
    }

    /// @inheritdoc IJobs
    function judge(Verdict calldata verdict, bool payOut) external onHomeChain {
        Terms calldata terms = verdict.terms;
        (bytes32 job, uint256 word) = _awaiting(verdict);
        Record storage r = _known(terms.committee);
        uint256 k = uint8(uint256(terms.committee)); // see ICommittees.committeeId
        if (verdict.attested.length != k) {
            revert NotAQuorum(LibBit.popCount(verdict.signers), verdict.attested.length, k);
        }
        _check(r, verdict, job, word);
        uint256 challengeEnds = block.timestamp + terms.challenge;
        word = word.judged(verdict.signers, challengeEnds, verdict.outcome, Basis.Verdict);
        Logs.judged(job, verdict, challengeEnds);
        if (terms.challenge != 0) {
            _jobs[job] = word;
        } else {
            Payouts.Case memory c = _case(terms, r, word, 0);
            _close(terms, job, word, verdict.outcome, Ending.Settled, Payouts.stands(c), payOut);
        }
    }

    /// @inheritdoc IJobs
    function attest(Verdict calldata verdict) external onHomeChain {
        (bytes32 job, uint256 word) = _awaiting(verdict);
        if (verdict.signers == 0) revert BadLength(0, MAX_EVALUATORS);
        _check(_known(verdict.terms.committee), verdict, job, word);
        _attested[job] |= verdict.signers;
        Logs.attestationsPosted(job, verdict);
    }

    /// @inheritdoc IJobs
    function lapse(Terms calldata terms, bytes32 openingHash) external {
        (bytes32 job, uint256 word) = _load(terms, openingHash);
        uint256 period = terms.challenge > LAPSE_CHALLENGE ? terms.challenge : LAPSE_CHALLENGE;
        uint256 challengeEnds = block.timestamp + period;
        Outcome outcome = Outcome.Fail;
        Basis basis = Basis.NoShow;
        uint32 silent;
        if (word.phase() == JobWord.OPEN) {
            _requireFrom(word.deliverBy());
        } else if (word.phase() == JobWord.DELIVERED) {
            _requireFrom(terms.judgeBy);
            outcome = Outcome.Lapse;
            basis = Basis.Silence;
            silent = word.members() & ~uint32(_attested[job]);
        } else {
            revert WrongState(job, word.state());
        }
        _jobs[job] = word.judged(silent, challengeEnds, outcome, basis);
        emit Lapsed(job, outcome, basis, silent, uint40(challengeEnds));
    }

    /// @inheritdoc IJobs
    function settle(Terms calldata terms, bytes32 openingHash, bool payOut) external {
        (bytes32 job, uint256 word) = _load(terms, openingHash);
        uint256 phase = word.phase();
        if (phase != JobWord.JUDGED && phase != JobWord.DISPUTED) revert WrongState(job, word.state());
        _requireFrom(word.deadline());
        Record storage r = _known(terms.committee);
        Ending how = phase == JobWord.JUDGED ? Ending.Settled : Ending.RulingOver;
        Payouts.Case memory c = _case(terms, r, word, phase == JobWord.JUDGED ? 0 : _deposit(terms, r));
        _close(terms, job, word, c.provisional, how, Payouts.stands(c), payOut);
    }

    /// @inheritdoc IJobs
    function batch(bytes[] calldata calls) external returns (Result[] memory results) {
        uint256 n = calls.length;
        if (n == 0 || n > MAX_BATCH) revert BadLength(n, MAX_BATCH);
        results = new Result[](n);
        for (uint256 i; i < n; ++i) {
            // Its own code and the caller's own rights: what fails is undone alone. No function takes ETH.
            (bool ok, bytes memory data) = address(this).delegatecall(calls[i]);
            results[i] = Result(ok, data);
            if (!ok) emit CallFailed(i, data);
        }
    }

    /// @dev Checks an agreement against the rules and the committee, reserves coverage, locks the bond and makes the
    /// mark. Consent and funding are the caller's.
    function _admit(Agreement calldata a) private returns (bytes32 job) {
        Terms calldata t = a.terms;
        Opening calldata o = a.opening;
        job = Hashes.job(DOMAIN_SEPARATOR, t, Hashes.openingHash(o));
        if (_jobs[job] != JobWord.NONE) revert WrongState(job, _jobs[job].state());
        _requireBefore(o.openBy);
        if (t.buyer == address(0) || t.buyer == address(this)) revert BadTerms("buyer");
        if (t.provider == address(0) || t.provider == address(this) || t.provider == t.buyer) {
            revert BadTerms("provider");
        }
        if (t.gated == 0) revert BadTerms("gated");
        if (o.deliverBy < o.openBy + MIN_DELIVERY) revert BadTerms("deliverBy");
        if (t.judgeBy > block.timestamp + MAX_LENGTH) revert BadTerms("judgeBy");

        Record storage r = _record(t.committee);
        Core memory core = r.core;
        Limits memory limits = r.limits;
        if (t.judgeBy <= o.deliverBy || t.judgeBy < o.deliverBy + limits.minVerdict) {
            revert BadTerms("judgeBy");
        }
        if (t.challenge > limits.maxChallenge || (t.challenge != 0 && t.challenge < MIN_CHALLENGE)) {
            revert BadTerms("challenge");
        }
        if (t.ruling < limits.minRuling || t.ruling > MAX_RULING) revert BadTerms("ruling");
        uint256 value = uint256(t.gated) + t.bond;
        if (value > limits.maxValue) revert ValueTooHigh(value, limits.maxValue);
        uint256 lowest = _lowestFee(limits, value, t.judgeBy);
        if (t.fee < lowest) revert FeeTooLow(t.fee, lowest);

        _reserve(r, core, t.committee, core.active, value);
        if (t.bond != 0) _debit(t.provider, t.bond);
        _jobs[job] = JobWord.opened(core.epoch, core.active, t.provider, o.deliverBy);
        Logs.jobOpened(job, a, core.active, core.epoch);
    }

    function _price(Agreement calldata a) private pure returns (uint256) {
        return uint256(a.terms.gated) + a.opening.upFront + a.terms.fee;
    }

    function _fund(
        Funding funding,
        address buyer,
        uint256 amount,
        bytes32 digest,
        uint256 openBy,
        bytes calldata signature
    ) private {
        if (funding == Funding.Allowance && msg.sender != buyer) {
            revert NotAllowed(msg.sender);
        }
        if (funding == Funding.Collateral) _requireConsent(buyer, digest, signature);
        _take(funding, buyer, amount, digest, openBy, signature);
    }

    /// @dev A provider that USDC refuses to pay gets its advance as free collateral.
    function _payUpFront(bytes32 job, address provider, uint256 amount) private {
        if (amount == 0) return;
        bool paid = _tryPay(provider, amount);
        if (!paid) _credit(provider, amount);
        emit UpFrontPaid(job, amount, paid);
    }

    /// @param caller Must be the provider; zero where its signature is checked instead.
    function _deliver(bytes32 job, bytes32 deliverable, address caller) private returns (address provider) {
        uint256 word = _jobs[job];
        if (word.phase() != JobWord.OPEN) {
            if (word.phase() == JobWord.DELIVERED) revert AlreadyDelivered(job);
            revert WrongState(job, word.state());
        }
        provider = word.provider();
        if (caller != address(0) && caller != provider) revert NotAllowed(caller);
        if (deliverable == 0) revert WrongDeliverable(job, deliverable);
        _requireBefore(word.deliverBy());
        _jobs[job] = word.delivered(deliverable);
        emit Delivered(job, deliverable);
    }

    /// @dev The job of a verdict, which must wait for one on just this deliverable.
    function _awaiting(Verdict calldata v) private view returns (bytes32 job, uint256 word) {
        (job, word) = _load(v.terms, v.openingHash);
        if (word.phase() != JobWord.DELIVERED) {
            if (word.phase() == JobWord.OPEN) revert NotDelivered(job);
            revert WrongState(job, word.state());
        }
        _requireBefore(v.terms.judgeBy);
        if (!word.names(v.deliverable)) revert WrongDeliverable(job, v.deliverable);
    }

    function _check(Record storage r, Verdict calldata v, bytes32 job, uint256 word) private view {
        _checkAttestations(r, word.members(), job, v.deliverable, v.outcome, 0, v.signers, v.attested);
    }
}
