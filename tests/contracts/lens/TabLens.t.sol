// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabLens} from "../../../contracts/lens/ITabLens.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "../tabs/TabFixture.sol";

/// What the lens says comes true, to the unit and the second, if nobody acts.
contract TabLensTest is TabFixture {
    ITabLens private lens;
    uint256[7] private had;

    function setUp() public override {
        super.setUp();
        lens = ITabLens(vm.deployCode("TabLens.sol:TabLens", abi.encode(tabs)));
    }

    function test_nothingOfATabThatIsNotThere() public {
        TabAgreement memory a = newTab();
        ITabLens.Standing memory s = lens.standing(a.terms, oh(a));
        assertEq(s.tab, idOf(a));
        assertEq(s.steps.length, 0);
        assertEq(lens.tabs(), address(tabs));
    }

    function test_open() public {
        TabAgreement memory a = opened();
        ITabLens.Standing memory s = comesTrue(a, 1);
        assertEq(s.closesFrom, uint256(a.terms.endBy) + a.terms.notice);
        assertEq(uint8(s.steps[0].act), uint8(ITabLens.Act.Close));
        assertEq(lens.standing(a.terms, oh(a)).steps.length, 0);
    }

    function test_openAfterPeriods() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 30e6);
        skip(a.terms.challenge);
        settle(a);
        comesTrue(a, 1);
    }

    function test_presented() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        uint256 before = vm.snapshotState();
        ITabLens.Standing memory s = comesTrue(a, 2);
        assertEq(s.slashed, 100e6);
        assertEq(s.steps[1].slashed, 31);
        vm.revertToState(before);
        done(relayer, attestCall(a, t, 2));
        s = comesTrue(a, 2);
        assertEq(s.steps[1].slashed, 29);
    }

    function test_presentedWithFeesKept() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 30e6);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.period);
        done(relayer, presentCall(a, tally(20_000, 80e6)));
        ITabLens.Standing memory s = comesTrue(a, 2);
        assertEq(s.steps[0].signers, VERDICT_FEE);
        assertEq(s.steps[0].set, 7);
    }

    function test_judged() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        comesTrue(a, 2);
        (a,) = judged(90e6, Outcome.Fail, 80e6);
        comesTrue(a, 1);
        (a,) = judged(90e6, Outcome.Lapse, 0);
        comesTrue(a, 2);
    }

    function test_owing() public {
        (TabAgreement memory a,) = judged(140e6, Outcome.Pass, 140e6);
        uint256 before = vm.snapshotState();
        ITabLens.Standing memory s = comesTrue(a, 3);
        assertEq(uint8(s.steps[0].next), uint8(ITabEvents.Phase.Owing));
        assertEq(uint8(s.steps[1].next), uint8(ITabEvents.Phase.Open));
        vm.revertToState(before);
        skip(a.terms.challenge);
        settle(a);
        done(relayer, topUpCall(a, 15e6));
        before = vm.snapshotState();
        comesTrue(a, 3); // a part at once
        vm.revertToState(before);
        skip(a.terms.grace);
        comesTrue(a, 2);
        vm.revertToState(before);
        done(relayer, topUpCall(a, 30e6));
        comesTrue(a, 2);
    }

    function test_owingAtTheEnd() public {
        TabAgreement memory a = ripe();
        notice(a, buyer);
        Tally memory t = tally(10_000, 140e6);
        present(a, t);
        skip(a.terms.window);
        judge(a, t, Outcome.Fail, 140e6);
        comesTrue(a, 2);
    }

    /// The fee for readiness went out with the verdict that was overturned.
    function test_owingAfterAnOverturnedVerdict() public {
        (TabAgreement memory a,) = judged(140e6, Outcome.Pass, 20e6);
        dispute(a, provider, Outcome.Pass, 140e6);
        rule(a, Outcome.Pass, 140e6);
        settle(a);
        assertPhase(a, ITabEvents.Phase.Owing);
        assertEq(comesTrue(a, 1).steps[0].members, 0);
    }

    function test_disputedAndRuled() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Fail, 10e6);
        uint256 before = vm.snapshotState();
        comesTrue(a, 2);
        vm.revertToState(before);
        rule(a, Outcome.Pass, 80e6);
        comesTrue(a, 2);
        vm.revertToState(before);
        rule(a, Outcome.Fail, 30e6);
        ITabLens.Standing memory s = comesTrue(a, 1);
        assertEq(s.slashed, 80e6 + 1); // a third each, rounded up
        vm.revertToState(before);
        rule(a, Outcome.Pass, 90e6);
        comesTrue(a, 1);
    }

    function test_silenceDisputed() public {
        (TabAgreement memory a,) = silenced(140e6);
        dispute(a, provider, Outcome.Pass, 140e6);
        uint256 before = vm.snapshotState();
        comesTrue(a, 1);
        vm.revertToState(before);
        rule(a, Outcome.Lapse, 0);
        comesTrue(a, 1);
        vm.revertToState(before);
        rule(a, Outcome.Pass, 140e6);
        comesTrue(a, 2); // the rest is owed first
    }

    /// Takes the steps, each in the first second it may be taken in and not one earlier.
    function comesTrue(TabAgreement memory a, uint256 count) private returns (ITabLens.Standing memory s) {
        s = lens.standing(a.terms, oh(a));
        assertEq(s.steps.length, count, "steps");
        assertEq(uint8(s.stored.phase), uint8(stateOf(a).phase));
        uint256[7] memory first = figures();
        uint256 fees = allFees();
        for (uint256 i; i < count; ++i) {
            ITabLens.Step memory x = s.steps[i];
            bytes memory call = callOf(a, x);
            if (x.from > block.timestamp) {
                vm.warp(x.from - 1);
                refused(relayer, call, tooEarly(x.from));
                vm.warp(x.from);
            }
            had = figures();
            done(relayer, call);
            assertPhase(a, x.next);
            took(x);
        }
        assertEq(s.closesFrom, block.timestamp, "closes");
        assertPhase(a, ITabEvents.Phase.Closed);
        uint256[7] memory now_ = figures();
        assertEq(now_[0] - first[0], s.buyer, "buyer in all");
        assertEq(now_[1] - first[1], s.provider, "provider in all");
        assertEq(first[6] - now_[6], s.slashed, "slashed in all");
        assertEq(allFees() - fees, s.evaluators, "evaluators in all");
        assertEq(reserved(), 0);
        assertEq(free(address(tabs)), 0);
    }

    function took(ITabLens.Step memory x) private view {
        uint256[7] memory has = figures();
        assertEq(has[0] - had[0], x.buyer, "buyer");
        assertEq(has[1] - had[1], x.provider, "provider");
        assertEq(has[2] - had[2], x.set == 7 ? x.signers : 0, "signers");
        assertEq(has[3] - had[3], x.members, "members");
        for (uint256 e; e < N; ++e) {
            if (x.slashed & (1 << e) == 0) continue;
            if (e == 0) assertEq(had[4] - has[4], x.slashEach, "first stake");
            if (e == 4) assertEq(had[5] - has[5], x.slashEach, "last stake");
        }
    }

    function callOf(TabAgreement memory a, ITabLens.Step memory x) private view returns (bytes memory) {
        if (x.act == ITabLens.Act.Close) return closeCall(a);
        if (x.act == ITabLens.Act.Settle) return settleCall(a);
        ITabEvents.TabView memory v = stateOf(a);
        return abi.encodeCall(tabs.lapse, (a.terms, oh(a), tally(v.count, v.amount)));
    }

    function figures() private view returns (uint256[7] memory f) {
        (f[0], f[1], f[2], f[3]) = (free(buyer), free(provider), feesOf(7), feesOf(31));
        (f[4], f[5]) = (stakeOf(0), stakeOf(4));
        for (uint256 e; e < N; ++e) {
            f[6] += stakeOf(e);
        }
    }

    /// Of every set of the members.
    function allFees() private view returns (uint256 sum) {
        for (uint32 set = 1; set < 1 << N; ++set) {
            sum += feesOf(set);
        }
    }
}
