// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// What tests of how periods and tabs end share: who had what before, and who has what after.
abstract contract TabEndings is TabFixture {
    uint256 internal buyerHad;
    uint256 internal providerHad;

    function remember() internal {
        (buyerHad, providerHad) = (free(buyer), free(provider));
    }

    function assertGot(uint256 byBuyer, uint256 byProvider) internal view {
        assertEq(free(buyer) - buyerHad, byBuyer, "buyer");
        assertEq(free(provider) - providerHad, byProvider, "provider");
    }

    /// Nothing of a closed tab stays here.
    function assertClosed(TabAgreement memory a) internal view {
        assertPhase(a, ITabEvents.Phase.Closed);
        assertEq(free(address(tabs)), 0, "left in the book");
        assertEq(usdc.balanceOf(address(tabs)), 0, "USDC left in the book");
        assertEq(reserved(), 0, "still reserved");
    }

    /// A period whose verdict took more than the balance: the rest is owed.
    function owing(uint64 amount, Outcome outcome) internal returns (TabAgreement memory a) {
        (a,) = judged(amount, outcome, amount);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertPhase(a, ITabEvents.Phase.Owing);
    }
}
