// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Coverage} from "../base/Coverage.sol";
import {ICommittees} from "../interfaces/ICommittees.sol";
import {Committee} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Core, CoreWord} from "../libraries/CoreWord.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Signatures} from "../libraries/Signatures.sol";

/// @dev What evaluators do: found a committee, put stake in, sign with new keys, leave, draw fees.
abstract contract Committees is ICommittees, Coverage {
    uint256 private constant MAX_VERDICT = type(uint24).max; // 194 days, above the longest job

    /// @inheritdoc ICommittees
    function createCommittee(Committee calldata terms) external returns (bytes32 committee) {
        committee = committeeId(terms);
        Record storage r = _committees[committee];
        if (r.core.exists()) revert CommitteeExists(committee);
        uint256 n = terms.evaluators.length;
        if (n == 0 || n > MAX_EVALUATORS) revert BadCommittee("evaluators");
        if (terms.threshold > n || uint256(terms.threshold) * 2 <= n) revert BadCommittee("threshold");
        if (terms.stake == 0 || terms.stake > type(uint48).max) revert BadCommittee("stake");
        if (terms.arbiter == address(0) || terms.arbiter == address(this)) revert BadCommittee("arbiter");
        if (!CoreWord.fits(terms.maxValue)) revert BadCommittee("maxValue");
        if (terms.minVerdict > MAX_VERDICT) revert BadCommittee("minVerdict");
        if (terms.maxChallenge > MAX_CHALLENGE) revert BadCommittee("maxChallenge");
        if (terms.minRuling == 0 || terms.minRuling > MAX_RULING) revert BadCommittee("minRuling");
        if (terms.silence > type(uint40).max || Payouts.ceilDiv(terms.silence, terms.threshold) > terms.stake)
        {
            revert BadCommittee("silence");
        }
        r.core = CoreWord.create(terms.stake, terms.silence, terms.maxValue, terms.minVerdict);
        r.size = uint8(n);
        r.stake = terms.stake;
        r.arbiter = terms.arbiter;
        r.arbiterCost = terms.arbiterCost;
        r.methodology = terms.methodology;
        address last;
        for (uint256 i; i < n; ++i) {
            address account = terms.evaluators[i];
            if (account <= last || account == address(this)) revert BadCommittee("evaluators");
            r.accounts[i] = last = account;
        }
        emit CommitteeCreated(committee, terms);
    }

    /// @inheritdoc ICommittees
    function join(bytes32 committee, uint256 index, address key, bytes calldata proof) external onHomeChain {
        (Record storage r, Member memory m) = _own(committee, index);
        if (m.standing != Standing.Absent) revert WrongStanding(committee, index, m.standing);
        Core core = r.core;
        _takeKey(r, committee, index, key, proof);
        uint256 stake = r.stake;
        r.members[index] = Member(key, uint64(stake), Standing.Joined, false, 0);
        r.core = core.with(index);
        _roll(r);
        _debit(msg.sender, stake);
        emit Joined(committee, index, key, stake);
    }

    /// @inheritdoc ICommittees
    function topUp(bytes32 committee, uint256 index) external {
        (Record storage r, Member memory m) = _own(committee, index);
        if (m.standing != Standing.Joined || m.expelled) revert WrongStanding(committee, index, m.standing);
        Core core = r.core;
        uint256 stake = r.stake;
        if (m.stake == stake) revert StakeFull(committee, index);
        uint256 amount = stake - m.stake;
        r.members[index].stake = uint64(stake);
        r.core = core.with(index);
        _debit(msg.sender, amount);
        emit ToppedUp(committee, index, amount);
    }

    /// @inheritdoc ICommittees
    function leave(bytes32 committee, uint256 index) external {
        (Record storage r, Member memory m) = _own(committee, index);
        if (m.standing != Standing.Joined || m.expelled) revert WrongStanding(committee, index, m.standing);
        r.members[index].standing = Standing.Leaving;
        uint8 epoch = _endEpoch(r, index);
        r.members[index].epoch = epoch;
        emit Left(committee, index, epoch);
    }

    /// @inheritdoc ICommittees
    function collect(bytes32 committee, uint256 index, bytes32 subject) external {
        (Record storage r, Member memory m) = _released(committee, index);
        uint256 paid = _payDebt(r, committee, index, subject, m.stake);
        if (paid == 0) revert NothingOwed(committee, index, subject);
        r.members[index].stake = uint64(m.stake - paid);
    }

    /// @inheritdoc ICommittees
    function withdraw(bytes32 committee, uint256 index) external {
        (Record storage r, Member memory m) = _released(committee, index);
        if (m.stake != 0 && r.owed[index] != 0) revert InDebt(committee, index, r.owed[index]);
        r.members[index].stake = 0;
        r.members[index].standing = Standing.Withdrawn;
        _credit(r.accounts[index], m.stake);
        emit Withdrawn(committee, index, m.stake);
    }

    /// @inheritdoc ICommittees
    function rotateKey(bytes32 committee, uint256 index, address key, bytes calldata proof)
        external
        onHomeChain
    {
        (Record storage r, Member memory m) = _own(committee, index);
        if ((m.standing != Standing.Joined && m.standing != Standing.Leaving) || m.expelled) {
            revert WrongStanding(committee, index, m.standing);
        }
        _takeKey(r, committee, index, key, proof);
        r.keys[m.key].retiredAt = uint40(block.timestamp);
        r.members[index].key = key;
        _roll(r);
        emit KeyRotated(committee, index, key, m.key);
    }

    /// @inheritdoc ICommittees
    function consent(bytes32 committee, uint256 index, address book) external {
        (Record storage r,) = _own(committee, index);
        r.consents[book] |= uint32(1 << index);
        emit Consented(committee, index, book);
    }

    /// @inheritdoc ICommittees
    function drawFees(bytes32 committee, uint32 set) external {
        Record storage r = _record(committee);
        uint256 count = LibBit.popCount(set);
        Core core = r.core;
        uint256 earned = _earned(r, core, set);
        uint256 each = count == 0 ? 0 : earned / count;
        if (each == 0) revert NothingToDraw(committee, set);
        r.fees[set] = earned - each * count;
        if (core.feeSet() == set) r.core = core.withFees(set, 0);
        for (uint256 left = set; left != 0; left &= left - 1) {
            _credit(r.accounts[LibBit.ffs(left)], each);
        }
        emit FeesDrawn(committee, set, each);
    }

    /// @inheritdoc ICommittees
    function committeeId(Committee calldata terms) public view returns (bytes32) {
        string memory unsayable = CommitteeId.unsayable(terms);
        if (bytes(unsayable).length != 0) revert BadCommittee(unsayable);
        return CommitteeId.make(keccak256(abi.encode(block.chainid, address(this), terms)), terms);
    }

    /// @dev An evaluator on its way out that no open subject binds any more.
    function _released(bytes32 committee, uint256 index)
        private
        view
        returns (Record storage r, Member memory m)
    {
        r = _record(committee);
        if (index >= r.size) revert NotAMember(index);
        m = r.members[index];
        if (!_outgoing(m)) revert WrongStanding(committee, index, m.standing);
        uint256 liable = _liable(r, m.epoch);
        if (liable != 0) revert StillLiable(committee, index, m.epoch, liable);
    }

    function _own(bytes32 committee, uint256 index) private view returns (Record storage r, Member memory m) {
        r = _record(committee);
        if (index >= r.size || r.accounts[index] != msg.sender) {
            revert NotTheEvaluator(committee, index, msg.sender);
        }
        m = r.members[index];
    }

    /// @dev A key is proven by its own signature, so nobody can occupy another's.
    function _takeKey(Record storage r, bytes32 committee, uint256 index, address key, bytes calldata proof)
        private
    {
        if (key == address(0) || r.keys[key].known) revert KeyTaken(committee, key);
        r.keys[key] = KeyRecord(true, uint8(index), 0);
        Signatures.check(key, _digest(Hashes.key(committee, msg.sender, key)), proof);
    }
}
