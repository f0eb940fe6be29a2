// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// A closed tab says how it ended, and what its closing gave to whom. Failed: `Settle.t.sol`. Defaulted: `Credit.t.sol`.
contract TabEndingsTest is TabEndings {
    function test_left() public {
        TabAgreement memory a = opened();
        vm.warp(stateOf(a).end);
        ends(a, closeCall(a), ITabEvents.Ending.Left, DEPOSIT + CREDIT + 10e6, TAB_BOND, READY_FEE);
    }

    function test_leftAfterAPeriod() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        skip(a.terms.challenge);
        settle(a);
        vm.warp(stateOf(a).end);
        ends(a, closeCall(a), ITabEvents.Ending.Left, 20e6 + CREDIT + 9e6, TAB_BOND, READY_FEE);
    }

    function test_silence() public {
        (TabAgreement memory a,) = silenced(90e6);
        skip(LAPSE_CHALLENGE);
        ends(a, settleCall(a), ITabEvents.Ending.Silence, DEPOSIT + CREDIT + 9e6, TAB_BOND, 0);
    }

    function test_silenceUpheld() public {
        (TabAgreement memory a,) = silenced(90e6);
        dispute(a, provider, Outcome.Pass, 40e6);
        rule(a, Outcome.Lapse, 0);
        ends(a, settleCall(a), ITabEvents.Ending.Silence, DEPOSIT + CREDIT + 9e6, TAB_BOND, 0);
    }

    function test_overturned() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Pass, 30e6);
        rule(a, Outcome.Pass, 30e6);
        ends(a, settleCall(a), ITabEvents.Ending.Overturned, 70e6 + CREDIT + 9e6, TAB_BOND, 0);
    }

    function test_overturnedToFail() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Pass, 80e6);
        dispute(a, buyer, Outcome.Fail, 30e6);
        rule(a, Outcome.Fail, 30e6);
        ends(a, settleCall(a), ITabEvents.Ending.Overturned, 70e6 + CREDIT + 9e6 + TAB_BOND, 0, 0);
    }

    function test_silenceOverturned() public {
        (TabAgreement memory a,) = silenced(90e6);
        dispute(a, provider, Outcome.Pass, 40e6);
        rule(a, Outcome.Pass, 40e6);
        ends(a, settleCall(a), ITabEvents.Ending.Overturned, 60e6 + CREDIT + 9e6, TAB_BOND, 0);
    }

    function test_agreed() public {
        TabAgreement memory a = opened();
        bytes memory call = splitCall(a, 75e6, block.timestamp + 1, 1);
        uint256 toBuyer = DEPOSIT + CREDIT + TAB_BOND - 75e6 + 10e6;
        ends(a, call, ITabEvents.Ending.Agreed, toBuyer, 75e6, READY_FEE);
    }

    /// `call` closes the tab and says so.
    function ends(
        TabAgreement memory a,
        bytes memory call,
        ITabEvents.Ending how,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toMembers
    ) private {
        vm.expectEmit(address(tabs));
        emit ITabEvents.TabClosed(idOf(a), how, toBuyer, toProvider, toMembers);
        done(relayer, call);
        assertClosed(a);
    }
}
