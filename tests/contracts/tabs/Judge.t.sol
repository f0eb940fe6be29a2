// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Attested, Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// Which verdicts a period takes.
contract TabJudgeTest is TabFixture {
    function test_exactlyAQuorum() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 80e6, 3);
        refused(
            relayer,
            abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)),
            abi.encodeWithSelector(ITabEvents.NotAQuorum.selector, 2, K)
        );
        v = verdictOf(a, t, Outcome.Pass, 80e6, 15);
        refused(
            relayer,
            abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)),
            abi.encodeWithSelector(ITabEvents.NotAQuorum.selector, 4, K)
        );
        bytes32[] memory evidence = new bytes32[](3);
        v = verdictOf(a, t, Outcome.Pass, 80e6, 7);
        for (uint256 i; i < 3; ++i) {
            evidence[i] = v.attested[i].evidence;
        }
        uint40 ends = uint40(block.timestamp + a.terms.challenge);
        expectJudged(a, Outcome.Pass, 80e6, 7, ends, evidence);
        done(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)));
        ITabEvents.TabView memory w = stateOf(a);
        assertEq(w.set, 7);
        assertEq(w.payable_, 80e6);
        assertEq(w.amount, 90e6);
        assertEq(w.count, 10_000);
        assertEq(uint8(w.outcome), uint8(Outcome.Pass));
        assertEq(uint8(w.basis), uint8(Basis.Verdict));
        assertEq(w.deadline, ends);
    }

    function test_notMoreThanWasPresentedAndNothingForALapse() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        refused(
            relayer,
            judgeCall(a, t, Outcome.Pass, 90e6 + 1),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 90e6 + 1, 90e6)
        );
        refused(
            relayer,
            judgeCall(a, t, Outcome.Fail, 90e6 + 1),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 90e6 + 1, 90e6)
        );
        refused(
            relayer,
            judgeCall(a, t, Outcome.Lapse, 1),
            abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 1, 0)
        );
        refused(
            relayer, judgeCall(a, t, Outcome.None, 0), abi.encodeWithSelector(ITabEvents.NoOutcome.selector)
        );
    }

    function test_onlyAttestationsOfThisTabPeriodAndPayable() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        bytes32 id = idOf(a);
        bytes32 right = deliverableOf(a, t);
        bytes32 nextPeriod = keccak256(abi.encode(id, uint64(2), t.count, t.amount, t.root));
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 80e6, 7);
        Attested[] memory good = v.attested;
        v.attested = attest(id, nextPeriod, Outcome.Pass, 80e6, 7);
        _refusedVerdict(a, t, v);
        v.attested = attest(idOf(newTab()), right, Outcome.Pass, 80e6, 7);
        _refusedVerdict(a, t, v);
        v.attested = attest(id, right, Outcome.Pass, 80e6 - 1, 7);
        _refusedVerdict(a, t, v);
        v.attested = attest(id, right, Outcome.Fail, 80e6, 7);
        _refusedVerdict(a, t, v);
        (good[0], good[1]) = (good[1], good[0]);
        v.attested = good;
        _refusedVerdict(a, t, v);
        (good[0], good[1]) = (good[1], good[0]);
        v.signers = 11;
        _refusedVerdict(a, t, v);
        v.signers = 7;
        done(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)));
    }

    function _refusedVerdict(TabAgreement memory a, Tally memory t, TabVerdict memory v) private {
        refusedWith(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)), ICoverage.NotTheKey.selector);
    }

    function test_onlyMembersSign() public {
        vm.prank(evaluators[4]);
        escrow.leave(committee, 4);
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        assertEq(stateOf(a).members, 15);
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 80e6, 19);
        refused(
            relayer,
            abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)),
            abi.encodeWithSelector(ICoverage.NotAMember.selector, 4)
        );
    }

    function test_onlyThePresentedTally() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        Tally memory other = Tally(t.count, t.amount, keccak256("a root that does not match"));
        bytes memory reason =
            abi.encodeWithSelector(ITabEvents.WrongTally.selector, idOf(a), deliverableOf(a, other));
        refused(relayer, judgeCall(a, other, Outcome.Pass, 1), reason);
        refused(relayer, attestCall(a, other, 1), reason);
        refused(relayer, abi.encodeCall(tabs.lapse, (a.terms, oh(a), other)), reason);
    }

    /// The stored mark tells only roots apart, and is short. Suppose somebody found another root with the same one: what is
    /// judged is signed by k evaluators with the whole deliverable, and everything else that counts is stored in full.
    function test_anotherRootWithTheSameMarkGivesNothing() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        Tally memory other = Tally(t.count, t.amount, keccak256("another root"));
        TabVerdict memory honest = verdictOf(a, t, Outcome.Pass, 80e6, 7);
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(idOf(a), uint256(1)))) + 1);
        uint256 word = uint256(vm.load(address(tabs), slot));
        assertEq(word >> 197, uint256(deliverableOf(a, t)) >> 197, "the mark stands elsewhere");
        uint256 rest = word & ((1 << 197) - 1);
        vm.store(address(tabs), slot, bytes32(rest | (uint256(deliverableOf(a, other)) >> 197 << 197)));
        // Evaluators sign what was presented, and that is not this root.
        _refusedVerdict(a, other, honest);
        bytes memory posted = abi.encodeCall(tabs.attest, (a.terms, oh(a), other, honest));
        refusedWith(relayer, posted, ICoverage.NotTheKey.selector);
        // Nor does another count or amount pass, whatever the mark.
        Tally memory more = Tally(t.count, t.amount + 1, t.root);
        vm.store(address(tabs), slot, bytes32(rest | (uint256(deliverableOf(a, more)) >> 197 << 197)));
        refusedWith(relayer, judgeCall(a, more, Outcome.Pass, 80e6), ITabEvents.WrongTally.selector);
        // Silence takes nothing from the root.
        vm.store(address(tabs), slot, bytes32(rest | (uint256(deliverableOf(a, other)) >> 197 << 197)));
        skip(a.terms.verdict);
        lapse(a, other);
        assertEq(stateOf(a).count, t.count);
        assertEq(stateOf(a).amount, t.amount);
    }

    function test_notTwiceAndNotAfterAFork() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        bytes memory call = judgeCall(a, t, Outcome.Pass, 1);
        bytes memory posted = attestCall(a, t, 1);
        uint256 before = vm.snapshotState();
        vm.chainId(1);
        refused(relayer, call, forked());
        refused(relayer, posted, forked());
        vm.revertToState(before);
        done(relayer, call);
        refused(relayer, call, wrongPhase(a, ITabEvents.Phase.Judged));
        refused(relayer, posted, wrongPhase(a, ITabEvents.Phase.Judged));
    }

    function test_postedAttestations() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        TabVerdict memory none = verdictOf(a, t, Outcome.Pass, 1, 0);
        refused(
            relayer,
            abi.encodeCall(tabs.attest, (a.terms, oh(a), t, none)),
            abi.encodeWithSelector(ITabEvents.NotAQuorum.selector, 0, 1)
        );
        bytes32[] memory evidence = new bytes32[](2);
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 1, 3);
        (evidence[0], evidence[1]) = (v.attested[0].evidence, v.attested[1].evidence);
        expectPosted(a, Outcome.Pass, 1, 3, evidence);
        done(relayer, abi.encodeCall(tabs.attest, (a.terms, oh(a), t, v)));
        done(relayer, attestCall(a, t, 16));
        assertEq(stateOf(a).set, 19);
        v.attested[0].r = bytes32(uint256(1));
        refusedWith(
            relayer, abi.encodeCall(tabs.attest, (a.terms, oh(a), t, v)), ICoverage.NotTheKey.selector
        );
        // Whoever posted can still be part of the verdict.
        judge(a, t, Outcome.Pass, 80e6);
    }
}
