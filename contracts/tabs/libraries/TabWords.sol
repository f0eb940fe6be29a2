// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The two words that are stored of a tab
/// @dev What holds from period to period:
///
///   bits 0-31     members      who may sign, and bear silence
///   bits 32-87    balance      of what the buyer paid in
///   bits 88-143   settledAmount
///   bits 144-183  settledCount
///   bits 184-199  period       how many were settled
///   bits 200-231  end          no tally is presented from then on
///   bit  232      closing      a party gave notice, or the buyer defaulted
///   bit  233      defaulted    the rest of the collateral is in the balance
///   bits 234-249  unpaid       how many periods' verdict fees are kept for `set`
///
/// And what changes within one:
///
///   bits 0-2      phase
///   bit  3        odd          whether `period` was odd when this was written. Where it is not what it was, that period is
///                              over and nothing is pending: the phase is Open, and of the rest only `from` counts, and
///                              `set` while `unpaid` is not zero. So settling need not write this word
///   bit  4        last         the pending period is the last one; in Owing: the tab closes once paid
///   bits 5-36     from         next presentation
///   bits 37-68    deadline     of the phase
///   bits 69-100   set          while `unpaid` is not zero who signed those periods, in every phase; else in Presented who
///                              posted attestations, later who signed, or by silence who did not
///   bits 101-156  amount       presented
///   bits 157-196  count        presented
///   Presented:
///   bits 197-255  mark         upper 59 bits of the deliverable. Count and amount stand here in full, so that it tells only
///                              roots apart; and what is judged is signed with the whole deliverable by k evaluators
///   later:
///   bits 197-252  payable      provisional; in Owing: still owed
///   bits 253-254  outcome      provisional; in Owing: final
///   bit  255      silent       by silence; in Owing: coverage and fee for readiness are gone already
library TabWords {
    struct Standing {
        uint256 members;
        uint256 balance;
        uint256 settledAmount;
        uint256 settledCount;
        uint256 period;
        uint256 end;
        bool closing;
        bool defaulted;
        uint256 unpaid;
    }

    struct Pending {
        uint256 phase;
        bool last;
        uint256 from;
        uint256 deadline;
        uint256 set;
        uint256 mark;
        uint256 amount;
        uint256 payable_;
        uint256 count;
        uint256 outcome;
        bool silent;
    }

    uint256 internal constant MAX_AMOUNT = type(uint56).max;
    uint256 internal constant MAX_COUNT = type(uint40).max;
    uint256 private constant _OPEN = 1; // ITabs.Phase
    uint256 private constant _PRESENTED = 2;

    function unpack(uint256 w, Standing memory s) internal pure {
        s.members = uint32(w);
        s.balance = uint56(w >> 32);
        s.settledAmount = uint56(w >> 88);
        s.settledCount = uint40(w >> 144);
        s.period = uint16(w >> 184);
        s.end = uint32(w >> 200);
        s.closing = w & (1 << 232) != 0;
        s.defaulted = w & (1 << 233) != 0;
        s.unpaid = w >> 234;
    }

    /// @dev Every field fits: see what `open`, `present` and `topUp` refuse.
    function pack(Standing memory s) internal pure returns (uint256 w) {
        w = s.members | (s.balance << 32) | (s.settledAmount << 88) | (s.settledCount << 144)
            | (s.period << 184) | (s.end << 200) | (s.unpaid << 234);
        if (s.closing) w |= 1 << 232;
        if (s.defaulted) w |= 1 << 233;
    }

    /// @param p All zero still.
    function unpack(uint256 w, Pending memory p, Standing memory s) internal pure {
        p.from = uint32(w >> 5);
        if (((w >> 3) ^ s.period) & 1 != 0) {
            p.phase = _OPEN;
            if (s.unpaid != 0) p.set = uint32(w >> 69);
            return;
        }
        p.phase = w & 7;
        p.last = w & 16 != 0;
        p.deadline = uint32(w >> 37);
        p.set = uint32(w >> 69);
        p.amount = uint56(w >> 101);
        p.count = uint40(w >> 157);
        if (p.phase == _PRESENTED) {
            p.mark = w >> 197;
        } else {
            p.payable_ = uint56(w >> 197);
            p.outcome = (w >> 253) & 3;
            p.silent = w >> 255 != 0;
        }
    }

    /// @dev As above.
    function pack(Pending memory p, uint256 period) internal pure returns (uint256 w) {
        w = p.phase | ((period & 1) << 3) | (p.from << 5) | (p.deadline << 37) | (p.set << 69)
            | (p.amount << 101) | (p.count << 157);
        if (p.last) w |= 16;
        if (p.phase == _PRESENTED) return w | (p.mark << 197);
        w |= (p.payable_ << 197) | (p.outcome << 253);
        if (p.silent) w |= 1 << 255;
    }

    function markOf(bytes32 deliverable) internal pure returns (uint256) {
        return uint256(deliverable) >> 197;
    }
}
