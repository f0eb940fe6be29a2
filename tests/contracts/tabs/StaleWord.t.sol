// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Between two periods the second word still says what was pending: nobody may act on it.
contract TabStaleWordTest is TabEndings {
    TabAgreement private a;
    Tally private t;
    bytes private late;

    /// forge-config: default.fuzz.runs = 30
    function testFuzz_nothingOfASettledPeriodCanBeUsed(uint256 touched, bool appealed) public {
        (a, t) = judged(20e6, Outcome.Pass, 10e6);
        late = disputeCall(a, provider, Outcome.Pass, 20e6);
        bytes memory judging = judgeCall(a, t, Outcome.Pass, 20e6);
        bytes memory attesting = attestCall(a, t, 8);
        bytes memory ruling = abi.encodeCall(tabs.rule, (subjectOf(a), Outcome.Pass, 20e6));
        if (appealed) {
            done(provider, late);
            skip(a.terms.ruling);
        } else {
            skip(a.terms.challenge);
        }
        settle(a);
        if (touched % 4 == 1) {
            done(provider, abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), provider, 0, bytes(""))));
        }
        if (touched % 4 == 2) done(relayer, topUpCall(a, 1));
        if (touched % 4 == 3) done(relayer, abi.encodeCall(tabs.payEvaluators, (a.terms, oh(a))));
        assertPhase(a, ITabEvents.Phase.Open);
        _refused(relayer, settleCall(a));
        _refused(relayer, judging);
        _refused(relayer, attesting);
        _refused(relayer, abi.encodeCall(tabs.lapse, (a.terms, oh(a), t)));
        _refused(provider, late);
        _refused(arbiter, ruling);
        _refused(relayer, replaceCall(a, tally(20_000, 30e6)));
        (address who,,,) = tabs.rulingOf(keccak256(abi.encode(idOf(a), uint256(1))));
        assertEq(who, address(0));
        // And the next period, and the one after it, are as any.
        for (uint64 n = 2; n < 4 && touched % 4 != 1; ++n) {
            skip(a.terms.period);
            t = tally(10_000 * n, 20e6 * n);
            present(a, t);
            judge(a, t, Outcome.Pass, 20e6);
            skip(a.terms.challenge);
            uint256 had = free(provider);
            settle(a);
            assertEq(free(provider) - had, 20e6);
            assertEq(stateOf(a).period, n);
            assertEq(stateOf(a).settledAmount, 20e6 * n);
        }
        uint256 toMembers = feesOf(7);
        skip(400 days);
        done(relayer, closeCall(a));
        assertClosed(a);
        assertGe(feesOf(7), toMembers);
        _refused(relayer, settleCall(a));
        _refused(relayer, closeCall(a));
    }

    function _refused(address caller, bytes memory call) private {
        vm.prank(caller);
        (bool ok,) = address(tabs).call(call);
        assertFalse(ok, "acted on a settled period");
    }
}
