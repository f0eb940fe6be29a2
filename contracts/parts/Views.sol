// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Docket} from "../base/Docket.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Terms} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Core} from "../libraries/CoreWord.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";

/// @dev What is stored, for wallets and scripts.
abstract contract Views is IViews, Docket {
    using JobWord for uint256;

    /// @inheritdoc IViews
    function jobId(Terms calldata terms, bytes32 openingHash) external view returns (bytes32) {
        return Hashes.job(DOMAIN_SEPARATOR, terms, openingHash);
    }

    /// @inheritdoc IViews
    function jobState(bytes32 job) external view returns (JobView memory v) {
        uint256 word = _jobs[job].word;
        uint256 phase = word.phase();
        v.state = word.state();
        v.delivered = phase == JobWord.DELIVERED;
        v.epoch = uint8(word.epoch());
        v.members = word.members();
        v.openedAt = uint40(word.openedAt());
        v.attested = uint32(_attested[job]);
        if (phase == JobWord.OPEN) {
            v.provider = word.provider();
            v.deliverBy = uint40(word.deliverBy());
        } else if (phase == JobWord.DELIVERED) {
            v.mark = word.anchor();
        } else if (phase >= JobWord.JUDGED) {
            v.outcome = word.outcome();
            if (phase == JobWord.CLOSED) return v;
            v.basis = word.basis();
            v.signers = word.set();
            v.deadline = uint40(word.deadline());
            v.sought = word.sought();
            v.buyerDisputes = word.buyerDisputes();
        }
    }

    /// @inheritdoc IViews
    function constants()
        external
        view
        returns (
            uint256 minChallenge,
            uint256 lapseChallenge,
            uint256 minDelivery,
            uint256 maxChallenge,
            uint256 maxRuling,
            uint256 maxLength
        )
    {
        return (MIN_CHALLENGE, LAPSE_CHALLENGE, MIN_DELIVERY, MAX_CHALLENGE, MAX_RULING, MAX_LENGTH);
    }

    /// @inheritdoc IViews
    function committeeState(bytes32 committee) external view returns (CommitteeView memory v) {
        Record storage r = _record(committee);
        Core core = r.core;
        v.threshold = uint8(CommitteeId.threshold(committee));
        v.evaluators = r.size;
        v.epoch = uint8(core.epoch());
        v.active = core.active();
        v.stake = r.stake;
        v.silence = core.silence();
        v.reserved = r.stake - core.free();
        v.free = LibBit.popCount(v.active) < v.threshold ? 0 : core.free();
        v.arbiter = r.arbiter;
        v.arbiterCost = r.arbiterCost;
        v.methodology = r.methodology;
        v.feeFlat = CommitteeId.feeFlat(committee);
        v.feeRate = CommitteeId.feeRate(committee);
        v.maxValue = core.maxValue();
        v.minVerdict = core.minVerdict();
        v.minRuling = CommitteeId.minRuling(committee);
        v.maxChallenge = CommitteeId.maxChallenge(committee);
    }

    /// @inheritdoc IViews
    function evaluator(bytes32 committee, uint256 index) external view returns (EvaluatorView memory v) {
        Record storage r = _record(committee);
        if (index >= r.size) revert NotAMember(index);
        Member memory m = r.members[index];
        v.account = r.accounts[index];
        v.key = m.key;
        v.standing = m.standing;
        v.expelled = m.expelled;
        v.stake = m.stake;
        v.owed = r.owed[index];
        bool outgoing = _outgoing(m);
        if (outgoing) v.liable = _liable(r, m.epoch);
        v.mayWithdraw = outgoing && v.liable == 0 && (v.owed == 0 || v.stake == 0);
    }

    /// @inheritdoc IViews
    function debtOf(bytes32 committee, uint256 index, bytes32 subject) external view returns (uint256 owed) {
        return _committees[committee].debts[index][subject].owed;
    }

    /// @inheritdoc IViews
    function feesOf(bytes32 committee, uint32 set) external view returns (uint256) {
        Record storage r = _committees[committee];
        return _earned(r, r.core, set);
    }

    /// @inheritdoc IViews
    function keyOf(bytes32 committee, address key)
        external
        view
        returns (uint256 index, bool known, uint256 retiredAt)
    {
        KeyRecord memory k = _committees[committee].keys[key];
        return (k.index, k.known, k.retiredAt);
    }

    /// @inheritdoc IViews
    function collateralOf(address account) external view returns (uint256) {
        return _accounts[account].collateral;
    }

    /// @inheritdoc IViews
    function usdc() external view returns (address) {
        return USDC;
    }

    /// @inheritdoc IViews
    function domainSeparator() external view returns (bytes32) {
        return DOMAIN_SEPARATOR;
    }
}
