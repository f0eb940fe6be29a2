// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// The code of tabs in two contracts that are one.
contract TabHalvesTest is TabFixture {
    function test_bothHalvesFitTheLimitOfCodeSize() public view {
        assertLe(address(tabs).code.length, 24_576);
        assertLe(tabs.annex().code.length, 24_576);
    }

    /// The annex called by itself has no tabs, no money and nobody's consent.
    function test_annexByItselfHoldsNothing() public {
        TabAgreement memory a = opened();
        ITabs alone = ITabs(tabs.annex());
        assertNotEq(address(alone), address(tabs));
        assertGt(address(alone).code.length, 0);
        assertEq(uint8(alone.tabState(idOf(a)).phase), uint8(ITabEvents.Phase.None));
        vm.expectRevert(
            abi.encodeWithSelector(ITabEvents.WrongPhase.selector, idOf(a), ITabEvents.Phase.None)
        );
        alone.close(a.terms, oh(a), false);
        vm.prank(relayer);
        (bool ok,) = address(alone).call(openCall(newTab()));
        assertFalse(ok);
        // What is of the first half is not reachable through the second.
        vm.expectRevert();
        alone.batch(new bytes[](1));
    }

    function test_unknownSelectorsAndEtherAreRefused() public {
        (bool ok,) = address(tabs).call(hex"12345678");
        assertFalse(ok);
        (ok,) = address(tabs).call("");
        assertFalse(ok);
        vm.deal(address(this), 1);
        (ok,) = address(tabs).call{value: 1}("");
        assertFalse(ok);
    }
}
