// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Fees of verdicts are kept for whoever signed, until others sign.
contract TabFeesTest is TabEndings {
    function nextJudged(TabAgreement memory a, uint64 amount, uint32 signers) private {
        skip(a.terms.period);
        Tally memory t = tally(uint64(stateOf(a).settledCount) + 10_000, amount);
        present(a, t);
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 1e6, signers);
        done(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)));
    }

    function payEvaluatorsCall(TabAgreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(tabs.payEvaluators, (a.terms, oh(a)));
    }

    function test_feesOfVerdictsAreKeptForTheSameSigners() public {
        (TabAgreement memory a,) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        nextJudged(a, 20e6, 7);
        assertEq(feesOf(7), 0);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).unpaid, 2);
        // Others sign: the first are paid before.
        nextJudged(a, 30e6, 19);
        assertEq(feesOf(7), 2 * VERDICT_FEE);
        assertEq(stateOf(a).unpaid, 0);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).set, 19);
        notice(a, buyer);
        skip(a.terms.notice);
        done(relayer, closeCall(a));
        assertEq(feesOf(19), VERDICT_FEE);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_anyoneHandsTheFeesOverBefore() public {
        (TabAgreement memory a, Tally memory t) = judged(10e6, Outcome.Pass, 10e6);
        bytes memory none = abi.encodeWithSelector(ITabEvents.NothingUnpaid.selector, idOf(a));
        refused(relayer, payEvaluatorsCall(a), none);
        skip(a.terms.challenge);
        settle(a);
        uint256 before = vm.snapshotState();
        vm.expectEmit(address(tabs));
        emit ITabEvents.SignersPaid(idOf(a), 7, VERDICT_FEE);
        done(relayer, payEvaluatorsCall(a));
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stateOf(a).unpaid, 0);
        assertEq(stateOf(a).set, 0);
        refused(relayer, payEvaluatorsCall(a), none);
        vm.revertToState(before);
        nextJudged(a, 20e6, 7);
        done(relayer, payEvaluatorsCall(a));
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stateOf(a).set, 7); // who answers for the verdict that is pending
        skip(a.terms.challenge);
        settle(a);
        // In Presented `set` is theirs until somebody posts: nobody who signed before counts as one who posted now.
        skip(a.terms.period);
        t = tally(50_000, 30e6);
        present(a, t);
        assertEq(stateOf(a).set, 7);
        done(relayer, attestCall(a, t, 16));
        assertEq(stateOf(a).set, 16);
        assertEq(feesOf(7), 2 * VERDICT_FEE);
        skip(a.terms.verdict);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodLapsed(idOf(a), 3, 15, uint40(block.timestamp + LAPSE_CHALLENGE));
        lapse(a, t);
    }

    function test_byLapseToo() public {
        (TabAgreement memory a, Tally memory t) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.period);
        t = tally(50_000, 30e6);
        present(a, t);
        skip(a.terms.verdict);
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodLapsed(idOf(a), 2, 31, uint40(block.timestamp + LAPSE_CHALLENGE));
        lapse(a, t);
        assertEq(feesOf(7), VERDICT_FEE);
        skip(LAPSE_CHALLENGE);
        settle(a);
        assertEq(feesOf(7), VERDICT_FEE);
        assertEq(stakeOf(0), STAKE - 20e6);
        assertClosed(a);
    }

    function test_whoIsOverturnedKeepsWhatItEarnedBefore() public {
        (TabAgreement memory a,) = judged(10e6, Outcome.Pass, 10e6);
        skip(a.terms.challenge);
        settle(a);
        nextJudged(a, 70e6, 7);
        dispute(a, provider, Outcome.Pass, 60e6);
        rule(a, Outcome.Pass, 31e6);
        settle(a);
        assertEq(stakeOf(0), STAKE - 10e6);
        assertEq(feesOf(7), VERDICT_FEE);
        assertClosed(a);
    }
}
