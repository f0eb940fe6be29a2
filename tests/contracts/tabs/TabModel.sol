// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// The money rules of tabs, written out a second time: what every account must have after each act, to the unit.
abstract contract TabModel is TabFixture {
    /// What the ghost keeps of one tab.
    struct Ghost {
        uint256 held; // what of the book's collateral is this tab's
        uint256 covered; // share reserved from each member; zero once given back
        uint256 deposit; // D of the pending dispute
        bool buyerDisputes;
        Outcome ruled;
        uint256 ruledPayable;
        uint256 signed; // highest amount the buyer signed and somebody presented
        uint256 paid; // to the provider for interactions
        uint256 periods; // settled
        bool failed; // a Fail is settled: the bond is the buyer's
        uint256 kept; // of `held`: fees of verdicts that `keptFor` earned
        uint32 keptFor;
        bool unready; // the fee for readiness is handed out already
        bool stale; // coverage was given back after 300 days: nobody is slashed
    }

    TabAgreement[] internal all;
    Tally[] internal pending; // of each tab
    mapping(uint256 => Ghost) internal ghosts;
    mapping(address => uint256) internal due; // free collateral, as the rules give it
    uint256 internal feesDue;
    mapping(uint256 => uint256) internal stakeDue; // by evaluator

    function bornWith(uint256 i) internal {
        TabAgreement memory a = all[i];
        Ghost storage g = ghosts[i];
        uint256 value = uint256(a.terms.deposit) + a.terms.credit + a.terms.bond;
        g.held = paidIn(a) + a.terms.credit + a.terms.bond;
        g.covered = ((value > SILENCE ? value : SILENCE) + K - 1) / K;
        due[buyer] -= a.terms.credit;
        due[provider] -= a.terms.bond;
    }

    /// What settling a tab in state `v` must do.
    function modelSettle(uint256 i, ITabEvents.TabView memory v) internal {
        if (v.phase == ITabEvents.Phase.Owing) _modelDebt(i, v);
        else _modelPeriod(i, v);
    }

    function modelClose(uint256 i, ITabEvents.TabView memory v) internal {
        _end(i, v.balance, _collateral(i, v), v.period);
    }

    /// Another set is about to sign, or the tab is over: the signers before are paid.
    function modelHandOver(uint256 i) internal {
        Ghost storage g = ghosts[i];
        feesDue += g.kept;
        g.held -= g.kept;
        (g.kept, g.keptFor) = (0, 0);
    }

    function modelSigned(uint256 i, uint32 set) internal {
        if (ghosts[i].keptFor != set) modelHandOver(i);
    }

    /// The escrow takes what the stake holds above its reservations, up to one share.
    function modelEquivocated(uint256 i, uint256 evaluator) internal {
        uint256 above = stakeDue[evaluator] - reserved();
        uint256 taken = ghosts[i].covered < above ? ghosts[i].covered : above;
        stakeDue[evaluator] -= taken;
        uint256 parties = taken - taken / 2;
        due[buyer] += parties - parties / 2;
        due[provider] += parties / 2;
    }

    function modelAgree(uint256 i, ITabEvents.TabView memory v, uint256 toProvider) internal {
        TabAgreement memory a = all[i];
        Ghost storage g = ghosts[i];
        modelHandOver(i);
        bool judged_ = v.phase == ITabEvents.Phase.Judged || v.phase == ITabEvents.Phase.Disputed;
        uint256 fees = g.unready ? 0 : a.terms.fee;
        if (v.phase == ITabEvents.Phase.Presented || judged_) fees += a.terms.verdictFee;
        if (judged_ && v.basis == Basis.Silence) {
            fees = 0;
            _slash(i, v, provider, SILENCE, true);
        }
        feesDue += fees;
        g.held -= fees;
        if (v.phase == ITabEvents.Phase.Disputed) {
            due[arbiter] += ARBITER_COST;
            if (!g.buyerDisputes) due[provider] += g.deposit - ARBITER_COST;
            g.held -= g.buyerDisputes ? ARBITER_COST : g.deposit;
        }
        due[provider] += toProvider;
        due[buyer] += g.held - toProvider;
        (g.held, g.covered) = (0, 0);
    }

    /// What of the buyer's collateral is not in the balance.
    function _collateral(uint256 i, ITabEvents.TabView memory v) internal view returns (uint256) {
        return v.defaulted ? 0 : all[i].terms.credit;
    }

    /// What is final of a period.
    struct Final {
        Outcome outcome;
        uint256 pay;
        bool silence;
        bool ruled;
        bool overturned;
    }

    function _modelPeriod(uint256 i, ITabEvents.TabView memory v) private {
        Ghost storage g = ghosts[i];
        Final memory f;
        f.silence = v.basis == Basis.Silence;
        f.ruled = v.phase == ITabEvents.Phase.Ruled;
        f.outcome = f.ruled ? g.ruled : v.outcome;
        f.pay = f.ruled ? g.ruledPayable : v.payable_;
        f.overturned = f.pay != v.payable_ || _oneFails(f, v);
        uint256 fees = all[i].terms.verdictFee;
        if (f.overturned || f.silence) fees += all[i].terms.fee;
        uint256 rest = f.ruled ? g.deposit - ARBITER_COST : g.deposit;
        if (f.overturned || f.silence) {
            g.held -= fees;
        } else {
            g.kept += fees;
            g.keptFor = v.set;
        }
        g.held -= rest;
        if (f.overturned) _overturned(i, v, f, fees, rest);
        else _stands(i, v, f, fees, rest);
        if (f.overturned || f.silence) (g.covered, g.unready) = (0, true);
        (g.deposit, g.buyerDisputes) = (0, false);
        ++g.periods;
        g.failed = f.outcome == Outcome.Fail;
        uint256 paid = f.pay < v.balance ? f.pay : v.balance;
        _pays(i, paid);
        if (paid < f.pay) return;
        if (f.overturned || f.silence || g.failed || v.last) {
            _end(i, v.balance - paid, _collateral(i, v), v.period + 1);
        }
    }

    function _overturned(uint256 i, ITabEvents.TabView memory v, Final memory f, uint256 fees, uint256 rest)
        private
    {
        uint256 bond = all[i].terms.bond;
        uint256 before = v.payable_ + (v.outcome == Outcome.Fail ? 0 : bond);
        uint256 after_ = f.pay + (f.outcome == Outcome.Fail ? 0 : bond);
        address favoured = after_ > before ? provider : buyer;
        if (after_ == before) favoured = v.outcome == Outcome.Fail ? provider : buyer;
        due[favoured] += rest;
        due[f.silence ? buyer : favoured] += fees;
        uint256 moved = f.pay > v.payable_ ? f.pay - v.payable_ : v.payable_ - f.pay;
        if (_oneFails(f, v)) moved += bond;
        if (f.silence && moved < SILENCE) moved = SILENCE;
        _slash(i, v, favoured, moved, f.silence);
    }

    function _stands(uint256 i, ITabEvents.TabView memory v, Final memory f, uint256 fees, uint256 rest)
        private
    {
        bool byBuyer = ghosts[i].buyerDisputes;
        if (f.silence) {
            due[buyer] += fees;
            _slash(i, v, provider, SILENCE, true);
        }
        if (!f.ruled) {
            due[byBuyer ? buyer : provider] += rest;
            return;
        }
        uint256 half = f.silence ? 0 : rest / 2;
        feesDue += half;
        if (half != 0) modelHandOver(i);
        due[byBuyer ? provider : buyer] += rest - half;
    }

    function _oneFails(Final memory f, ITabEvents.TabView memory v) private pure returns (bool) {
        return (f.outcome == Outcome.Fail) != (v.outcome == Outcome.Fail);
    }

    function _modelDebt(uint256 i, ITabEvents.TabView memory v) private {
        TabAgreement memory a = all[i];
        uint256 paid = v.payable_ < v.balance ? v.payable_ : v.balance;
        _pays(i, paid);
        uint256 left = v.payable_ - paid;
        if (left == 0) {
            if (v.last) _end(i, v.balance - paid, a.terms.credit, v.period);
        } else if (block.timestamp >= v.deadline) {
            _pays(i, left);
            // What is not drawn stays for one more tally.
            if (v.last) _end(i, 0, a.terms.credit - left, v.period);
        }
    }

    function _pays(uint256 i, uint256 amount) private {
        due[provider] += amount;
        ghosts[i].paid += amount;
        ghosts[i].held -= amount;
    }

    function _slash(uint256 i, ITabEvents.TabView memory v, address to, uint256 amount, bool silence)
        private
    {
        if (ghosts[i].stale) return;
        uint256 parts = K;
        if (silence) parts = _count(v.members);
        uint256 each = (amount + parts - 1) / parts;
        for (uint256 e; e < N; ++e) {
            if (v.set & (1 << e) == 0) continue;
            stakeDue[e] -= each;
            due[to] += each;
        }
    }

    function _end(uint256 i, uint256 balance, uint256 collateral, uint256 periods) private {
        TabAgreement memory a = all[i];
        Ghost storage g = ghosts[i];
        modelHandOver(i);
        due[buyer] += balance + collateral + (a.terms.periods - periods) * a.terms.verdictFee;
        due[g.failed ? buyer : provider] += a.terms.bond;
        if (!g.unready) feesDue += a.terms.fee;
        (g.held, g.covered) = (0, 0);
    }

    function _count(uint32 set) private pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            ++n;
        }
    }
}
