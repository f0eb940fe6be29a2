// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Basis, Outcome} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {ITabEvents} from "../tabs/interfaces/ITabEvents.sol";
import {ITabs} from "../tabs/interfaces/ITabs.sol";
import {TabTerms} from "../tabs/interfaces/TabTypes.sol";
import {TabHashes} from "../tabs/libraries/TabHashes.sol";
import {TabPayouts} from "../tabs/libraries/TabPayouts.sol";
import {ITabLens} from "./ITabLens.sol";

/// @title A lens on tabs
/// @notice Walks the way a tab takes by itself, with the library that splits its money, `TabPayouts`.
contract TabLens is ITabLens {
    uint256 private constant MOST_STEPS = 5;

    ITabs private immutable TABS;
    IEscrow private immutable ESCROW;
    uint256 private immutable LAPSE_CHALLENGE;

    /// @dev A tab on its way.
    struct Walk {
        bytes32 tab;
        ITabEvents.TabView v;
        bool covered; // the fee for readiness is not handed out yet
        uint256 time;
        Step[] steps;
        uint256 count;
    }

    /// @param tabs_ The contract of tabs to look at.
    constructor(ITabs tabs_) {
        TABS = tabs_;
        ESCROW = IEscrow(tabs_.earnest());
        (, LAPSE_CHALLENGE,,,,) = ESCROW.constants();
    }

    /// @inheritdoc ITabLens
    function standing(TabTerms calldata terms, bytes32 openingHash)
        external
        view
        returns (Standing memory s)
    {
        s.tab = TABS.tabId(terms, openingHash);
        s.stored = TABS.tabState(s.tab);
        Walk memory w = Walk(s.tab, TABS.tabState(s.tab), true, block.timestamp, new Step[](MOST_STEPS), 0);
        ITabEvents.Phase phase = w.v.phase;
        // In Owing the basis says that coverage and the fee for readiness are gone.
        if (phase == ITabEvents.Phase.Owing && w.v.basis == Basis.Silence) w.covered = false;
        while (phase != ITabEvents.Phase.None && phase != ITabEvents.Phase.Closed) {
            _step(w, terms, phase);
            phase = w.v.phase;
        }
        Step[] memory steps = w.steps;
        uint256 count = w.count;
        assembly ("memory-safe") {
            mstore(steps, count)
        }
        s.steps = steps;
        for (uint256 i; i < count; ++i) {
            s.closesFrom = steps[i].from;
            s.buyer += steps[i].buyer;
            s.provider += steps[i].provider;
            s.evaluators += steps[i].signers + steps[i].members;
            s.slashed += steps[i].slashEach * LibBit.popCount(steps[i].slashed);
        }
    }

    /// @inheritdoc ITabLens
    function tabs() external view returns (address) {
        return address(TABS);
    }

    function _step(Walk memory w, TabTerms calldata t, ITabEvents.Phase phase) private view {
        Step memory x = w.steps[w.count++];
        if (phase == ITabEvents.Phase.Open) {
            _at(w, x, Act.Close, w.v.end);
            _close(w, t, x);
        } else if (phase == ITabEvents.Phase.Presented) {
            _lapse(w, t, x);
        } else if (phase == ITabEvents.Phase.Owing) {
            _payDebt(w, t, x);
        } else {
            _settle(w, t, x);
        }
        x.next = w.v.phase;
    }

    /// @dev Each step is taken when it can be, and not before those that came earlier.
    function _at(Walk memory w, Step memory x, Act act, uint256 from) private pure {
        if (from > w.time) w.time = from;
        (x.act, x.from) = (act, w.time);
    }

    function _lapse(Walk memory w, TabTerms calldata t, Step memory x) private view {
        ITabEvents.TabView memory v = w.v;
        _at(w, x, Act.Lapse, uint256(v.deadline) + t.verdict);
        uint32 posted = v.unpaid == 0 ? v.set : 0;
        _paySigners(w, t, x, 0);
        (v.set, v.outcome, v.basis, v.payable_) = (v.members & ~posted, Outcome.Lapse, Basis.Silence, 0);
        v.deadline = uint40(w.time + (t.challenge > LAPSE_CHALLENGE ? t.challenge : LAPSE_CHALLENGE));
        v.phase = ITabEvents.Phase.Judged;
    }

    function _settle(Walk memory w, TabTerms calldata t, Step memory x) private view {
        ITabEvents.TabView memory v = w.v;
        _at(w, x, Act.Settle, v.phase == ITabEvents.Phase.Ruled ? 0 : v.deadline);
        (Outcome outcome, uint256 owed, TabPayouts.Split memory split) = _final(w, t);
        x.outcome = outcome;
        (x.buyer, x.provider) = (split.buyer, split.provider);
        if (split.slashEach != 0) {
            (x.slashEach, x.slashed) = (split.slashEach, v.set);
            uint256 taken = split.slashEach * LibBit.popCount(v.set);
            if (split.slashedToProvider) x.provider += taken;
            else x.buyer += taken;
        }
        ++v.period;
        w.covered = !split.withFee;
        if (w.covered) {
            ++v.unpaid;
            if (split.evaluators > t.verdictFee) _paySigners(w, t, x, split.evaluators - t.verdictFee);
        }
        v.outcome = outcome;
        v.last = v.last || split.withFee || outcome == Outcome.Fail;
        v.payable_ = uint64(owed);
        v.deadline = uint40(w.time + t.grace);
        _drawBalance(w, t, x);
    }

    /// @dev What the balance allows now; after the grace period the collateral.
    function _payDebt(Walk memory w, TabTerms calldata t, Step memory x) private pure {
        ITabEvents.TabView memory v = w.v;
        _at(w, x, Act.Settle, v.balance == 0 ? v.deadline : 0);
        if (v.balance == 0 || (v.balance < v.payable_ && w.time >= v.deadline)) {
            uint64 left = v.payable_ - v.balance;
            x.provider += v.payable_;
            (v.payable_, v.balance) = (0, t.credit - left);
            (v.defaulted, v.closing, v.end) = (true, true, uint40(w.time));
            _ended(w, t, x);
        } else {
            _drawBalance(w, t, x);
        }
    }

    function _drawBalance(Walk memory w, TabTerms calldata t, Step memory x) private pure {
        ITabEvents.TabView memory v = w.v;
        uint64 paid = v.payable_ < v.balance ? v.payable_ : v.balance;
        x.provider += paid;
        (v.balance, v.payable_) = (v.balance - paid, v.payable_ - paid);
        if (v.payable_ != 0) v.phase = ITabEvents.Phase.Owing;
        else _ended(w, t, x);
    }

    /// @dev No period is pending any more.
    function _ended(Walk memory w, TabTerms calldata t, Step memory x) private pure {
        if (w.v.last) {
            _close(w, t, x);
            return;
        }
        uint40 latest = uint40(w.time + t.notice);
        if (w.v.end < latest) w.v.end = latest;
        (w.v.phase, w.v.outcome) = (ITabEvents.Phase.Open, Outcome.None);
    }

    function _close(Walk memory w, TabTerms calldata t, Step memory x) private pure {
        ITabEvents.TabView memory v = w.v;
        x.buyer += uint256(v.balance) + (v.defaulted ? 0 : t.credit) + uint256(t.periods - v.period)
        * t.verdictFee;
        if (v.outcome == Outcome.Fail) x.buyer += t.bond;
        else x.provider += t.bond;
        if (w.covered) x.members = t.fee;
        _paySigners(w, t, x, 0);
        v.phase = ITabEvents.Phase.Closed;
    }

    function _paySigners(Walk memory w, TabTerms calldata t, Step memory x, uint256 more) private pure {
        uint256 amount = uint256(w.v.unpaid) * t.verdictFee + more;
        w.v.unpaid = 0;
        if (amount != 0) (x.signers, x.set) = (x.signers + amount, w.v.set);
    }

    function _final(Walk memory w, TabTerms calldata t)
        private
        view
        returns (Outcome outcome, uint256 owed, TabPayouts.Split memory split)
    {
        ITabEvents.TabView memory v = w.v;
        TabPayouts.Case memory c = _case(v, t);
        (outcome, owed) = (v.outcome, v.payable_);
        if (v.phase == ITabEvents.Phase.Judged) return (outcome, owed, TabPayouts.stands(c));
        ITabEvents.Appeal memory a = TABS.appealOf(TabHashes.subject(w.tab, uint256(v.period) + 1));
        (c.deposit, c.arbiterCost, c.buyerDisputes) = (a.deposit, a.cost, a.buyerDisputes);
        if (v.phase == ITabEvents.Phase.Disputed) return (outcome, owed, TabPayouts.stands(c));
        if (!TabPayouts.differs(c, a.ruled, a.payable_)) return (a.ruled, owed, TabPayouts.upheld(c));
        return (a.ruled, a.payable_, TabPayouts.overturned(c, a.ruled, a.payable_));
    }

    function _case(ITabEvents.TabView memory v, TabTerms calldata t)
        private
        view
        returns (TabPayouts.Case memory c)
    {
        (c.bond, c.verdictFee, c.fee) = (t.bond, t.verdictFee, t.fee);
        (c.provisional, c.payable_) = (v.outcome, v.payable_);
        c.threshold = CommitteeId.threshold(t.committee);
        if (v.basis == Basis.Silence) {
            c.bySilence = true;
            c.silence = ESCROW.committeeState(t.committee).silence;
            c.members = LibBit.popCount(v.members);
        }
    }
}
