// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {ICoverage} from "../interfaces/ICoverage.sol";
import {Attested, Outcome, Statement} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Ledger} from "./Ledger.sol";

/// @dev Stake and coverage.
///
/// Every subject reserves one and the same share from each member, so a committee's coverage is one number: `reserved`,
/// the sum of the shares of all open subjects, never above S. A slash takes at most the share from a member and is only
/// possible while the share is given back, so a member's stake never falls below the shares it still answers for.
/// That holds for every book alike, a hostile one included: what it can slash it had to reserve first.
///
/// An epoch ends when a member gives notice or is expelled. Reservations are told apart by the epoch they were made in,
/// so that a leaver withdraws as soon as those made in its time are closed.
abstract contract Coverage is ICoverage, Ledger {
    /// @dev One slot: all that opening and closing change. The fees of the set that earned last ride along, so that a
    /// committee whose evaluators do their work pays for no second slot; `Record.fees` holds the rest.
    struct Core {
        uint48 reserved;
        uint48 stake;
        uint40 silence;
        uint32 active;
        uint8 threshold;
        uint8 epoch;
        uint32 feeSet;
        uint40 fees;
    }

    /// @dev One slot: what opening checks.
    struct Limits {
        uint64 maxValue;
        uint64 feeFlat;
        uint32 feeRate;
        uint32 minVerdict;
        uint32 minRuling;
        uint32 maxChallenge;
    }

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
        Limits limits;
        address arbiter;
        uint64 arbiterCost;
        uint8 size;
        uint64 pastReserved; // of `reserved`, what was reserved in earlier epochs
        bytes32 methodology;
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
    function _lowestFee(Limits memory limits, uint256 value, uint256 judgeBy)
        internal
        view
        returns (uint256)
    {
        return limits.feeFlat
            + Payouts.ceilDiv(value * limits.feeRate * (judgeBy - block.timestamp), FEE_UNIT);
    }

    /// @dev Reserves one share from every member and writes the core.
    function _reserve(Record storage r, Core memory core, bytes32 committee, uint32 members, uint256 value)
        internal
        returns (uint256 share)
    {
        uint256 count = LibBit.popCount(members);
        if (count < core.threshold) revert TooFewMembers(committee, count, core.threshold);
        share = Payouts.share(value, core.silence, core.threshold);
        if (share > core.stake - core.reserved) {
            revert CoverageExhausted(committee, core.reserved, share, core.stake);
        }
        unchecked {
            core.reserved += uint48(share);
        }
        r.core = core;
    }

    /// @dev Gives one share back in memory; the caller writes the core.
    function _release(Record storage r, Core memory core, uint256 epoch, uint256 share) internal {
        core.reserved -= uint48(share);
        if (epoch != core.epoch) {
            r.reservedIn[epoch] -= uint64(share);
            r.pastReserved -= uint64(share);
        }
    }

    /// @dev Takes `each` from every evaluator of a set; who is below full stake then gets no new subjects.
    function _slash(
        Record storage r,
        Core memory core,
        bytes32 committee,
        bytes32 subject,
        uint32 slashed,
        uint256 each
    ) internal returns (uint256 total) {
        if (each == 0 || slashed == 0) return 0;
        for (uint256 left = slashed; left != 0; left &= left - 1) {
            r.members[LibBit.ffs(left)].stake -= uint64(each);
            total += each;
        }
        core.active &= ~slashed;
        emit Slashed(committee, subject, slashed, each);
    }

    /// @dev Adds to what a set has earned; the caller writes the core.
    function _earn(Record storage r, Core memory core, uint32 set, uint256 amount) internal {
        if (amount == 0) return;
        if (core.feeSet != set || core.fees + amount > type(uint40).max) {
            if (core.fees != 0) r.fees[core.feeSet] += core.fees;
            (core.feeSet, core.fees) = (set, 0);
        }
        if (amount > type(uint40).max) r.fees[set] += amount;
        else core.fees += uint40(amount);
    }

    /// @dev What a set has earned and not drawn.
    function _earned(Record storage r, Core memory core, uint32 set) internal view returns (uint256) {
        return r.fees[set] + (core.feeSet == set ? core.fees : 0);
    }

    /// @dev Reverts unless every entry is by the current key of the evaluator whose bit it stands for.
    function _checkAttestations(
        Record storage r,
        uint32 members,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) internal view {
        if (outcome == Outcome.None) revert BadOutcome();
        if (LibBit.popCount(signers) != attested.length) {
            revert SignerCount(LibBit.popCount(signers), attested.length);
        }
        uint32 strangers = signers & ~members;
        if (strangers != 0) revert NotAMember(LibBit.ffs(strangers));
        uint256 left = signers;
        for (uint256 i; left != 0; ++i) {
            uint256 index = LibBit.ffs(left);
            left &= left - 1;
            Attested calldata a = attested[i];
            bytes32 digest =
                Hashes.attestation(DOMAIN_SEPARATOR, subject, deliverable, outcome, payable_, a.evidence);
            Member storage m = r.members[index];
            address recovered = Signatures.recover(digest, a.r, a.vs);
            // One that has not joined has the zero key, which is also what no signature recovers to.
            if (recovered != m.key || recovered == address(0)) revert NotTheKey(index, recovered, m.key);
            if (m.expelled) revert IsExpelled(index);
        }
    }

    /// @dev Which member contradicted itself on `subject`, or reverts. An old key binds it only where the subject was
    /// opened before the key was retired.
    function _contradiction(
        Record storage r,
        uint32 members,
        bytes32 subject,
        uint256 openedAt,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) internal view returns (uint256 index) {
        if (a.outcome == b.outcome && a.payable_ == b.payable_) revert NoContradiction();
        index = _signerOf(r, subject, openedAt, deliverable, a);
        if (_signerOf(r, subject, openedAt, deliverable, b) != index) revert NoContradiction();
        if (members & (1 << index) == 0) revert NotAMember(index);
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
        debt.owed = uint64(share);
        r.debts[index][subject] = debt;
        r.owed[index] += share;
        uint256 stake = m.stake;
        uint256 reserved = r.core.reserved;
        uint256 above = stake > reserved ? stake - reserved : 0;
        emit Expelled(committee, index, subject, share);
        taken = _payDebt(r, committee, index, subject, above);
        m.stake = uint64(stake - taken);
    }

    function _record(bytes32 committee) internal view returns (Record storage r) {
        r = _committees[committee];
        if (r.core.threshold == 0) revert UnknownCommittee(committee);
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
        Core memory core = r.core;
        epoch = core.epoch;
        r.reservedIn[epoch] = core.reserved - r.pastReserved;
        r.pastReserved = core.reserved;
        core.epoch = epoch + 1;
        core.active &= ~uint32(1 << index);
        r.core = core;
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

    function _signerOf(
        Record storage r,
        bytes32 subject,
        uint256 openedAt,
        bytes32 deliverable,
        Statement calldata s
    ) private view returns (uint256) {
        if (s.outcome == Outcome.None) revert BadOutcome();
        bytes32 digest =
            Hashes.attestation(DOMAIN_SEPARATOR, subject, deliverable, s.outcome, s.payable_, s.evidence);
        address key = Signatures.recover(digest, s.r, s.vs);
        KeyRecord memory k = r.keys[key];
        if (!k.known || (k.retiredAt != 0 && openedAt >= k.retiredAt)) revert KeyDoesNotBind(key);
        return k.index;
    }
}
