// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {ICoverage} from "../interfaces/ICoverage.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Core, CoreWord} from "../libraries/CoreWord.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Rolls} from "../libraries/Rolls.sol";
import {Ledger} from "./Ledger.sol";

/// @dev Stake and coverage.
///
/// Every subject reserves one and the same share from each member, so a committee's coverage is one number: `reserved`,
/// what it has
/// reserved, the sum of the shares of all open subjects, is never above S. A slash takes at most the share from a member and is only
/// possible while the share is given back, so a member's stake never falls below the shares it still answers for.
/// That holds for every book alike, a hostile one included: what it can slash it had to reserve first.
///
/// An epoch ends when a member gives notice or is expelled. Reservations are told apart by the epoch they were made in,
/// so that a leaver withdraws as soon as those made in its time are closed.
abstract contract Coverage is ICoverage, Ledger {
    /// @dev One slot: a judging needs the key, a slash the stake.
    struct Member {
        address key;
        uint64 stake;
        Standing standing;
        bool expelled;
        uint8 epoch; // the last one it is liable for
    }

    struct KeyRecord {
        bool known;
        uint8 index;
        uint40 retiredAt;
    }

    /// @dev What a member owes for contradicting itself on one subject: to a book alone (no parties), or half to who
    /// showed it and half to the parties.
    struct Debt {
        address shownBy;
        uint64 owed;
        address buyer;
        address provider;
    }

    /// @dev What a book holds for one subject. A job keeps the same in its own word.
    struct Reservation {
        uint64 share;
        uint32 members;
        uint8 epoch;
        uint40 openedAt;
    }

    struct Record {
        Core core;
        address arbiter;
        uint64 arbiterCost;
        uint8 size;
        uint64 stake; // S
        uint64 pastReserved; // of `reserved`, what was reserved in earlier epochs
        bytes32 methodology;
        bytes32 roll; // see Rolls
        Member[32] members;
        address[32] accounts;
        uint64[32] reservedIn; // by epoch, earlier ones only
        mapping(address key => KeyRecord) keys;
        mapping(uint32 set => uint256) fees;
        mapping(uint256 index => uint256) owed; // all debts of an evaluator together
        mapping(uint256 index => mapping(bytes32 subject => Debt)) debts;
        mapping(address book => uint32) consents;
        mapping(address book => mapping(bytes32 subject => Reservation)) reservations;
    }

    uint256 internal constant MAX_EVALUATORS = 32;
    uint256 internal constant MAX_CHALLENGE = 30 days;
    uint256 internal constant MAX_RULING = 60 days;
    uint256 private constant FEE_UNIT = 1e6 * 1 days;

    mapping(bytes32 committee => Record) internal _committees;

    /// @dev The lowest fee for `value` at stake until `judgeBy`, rounded up.
    function _lowestFee(bytes32 committee, uint256 value, uint256 judgeBy) internal view returns (uint256) {
        // Below 2^65 * 2^16 * 2^24: the caller has checked that judgeBy lies ahead, by MAX_LENGTH at most.
        unchecked {
            uint256 rate = CommitteeId.feeRate(committee);
            return CommitteeId.feeFlat(committee)
                + Payouts.ceilDiv(value * rate * (judgeBy - block.timestamp), FEE_UNIT);
        }
    }

    /// @dev Reserves one share from every member and writes the core.
    function _reserve(Record storage r, Core core, bytes32 committee, uint32 members, uint256 value)
        internal
        returns (uint256 share)
    {
        uint256 count = LibBit.popCount(members);
        uint256 threshold = CommitteeId.threshold(committee);
        if (count < threshold) revert TooFewMembers(committee, count, threshold);
        share = Payouts.share(value, core.silence(), threshold);
        if (share > core.free()) {
            revert CoverageExhausted(committee, r.stake - core.free(), share, r.stake);
        }
        r.core = core.reserve(share);
    }

    /// @dev Gives one share back; the caller writes the core.
    function _release(Record storage r, Core core, uint256 epoch, uint256 share) internal returns (Core) {
        if (epoch != core.epoch()) {
            r.reservedIn[epoch] -= uint64(share);
            r.pastReserved -= uint64(share);
        }
        return core.release(share);
    }

    /// @dev Takes `each` from every evaluator of a set; who is below full stake then gets no new subjects. The caller
    /// writes the core.
    function _slash(
        Record storage r,
        Core core,
        bytes32 committee,
        bytes32 subject,
        uint32 slashed,
        uint256 each
    ) internal returns (Core, uint256 total) {
        if (each == 0 || slashed == 0) return (core, 0);
        for (uint256 left = slashed; left != 0; left &= left - 1) {
            r.members[LibBit.ffs(left)].stake -= uint64(each);
            total += each;
        }
        emit Slashed(committee, subject, slashed, each);
        return (core.without(slashed), total);
    }

    /// @dev Adds to what a set has earned; the caller writes the core.
    function _earn(Record storage r, Core core, uint32 set, uint256 amount) internal returns (Core) {
        if (amount == 0) return core;
        uint256 fees = core.fees();
        unchecked {
            // USDC that is here, far below 2^128.
            uint256 sum = fees + amount;
            if (core.feeSet() == set && sum <= CoreWord.MAX_FEES) return core.withFees(set, sum);
        }
        if (fees != 0) r.fees[core.feeSet()] += fees;
        if (amount <= CoreWord.MAX_FEES) return core.withFees(set, amount);
        r.fees[set] += amount;
        return core.withFees(set, 0);
    }

    /// @dev What a set has earned and not drawn.
    function _earned(Record storage r, Core core, uint32 set) internal view returns (uint256) {
        return r.fees[set] + (core.feeSet() == set ? core.fees() : 0);
    }

    /// @dev Writes the roll anew, after a key was added or changed, or an evaluator expelled.
    function _roll(Record storage r) internal {
        uint256 keys = Rolls.make();
        uint256 n = r.size;
        for (uint256 i; i < n; ++i) {
            Member storage m = r.members[i];
            Rolls.set(keys, i, m.expelled ? address(0) : m.key);
        }
        r.roll = Rolls.hash(keys, n);
    }

    /// @dev Expels, and takes one share from what the stake holds above its part of every reservation. What is missing
    /// is owed. Once for each subject: who is expelled already still answers for every other contradiction.
    function _expel(
        Record storage r,
        bytes32 committee,
        uint256 index,
        bytes32 subject,
        uint256 share,
        Debt memory debt
    ) internal returns (uint256 taken) {
        Member storage m = r.members[index];
        if (m.standing == Standing.Withdrawn) revert WrongStanding(committee, index, m.standing);
        if (r.debts[index][subject].shownBy != address(0)) revert AlreadyShown(committee, index, subject);
        if (!m.expelled && m.standing == Standing.Joined) m.epoch = _endEpoch(r, index);
        m.expelled = true;
        _roll(r);
        debt.owed = uint64(share);
        r.debts[index][subject] = debt;
        r.owed[index] += share;
        uint256 stake = m.stake;
        uint256 reserved = r.stake - r.core.free();
        uint256 above = stake > reserved ? stake - reserved : 0;
        emit Expelled(committee, index, subject, share);
        taken = _payDebt(r, committee, index, subject, above);
        m.stake = uint64(stake - taken);
    }

    function _record(bytes32 committee) internal view returns (Record storage r) {
        r = _committees[committee];
        if (!r.core.exists()) revert UnknownCommittee(committee);
    }

    /// @dev Without the check that it exists, where a job vouches for it.
    function _known(bytes32 committee) internal view returns (Record storage) {
        return _committees[committee];
    }

    /// @dev Pays as much of one debt as `available` allows.
    function _payDebt(Record storage r, bytes32 committee, uint256 index, bytes32 subject, uint256 available)
        internal
        returns (uint256 paid)
    {
        Debt memory debt = r.debts[index][subject];
        paid = debt.owed < available ? debt.owed : available;
        if (paid == 0) return 0;
        r.debts[index][subject].owed = uint64(debt.owed - paid);
        r.owed[index] -= paid;
        if (debt.buyer == address(0)) {
            _credit(debt.shownBy, paid);
        } else {
            uint256 parties = paid - paid / 2;
            _credit(debt.shownBy, paid / 2);
            _credit(debt.buyer, parties - parties / 2);
            _credit(debt.provider, parties / 2);
        }
        emit DebtPaid(committee, index, subject, paid, debt.owed - paid);
    }

    /// @dev Closes the current epoch, in which evaluator `index` served for the last time.
    function _endEpoch(Record storage r, uint256 index) internal returns (uint8 epoch) {
        Core core = r.core;
        epoch = uint8(core.epoch());
        uint64 reserved = uint64(r.stake - core.free());
        r.reservedIn[epoch] = reserved - r.pastReserved;
        r.pastReserved = reserved;
        r.core = core.nextEpoch().without(uint32(1 << index));
    }

    /// @dev Whether evaluator `index` is on its way out, and so may take its stake once nothing is liable.
    function _outgoing(Member memory m) internal pure returns (bool) {
        return m.standing == Standing.Leaving || (m.expelled && m.standing == Standing.Joined);
    }

    /// @dev Each member's part of what was reserved up to `epoch` and is still open.
    function _liable(Record storage r, uint256 epoch) internal view returns (uint256 sum) {
        for (uint256 e; e <= epoch; ++e) {
            sum += r.reservedIn[e];
        }
    }
}
