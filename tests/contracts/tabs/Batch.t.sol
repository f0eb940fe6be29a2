// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabPeriods} from "../../../contracts/tabs/interfaces/ITabPeriods.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Many calls at once, each for itself.
contract TabBatchTest is TabEndings {
    function test_oneBadRowDoesNotSinkTheOthers() public {
        TabAgreement[] memory all = new TabAgreement[](4);
        for (uint256 i; i < 4; ++i) {
            all[i] = opened();
        }
        skip(1 days);
        bytes[] memory calls = new bytes[](4);
        Tally memory t = tally(10_000, 20e6);
        for (uint256 i; i < 4; ++i) {
            present(all[i], t);
            calls[i] = judgeCall(all[i], t, Outcome.Pass, 20e6);
        }
        calls[2] = judgeCall(all[2], t, Outcome.Pass, 20e6 + 1);
        vm.expectEmit(address(tabs));
        emit ITabEvents.CallFailed(
            2, abi.encodeWithSelector(ITabEvents.PayableTooHigh.selector, 20e6 + 1, 20e6)
        );
        done(relayer, abi.encodeCall(tabs.batch, (calls)));
        skip(1 days);
        for (uint256 i; i < 4; ++i) {
            calls[i] = settleCall(all[i]);
        }
        remember();
        bytes memory returned = done(relayer, abi.encodeCall(tabs.batch, (calls)));
        ITabPeriods.Result[] memory results = abi.decode(returned, (ITabPeriods.Result[]));
        assertTrue(results[1].ok);
        assertFalse(results[2].ok);
        assertEq(results[2].data, wrongPhase(all[2], ITabEvents.Phase.Presented));
        assertGot(0, 60e6);
    }

    /// The list is written by hand: it must be, to the byte, what Solidity makes of the same results.
    function test_resultsAreWhatSolidityWouldEncode() public {
        TabAgreement memory a = opened();
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(tabs.tabId, (a.terms, oh(a))); // one word
        calls[1] = settleCall(a); // an error with arguments
        calls[2] = hex"12345678"; // and what no function answers
        calls[3] = abi.encodeCall(tabs.tabState, (idOf(a))); // many words
        calls[4] = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, 0, bytes(""))); // none
        ITabPeriods.Result[] memory expected = new ITabPeriods.Result[](5);
        expected[0] = ITabPeriods.Result(true, abi.encode(idOf(a)));
        expected[1] = ITabPeriods.Result(false, wrongPhase(a, ITabEvents.Phase.Open));
        expected[2] = ITabPeriods.Result(false, "");
        expected[3] = ITabPeriods.Result(true, abi.encode(stateOf(a)));
        expected[4] = ITabPeriods.Result(true, "");
        for (uint256 i = 1; i < 3; ++i) {
            vm.expectEmit(address(tabs));
            emit ITabEvents.CallFailed(i, expected[i].data);
        }
        assertEq(done(buyer, abi.encodeCall(tabs.batch, (calls))), abi.encode(expected));
    }

    function test_batchesHaveALength() public {
        bytes memory reason = abi.encodeWithSelector(ITabEvents.BadLength.selector, 0, 256);
        refused(relayer, abi.encodeCall(tabs.batch, (new bytes[](0))), reason);
        reason = abi.encodeWithSelector(ITabEvents.BadLength.selector, 257, 256);
        refused(relayer, abi.encodeCall(tabs.batch, (new bytes[](257))), reason);
    }

    function test_aBatchGivesTheCallersRightsOnly() public {
        TabAgreement memory a = opened();
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, 0, bytes("")));
        done(relayer, abi.encodeCall(tabs.batch, (calls)));
        assertFalse(stateOf(a).closing);
        done(buyer, abi.encodeCall(tabs.batch, (calls)));
        assertTrue(stateOf(a).closing);
    }
}
