// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabRules} from "./TabRules.sol";

/// Steps on one tab: each is tried, the model follows where it succeeds, and what must not succeed is noted.
abstract contract TabMoves is TabRules {
    uint256 internal constant MOST = 4;
    mapping(uint256 => ITabEvents.TabView) private last;
    mapping(uint256 => bytes) internal oldPresent;
    mapping(uint256 => uint256) private regular; // end of the window, as it is before a replacement

    /// What was presented and settled before.
    function _presentAgain(uint256 i) internal {
        ITabEvents.TabView memory v = stateOf(all[i]);
        bool settled = v.period != 0 && v.phase == ITabEvents.Phase.Open && v.settledCount >= pending[i].count;
        if (settled && _act(provider, oldPresent[i])) forged = "a settled period was presented";
    }

    /// Only the provider itself may do without one, under both signatures, and not with the last tally.
    function _window(uint256 i, bool needed) internal {
        ITabEvents.TabView memory v = stateOf(all[i]);
        regular[i] = block.timestamp + all[i].terms.window;
        if (v.deadline != (needed || v.last ? regular[i] : block.timestamp)) broken = "another window";
    }

    function _replace(uint256 i, uint256 seed) internal {
        TabAgreement memory a = all[i];
        Tally memory t = pending[i];
        uint64 count = uint64(bound(seed, t.count < 1000 ? 0 : t.count - 1000, t.count + 3000));
        uint64 amount = uint64(bound(seed >> 32, t.amount < 1e6 ? 0 : t.amount - 1e6, t.amount + 9e6));
        Tally memory more = tally(count, amount);
        bool byProvider = seed >> 248 & 3 == 0;
        uint256 before = stateOf(a).deadline;
        if (!_act(byProvider ? provider : relayer, replaceCall(a, more))) return;
        pending[i] = more;
        uint256 least = byProvider ? 0 : block.timestamp + MIN_CHALLENGE;
        if (stateOf(a).deadline != (before < least ? least : before)) broken = "another window";
        if (block.timestamp >= (byProvider ? before : regular[i])) broken = "replaced late";
        if (more.count <= t.count || more.amount < t.amount) broken = "replaced by a lower one";
        if (more.amount > ghosts[i].signed) ghosts[i].signed = more.amount;
    }

    function _judge(uint256 i, uint256 seed) internal {
        TabAgreement memory a = all[i];
        // Mostly the same three, mostly content: tabs live for several periods.
        uint32 set = seed >> 40 & 1 == 0 ? 7 : expelled < N ? 14 : 28;
        Outcome outcome =
            [Outcome.Pass, Outcome.Pass, Outcome.Pass, Outcome.Fail, Outcome.Lapse][(seed >> 48) % 5];
        uint256 claim = pending[i].amount - stateOf(a).settledAmount;
        uint64 pay = uint64(bound(seed >> 56, 0, claim + claim / 8));
        if (seed & 0x100 == 0) pay = uint64(claim);
        if (seed & 0x1c00 == 0) pay = uint64(claim + 1);
        if (outcome == Outcome.Lapse) pay = 0;
        TabVerdict memory v = verdictOf(a, pending[i], outcome, pay, set);
        ITabEvents.TabView memory before = stateOf(a);
        if (_act(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), pending[i], v)))) {
            if (block.timestamp < before.deadline) broken = "judged within the window";
            if (block.timestamp >= before.deadline + a.terms.verdict) broken = "judged late";
            modelSigned(i, set);
        }
    }

    function _dispute(uint256 i, uint256 seed) internal {
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        bool byBuyer = seed & 0x100 == 0;
        uint256 claim = v.amount > v.settledAmount ? v.amount - v.settledAmount : 0;
        Outcome sought = byBuyer ? Outcome.Fail : Outcome.Pass;
        uint64 pay = uint64(byBuyer ? bound(seed >> 16, 0, v.payable_) : claim);
        address party = byBuyer ? buyer : provider;
        if (_act(party, disputeCall(a, party, sought, pay))) {
            if (block.timestamp >= v.deadline) broken = "disputed late";
            uint256 fifth = (claim + a.terms.bond + 4) / 5;
            Ghost storage g = ghosts[i];
            g.deposit = fifth > ARBITER_COST ? fifth : ARBITER_COST;
            g.buyerDisputes = byBuyer;
            g.held += g.deposit;
        }
    }

    function _rule(uint256 i, uint256 seed) internal {
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        uint256 claim = v.amount > v.settledAmount ? v.amount - v.settledAmount : 0;
        Outcome outcome = Outcome(1 + (seed >> 8) % 3);
        uint256 pay = outcome == Outcome.Lapse ? 0 : bound(seed >> 16, 0, claim);
        if (seed & 3 == 0) (outcome, pay) = (v.outcome, v.payable_);
        // Without a bond only the word changes, and with it who was right.
        if (a.terms.bond == 0 && v.outcome == Outcome.Fail && seed & 4 == 0) {
            (outcome, pay) = (Outcome.Pass, v.payable_);
        }
        bytes memory ruling = abi.encodeCall(tabs.rule, (subjectOf(a), outcome, pay));
        if (_act(relayer, ruling)) forged = "a stranger ruled";
        bytes32 old = keccak256(abi.encode(idOf(a), uint256(v.period)));
        if (_act(arbiter, abi.encodeCall(tabs.rule, (old, outcome, pay)))) {
            forged = "ruled on another period";
        }
        if (_act(arbiter, ruling)) {
            Ghost storage g = ghosts[i];
            (g.ruled, g.ruledPayable) = (outcome, pay);
            g.held -= ARBITER_COST;
            due[arbiter] += ARBITER_COST;
        }
    }

    function _settle(uint256 i) internal {
        ITabEvents.TabView memory v = stateOf(all[i]);
        uint256 settled = ghosts[i].periods;
        uint256[] memory stakes = _stakes();
        if (!_settles(i)) return;
        _lost(i, v, stakes);
        bool waits = v.phase == ITabEvents.Phase.Judged || v.phase == ITabEvents.Phase.Disputed;
        if (waits && block.timestamp < v.deadline) broken = "settled early";
        modelSettle(i, v);
        ITabEvents.TabView memory w = stateOf(all[i]);
        if (w.phase == ITabEvents.Phase.Closed || ghosts[i].periods == settled) return;
        if (w.settledCount <= v.settledCount || w.settledAmount < v.amount || w.period != v.period + 1) {
            twice = "a period was settled and could be presented again";
        }
    }

    /// Every other time within a batch, which hands over at its end.
    function _settles(uint256 i) private returns (bool) {
        if (block.timestamp % 2 == 0) return _act(relayer, settleCall(all[i]));
        bytes[] memory calls = new bytes[](1);
        calls[0] = settleCall(all[i]);
        vm.prank(relayer);
        return tabs.batch(calls)[0].ok;
    }

    function _stakes() private view returns (uint256[] memory stakes) {
        stakes = new uint256[](N);
        for (uint256 e; e < N; ++e) {
            stakes[e] = stakeOf(e);
        }
    }

    function _lost(uint256 i, ITabEvents.TabView memory v, uint256[] memory stakes) private {
        uint256 most = v.amount < v.settledAmount ? 0 : v.amount - v.settledAmount + all[i].terms.bond;
        if (v.basis == Basis.Silence && most < SILENCE) most = SILENCE;
        for (uint256 e; e < N; ++e) {
            if (stakes[e] - stakeOf(e) > (most + K - 1) / K) overdone = "more than its part";
        }
    }

    function _close(uint256 i) internal {
        ITabEvents.TabView memory v = stateOf(all[i]);
        if (!_act(relayer, closeCall(all[i]))) return;
        if (block.timestamp < v.end) broken = "closed before its end";
        modelClose(i, v);
    }

    function _agree(uint256 i, uint256 seed) internal {
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        uint256 held = uint256(v.balance) + _collateral(i, v) + a.terms.bond;
        uint256 toProvider = bound(seed >> 8, 0, held + held / 10);
        bytes memory call = splitCall(a, toProvider, block.timestamp + 1, uint8(v.phase));
        if (_act(relayer, call)) modelAgree(i, v, toProvider);
    }

    // ---- what they need

    /// Mostly what can be presented, sometimes beyond every bound.
    function _some(uint256 i, uint256 seed) internal view returns (Tally memory) {
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        uint256 covered = uint256(v.balance) + a.terms.credit;
        uint256 amount = v.settledAmount + bound(seed >> 64, 0, covered + covered / 8);
        if (seed >> 250 & 3 == 0) amount = v.settledAmount + covered;
        uint256 count = v.settledCount + (seed >> 254 == 0 ? (seed >> 128) % 3 * 1000 : 40_000);
        return tally(uint64(count), uint64(amount));
    }

    function _pick(uint256 seed) internal view returns (bool any, uint256 i) {
        any = all.length != 0;
        // The newest ones: older ones are mostly closed.
        if (any) i = all.length - 1 - (seed >> 3) % (all.length < MOST ? all.length : MOST);
    }

    function _act(address caller, bytes memory call) internal returns (bool ok) {
        vm.prank(caller);
        (ok,) = address(tabs).call(call);
    }

    /// Holds every tab against the graph.
    function _look() internal {
        for (uint256 i; i < all.length; ++i) {
            ITabEvents.Phase was = last[i].phase;
            ITabEvents.TabView memory v = stateOf(all[i]);
            // Noted, not asserted: an assertion in an act would only undo the act.
            if (was != v.phase && !_mayFollow(was, v.phase)) broken = "no such step";
            last[i] = v;
        }
    }

    function _mayFollow(ITabEvents.Phase a, ITabEvents.Phase b) private pure returns (bool) {
        if (a == ITabEvents.Phase.None) return b == ITabEvents.Phase.Open;
        if (a == ITabEvents.Phase.Closed) return false;
        if (a == ITabEvents.Phase.Open) {
            return b == ITabEvents.Phase.Presented || b == ITabEvents.Phase.Closed;
        }
        if (a == ITabEvents.Phase.Presented) {
            return b == ITabEvents.Phase.Judged || b == ITabEvents.Phase.Closed;
        }
        bool over = b == ITabEvents.Phase.Open || b == ITabEvents.Phase.Owing || b == ITabEvents.Phase.Closed;
        if (a == ITabEvents.Phase.Judged) return over || b == ITabEvents.Phase.Disputed;
        if (a == ITabEvents.Phase.Disputed) return over || b == ITabEvents.Phase.Ruled;
        return over;
    }
}
