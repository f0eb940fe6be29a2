// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Play} from "./Play.sol";

/// Forge's stateful fuzzing: any act, by anyone, in any order, at any time, and every rule after each.
abstract contract Invariants is Play {
    function setUp() public virtual {
        begin("Escrow.sol:Escrow", wallets());
        targetContract(address(world));
        targetSelector(FuzzSelector(address(world), acts()));
    }

    function wallets() internal pure virtual returns (bool);

    function invariant_everyRuleHolds() public {
        checkEveryRule();
        if (world.turns() % 16 == 0) checkNothingIsLocked();
    }
}

contract InvariantsKeysTest is Invariants {
    function wallets() internal pure override returns (bool) {
        return false;
    }
}

contract InvariantsWalletsTest is Invariants {
    function wallets() internal pure override returns (bool) {
        return true;
    }
}
