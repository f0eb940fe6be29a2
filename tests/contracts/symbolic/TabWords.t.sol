// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {Pending, PendingWord} from "../../../contracts/tabs/libraries/PendingWord.sol";
import {Standing, StandingWord} from "../../../contracts/tabs/libraries/StandingWord.sol";
import {and} from "./Bools.sol";

// What a solver proves of the two words that are stored of a tab: whatever stands in them, a change changes what it says,
// and every other field stays as it was.

contract StandingSymbolic is Test {
    using {and} for bool;

    struct Fields {
        uint32 members;
        uint56 balance;
        uint56 settledAmount;
        uint40 settledCount;
        uint16 period;
        uint32 end;
        bool closing;
        bool defaulted;
        uint16 unpaid;
    }

    function check_opened(uint32 members, uint56 balance, uint32 end) public pure {
        Fields memory f;
        (f.members, f.balance, f.end) = (members, balance, end);
        assert(_holds(StandingWord.opened(members, balance, end), f));
    }

    function check_withBalance(Fields memory f, uint56 balance) public pure {
        Standing s = _word(f).withBalance(balance);
        f.balance = balance;
        assert(_holds(s, f));
    }

    function check_settled(Fields memory f, uint56 amount, uint40 count) public pure {
        vm.assume(f.period < type(uint16).max);
        Standing s = _word(f).settled(amount, count);
        (f.settledAmount, f.settledCount, f.period) = (amount, count, f.period + 1);
        assert(_holds(s, f));
    }

    function check_nextPeriod(Fields memory f) public pure {
        vm.assume(f.period < type(uint16).max);
        Standing s = _word(f).nextPeriod();
        ++f.period;
        assert(_holds(s, f));
    }

    function check_withEnd(Fields memory f, uint32 end) public pure {
        Standing s = _word(f).withEnd(end);
        f.end = end;
        assert(_holds(s, f));
    }

    function check_leaving(Fields memory f) public pure {
        Standing s = _word(f).leaving();
        f.closing = true;
        assert(_holds(s, f));
    }

    function check_inDefault(Fields memory f) public pure {
        Standing s = _word(f).inDefault();
        (f.closing, f.defaulted) = (true, true);
        assert(_holds(s, f));
    }

    function check_keepingFee(Fields memory f) public pure {
        vm.assume(f.unpaid < type(uint16).max);
        Standing s = _word(f).keepingFee();
        ++f.unpaid;
        assert(_holds(s, f));
    }

    function check_withoutUnpaid(Fields memory f) public pure {
        Standing s = _word(f).withoutUnpaid();
        f.unpaid = 0;
        assert(_holds(s, f));
    }

    /// Broken copies change a bit here.
    function spoil(Standing s) internal pure virtual returns (Standing) {
        return s;
    }

    /// Put together here anew, by the places that StandingWord states.
    function _word(Fields memory f) private pure returns (Standing) {
        return Standing.wrap(
            uint256(f.members) | (uint256(f.balance) << 32) | (uint256(f.settledAmount) << 88)
                | (uint256(f.settledCount) << 144) | (uint256(f.period) << 184) | (uint256(f.end) << 200)
                | (_bit(f.closing) << 232) | (_bit(f.defaulted) << 233) | (uint256(f.unpaid) << 234)
        );
    }

    function _bit(bool b) private pure returns (uint256 bit) {
        assembly {
            bit := b
        }
    }

    function _holds(Standing s, Fields memory f) private pure returns (bool) {
        s = spoil(s);
        bool amounts = (s.members() == f.members).and(s.balance() == f.balance)
            .and(s.settledAmount() == f.settledAmount).and(s.settledCount() == f.settledCount);
        return amounts.and(s.period() == f.period).and(s.end() == f.end).and(s.closing() == f.closing)
            .and(s.defaulted() == f.defaulted).and(s.unpaid() == f.unpaid);
    }
}

contract StandingBroken is StandingSymbolic {
    function spoil(Standing s) internal pure override returns (Standing) {
        return Standing.wrap(Standing.unwrap(s) ^ (1 << 41));
    }
}

