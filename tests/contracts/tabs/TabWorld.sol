// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabMoves} from "./TabMoves.sol";

/// Everything that parties, evaluators, arbiter and strangers do on tabs, in any order, with forged, stale and foreign
/// signatures among it. What a step is made of is in TabMoves, what must hold after each act in TabRules.
abstract contract TabWorld is TabMoves {
    function deployTabs(IEscrow) internal virtual returns (ITabs) {
        return tabs;
    }

    function setUp() public virtual override {
        super.setUp();
        ITabs other = deployTabs(escrow);
        if (other != tabs) {
            tabs = other;
            for (uint256 i; i < N; ++i) {
                vm.prank(evaluators[i]);
                escrow.consent(committee, i, address(tabs));
            }
            address[3] memory payers = [buyer, provider, relayer];
            for (uint256 i; i < 3; ++i) {
                vm.prank(payers[i]);
                usdc.approve(address(tabs), type(uint256).max);
            }
        }
        due[buyer] = free(buyer);
        due[provider] = free(provider);
        due[arbiter] = free(arbiter);
        for (uint256 i; i < N; ++i) {
            stakeDue[i] = STAKE;
        }
    }

    /// The more often, the further tabs get.
    function tabActs() internal pure returns (bytes4[] memory list) {
        bytes4[28] memory each = [
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actGoOn.selector,
            this.actOpen.selector,
            this.actPresent.selector,
            this.actReplace.selector,
            this.actJudge.selector,
            this.actAttest.selector,
            this.actLapse.selector,
            this.actDispute.selector,
            this.actRule.selector,
            this.actSettle.selector,
            this.actTopUp.selector,
            this.actLeave.selector,
            this.actAgree.selector,
            this.actForge.selector,
            this.actAtTheEnd.selector,
            this.actPaySigners.selector,
            this.actEquivocate.selector,
            this.actStale.selector,
            this.actWait.selector
        ];
        list = new bytes4[](each.length);
        for (uint256 i; i < each.length; ++i) {
            list[i] = each[i];
        }
    }

    // ---- acts; those that are refused change nothing

    function actOpen(uint256 seed) external {
        _refill();
        uint256 open;
        for (uint256 n; n < all.length; ++n) {
            if (stateOf(all[n]).phase != ITabEvents.Phase.Closed) ++open;
        }
        if (open >= MOST) return;
        TabAgreement memory a = newTab();
        a.terms.deposit = uint64(bound(seed, 50e6, 400e6));
        a.terms.credit = seed & 1 == 0 ? uint64(bound(seed >> 8, 1e6, 200e6)) : 0;
        a.terms.bond = uint64(bound(seed >> 16, 1e6, 300e6));
        a.terms.challenge = seed & 6 == 0 ? 0 : uint32(bound(seed >> 24, MIN_CHALLENGE, 3 days));
        a.terms.periods = uint16(bound(seed >> 32, 1, 4));
        a.terms.fee = 10e6;
        a.terms.due = seed & 8 == 0 ? 0 : 40e6;
        if (seed >> 40 & 3 == 0) a.terms.bond = 0;
        bytes memory pledged = a.terms.credit == 0 ? bytes("") : collateralPledge(a);
        bytes memory accepted = a.terms.bond == 0 ? sign(providerKey, idOf(a)) : bondPledge(a);
        uint256 i = all.length;
        all.push(a);
        pending.push(tally(0, 0));
        bytes memory call = abi.encodeWithSelector(tabs.open.selector, a, 0, payment(a), pledged, accepted);
        if (_act(relayer, call)) {
            bornWith(i);
        } else {
            all.pop();
            pending.pop();
        }
        _look();
    }

    function actPresent(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        TabAgreement memory a = all[i];
        _presentAgain(i);
        Tally memory t = _some(i, seed);
        bool alone = seed & 16 != 0;
        bytes memory bySeller = alone ? bytes("") : signTally(providerKey, a, t);
        bytes memory call =
            abi.encodeCall(tabs.present, (a.terms, oh(a), t, signTally(buyerKey, a, t), bySeller));
        address caller = alone || seed & 32 == 0 ? provider : seed & 64 == 0 ? relayer : buyer;
        if (_act(caller, call)) {
            pending[i] = t;
            _window(i, alone || caller != provider);
            oldPresent[i] = call;
            if (t.amount > ghosts[i].signed) ghosts[i].signed = t.amount;
        }
        _look();
    }

    function actReplace(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any) _replace(i, seed);
        _look();
    }

    function actJudge(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any) _judge(i, seed);
        _look();
    }

    function actAttest(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any && _act(relayer, attestCall(all[i], pending[i], uint32(1 << (seed % N))))) modelHandOver(i);
        _look();
    }

    function actLapse(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any && _act(relayer, abi.encodeCall(tabs.lapse, (all[i].terms, oh(all[i]), pending[i])))) {
            modelHandOver(i);
        }
        _look();
    }

    function actDispute(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any) _dispute(i, seed);
        _look();
    }

    function actRule(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any) _rule(i, seed);
        _look();
    }

    function actSettle(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (any) _settle(i);
        _look();
    }

    function actTopUp(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        uint256 amount = bound(seed, 1, 300e6);
        if (_act(relayer, topUpCall(all[i], amount))) ghosts[i].held += amount;
        _look();
    }

    function actPaySigners(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        bool kept = ghosts[i].kept != 0;
        bool paid = _act(relayer, abi.encodeCall(tabs.payEvaluators, (all[i].terms, oh(all[i]))));
        if (paid != kept) broken = "fees that are kept can be had";
        if (paid) modelHandOver(i);
        _look();
    }

    /// Whoever has served until the end still presents it.
    function actAtTheEnd(uint256 seed) external {
        if (seed & 3 != 0) return; // rarely: it ends things
        (bool any, uint256 i) = _pick(seed >> 4);
        if (!any) return;
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        if (v.phase != ITabEvents.Phase.Open || v.closing) return;
        if (block.timestamp < a.terms.endBy) vm.warp(a.terms.endBy);
        if (block.timestamp >= uint256(a.terms.endBy) + a.terms.notice) return;
        Tally memory t = tally(v.settledCount + 10_000, v.settledAmount + 1);
        if (v.balance == 0 && _collateral(i, v) == 0) return;
        bytes memory call =
            abi.encodeCall(tabs.present, (a.terms, oh(a), t, signTally(buyerKey, a, t), bytes("")));
        if (_act(provider, call)) {
            pending[i] = t;
            oldPresent[i] = call;
            _window(i, true);
            if (t.amount > ghosts[i].signed) ghosts[i].signed = t.amount;
        } else {
            broken = "refused within the notice after the end";
        }
        _look();
    }

    function actLeave(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        TabAgreement memory a = all[i];
        if (seed & 3 == 0) {
            address party = seed & 4 == 0 ? buyer : provider;
            _act(party, abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), party, 0, bytes(""))));
        } else {
            _close(i);
        }
        _look();
    }

    function actAgree(uint256 seed) external {
        if (seed & 7 != 0) return; // rarely: it ends things early
        (bool any, uint256 i) = _pick(seed);
        if (any) _agree(i, seed);
        _look();
    }

    /// One evaluator, once, contradicts itself.
    function actEquivocate(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any || seed & 0x70000 != 0) return;
        TabAgreement memory a = all[i];
        uint256 e = N - 1;
        (bytes32 id, bytes32 d) = (idOf(a), deliverableOf(a, pending[i]));
        Statement memory x = statement(keys[e], id, d, Outcome.Pass, 1);
        Statement memory y = statement(keys[e], id, d, Outcome.Fail, 1);
        if (_act(relayer, _proof(a, d, x, x))) forged = "no contradiction";
        ITabEvents.TabView memory v = stateOf(a);
        bool can = ghosts[i].covered != 0 && v.members & (1 << e) != 0 && expelled != e;
        if (expelled == e) return; // a second one would only owe
        if (!can) return;
        modelEquivocated(i, e);
        if (!_act(relayer, _proof(a, d, x, y))) broken = "a contradiction has no consequence";
        expelled = e;
        _look();
    }

    function _proof(TabAgreement memory a, bytes32 d, Statement memory x, Statement memory y)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(tabs.proveEquivocation, (a.terms, oh(a), d, x, y));
    }

    /// Nobody acts for 300 days, and somebody gives the coverage back.
    function actStale(uint256 seed) external {
        if (seed & 31 != 0) return;
        (bool any, uint256 i) = _pick(seed >> 5);
        if (!any || ghosts[i].covered == 0) return;
        skip(300 days);
        escrow.releaseStale(committee, address(tabs), idOf(all[i]));
        (ghosts[i].covered, ghosts[i].stale) = (0, true);
        _look();
    }

    /// Whatever of this succeeds is a breach.
    function actForge(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        TabAgreement memory a = all[i];
        Tally memory t = _some(i, seed);
        bytes memory byBuyer = signTally(buyerKey, a, t);
        bytes memory byProvider = signTally(providerKey, a, t);
        uint256 kind = (seed >> 8) % 8;
        bytes memory call;
        if (kind == 0) call = abi.encodeCall(tabs.present, (a.terms, oh(a), t, byBuyer, byBuyer));
        if (kind == 1) call = abi.encodeCall(tabs.present, (a.terms, oh(a), t, byProvider, byProvider));
        if (kind == 2) call = abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.Pass, 0));
        if (kind == 3) {
            call = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, type(uint256).max, byProvider));
        }
        if (kind == 4) {
            uint256 far = type(uint256).max;
            call = abi.encodeCall(tabs.agree, (a.terms, oh(a), 0, far, byBuyer, byProvider, false));
        }
        if (kind == 5) {
            TabVerdict memory v = verdictOf(a, pending[i], Outcome.Pass, 0, 7);
            v.attested[1] = v.attested[0];
            call = abi.encodeCall(tabs.judge, (a.terms, oh(a), pending[i], v));
        }
        if (kind == 6) {
            // Evaluators who signed another period's deliverable.
            bytes32 old = keccak256(
                abi.encode(
                    idOf(a), uint64(stateOf(a).period), pending[i].count, pending[i].amount, pending[i].root
                )
            );
            TabVerdict memory v = TabVerdict(Outcome.Pass, 0, 7, attest(idOf(a), old, Outcome.Pass, 0, 7));
            call = abi.encodeCall(tabs.judge, (a.terms, oh(a), pending[i], v));
        }
        if (kind == 7) call = openCall(a); // the same terms again
        vm.prank(relayer);
        (bool ok,) = address(tabs).call(call);
        if (ok) forged = string.concat("succeeded: ", vm.toString(kind));
        _look();
    }

    /// Takes a tab one step further on the longest way, which random acts alone seldom walk to its end.
    function actGoOn(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        if (!any) return;
        TabAgreement memory a = all[i];
        ITabEvents.TabView memory v = stateOf(a);
        if (v.phase == ITabEvents.Phase.Open) {
            if (v.closing && seed & 0x4000 == 0 && block.timestamp < v.end) vm.warp(v.end);
            if (seed & 0x3000 == 0 || block.timestamp >= v.end) return _close(i);
            if (block.timestamp < v.from) vm.warp(v.from);
            return this.actPresent(seed);
        }
        if (v.phase == ITabEvents.Phase.Presented) {
            if (block.timestamp < v.deadline && seed & 0x1000 == 0) {
                // In the last second, and in the time that this adds.
                vm.warp(v.deadline - 1);
                return this.actReplace(seed);
            }
            if (block.timestamp < v.deadline) vm.warp(v.deadline);
            if (seed & 0x70 != 0) _judge(i, seed);
            else vm.warp(v.deadline + a.terms.verdict);
        } else if (v.phase == ITabEvents.Phase.Judged) {
            bool wronged = a.terms.bond == 0 && v.outcome == Outcome.Fail;
            if (seed & 0x30 == 0 || wronged) _dispute(i, wronged ? seed | 0x100 : seed);
            else if (seed & 0xc00 == 0 && v.basis == Basis.Silence) return _agree(i, seed);
            else if (block.timestamp < v.deadline) vm.warp(v.deadline);
            _settle(i);
        } else if (v.phase == ITabEvents.Phase.Disputed) {
            if (seed & 0xc0 == 0) {
                vm.warp(v.deadline);
                _settle(i);
            } else {
                _rule(i, seed);
            }
        } else if (v.phase != ITabEvents.Phase.Closed) {
            // Mostly not in time: few tabs would see a default else.
            if (v.phase == ITabEvents.Phase.Owing && seed & 0x40 != 0 && block.timestamp < v.deadline) {
                vm.warp(v.deadline);
            }
            _settle(i);
        }
        _look();
    }

    function actWait(uint256 seed) external {
        (bool any, uint256 i) = _pick(seed);
        // Every other time to the next limit of one tab, so that what waits for it is reached.
        if (any && seed & 1 == 0) {
            ITabEvents.TabView memory v = stateOf(all[i]);
            uint256 limit = v.phase == ITabEvents.Phase.Open ? v.from : v.deadline;
            if (v.phase == ITabEvents.Phase.Presented && seed & 2 == 0) limit += all[i].terms.verdict;
            if (limit > block.timestamp) {
                vm.warp(limit);
                return;
            }
        }
        vm.warp(block.timestamp + bound(seed, 1, 12 hours));
    }

    /// Whoever was slashed fills up, or no more tabs could be opened.
    function _refill() private {
        for (uint256 i; i < N; ++i) {
            uint256 missing = STAKE - stakeOf(i);
            if (missing == 0 || i == expelled) continue;
            mintUSDC(evaluators[i], missing);
            vm.startPrank(evaluators[i]);
            usdc.approve(address(escrow), missing);
            escrow.deposit(evaluators[i], missing);
            escrow.topUp(committee, i);
            vm.stopPrank();
            stakeDue[i] += missing;
        }
    }
}
