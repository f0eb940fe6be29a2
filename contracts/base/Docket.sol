// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {IDocket} from "../interfaces/IDocket.sol";
import {Basis, Outcome, Terms, Verdict} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Core} from "../libraries/CoreWord.sol";
import {Fields} from "../libraries/Fields.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Logs} from "../libraries/Logs.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Attestations} from "./Attestations.sol";

/// @dev The record of jobs, and how one is closed.
abstract contract Docket is IDocket, Attestations {
    using JobWord for uint256;

    uint256 internal constant MAX_LENGTH = 180 days; // from opening to judgeBy; below 2^24 seconds, see JobWord

    uint256 internal immutable MIN_CHALLENGE;
    uint256 internal immutable LAPSE_CHALLENGE;
    uint256 internal immutable MIN_DELIVERY;

    /// @dev One word, see JobWord; in a struct so that a reference to it saves working its slot out twice.
    struct Entry {
        uint256 word;
    }

    mapping(bytes32 job => Entry) internal _jobs;
    mapping(bytes32 job => uint256) internal _attested;

    constructor(uint256 minChallenge_, uint256 lapseChallenge_, uint256 minDelivery_) {
        if (minChallenge_ == 0 || minChallenge_ > MAX_CHALLENGE) revert BadTerms("minChallenge");
        if (lapseChallenge_ < minChallenge_ || lapseChallenge_ > MAX_CHALLENGE) {
            revert BadTerms("lapseChallenge");
        }
        if (minDelivery_ == 0 || minDelivery_ > MAX_LENGTH) revert BadTerms("minDelivery");
        MIN_CHALLENGE = minChallenge_;
        LAPSE_CHALLENGE = lapseChallenge_;
        MIN_DELIVERY = minDelivery_;
    }

    function _case(Terms calldata terms, Record storage r, uint256 word, uint256 amount)
        internal
        view
        returns (Payouts.Case memory c)
    {
        c.gated = Fields.gated(terms);
        c.bond = Fields.bond(terms);
        c.fee = Fields.fee(terms);
        c.threshold = CommitteeId.threshold(terms.committee);
        c.provisional = word.outcome();
        c.basis = word.basis();
        if (amount != 0) {
            c.deposit = amount;
            c.arbiterCost = r.arbiterCost;
            c.buyerDisputes = word.buyerDisputes();
        }
        if (c.basis == Basis.Silence) {
            c.silence = r.core.silence();
            c.members = LibBit.popCount(word.members());
            c.silent = LibBit.popCount(word.set());
        }
    }

    function _deposit(Terms calldata terms, Record storage r) internal view returns (uint256) {
        return Payouts.depositFor(Fields.value(terms), r.arbiterCost);
    }

    /// @dev Ends a job: marks it, gives the coverage back, slashes, and hands out what the split says.
    function _close(
        Terms calldata terms,
        bytes32 job,
        Entry storage entry,
        uint256 word,
        Record storage r,
        Outcome outcome,
        Ending how,
        Payouts.Split memory s,
        bool payOut
    ) internal {
        entry.word = word.closed(outcome);
        bytes32 committee = terms.committee;
        uint32 set = word.set();
        {
            Core core = r.core;
            uint256 share =
                Payouts.share(Fields.value(terms), core.silence(), CommitteeId.threshold(committee));
            core = _release(r, core, word.epoch(), share);
            (core,) = _slash(r, core, committee, job, set, s.slashEach);
            // A no-show and an early end have no signers: all members share.
            if (word.byNoShow()) set = word.members();
            r.core = _earn(r, core, set, s.evaluators);
        }
        if (s.arbiter != 0) {
            _credit(r.arbiter, s.arbiter);
            emit ArbiterPaid(job, r.arbiter, s.arbiter);
        }
        uint256 paid;
        if (_hand(Fields.buyer(terms), s.buyer, payOut)) paid = 1;
        if (_hand(Fields.provider(terms), s.provider, payOut)) paid |= 2;
        Logs.jobClosed(job, outcome, how, s, set, paid);
    }

    /// @dev Pays out where asked and possible, else credits.
    function _hand(address to, uint256 amount, bool payOut) internal returns (bool paid) {
        if (amount == 0) return false;
        paid = payOut && _tryPay(to, amount);
        if (!paid) _credit(to, amount);
    }

    function _load(Terms calldata terms, bytes32 openingHash)
        internal
        view
        returns (bytes32 job, Entry storage entry, uint256 word)
    {
        job = Hashes.job(DOMAIN_SEPARATOR, terms, openingHash);
        entry = _jobs[job];
        word = entry.word;
    }

    /// @dev The job of a verdict, which must wait for one on just this deliverable.
    function _awaiting(Verdict calldata v)
        internal
        view
        returns (bytes32 job, Entry storage entry, uint256 word)
    {
        (job, entry, word) = _load(v.terms, v.openingHash);
        if (word.phase() != JobWord.DELIVERED) {
            if (word.phase() == JobWord.OPEN) revert NotDelivered(job);
            revert WrongState(job, word.state());
        }
        _requireBefore(Fields.judgeBy(v.terms));
        if (!word.names(v.deliverable)) revert WrongDeliverable(job, v.deliverable);
    }

    function _requireBefore(uint256 limit) internal view {
        if (block.timestamp >= limit) revert TooLate(limit, block.timestamp);
    }

    function _requireFrom(uint256 limit) internal view {
        if (block.timestamp < limit) revert TooEarly(limit, block.timestamp);
    }
}