contract PendingSymbolic is Test {
    using {and} for bool;

    struct Fields {
        uint8 phase;
        bool odd;
        bool last;
        uint32 from;
        uint32 deadline;
        uint32 set;
        uint56 amount;
        uint40 count;
        uint56 payable_;
        uint8 outcome;
        bool silent;
    }

    uint8 private constant OPEN = uint8(ITabEvents.Phase.Open);
    uint8 private constant PRESENTED = uint8(ITabEvents.Phase.Presented);
    uint8 private constant JUDGED = uint8(ITabEvents.Phase.Judged);
    uint8 private constant OWING = uint8(ITabEvents.Phase.Owing);

    function check_current_keepsWhatCounts(Fields memory f, uint16 period, uint16 unpaid) public pure {
        _later(f);
        vm.assume((period & 1 == 1) == f.odd);
        assert(_holds(_word(f).current(_standing(period, unpaid)), f));
    }

    function check_current_dropsWhatIsOver(Fields memory f, uint16 period, uint16 unpaid) public pure {
        _later(f);
        vm.assume((period & 1 == 1) != f.odd);
        Pending p = _word(f).current(_standing(period, unpaid));
        Fields memory kept;
        (kept.phase, kept.odd, kept.from) = (OPEN, !f.odd, f.from);
        if (unpaid != 0) kept.set = f.set;
        assert(_holds(p, kept));
    }

    function check_open(uint16 period, uint16 unpaid, uint32 from, uint32 set) public pure {
        Fields memory f;
        (f.phase, f.odd, f.from, f.set) = (OPEN, period & 1 == 1, from, set);
        assert(_holds(PendingWord.open(_standing(period, unpaid), from, set), f));
    }

    /// What is presented keeps the set and the period; the mark stands where later the verdict does, and is none.
    function check_presented(
        Fields memory f,
        bool last,
        uint32 from,
        uint32 deadline,
        uint56 amount,
        uint40 count,
        bytes32 deliverable
    ) public pure {
        _later(f);
        Pending p = _word(f).presented(last, from, deadline).tallied(amount, count, deliverable);
        (f.phase, f.last, f.from, f.deadline) = (PRESENTED, last, from, deadline);
        (f.amount, f.count, f.payable_, f.outcome, f.silent) = (amount, count, 0, 0, false);
        assert(_holds(p, f).and(p.mark() == uint256(deliverable) >> 197));
    }

    /// And a higher tally replaces it.
    function check_tallied(Fields memory f, uint56 amount, uint40 count, bytes32 one, bytes32 other)
        public
        pure
    {
        f.phase = PRESENTED;
        (f.payable_, f.outcome, f.silent) = (0, 0, false);
        Pending p = _word(f).tallied(f.amount, f.count, one).tallied(amount, count, other);
        (f.amount, f.count) = (amount, count);
        assert(_holds(p, f).and(p.mark() == uint256(other) >> 197));
    }

    function check_judged(
        Fields memory f,
        bytes32 deliverable,
        uint32 set,
        uint8 outcome,
        uint56 payable_,
        bool silent,
        uint32 deadline
    ) public pure {
        vm.assume(outcome <= 3);
        f.phase = PRESENTED;
        (f.payable_, f.outcome, f.silent) = (0, 0, false);
        Pending p = _word(f).tallied(f.amount, f.count, deliverable);
        p = p.judged(set, Outcome(outcome), payable_, silent, deadline);
        (f.phase, f.set, f.outcome, f.payable_) = (JUDGED, set, outcome, payable_);
        (f.silent, f.deadline) = (silent, deadline);
        assert(_holds(p, f).and(p.mark() == 0));
    }

    function check_decided(Fields memory f, uint8 outcome, bool silent, bool last, uint56 owed) public pure {
        _later(f);
        vm.assume(outcome <= 3);
        Pending p = _word(f).decided(Outcome(outcome), silent, last, owed);
        (f.outcome, f.silent, f.last, f.payable_) = (outcome, silent, last, owed);
        assert(_holds(p, f));
    }

    function check_owing(Fields memory f, uint16 period, uint16 unpaid, uint32 deadline) public pure {
        _later(f);
        Pending p = _word(f).owing(_standing(period, unpaid), deadline);
        (f.phase, f.odd, f.deadline) = (OWING, period & 1 == 1, deadline);
        assert(_holds(p, f));
    }

    function check_at(Fields memory f, uint8 phase, uint32 deadline) public pure {
        _later(f);
        vm.assume((phase > PRESENTED).and(phase <= 7));
        Pending p = _word(f).at(ITabEvents.Phase(phase), deadline);
        (f.phase, f.deadline) = (phase, deadline);
        assert(_holds(p, f));
    }

    function check_withDeadline(Fields memory f, uint32 deadline) public pure {
        _later(f);
        Pending p = _word(f).withDeadline(deadline);
        f.deadline = deadline;
        assert(_holds(p, f));
    }

    function check_withSet(Fields memory f, uint32 set) public pure {
        _later(f);
        Pending p = _word(f).withSet(set);
        f.set = set;
        assert(_holds(p, f));
    }

    function check_withOwed(Fields memory f, uint56 owed) public pure {
        _later(f);
        Pending p = _word(f).withOwed(owed);
        f.payable_ = owed;
        assert(_holds(p, f));
    }

    /// Broken copies change a bit here.
    function spoil(Pending p) internal pure virtual returns (Pending) {
        return p;
    }

    /// Any phase but Presented, in which the upper bits are the mark's.
    function _later(Fields memory f) private pure {
        vm.assume((f.phase <= 7).and(f.phase != PRESENTED).and(f.outcome <= 3));
    }

    function _standing(uint16 period, uint16 unpaid) private pure returns (Standing) {
        return Standing.wrap((uint256(period) << 184) | (uint256(unpaid) << 234));
    }

    /// Put together here anew, by the places that PendingWord states.
    function _word(Fields memory f) private pure returns (Pending) {
        uint256 low = uint256(f.phase) | (_bit(f.odd) << 3) | (_bit(f.last) << 4) | (uint256(f.from) << 5)
            | (uint256(f.deadline) << 37) | (uint256(f.set) << 69);
        return Pending.wrap(
            low | (uint256(f.amount) << 101) | (uint256(f.count) << 157) | (uint256(f.payable_) << 197)
                | (uint256(f.outcome) << 253) | (_bit(f.silent) << 255)
        );
    }

    function _bit(bool b) private pure returns (uint256 bit) {
        assembly {
            bit := b
        }
    }

    function _holds(Pending p, Fields memory f) private pure returns (bool) {
        p = spoil(p);
        bool odd = Pending.unwrap(p) & 8 != 0;
        bool low = (p.phase() == f.phase).and(odd == f.odd).and(p.last() == f.last).and(p.from() == f.from)
            .and(p.deadline() == f.deadline).and(p.set() == f.set);
        return low.and(p.amount() == f.amount).and(p.count() == f.count).and(p.payable_() == f.payable_)
            .and(uint8(p.outcome()) == f.outcome).and(p.silent() == f.silent);
    }
}

contract PendingBroken is PendingSymbolic {
    function spoil(Pending p) internal pure override returns (Pending) {
        return Pending.wrap(Pending.unwrap(p) ^ (1 << 41));
    }
}
