// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {IDocket} from "../interfaces/IDocket.sol";
import {IEscrow} from "../interfaces/IEscrow.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Basis, Outcome, State, Terms} from "../interfaces/Types.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {ILens} from "./ILens.sol";

/// @title A lens on the escrow
/// @notice Computes with the escrow's own library, `Payouts`, from the escrow's own views.
contract Lens is ILens {
    uint256 private constant MOST_WAYS = 8;
    uint256 private constant FEE_UNIT = 1e6 * 1 days;

    IEscrow private immutable ESCROW;
    uint256 private immutable LAPSE_CHALLENGE;

    /// @dev What every way of one job starts from.
    struct Scene {
        IViews.JobView job;
        IViews.CommitteeView committee;
        Way[] ways;
        uint256 count;
    }

    /// @param escrow_ The escrow to look at.
    constructor(IEscrow escrow_) {
        ESCROW = escrow_;
        (, LAPSE_CHALLENGE,,,,) = escrow_.constants();
    }

    /// @inheritdoc ILens
    function standing(Terms calldata terms, bytes32 openingHash) external view returns (Standing memory s) {
        s.job = ESCROW.jobId(terms, openingHash);
        s.stored = ESCROW.jobState(s.job);
        State state = s.stored.state;
        if (state == State.None) return s;
        s.value = _value(terms);
        s.outcome = s.stored.outcome;
        if (state == State.Closed) return s;
        s.deposit = Payouts.depositFor(s.value, ESCROW.committeeState(terms.committee).arbiterCost);
        s.closesBy = _closesBy(terms, s.stored);
        if (state == State.Open) {
            s.act = Act.Lapse;
            s.from = s.stored.delivered ? terms.judgeBy : s.stored.deliverBy;
            s.outcome = s.stored.delivered ? Outcome.Lapse : Outcome.Fail;
            // Its challenge starts when the lapse is called: now, at the soonest.
            s.closesFrom = (s.from > block.timestamp ? s.from : block.timestamp) + _lapsePeriod(terms);
        } else {
            s.act = Act.Settle;
            s.from = s.stored.deadline;
            s.closesFrom = s.from;
        }
    }

    /// @inheritdoc ILens
    function ways(Terms calldata terms, bytes32 openingHash) external view returns (Way[] memory) {
        bytes32 job = ESCROW.jobId(terms, openingHash);
        Scene memory scene;
        scene.job = ESCROW.jobState(job);
        State state = scene.job.state;
        if (state == State.None) revert NoSuchJob(job);
        if (state == State.Closed) return scene.ways;
        scene.committee = ESCROW.committeeState(terms.committee);
        scene.ways = new Way[](MOST_WAYS);
        if (state == State.Open) _fromOpen(scene, terms);
        else if (state == State.Judged) _fromJudged(scene, terms);
        else _fromDisputed(scene, terms);
        Way[] memory found = scene.ways;
        uint256 count = scene.count;
        assembly ("memory-safe") {
            mstore(found, count)
        }
        return found;
    }

    /// @inheritdoc ILens
    function agreed(Terms calldata terms, bytes32 openingHash, uint256 toBuyer)
        external
        view
        returns (Way memory w)
    {
        bytes32 job = ESCROW.jobId(terms, openingHash);
        Scene memory scene;
        scene.job = ESCROW.jobState(job);
        if (scene.job.state == State.None) revert NoSuchJob(job);
        if (scene.job.state == State.Closed) revert JobIsClosed(job);
        if (toBuyer > _value(terms)) revert IDocket.SplitTooLarge(toBuyer, _value(terms));
        scene.committee = ESCROW.committeeState(terms.committee);
        bool open = scene.job.state == State.Open;
        Payouts.Case memory c = open
            ? _case(scene, terms, Outcome.None, Basis.NoShow, 0)
            : _case(scene, terms, scene.job.outcome, scene.job.basis, scene.job.signers);
        if (scene.job.state == State.Disputed) _dispute(scene, c, terms, scene.job.buyerDisputes);
        w.act = Act.Agree;
        _fill(w, scene, terms, c, Payouts.agreed(c, toBuyer), open ? 0 : scene.job.signers);
    }

    /// @inheritdoc ILens
    function exposure(
        bytes32 committee,
        uint256 index,
        Terms[] calldata terms,
        bytes32[] calldata openingHashes
    ) external view returns (Exposure memory e) {
        if (terms.length != openingHashes.length) {
            revert LengthsDiffer(terms.length, openingHashes.length);
        }
        IViews.CommitteeView memory c = ESCROW.committeeState(committee);
        e.stored = ESCROW.evaluator(committee, index);
        e.active = c.active & (1 << index) != 0;
        e.reserved = c.reserved;
        for (uint256 i; i < terms.length; ++i) {
            if (terms[i].committee != committee) continue;
            IViews.JobView memory v = ESCROW.jobState(ESCROW.jobId(terms[i], openingHashes[i]));
            if (v.state == State.None || v.state == State.Closed) continue;
            uint256 share = Payouts.share(_value(terms[i]), c.silence, c.threshold);
            e.listed += share;
            if (v.members & (1 << index) != 0) e.atStake += share;
            uint256 by = _closesBy(terms[i], v);
            if (by > e.clearBy) e.clearBy = by;
        }
    }

    /// @inheritdoc ILens
    function quote(bytes32 committee, uint256 value, uint256 judgeBy)
        external
        view
        returns (uint256 lowestFee, uint256 deposit, uint256 share, bool covered)
    {
        IViews.CommitteeView memory c = ESCROW.committeeState(committee);
        uint256 time = judgeBy > block.timestamp ? judgeBy - block.timestamp : 0;
        lowestFee = c.feeFlat + Payouts.ceilDiv(value * c.feeRate * time, FEE_UNIT);
        deposit = Payouts.depositFor(value, c.arbiterCost);
        share = Payouts.share(value, c.silence, c.threshold);
        covered = share <= c.free && value <= c.maxValue;
    }

    /// @inheritdoc ILens
    function escrow() external view returns (address) {
        return address(ESCROW);
    }

    /// @dev Whoever gives in here, or does not deliver, leaves the fee to all members.
    function _fromOpen(Scene memory scene, Terms calldata terms) private view {
        uint256 deliverBy = scene.job.deliverBy;
        if (!scene.job.delivered) {
            Way memory w = _stands(scene, terms, Outcome.Fail, Basis.NoShow, 0);
            (w.act, w.from) = (Act.Lapse, deliverBy);
        }
        if (scene.job.delivered || block.timestamp < deliverBy) {
            for (
                uint8 o = uint8(Outcome.Pass);
                block.timestamp < terms.judgeBy && o <= uint8(Outcome.Lapse);
                ++o
            ) {
                Way memory w = _stands(scene, terms, Outcome(o), Basis.Verdict, 0);
                (w.act, w.until) = (Act.Judge, terms.judgeBy);
                if (w.evaluators != 0) (w.earners, w.parts) = (scene.job.members, scene.committee.threshold);
            }
            uint32 silent = scene.job.members & ~scene.job.attested;
            Way memory silence = _stands(scene, terms, Outcome.Lapse, Basis.Silence, silent);
            (silence.act, silence.from) = (Act.Lapse, terms.judgeBy);
        }
        Way memory byBuyer = _stands(scene, terms, Outcome.Pass, Basis.NoShow, 0);
        (byBuyer.act, byBuyer.by) = (Act.Concede, terms.buyer);
        Way memory byProvider = _stands(scene, terms, Outcome.Fail, Basis.NoShow, 0);
        (byProvider.act, byProvider.by) = (Act.Concede, terms.provider);
    }

    function _fromJudged(Scene memory scene, Terms calldata terms) private view {
        Outcome provisional = scene.job.outcome;
        uint256 deadline = scene.job.deadline;
        Way memory w = _stands(scene, terms, provisional, scene.job.basis, scene.job.signers);
        (w.act, w.from) = (Act.Settle, deadline);
        if (provisional != Outcome.Lapse) {
            w = _stands(scene, terms, provisional, scene.job.basis, scene.job.signers);
            (w.act, w.by) = (Act.Concede, provisional == Outcome.Pass ? terms.buyer : terms.provider);
        }
        if (block.timestamp >= deadline) return;
        // The last moment for a dispute is just before the deadline; the ruling period runs from there.
        if (provisional != Outcome.Fail) _rulings(scene, terms, true, deadline + terms.ruling);
        if (provisional != Outcome.Pass) _rulings(scene, terms, false, deadline + terms.ruling);
    }

    function _fromDisputed(Scene memory scene, Terms calldata terms) private view {
        Outcome provisional = scene.job.outcome;
        uint256 deadline = scene.job.deadline;
        bool byBuyer = scene.job.buyerDisputes;
        if (block.timestamp < deadline) _rulings(scene, terms, byBuyer, deadline);
        Payouts.Case memory c = _case(scene, terms, provisional, scene.job.basis, scene.job.signers);
        _dispute(scene, c, terms, byBuyer);
        Way memory w = _next(scene, provisional);
        (w.act, w.from) = (Act.Settle, deadline);
        _fill(w, scene, terms, c, Payouts.stands(c), scene.job.signers);
        if (provisional == Outcome.Lapse) return;
        w = _next(scene, provisional);
        (w.act, w.by) = (Act.Concede, byBuyer ? terms.buyer : terms.provider);
        _fill(w, scene, terms, c, Payouts.upheld(c), scene.job.signers);
    }

    function _rulings(Scene memory scene, Terms calldata terms, bool byBuyer, uint256 until) private pure {
        Outcome provisional = scene.job.outcome;
        Payouts.Case memory c = _case(scene, terms, provisional, scene.job.basis, scene.job.signers);
        _dispute(scene, c, terms, byBuyer);
        for (uint8 o = uint8(Outcome.Pass); o <= uint8(Outcome.Lapse); ++o) {
            Outcome outcome = Outcome(o);
            Way memory w = _next(scene, outcome);
            (w.act, w.by, w.until) = (Act.Rule, scene.committee.arbiter, until);
            Payouts.Split memory s =
                outcome == provisional ? Payouts.upheld(c) : Payouts.overturned(c, outcome);
            _fill(w, scene, terms, c, s, scene.job.signers);
        }
    }

    /// @param set Who signed; by silence, who did not.
    function _stands(Scene memory scene, Terms calldata terms, Outcome outcome, Basis basis, uint32 set)
        private
        pure
        returns (Way memory w)
    {
        Payouts.Case memory c = _case(scene, terms, outcome, basis, set);
        w = _next(scene, outcome);
        _fill(w, scene, terms, c, Payouts.stands(c), set);
    }

    function _next(Scene memory scene, Outcome outcome) private pure returns (Way memory w) {
        w = scene.ways[scene.count++];
        w.outcome = outcome;
    }

    function _case(Scene memory scene, Terms calldata terms, Outcome outcome, Basis basis, uint32 set)
        private
        pure
        returns (Payouts.Case memory c)
    {
        c.gated = terms.gated;
        c.bond = terms.bond;
        c.fee = terms.fee;
        c.threshold = scene.committee.threshold;
        c.provisional = outcome;
        c.basis = basis;
        c.silence = scene.committee.silence;
        c.members = LibBit.popCount(scene.job.members);
        if (basis == Basis.Silence) c.silent = LibBit.popCount(set);
    }

    function _dispute(Scene memory scene, Payouts.Case memory c, Terms calldata terms, bool byBuyer)
        private
        pure
    {
        c.deposit = Payouts.depositFor(_value(terms), scene.committee.arbiterCost);
        c.arbiterCost = scene.committee.arbiterCost;
        c.buyerDisputes = byBuyer;
    }

    function _fill(
        Way memory w,
        Scene memory scene,
        Terms calldata terms,
        Payouts.Case memory c,
        Payouts.Split memory s,
        uint32 set
    ) private pure {
        w.buyer = s.buyer;
        w.provider = s.provider;
        w.arbiter = s.arbiter;
        w.evaluators = s.evaluators;
        w.deposit = c.deposit;
        if (c.deposit != 0) w.disputant = c.buyerDisputes ? terms.buyer : terms.provider;
        if (s.evaluators != 0) {
            w.earners = c.basis == Basis.NoShow ? scene.job.members : set;
            w.parts = LibBit.popCount(w.earners);
        }
        if (s.slashEach != 0 && set != 0) (w.slashEach, w.slashed) = (s.slashEach, set);
    }

    /// @dev When a job can be closed at the latest, if whoever can calls at each limit: disputed at the last moment, and
    /// the arbiter silent.
    function _closesBy(Terms calldata terms, IViews.JobView memory v) private view returns (uint256) {
        if (v.state == State.Disputed) return v.deadline;
        if (v.state == State.Judged) {
            return block.timestamp < v.deadline ? uint256(v.deadline) + terms.ruling : v.deadline;
        }
        bool noShow = !v.delivered && block.timestamp >= v.deliverBy;
        bool silence = v.delivered && block.timestamp >= terms.judgeBy;
        uint256 provisional = noShow || silence ? block.timestamp : terms.judgeBy;
        return provisional + _lapsePeriod(terms) + terms.ruling;
    }

    function _lapsePeriod(Terms calldata terms) private view returns (uint256) {
        return terms.challenge > LAPSE_CHALLENGE ? terms.challenge : LAPSE_CHALLENGE;
    }

    function _value(Terms calldata terms) private pure returns (uint256) {
        return uint256(terms.gated) + terms.bond;
    }
}
