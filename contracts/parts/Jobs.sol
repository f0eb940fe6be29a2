// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Docket} from "../base/Docket.sol";
import {IJobs} from "../interfaces/IJobs.sol";
import {Agreement, Attested, Basis, Funding, Opening, Outcome, Terms, Verdict} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Core} from "../libraries/CoreWord.sol";
import {Fields} from "../libraries/Fields.sol";
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
        address provider = _deliver(job, deliverable);
        if (msg.sender != provider) revert NotAllowed(msg.sender);
    }

    /// @inheritdoc IJobs
    function deliverFor(bytes32 job, bytes32 deliverable, uint256 expiry, bytes calldata signature)
        external
        onHomeChain
    {
        _requireUnexpired(expiry);
        address provider = _deliver(job, deliverable);
        _requireConsent(provider, _digest(Hashes.delivery(job, deliverable, expiry)), signature);
    }

    /// @inheritdoc IJobs
    function judge(Verdict calldata verdict, bool payOut) external onHomeChain {
        Terms calldata terms = verdict.terms;
        (bytes32 job, Entry storage entry, uint256 word) = _awaiting(verdict);
        uint256 k = CommitteeId.threshold(terms.committee);
        Attested[] calldata attested = verdict.attested;
        uint32 signers = verdict.signers;
        Outcome outcome = verdict.outcome;
        if (attested.length != k) revert NotAQuorum(LibBit.popCount(signers), attested.length, k);
        Record storage r = _known(terms.committee);
        _checkAttestations(
            r, word.members(), job, verdict.deliverable, outcome, 0, signers, attested, verdict.others
        );
        uint256 challenge = Fields.challenge(terms);
        uint256 challengeEnds;
        unchecked {
            challengeEnds = block.timestamp + challenge;
        }
        word = word.judged(signers, challengeEnds, outcome, Basis.Verdict);
        Logs.judged(job, outcome, signers, challengeEnds, attested);
        if (challenge != 0) {
            entry.word = word;
        } else {
            Payouts.Split memory s;
            _plain(s, terms, outcome);
            _close(terms, job, entry, word, r, outcome, Ending.Settled, s, payOut);
        }
    }

    /// @inheritdoc IJobs
    function settle(Terms calldata terms, bytes32 openingHash, bool payOut) external {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        uint256 phase = word.phase();
        if (phase != JobWord.JUDGED && phase != JobWord.DISPUTED) revert WrongState(job, word.state());
        _requireFrom(word.deadline());
        Outcome outcome = word.outcome();
        Ending how = Ending.Settled;
        Record storage r = _known(terms.committee);
        Payouts.Split memory s;
        if (phase == JobWord.JUDGED && !word.bySilence()) {
            _plain(s, terms, outcome);
        } else {
            uint256 amount;
            if (phase == JobWord.DISPUTED) (how, amount) = (Ending.RulingOver, _deposit(terms, r));
            s = Payouts.stands(_case(terms, r, word, amount));
        }
        _close(terms, job, entry, word, r, outcome, how, s, payOut);
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
        Entry storage entry = _jobs[job];
        if (entry.word != JobWord.NONE) revert WrongState(job, entry.word.state());
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
        _checkLimits(t, committee, core, value, deliverBy);

        uint32 active = core.active();
        _reserve(r, core, committee, active, value);
        uint256 bond = Fields.bond(t);
        if (bond != 0) _debit(provider, bond);
        entry.word = JobWord.opened(core.epoch(), active, provider, deliverBy);
        Logs.jobOpened(job, a, active, core.epoch());
    }

    function _checkParties(address buyer, address provider) private view {
        if (buyer == address(0) || buyer == address(this)) revert BadTerms("buyer");
        if (provider == address(0) || provider == address(this) || provider == buyer) {
            revert BadTerms("provider");
        }
    }

    /// @dev Reverts outside what the deployment and the committee accept.
    function _checkLimits(Terms calldata t, bytes32 committee, Core core, uint256 value, uint256 deliverBy)
        private
        view
    {
        if (Fields.gated(t) == 0) revert BadTerms("gated");
        uint256 judgeBy = Fields.judgeBy(t);
        uint256 challenge = Fields.challenge(t);
        uint256 ruling = Fields.ruling(t);
        unchecked {
            if (judgeBy > block.timestamp + MAX_LENGTH) revert BadTerms("judgeBy");
            if (judgeBy <= deliverBy || judgeBy < deliverBy + core.minVerdict()) {
                revert BadTerms("judgeBy");
            }
        }
        if (challenge > CommitteeId.maxChallenge(committee) || (challenge != 0 && challenge < MIN_CHALLENGE))
        {
            revert BadTerms("challenge");
        }
        if (ruling < CommitteeId.minRuling(committee) || ruling > MAX_RULING) revert BadTerms("ruling");
        if (value > core.maxValue()) revert ValueTooHigh(value, core.maxValue());
        uint256 lowest = _lowestFee(committee, value, judgeBy);
        if (Fields.fee(t) < lowest) revert FeeTooLow(Fields.fee(t), lowest);
    }

    /// @dev What follows from a verdict that was not disputed, or from a no-show.
    function _plain(Payouts.Split memory s, Terms calldata terms, Outcome outcome) private pure {
        Payouts.plain(s, outcome, Fields.gated(terms), Fields.bond(terms), Fields.fee(terms));
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
        if (funding != Funding.Authorization) {
            if (funding == Funding.Collateral) _requireConsent(buyer, digest, signature);
            else if (msg.sender != buyer) revert NotAllowed(msg.sender);
        }
        _take(funding, buyer, amount, digest, openBy, signature);
    }

    /// @dev A provider that USDC refuses to pay gets its advance as free collateral.
    function _payUpFront(bytes32 job, address provider, uint256 amount) private {
        if (amount == 0) return;
        bool paid = _tryPay(provider, amount);
        if (!paid) _credit(provider, amount);
        emit UpFrontPaid(job, amount, paid);
    }

    /// @dev That the provider wants this is the caller's to check.
    function _deliver(bytes32 job, bytes32 deliverable) private returns (address provider) {
        Entry storage entry = _jobs[job];
        uint256 word = entry.word;
        if (word.phase() != JobWord.OPEN) {
            if (word.phase() == JobWord.DELIVERED) revert AlreadyDelivered(job);
            revert WrongState(job, word.state());
        }
        if (deliverable == 0) revert WrongDeliverable(job, deliverable);
        _requireBefore(word.deliverBy());
        provider = word.provider();
        entry.word = word.delivered(deliverable);
        emit Delivered(job, deliverable);
    }
}
