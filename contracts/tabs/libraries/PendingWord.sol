// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../interfaces/Types.sol";
import {ITabEvents} from "../interfaces/ITabEvents.sol";
import {Standing} from "./StandingWord.sol";

/// @dev The second of the two words that are stored of a tab: what changes within a period.
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
type Pending is uint256;

using PendingWord for Pending global;

/// @dev Every field fits, see StandingWord; times are below 2^32.
library PendingWord {
    uint256 private constant PHASE = 7;
    uint256 private constant ODD = 1 << 3;
    uint256 private constant LAST = 1 << 4;
    uint256 private constant FROM = uint256(type(uint32).max) << 5;
    uint256 private constant DEADLINE = uint256(type(uint32).max) << 37;
    uint256 private constant SET = uint256(type(uint32).max) << 69;
    uint256 private constant TALLY = uint256(type(uint96).max) << 101; // amount and count
    uint256 private constant PAYABLE = uint256(type(uint56).max) << 197;
    uint256 private constant OUTCOME = 3 << 253;
    uint256 private constant SILENT = 1 << 255;

    uint256 private constant OPEN = uint256(ITabEvents.Phase.Open);
    uint256 private constant PRESENTED = uint256(ITabEvents.Phase.Presented);
    uint256 private constant JUDGED = uint256(ITabEvents.Phase.Judged);
    uint256 private constant OWING = uint256(ITabEvents.Phase.Owing);

    /// @dev What is stored, as it counts now.
    function current(Pending p, Standing s) internal pure returns (Pending) {
        uint256 w = Pending.unwrap(p);
        uint256 odd = (s.period() << 3) & ODD;
        if (w & ODD == odd) return p;
        return Pending.wrap((w & (s.unpaid() == 0 ? FROM : FROM | SET)) | odd | OPEN);
    }

    /// @dev Nothing is presented before `from_`. `set_` is zero unless fees are kept for it.
    function open(Standing s, uint256 from_, uint256 set_) internal pure returns (Pending) {
        return Pending.wrap(OPEN | ((s.period() << 3) & ODD) | (from_ << 5) | (set_ << 69));
    }

    function phase(Pending p) internal pure returns (uint256) {
        return Pending.unwrap(p) & PHASE;
    }

    function last(Pending p) internal pure returns (bool) {
        return Pending.unwrap(p) & LAST != 0;
    }

    function from(Pending p) internal pure returns (uint256) {
        return uint32(Pending.unwrap(p) >> 5);
    }

    function deadline(Pending p) internal pure returns (uint256) {
        return uint32(Pending.unwrap(p) >> 37);
    }

    function set(Pending p) internal pure returns (uint32) {
        return uint32(Pending.unwrap(p) >> 69);
    }

    function amount(Pending p) internal pure returns (uint256) {
        return uint56(Pending.unwrap(p) >> 101);
    }

    function count(Pending p) internal pure returns (uint256) {
        return uint40(Pending.unwrap(p) >> 157);
    }

    /// @dev Zero after Presented.
    function mark(Pending p) internal pure returns (uint256) {
        return phase(p) == PRESENTED ? Pending.unwrap(p) >> 197 : 0;
    }

    /// @dev Zero in Presented, and so are the next two.
    function payable_(Pending p) internal pure returns (uint256) {
        return phase(p) == PRESENTED ? 0 : uint56(Pending.unwrap(p) >> 197);
    }

    function outcome(Pending p) internal pure returns (Outcome) {
        return phase(p) == PRESENTED ? Outcome.None : Outcome((Pending.unwrap(p) >> 253) & 3);
    }

    function silent(Pending p) internal pure returns (bool) {
        return phase(p) != PRESENTED && Pending.unwrap(p) & SILENT != 0;
    }

    /// @dev A tally is presented: it follows, by `tallied`.
    function presented(Pending p, bool last_, uint256 from_, uint256 deadline_)
        internal
        pure
        returns (Pending)
    {
        return Pending.wrap(
            (Pending.unwrap(p) & (ODD | SET)) | PRESENTED | (last_ ? LAST : 0) | (from_ << 5)
                | (deadline_ << 37)
        );
    }

    /// @dev In Presented.
    function tallied(Pending p, uint256 amount_, uint256 count_, bytes32 deliverable)
        internal
        pure
        returns (Pending)
    {
        return Pending.wrap(
            (Pending.unwrap(p) & ((1 << 101) - 1)) | (amount_ << 101) | (count_ << 157)
                | (markOf(deliverable) << 197)
        );
    }

    /// @dev What is provisional, until `deadline_`.
    function judged(Pending p, uint256 set_, Outcome outcome_, uint256 sum, bool silent_, uint256 deadline_)
        internal
        pure
        returns (Pending)
    {
        return Pending.wrap(
            (Pending.unwrap(p) & (ODD | LAST | FROM | TALLY)) | JUDGED | (deadline_ << 37) | (set_ << 69)
                | (sum << 197) | (uint256(outcome_) << 253) | (silent_ ? SILENT : 0)
        );
    }

    /// @dev What is final, with what is still owed of it. The phase is what it was.
    function decided(Pending p, Outcome outcome_, bool silent_, bool last_, uint256 owed)
        internal
        pure
        returns (Pending)
    {
        return Pending.wrap(
            (Pending.unwrap(p) & ~(LAST | PAYABLE | OUTCOME | SILENT)) | (last_ ? LAST : 0) | (owed << 197)
                | (uint256(outcome_) << 253) | (silent_ ? SILENT : 0)
        );
    }

    /// @dev After `decided`; `s` has counted the period already.
    function owing(Pending p, Standing s, uint256 deadline_) internal pure returns (Pending) {
        return Pending.wrap(
            (Pending.unwrap(p) & ~(PHASE | ODD | DEADLINE)) | OWING | ((s.period() << 3) & ODD)
                | (deadline_ << 37)
        );
    }

    /// @dev After Presented.
    function at(Pending p, ITabEvents.Phase phase_, uint256 deadline_) internal pure returns (Pending) {
        return Pending.wrap((Pending.unwrap(p) & ~(PHASE | DEADLINE)) | uint256(phase_) | (deadline_ << 37));
    }

    function withDeadline(Pending p, uint256 deadline_) internal pure returns (Pending) {
        return Pending.wrap((Pending.unwrap(p) & ~DEADLINE) | (deadline_ << 37));
    }

    function withSet(Pending p, uint256 set_) internal pure returns (Pending) {
        return Pending.wrap((Pending.unwrap(p) & ~SET) | (set_ << 69));
    }

    /// @dev In Owing.
    function withOwed(Pending p, uint256 owed) internal pure returns (Pending) {
        return Pending.wrap((Pending.unwrap(p) & ~PAYABLE) | (owed << 197));
    }

    function markOf(bytes32 deliverable) internal pure returns (uint256) {
        return uint256(deliverable) >> 197;
    }
}
