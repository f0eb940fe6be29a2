// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../interfaces/Types.sol";
import {CommitteeId} from "../../libraries/CommitteeId.sol";
import {ITabPeriods} from "../interfaces/ITabPeriods.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Pending, PendingWord} from "../libraries/PendingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabPayouts} from "../libraries/TabPayouts.sol";
import {TabPooling} from "./TabPooling.sol";

/// @dev Carries out what is final of a period, and what is owed after it.
abstract contract TabSettling is TabPooling {
    /// @inheritdoc ITabPeriods
    function settle(TabTerms calldata t, bytes32 openingHash, bool payOut) external {
        Tab memory tab;
        _load(tab, t, openingHash);
        Flow memory flow;
        flow.payOut = payOut;
        if (_phase(tab) == Phase.Owing) _settleDebt(t, tab, flow);
        else _settlePeriod(t, tab, flow);
        _handOverPooled(t, flow);
    }

    /// @dev Ends a period: everything up to its tally is settled, whatever was withheld of it.
    function _settlePeriod(TabTerms calldata t, Tab memory tab, Flow memory flow) private {
        Pending p = tab.p;
        Phase phase = _phase(tab);
        Outcome outcome = p.outcome();
        TabPayouts.Split memory x;
        uint256 payable_ = p.payable_();
        bool overturned;
        if (phase == Phase.Judged && !p.silent()) {
            _requireFrom(p.deadline());
            x.evaluators = TabFields.verdictFee(t);
        } else {
            (outcome, payable_, overturned, x) = _afterAll(t, tab, phase);
        }
        uint256 paid = _draw(tab, payable_);
        tab.s = tab.s.settled(p.amount(), p.count());
        unchecked {
            flow.toProvider = paid + x.provider; // of USDC that is here
        }
        flow.toBuyer = x.buyer;
        if (x.slashEach != 0 || x.withFee) _slash(t, tab, x, flow);
        _logSettled(tab, outcome, payable_, paid, x, flow);
        // The fee of a verdict that stands is kept here for its signers, as long as they are the same.
        if (!x.withFee) {
            tab.s = tab.s.keepingFee();
            uint256 more = x.evaluators - TabFields.verdictFee(t);
            if (more != 0) _paySigners(t, tab, more);
        }

        bool last = p.last() || x.withFee || outcome == Outcome.Fail;
        uint256 owed = payable_ - paid;
        if (owed == 0 && !last) {
            // What is stored as pending is of a period that is over now, and so counts no more.
            _leaveTime(t, tab);
            _saveStanding(tab);
            return;
        }
        bool bySilence = p.silent() && !overturned;
        tab.p = p.decided(outcome, x.withFee, last, owed);
        if (owed == 0) {
            _end(t, tab, flow, _endingOf(tab, bySilence), _credit(t, tab));
        } else {
            tab.p = tab.p.owing(tab.s, block.timestamp + TabFields.grace(t));
            _save(tab);
        }
    }

    function _logSettled(
        Tab memory tab,
        Outcome outcome,
        uint256 payable_,
        uint256 paid,
        TabPayouts.Split memory x,
        Flow memory flow
    ) private {
        uint256 set = x.evaluators == 0 ? 0 : tab.p.set();
        uint256 settled =
            uint256(outcome) | (set << 8) | (tab.s.period() << 40) | (payable_ << 56) | (paid << 120);
        // Each is a sum of a few numbers below 2^64, and of what is taken from at most 32 stakes.
        uint256 onTop = flow.toBuyer | ((flow.toProvider - paid) << 80) | (x.evaluators << 160);
        emit PeriodSettled(tab.id, settled, onTop);
    }

    /// @dev What follows from a ruling, from an arbiter's silence, or from the committee's.
    function _afterAll(TabTerms calldata t, Tab memory tab, Phase phase)
        private
        view
        returns (Outcome outcome, uint256 payable_, bool overturned, TabPayouts.Split memory x)
    {
        TabPayouts.Case memory c = _case(t, tab);
        (outcome, payable_) = (c.provisional, c.payable_);
        if (phase == Phase.Ruled) {
            Appeal memory a = _appealed(tab, c);
            outcome = a.ruled;
            overturned = TabPayouts.differs(c, outcome, a.payable_);
            if (!overturned) return (outcome, payable_, overturned, TabPayouts.upheld(c));
            payable_ = a.payable_;
            c.threshold = CommitteeId.threshold(TabFields.committee(t));
            return (outcome, payable_, overturned, TabPayouts.overturned(c, outcome, payable_));
        }
        if (phase == Phase.Disputed) _appealed(tab, c);
        else if (phase != Phase.Judged) revert WrongPhase(tab.id, phase);
        _requireFrom(tab.p.deadline());
        x = TabPayouts.stands(c);
    }

    /// @dev In Owing: the balance first, and after the grace period the collateral, which holds all that can be owed.
    function _settleDebt(TabTerms calldata t, Tab memory tab, Flow memory flow) private {
        Pending p = tab.p;
        uint256 paid = _draw(tab, p.payable_());
        uint256 left = p.payable_() - paid;
        flow.toProvider = paid;
        if (paid != 0) emit DebtPaid(tab.id, paid, left);
        tab.p = p.withOwed(left);
        if (left == 0) {
            if (p.last()) _end(t, tab, flow, _endingOf(tab, false), _credit(t, tab));
            else _reopen(t, tab);
        } else if (block.timestamp >= p.deadline()) {
            _default(t, tab, flow, left);
        } else if (paid == 0) {
            revert TooEarly(p.deadline(), block.timestamp);
        } else {
            _save(tab);
        }
    }

    /// @dev The collateral is drawn and its rest joins the balance. What the provider has served under newer tallies can
    /// still be presented once; then the tab is over.
    function _default(TabTerms calldata t, Tab memory tab, Flow memory flow, uint256 left) private {
        Defaults storage d = _defaults[TabFields.buyer(t)];
        (d.times, d.amount) = (d.times + 1, d.amount + uint64(left));
        flow.toProvider += left;
        uint256 end = tab.p.last() ? 0 : block.timestamp + TabFields.notice(t);
        emit Defaulted(tab.id, TabFields.buyer(t), left, uint40(end));
        // Balance and credit held all that was owed: the balance is zero now, and this is no second time.
        tab.s = tab.s.withBalance(TabFields.credit(t) - left).withEnd(end).inDefault();
        if (tab.p.last()) _end(t, tab, flow, Ending.Defaulted, 0);
        else _reopen(t, tab);
    }

    /// @dev For one more tally, and for the last one too.
    function _leaveTime(TabTerms calldata t, Tab memory tab) private view {
        unchecked {
            uint256 latest = block.timestamp + TabFields.notice(t); // 32 bits more
            if (tab.s.end() < latest) tab.s = tab.s.withEnd(latest);
        }
    }

    /// @dev A debt is paid: no period is pending any more.
    function _reopen(TabTerms calldata t, Tab memory tab) private {
        _leaveTime(t, tab);
        tab.p = PendingWord.open(tab.s, tab.p.from(), tab.s.unpaid() == 0 ? 0 : tab.p.set());
        _save(tab);
    }

    /// @dev As much of `amount` as the balance allows.
    function _draw(Tab memory tab, uint256 amount) private pure returns (uint256 paid) {
        uint256 balance = tab.s.balance();
        paid = amount < balance ? amount : balance;
        unchecked {
            tab.s = tab.s.withBalance(balance - paid);
        }
    }
}
