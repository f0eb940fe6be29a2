// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// What may be presented, when, and under whose signatures.
contract TabPresentTest is TabFixture {
    function callOf(TabAgreement memory a, Tally memory t, bytes memory byBuyer, bytes memory byProvider)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(tabs.present, (a.terms, oh(a), t, byBuyer, byProvider));
    }

    function notSigned(address by, bytes32 digest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedger.NotSignedBy.selector, by, digest);
    }

    function test_byTheProviderUnderBothSignaturesItCanBeJudgedAtOnce() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        vm.expectEmit(address(tabs));
        emit ITabEvents.Presented(idOf(a), 1, t.count, t.amount, t.root, uint40(block.timestamp), false);
        present(a, t);
        ITabEvents.TabView memory v = stateOf(a);
        assertEq(uint8(v.phase), uint8(ITabEvents.Phase.Presented));
        assertEq(v.deadline, block.timestamp);
        assertEq(v.count, t.count);
        assertEq(v.amount, t.amount);
        assertEq(v.mark, bytes32(uint256(deliverableOf(a, t)) >> 197 << 197));
        judge(a, t, Outcome.Pass, 90e6);
        assertPhase(a, ITabEvents.Phase.Judged);
    }

    /// Both have signed every tally there ever was.
    function test_byAnyoneElseUnderBothSignaturesThereIsAWindow() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        address[2] memory others = [buyer, relayer];
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 2; ++i) {
            done(others[i], presentCall(a, t));
            uint256 ends = block.timestamp + a.terms.window;
            assertEq(stateOf(a).deadline, ends);
            refused(relayer, judgeCall(a, t, Outcome.Pass, 90e6), tooEarly(ends));
            vm.revertToState(before);
        }
    }

    function test_oneSideAloneOpensTheWindow() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        presentAlone(a, t);
        uint256 ends = block.timestamp + a.terms.window;
        assertEq(stateOf(a).deadline, ends);
        refused(relayer, judgeCall(a, t, Outcome.Pass, 90e6), tooEarly(ends));
        vm.warp(ends);
        judge(a, t, Outcome.Pass, 90e6);
    }

    function test_theBuyerMayPresentToo() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        done(buyer, callOf(a, t, "", signTally(providerKey, a, t)));
        assertEq(stateOf(a).deadline, block.timestamp + a.terms.window);
    }

    function test_aThirdCannotPresentUnderOneSignature() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        bytes memory none = abi.encodeWithSelector(ILedger.MalformedSignature.selector, 0);
        refused(relayer, callOf(a, t, signTally(buyerKey, a, t), ""), none);
        refused(relayer, callOf(a, t, "", signTally(providerKey, a, t)), none);
        refused(provider, callOf(a, t, "", ""), none);
        refused(buyer, callOf(a, t, "", ""), none);
    }

    function test_foreignSignaturesAreRefused() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        bytes32 digest = tallyDigest(idOf(a), t);
        bytes memory byBuyer = signTally(buyerKey, a, t);
        bytes memory byProvider = signTally(providerKey, a, t);
        bytes memory byOther = signTally(keys[0], a, t);
        refused(relayer, callOf(a, t, byOther, byProvider), notSigned(buyer, digest));
        refused(relayer, callOf(a, t, byBuyer, byOther), notSigned(provider, digest));
        // swapped, or one and the same twice
        refused(relayer, callOf(a, t, byProvider, byBuyer), notSigned(buyer, digest));
        refused(relayer, callOf(a, t, byBuyer, byBuyer), notSigned(provider, digest));
        // a caller's wrong signature is not made good by its call
        refused(provider, callOf(a, t, byBuyer, byOther), notSigned(provider, digest));
    }

    function test_aSignatureOnOneTallyIsNoneOnAnother() public {
        TabAgreement memory a = ripe();
        Tally memory signed = tally(10_000, 90e6);
        bytes memory byBuyer = signTally(buyerKey, a, signed);
        Tally[3] memory forged = [tally(10_001, 90e6), tally(10_000, 90e6 + 1), tally(10_000, 90e6)];
        forged[0].root = signed.root;
        forged[1].root = signed.root;
        forged[2].root = keccak256("another root");
        for (uint256 i; i < 3; ++i) {
            bytes memory call = callOf(a, forged[i], byBuyer, signTally(providerKey, a, forged[i]));
            refused(relayer, call, notSigned(buyer, tallyDigest(idOf(a), forged[i])));
        }
    }

    function test_aSignatureCannotBeReplayedOnAnotherTab() public {
        TabAgreement memory a = opened();
        TabAgreement memory b = ripe();
        Tally memory t = tally(10_000, 90e6);
        bytes memory call = callOf(b, t, signTally(buyerKey, a, t), signTally(providerKey, a, t));
        refused(relayer, call, notSigned(buyer, tallyDigest(idOf(b), t)));
    }

    function test_aSignatureCannotBeReplayedOnAnotherContractOrChain() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        bytes memory call = presentCall(a, t);
        // Another deployment, even of a tab with the very same terms, has other ids and another domain.
        ITabs home = tabs;
        tabs = ITabs(vm.deployCode("Tabs.sol:Tabs", abi.encode(escrow)));
        refusedWith(relayer, call, ITabEvents.WrongPhase.selector);
        bytes memory elsewhere = signTally(buyerKey, a, t);
        tabs = home;
        refused(
            relayer,
            callOf(a, t, elsewhere, signTally(providerKey, a, t)),
            notSigned(buyer, tallyDigest(idOf(a), t))
        );
        vm.chainId(1);
        refused(relayer, call, forked());
    }

    function test_aPeriodCannotBePresentedTwice() public {
        (TabAgreement memory a, Tally memory t) = judged(90e6, Outcome.Pass, 80e6);
        bytes memory again = presentCall(a, t);
        refused(relayer, again, wrongPhase(a, ITabEvents.Phase.Judged));
        skip(a.terms.challenge);
        settle(a);
        refused(relayer, again, badTally("count"));
        // and what is older still
        refused(relayer, presentCall(a, tally(9_999, 95e6)), badTally("count"));
    }

    function test_amountsNeverShrink() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        skip(a.terms.challenge);
        settle(a);
        refused(relayer, presentCall(a, tally(10_001, 90e6 - 1)), badTally("amount"));
        present(a, tally(10_001, 90e6));
    }

    function test_nothingAboveTheCeiling() public {
        TabAgreement memory a = ripe();
        refused(relayer, presentCall(a, tally(1000, 1000 * CEILING + 1)), badTally("ceiling"));
        present(a, tally(1000, 1000 * CEILING));
        judge(a, tally(1000, 1000 * CEILING), Outcome.Pass, 1000 * CEILING);
        skip(a.terms.challenge);
        settle(a);
        // Cheap interactions of the past make no room for dear ones now.
        refused(relayer, presentCall(a, tally(1001, 1001 * CEILING + 1)), badTally("ceiling"));
        present(a, tally(1001, 1001 * CEILING));
    }

    function test_nothingAboveBalanceAndCredit() public {
        TabAgreement memory a = ripe();
        uint64 covered = DEPOSIT + CREDIT;
        refused(
            relayer,
            presentCall(a, tally(10_000, covered + 1)),
            abi.encodeWithSelector(ITabEvents.NotCovered.selector, covered + 1, covered)
        );
        present(a, tally(10_000, covered));
    }

    function test_whatDoesNotFitIsRefused() public {
        TabAgreement memory a = ripe();
        refused(relayer, presentCall(a, tally(uint64(1 << 40), 1)), badTally("count"));
        refused(relayer, presentCall(a, tally(1, uint64(1 << 56))), badTally("amount"));
        refused(relayer, presentCall(a, tally(0, 0)), badTally("count"));
    }

    function test_notBeforeItsTimeUnlessEnoughIsDue() public {
        TabAgreement memory a = opened();
        uint256 from = block.timestamp + a.terms.period;
        Tally memory small = tally(10_000, 80e6 - 1);
        refused(relayer, presentCall(a, small), tooEarly(from));
        vm.warp(from - 1);
        refused(relayer, presentCall(a, small), tooEarly(from));
        uint256 before = vm.snapshotState();
        present(a, tally(10_000, 80e6));
        vm.revertToState(before);
        vm.warp(from);
        present(a, small);
    }

    function test_nothingIsEverDueWhereTheTermsSayZero() public {
        TabAgreement memory a = newTab();
        a.terms.due = 0;
        done(relayer, openCall(a));
        refused(relayer, presentCall(a, tally(10_000, 100e6)), tooEarly(block.timestamp + a.terms.period));
    }

    function test_onlyWhenThePeriodBeforeIsClosed() public {
        (TabAgreement memory a,) = presented(40e6);
        refused(relayer, presentCall(a, tally(20_000, 80e6)), wrongPhase(a, ITabEvents.Phase.Presented));
    }

    function test_afterTheEndJustTheLastOne() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        bytes memory call = presentCall(a, t);
        uint256 before = vm.snapshotState();
        vm.warp(a.terms.endBy - 1);
        present(a, t);
        assertFalse(stateOf(a).last);
        vm.revertToState(before);
        vm.warp(a.terms.endBy);
        present(a, t);
        assertTrue(stateOf(a).last);
        assertEq(stateOf(a).deadline, block.timestamp + a.terms.window);
        vm.revertToState(before);
        uint256 end = uint256(a.terms.endBy) + a.terms.notice;
        vm.warp(end);
        refused(provider, call, tooLate(end));
        vm.warp(end - 1);
        done(provider, call);
        assertTrue(stateOf(a).last);
    }

    // ---- the window

    function test_aHigherCountReplaces() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 80e6);
        Tally memory more = tally(10_001, 80e6);
        presentAlone(a, t);
        uint256 ends = block.timestamp + a.terms.window;
        vm.warp(ends - 1);
        vm.expectEmit(address(tabs));
        emit ITabEvents.Presented(idOf(a), 1, more.count, more.amount, more.root, uint40(ends), false);
        done(provider, replaceCall(a, more));
        // The window does not move, and the replaced one is gone.
        vm.warp(ends);
        refusedWith(relayer, judgeCall(a, t, Outcome.Pass, 0), ITabEvents.WrongTally.selector);
        judge(a, more, Outcome.Pass, 80e6);
    }

    function test_notAfterTheWindowAndNotWithoutOne() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 80e6);
        bytes memory call = replaceCall(a, tally(10_001, 80e6));
        refused(provider, call, wrongPhase(a, ITabEvents.Phase.Open));
        uint256 before = vm.snapshotState();
        presentAlone(a, t);
        skip(a.terms.window);
        refused(provider, call, tooLate(block.timestamp));
        vm.revertToState(before);
        present(a, t);
        refused(provider, call, tooLate(block.timestamp));
        judge(a, t, Outcome.Pass, 80e6);
        refused(provider, call, wrongPhase(a, ITabEvents.Phase.Judged));
    }

    /// The provider may have handed over what it has of the tally before.
    function test_aReplacementByAnotherLeavesTheProviderTime() public {
        TabAgreement memory a = ripe();
        presentAlone(a, tally(10_000, 80e6));
        uint256 regular = block.timestamp + a.terms.window;
        vm.warp(regular - MIN_CHALLENGE);
        done(relayer, replaceCall(a, tally(10_001, 80e6)));
        assertEq(stateOf(a).deadline, regular);
        vm.warp(regular - 1);
        Tally memory more = tally(10_002, 81e6);
        uint40 ends = uint40(block.timestamp + MIN_CHALLENGE);
        vm.expectEmit(address(tabs));
        emit ITabEvents.Presented(idOf(a), 1, more.count, more.amount, more.root, ends, false);
        done(buyer, replaceCall(a, more));
        assertEq(stateOf(a).deadline, ends);
        refused(relayer, judgeCall(a, more, Outcome.Pass, 1), tooEarly(ends));
        // Nobody but the provider in the time that was added, and it adds none.
        vm.warp(regular);
        refused(buyer, replaceCall(a, tally(10_003, 82e6)), tooLate(regular));
        refused(relayer, replaceCall(a, tally(10_003, 82e6)), tooLate(regular));
        vm.warp(ends - 1);
        done(provider, replaceCall(a, tally(10_004, 82e6)));
        assertEq(stateOf(a).deadline, ends);
        vm.warp(ends);
        refused(provider, replaceCall(a, tally(10_005, 82e6)), tooLate(ends));
        judge(a, tally(10_004, 82e6), Outcome.Pass, 1);
    }

    function test_onlyAHigherOneUnderBothReplaces() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 80e6);
        presentAlone(a, t);
        Tally memory same = Tally(10_000, 81e6, keccak256("other"));
        bytes memory reason = abi.encodeWithSelector(ITabEvents.NotHigher.selector, 10_000, 10_000);
        refused(relayer, replaceCall(a, same), reason);
        reason = abi.encodeWithSelector(ITabEvents.NotHigher.selector, 10_001, 10_000);
        refused(relayer, replaceCall(a, tally(10_001, 80e6 - 1)), reason);
        Tally memory more = tally(10_001, 80e6);
        bytes memory alone =
            abi.encodeCall(tabs.replace, (a.terms, oh(a), more, bytes(""), signTally(providerKey, a, more)));
        refusedWith(relayer, alone, ILedger.MalformedSignature.selector);
        refused(relayer, replaceCall(a, tally(20_000, 151e6)), notCovered(151e6));
        refused(relayer, replaceCall(a, tally(10_001, 10_001 * CEILING + 1)), badTally("ceiling"));
        refused(relayer, replaceCall(a, tally(10_001, uint64(1 << 56))), badTally("amount"));
        vm.chainId(1);
        bytes memory call = replaceCall(a, more);
        refused(relayer, call, forked());
    }

    function notCovered(uint256 owed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ITabEvents.NotCovered.selector, owed, DEPOSIT + CREDIT);
    }

    function test_theLastOneAlwaysHasAWindow() public {
        // Both sign every tally, so an old one bears both signatures too: a party that leaves could end with it.
        TabAgreement memory a = ripe();
        notice(a, buyer);
        Tally memory old = tally(1, 1);
        Tally memory newest = tally(10_000, 90e6);
        present(a, old);
        assertTrue(stateOf(a).last);
        assertEq(stateOf(a).deadline, block.timestamp + a.terms.window);
        done(
            provider,
            abi.encodeCall(tabs.replace, (a.terms, oh(a), newest, signTally(buyerKey, a, newest), bytes("")))
        );
        skip(a.terms.window);
        judge(a, newest, Outcome.Pass, 90e6);
    }

    function test_theLastOneThatWasPaidForIsTheLast() public {
        TabAgreement memory a = newTab();
        a.terms.periods = 2;
        done(relayer, openCall(a));
        skip(a.terms.period);
        Tally memory t = tally(10_000, 10e6);
        present(a, t);
        assertFalse(stateOf(a).last);
        judge(a, t, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        t = tally(20_000, 20e6);
        present(a, t);
        assertTrue(stateOf(a).last);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        assertPhase(a, ITabEvents.Phase.Closed);
    }
}
