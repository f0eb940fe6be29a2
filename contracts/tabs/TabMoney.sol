// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Contradictions} from "../evaluators/base/Contradictions.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Outcome} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {ITabs, TabTerms} from "./ITabs.sol";
import {TabFields} from "./libraries/TabFields.sol";
import {TabHashes} from "./libraries/TabHashes.sol";
import {TabPayouts} from "./libraries/TabPayouts.sol";
import {TabWords} from "./libraries/TabWords.sol";

/// @dev What is stored of tabs, and who gets what when a period or a tab ends.
abstract contract TabMoney is ITabs, Contradictions {
    using TabWords for uint256;
    using TabWords for TabWords.Standing;
    using TabWords for TabWords.Pending;

    struct Entry {
        uint256 standing;
        uint256 pending;
    }

    /// @dev What a ruling needs to know without the terms, and what it was.
    struct Appeal {
        address arbiter;
        uint64 cost;
        bool buyerDisputes;
        Outcome ruled;
        address buyer;
        uint64 deposit;
        address provider;
        uint64 payable_;
    }

    struct Defaults {
        uint64 times;
        uint64 amount;
    }

    /// @dev A tab that is being acted on.
    struct Tab {
        bytes32 id;
        TabWords.Standing s;
        TabWords.Pending p;
    }

    /// @dev What is handed to the parties at the end of a transaction, together.
    struct Flow {
        uint256 toBuyer;
        uint256 toProvider;
        bool payOut;
    }

    mapping(bytes32 tab => Entry) internal _tabs;
    mapping(bytes32 tab => Appeal) internal _appeals;
    mapping(address buyer => Defaults) internal _defaults;

    /// @inheritdoc ITabs
    function settle(TabTerms calldata t, bytes32 openingHash, bool payOut) external {
        Tab memory tab = _load(t, openingHash);
        Flow memory flow;
        flow.payOut = payOut;
        if (_phase(tab) == Phase.Owing) _settleDebt(t, tab, flow);
        else _settlePeriod(t, tab, flow);
        _handOver(t, flow);
    }

    /// @dev Ends a period: everything up to its tally is settled, whatever was withheld of it.
    function _settlePeriod(TabTerms calldata t, Tab memory tab, Flow memory flow) private {
        TabWords.Pending memory p = tab.p;
        Phase phase = _phase(tab);
        Outcome outcome = Outcome(p.outcome);
        TabPayouts.Case memory c;
        TabPayouts.Split memory x;
        c.payable_ = p.payable_;
        if (phase == Phase.Judged && !p.silent) {
            _requireFrom(p.deadline);
            x.evaluators = TabFields.verdictFee(t);
        } else {
            (outcome, x) = _afterAll(t, tab, phase, c);
        }
        TabWords.Standing memory s = tab.s;
        (s.settledAmount, s.settledCount) = (p.amount, p.count);
        ++s.period;
        uint256 paid = _draw(s, c.payable_);
        flow.toProvider = paid + x.provider;
        flow.toBuyer = x.buyer;
        if (x.slashEach != 0 || x.withFee) _slash(t, tab, x, flow);
        emit PeriodSettled(
            tab.id,
            uint64(s.period),
            outcome,
            uint64(c.payable_),
            uint64(paid),
            flow.toBuyer,
            flow.toProvider - paid,
            x.evaluators,
            x.evaluators == 0 ? 0 : uint32(p.set)
        );
        if (x.evaluators != 0) ESCROW.payFees(TabFields.committee(t), uint32(p.set), x.evaluators);

        bool bySilence = p.silent;
        (p.outcome, p.silent) = (uint256(outcome), x.withFee);
        p.last = p.last || x.withFee || outcome == Outcome.Fail;
        p.payable_ = c.payable_ - paid;
        if (p.payable_ != 0) {
            (p.phase, p.deadline) = (uint256(Phase.Owing), block.timestamp + TabFields.grace(t));
            _save(tab);
        } else if (p.last) {
            _end(t, tab, flow, _endingOf(p, bySilence && c.threshold == 0), TabFields.credit(t));
        } else {
            _reopen(t, tab);
        }
    }

    /// @dev What follows from a ruling, from an arbiter's silence, or from the committee's. Writes what is payable into `c`,
    /// and leaves a threshold in it only where a verdict, or a silence, was overturned.
    function _afterAll(TabTerms calldata t, Tab memory tab, Phase phase, TabPayouts.Case memory c)
        private
        view
        returns (Outcome outcome, TabPayouts.Split memory x)
    {
        TabWords.Pending memory p = tab.p;
        outcome = Outcome(p.outcome);
        c.bond = TabFields.bond(t);
        c.verdictFee = TabFields.verdictFee(t);
        c.fee = TabFields.fee(t);
        c.provisional = outcome;
        if (p.silent) {
            c.bySilence = true;
            c.silence = ESCROW.committeeState(TabFields.committee(t)).silence;
            c.members = LibBit.popCount(tab.s.members);
        }
        if (phase == Phase.Judged) {
            _requireFrom(p.deadline);
            return (outcome, TabPayouts.stands(c));
        }
        Appeal memory a = _appeals[tab.id];
        c.deposit = a.deposit;
        c.arbiterCost = a.cost;
        c.buyerDisputes = a.buyerDisputes;
        if (phase == Phase.Disputed) {
            _requireFrom(p.deadline);
            return (outcome, TabPayouts.stands(c));
        }
        if (phase != Phase.Ruled) revert WrongPhase(tab.id, phase);
        outcome = a.ruled;
        if (!TabPayouts.differs(c, outcome, a.payable_)) return (outcome, TabPayouts.upheld(c));
        c.threshold = CommitteeId.threshold(TabFields.committee(t));
        x = TabPayouts.overturned(c, outcome, a.payable_);
        c.payable_ = a.payable_;
    }

    /// @dev Gives the coverage back and hands on what was slashed.
    function _slash(TabTerms calldata t, Tab memory tab, TabPayouts.Split memory x, Flow memory flow)
        private
    {
        uint32 set = x.slashEach == 0 ? 0 : uint32(tab.p.set);
        uint256 taken = _release(TabFields.committee(t), tab.id, set, x.slashEach);
        if (x.slashedToProvider) flow.toProvider += taken;
        else flow.toBuyer += taken;
    }

    /// @dev In Owing: the balance first, and after the grace period the collateral, which holds all that can be owed.
    function _settleDebt(TabTerms calldata t, Tab memory tab, Flow memory flow) private {
        TabWords.Pending memory p = tab.p;
        uint256 paid = _draw(tab.s, p.payable_);
        uint256 left = p.payable_ - paid;
        flow.toProvider = paid;
        if (paid != 0) emit DebtPaid(tab.id, paid, left);
        p.payable_ = left;
        if (left == 0) {
            if (p.last) _end(t, tab, flow, _endingOf(p, false), TabFields.credit(t));
            else _reopen(t, tab);
            return;
        }
        if (block.timestamp >= p.deadline) {
            emit Defaulted(tab.id, TabFields.buyer(t), left);
            Defaults storage d = _defaults[TabFields.buyer(t)];
            (d.times, d.amount) = (d.times + 1, d.amount + uint64(left));
            flow.toProvider += left;
            _end(t, tab, flow, Ending.Defaulted, TabFields.credit(t) - left);
            return;
        }
        if (paid == 0) revert TooEarly(p.deadline, block.timestamp);
        _save(tab);
    }

    /// @dev Closes a tab: what is left of balance and collateral to the buyer, the bond to whom it belongs.
    function _end(TabTerms calldata t, Tab memory tab, Flow memory flow, Ending how, uint256 collateral)
        internal
    {
        uint256 toBuyer = tab.s.balance + collateral;
        if (tab.p.outcome == uint256(Outcome.Fail)) {
            _close(t, tab, flow, how, toBuyer + TabFields.bond(t), 0, 0);
        } else {
            _close(t, tab, flow, how, toBuyer, TabFields.bond(t), 0);
        }
    }

    /// @dev Hands back what the caller has split, with the fees of verdicts that are not needed any more.
    /// @param toMembers On top of the fee for readiness.
    function _close(
        TabTerms calldata t,
        Tab memory tab,
        Flow memory flow,
        Ending how,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toMembers
    ) internal {
        toBuyer += (TabFields.periods(t) - tab.s.period) * TabFields.verdictFee(t);
        flow.toBuyer += toBuyer;
        flow.toProvider += toProvider;
        bool covered = !tab.p.silent;
        if (covered) toMembers += TabFields.fee(t);
        _tabs[tab.id] = Entry(0, uint256(Phase.Closed));
        emit TabClosed(tab.id, how, toBuyer, toProvider, toMembers);
        if (covered) _release(TabFields.committee(t), tab.id, 0, 0);
        if (toMembers != 0) ESCROW.payFees(TabFields.committee(t), uint32(tab.s.members), toMembers);
    }

    /// @dev No period is pending any more. There is time for one more tally, and for the last one too.
    function _reopen(TabTerms calldata t, Tab memory tab) private {
        uint256 latest = block.timestamp + TabFields.notice(t);
        if (tab.s.end < latest) tab.s.end = latest;
        TabWords.Pending memory p;
        (p.phase, p.from) = (uint256(Phase.Open), tab.p.from);
        tab.p = p;
        _save(tab);
    }

    function _handOver(TabTerms calldata t, Flow memory flow) internal {
        _pay(TabFields.provider(t), flow.toProvider, flow.payOut);
        _pay(TabFields.buyer(t), flow.toBuyer, flow.payOut);
    }

    /// @dev To the wallet where asked and possible, else as free collateral.
    function _pay(address to, uint256 amount, bool payOut) private {
        if (amount == 0) return;
        if (payOut) {
            try ESCROW.claim(to, amount) {
                return;
            } catch {} // USDC refuses: it stays a claim of the party's
        }
        _give(to, amount);
    }

    function _load(TabTerms calldata t, bytes32 openingHash) internal view returns (Tab memory tab) {
        return _get(_digest(TabHashes.tab(t, openingHash)));
    }

    function _get(bytes32 id) internal view returns (Tab memory tab) {
        Entry storage e = _tabs[id];
        tab.id = id;
        tab.s = e.standing.unpackStanding();
        tab.p = e.pending.unpackPending();
    }

    function _save(Tab memory tab) internal {
        Entry storage e = _tabs[tab.id];
        e.standing = tab.s.pack();
        e.pending = tab.p.pack();
    }

    function _savePending(Tab memory tab) internal {
        _tabs[tab.id].pending = tab.p.pack();
    }

    function _requirePhase(Tab memory tab, Phase phase) internal pure {
        if (_phase(tab) != phase) revert WrongPhase(tab.id, _phase(tab));
    }

    function _phase(Tab memory tab) internal pure returns (Phase) {
        return Phase(tab.p.phase);
    }

    function _committee(TabTerms calldata t) internal view returns (IViews.CommitteeView memory) {
        return ESCROW.committeeState(TabFields.committee(t));
    }

    /// @dev As much of `amount` as the balance allows.
    function _draw(TabWords.Standing memory s, uint256 amount) private pure returns (uint256 paid) {
        paid = amount < s.balance ? amount : s.balance;
        s.balance -= paid;
    }

    /// @dev `silent` in a pending period that is settled says that coverage is gone.
    function _endingOf(TabWords.Pending memory p, bool silence) private pure returns (Ending) {
        if (p.silent) return silence ? Ending.Silence : Ending.Overturned;
        return p.outcome == uint256(Outcome.Fail) ? Ending.Failed : Ending.Left;
    }
}
