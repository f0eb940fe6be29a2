// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Docket} from "../base/Docket.sol";
import {IJobs} from "../interfaces/IJobs.sol";
import {Agreement, Basis, Funding, Opening, Outcome, Terms, Verdict} from "../interfaces/Types.sol";
import {Core} from "../libraries/CoreWord.sol";
import {Fields} from "../libraries/Fields.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Limits} from "../libraries/LimitsWord.sol";
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
        job = _admit(agreement);
        address provider = Fields.provider(agreement.terms);
        _requireConsent(provider, job, providerSignature);
        uint256 openBy = Fields.openBy(agreement.opening);
        _fund(funding, Fields.buyer(agreement.terms), _price(agreement), job, openBy, buyerSignature);
        _payUpFront(job, provider, Fields.upFront(agreement.opening));
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
        uint256 challenge = Fields.challenge(terms);
        uint256 challengeEnds;
        unchecked {
            challengeEnds = block.timestamp + challenge;
        }
        Outcome outcome = verdict.outcome;
        word = word.judged(verdict.signers, challengeEnds, outcome, Basis.Verdict);
        Logs.judged(job, verdict, challengeEnds);
        if (challenge != 0) _jobs[job] = word;
        else _close(terms, job, word, outcome, Ending.Settled, _plain(terms, outcome), payOut);
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
        uint256 period = Fields.challenge(terms);
        if (period < LAPSE_CHALLENGE) period = LAPSE_CHALLENGE;
        uint256 challengeEnds = block.timestamp + period;
        Outcome outcome = Outcome.Fail;
        Basis basis = Basis.NoShow;
        uint32 silent;
        if (word.phase() == JobWord.OPEN) {
            _requireFrom(word.deliverBy());
        } else if (word.phase() == JobWord.DELIVERED) {
            _requireFrom(Fields.judgeBy(terms));
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
        Outcome outcome = word.outcome();
        Ending how = Ending.Settled;
        Payouts.Split memory s;
        if (phase == JobWord.JUDGED && word.basis() != Basis.Silence) {
            s = _plain(terms, outcome);
        } else {
            Record storage r = _known(terms.committee);
            uint256 amount;
            if (phase == JobWord.DISPUTED) (how, amount) = (Ending.RulingOver, _deposit(terms, r));
            s = Payouts.stands(_case(terms, r, word, amount));
        }
        _close(terms, job, word, outcome, how, s, payOut);
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
        if (!Fields.clean(a)) revert BadTerms("width");
        job = Hashes.job(DOMAIN_SEPARATOR, t, Hashes.openingHash(o));
        {
            uint256 word = _jobs[job];
            if (word != JobWord.NONE) revert WrongState(job, word.state());
        }
        address provider = Fields.provider(t);
        uint256 deliverBy = Fields.deliverBy(o);
        _checkParties(Fields.buyer(t), provider);
        _requireBefore(Fields.openBy(o));
        unchecked {
            // Every time is below 2^40, every period below 2^32.
            if (deliverBy < Fields.openBy(o) + MIN_DELIVERY) revert BadTerms("deliverBy");
        }

        bytes32 committee = t.committee;
        Record storage r = _committees[committee];
        Core core = r.core;
        if (!core.exists()) revert UnknownCommittee(committee);
        uint256 value = Fields.value(t);
        _checkLimits(t, r.limits, value, deliverBy);

        uint32 active = core.active();
        _reserve(r, core, committee, active, value);
        uint256 bond = Fields.bond(t);
        if (bond != 0) _debit(provider, bond);
        _jobs[job] = JobWord.opened(core.epoch(), active, provider, deliverBy);
        Logs.jobOpened(job, a, active, core.epoch());
    }

    function _checkParties(address buyer, address provider) private view {
        if (buyer == address(0) || buyer == address(this)) revert BadTerms("buyer");
        if (provider == address(0) || provider == address(this) || provider == buyer) {
            revert BadTerms("provider");
        }
    }

    /// @dev Reverts outside what the deployment and the committee accept.
    function _checkLimits(Terms calldata t, Limits limits, uint256 value, uint256 deliverBy) private view {
        if (Fields.gated(t) == 0) revert BadTerms("gated");
        uint256 judgeBy = Fields.judgeBy(t);
        uint256 challenge = Fields.challenge(t);
        uint256 ruling = Fields.ruling(t);
        unchecked {
            if (judgeBy > block.timestamp + MAX_LENGTH) revert BadTerms("judgeBy");
            if (judgeBy <= deliverBy || judgeBy < deliverBy + limits.minVerdict()) {
                revert BadTerms("judgeBy");
            }
        }
        if (challenge > limits.maxChallenge() || (challenge != 0 && challenge < MIN_CHALLENGE)) {
            revert BadTerms("challenge");
        }
        if (ruling < limits.minRuling() || ruling > MAX_RULING) revert BadTerms("ruling");
        if (value > limits.maxValue()) revert ValueTooHigh(value, limits.maxValue());
        uint256 lowest = _lowestFee(limits, value, judgeBy);
        if (Fields.fee(t) < lowest) revert FeeTooLow(Fields.fee(t), lowest);
    }

    /// @dev What follows from a verdict that was not disputed, or from a no-show.
    function _plain(Terms calldata terms, Outcome outcome) private pure returns (Payouts.Split memory) {
        return Payouts.plain(outcome, Fields.gated(terms), Fields.bond(terms), Fields.fee(terms));
    }

    function _price(Agreement calldata a) private pure returns (uint256) {
        unchecked {
            return Fields.gated(a.terms) + Fields.upFront(a.opening) + Fields.fee(a.terms);
        }
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
        _requireBefore(Fields.judgeBy(v.terms));
        if (!word.names(v.deliverable)) revert WrongDeliverable(job, v.deliverable);
    }

    function _check(Record storage r, Verdict calldata v, bytes32 job, uint256 word) private view {
        _checkAttestations(r, word.members(), job, v.deliverable, v.outcome, 0, v.signers, v.attested);
    }
}
