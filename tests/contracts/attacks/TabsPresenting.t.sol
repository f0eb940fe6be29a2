// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "../tabs/TabFixture.sol";

/// What a party can take from the other by choosing which tally is presented, and when. Both have signed every tally there
/// ever was, so both signatures under one do not say that both want it presented.
contract TabsPresentingTest is TabFixture {
    function replaceBy(TabAgreement memory a, Tally memory higher) private view returns (bytes memory) {
        return
            abi.encodeCall(tabs.replace, (a.terms, oh(a), higher, signTally(buyerKey, a, higher), bytes("")));
    }

    /// Without a window the sample is drawn 30 seconds later: too soon for the provider to answer with the newest tally,
    /// or to hand over its export of this one, and what no export accounts for is a Fail.
    function test_whatTheBuyerPresentsCanBeReplacedByTheProvider() public {
        TabAgreement memory a = ripe();
        Tally memory old = tally(1, 1);
        Tally memory newest = tally(10_000, 90e6);
        done(buyer, presentCall(a, old));
        assertFalse(stateOf(a).last);
        done(provider, replaceBy(a, newest));
    }

    /// 150 were served, all of it covered. The buyer presents an old tally of a unit more than the balance, does not pay the
    /// unit, and takes the rest of its collateral home.
    function test_anOldTallyDoesNotTakeTheCreditBack() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(9_000, DEPOSIT + 1);
        Tally memory newest = tally(10_000, DEPOSIT + CREDIT);
        uint256 had = free(provider);
        done(buyer, presentCall(a, t));
        bytes memory replacing = replaceBy(a, newest);
        vm.prank(provider);
        (bool replaced,) = address(tabs).call(replacing);
        if (replaced) t = newest;
        vm.warp(stateOf(a).deadline);
        judge(a, t, Outcome.Pass, t.amount);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.grace);
        settle(a);
        skip(a.terms.notice);
        done(relayer, closeCall(a));
        assertPhase(a, ITabEvents.Phase.Closed);
        assertEq(free(provider) - had, DEPOSIT + CREDIT + TAB_BOND);
    }

    /// The provider served on, covered by the credit, while its period was pending.
    function test_aDefaultDoesNotForfeitWhatIsCoveredStill() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(9_000, 110e6);
        Tally memory newest = tally(20_000, DEPOSIT + CREDIT);
        presentAlone(a, t);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 110e6);
        skip(a.terms.challenge);
        settle(a);
        skip(a.terms.grace);
        settle(a);
        presentAlone(a, newest);
    }

    /// The buyer has a thousand older tallies, and needs only to come first with one of them in each block of the window.
    function test_aReplacementIsNotShutOutByAnother() public {
        TabAgreement memory a = ripe();
        notice(a, buyer);
        Tally memory old = tally(1, 1);
        Tally memory older = tally(2, 2);
        Tally memory newest = tally(10_000, 90e6);
        done(buyer, presentCall(a, old));
        bytes memory sent = replaceBy(a, newest);
        done(buyer, replaceCall(a, older));
        done(provider, sent);
    }

    /// The buyer countersigns the answer it got last only in the last second. The export the provider has handed over is of
    /// the tally before, and counts for nothing.
    function test_aReplacementByTheBuyerLeavesTimeToAnswerIt() public {
        TabAgreement memory a = ripe();
        Tally memory t = tally(10_000, 90e6);
        presentAlone(a, t);
        skip(a.terms.window - 1);
        done(buyer, replaceCall(a, tally(10_001, 90e6 + 1)));
        assertGe(stateOf(a).deadline, block.timestamp + MIN_CHALLENGE);
    }

    /// "After `endBy` one last tally may be presented": what was served until then.
    function test_afterTheEndOneMoreTallyIsPresented() public {
        TabAgreement memory a = opened();
        vm.warp(a.terms.endBy);
        presentAlone(a, tally(10_000, 90e6));
        assertTrue(stateOf(a).last);
    }

    /// Without a bond a Fail and a Pass of the same payable leave the provider with the same. The one that says the
    /// provider did not fail is not a ruling for the buyer.
    function test_aFailThatWasWrongDoesNotFavourTheBuyer() public {
        TabAgreement memory a = newTab();
        a.terms.bond = 0;
        bytes memory accepts = sign(providerKey, idOf(a));
        done(
            relayer,
            abi.encodeCall(tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(a), accepts))
        );
        skip(a.terms.period);
        Tally memory t = tally(10_000, 90e6);
        done(provider, presentCall(a, t));
        judge(a, t, Outcome.Fail, 50e6);
        dispute(a, provider, Outcome.Pass, 90e6);
        rule(a, Outcome.Pass, 50e6);
        uint256 had = free(provider);
        settle(a);
        // D - A and both fees come with it.
        assertEq(free(provider) - had, 50e6 + 18e6 - ARBITER_COST + READY_FEE + VERDICT_FEE);
    }
}
