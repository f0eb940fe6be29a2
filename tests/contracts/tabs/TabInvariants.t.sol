// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TabWorld} from "./TabWorld.sol";

/// One campaign for all the rules of tabs.
contract TabInvariants is TabWorld {
    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), tabActs()));
    }

    function invariant_tabs() public view {
        conservation();
        ledgers();
        boundedDownside();
        coverage();
        payableBound();
        oncePerPeriod();
        phaseGraph();
        permissions();
    }

    function afterInvariant() public {
        nothingIsLocked();
    }
}
