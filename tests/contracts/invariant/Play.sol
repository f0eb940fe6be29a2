// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {World} from "./World.sol";

/// A world, the acts that can happen in it and the rules that must hold after each.
abstract contract Play is Test {
    World internal world;

    /// From its artifact, so that its code is not compiled into every test.
    function begin(string memory artifact, bool wallets) internal {
        world = World(vm.deployCode("World.sol:World", abi.encode(artifact, wallets)));
    }

    function acts() internal view returns (bytes4[] memory list) {
        bytes4[33] memory all = [
            world.proceeds.selector, // the more often the further jobs get
            world.proceeds.selector,
            world.proceeds.selector,
            world.proceeds.selector,
            world.proceeds.selector,
            world.proceeds.selector,
            world.proceeds.selector,
            world.opens.selector,
            world.opensTogether.selector,
            world.delivers.selector,
            world.attests.selector,
            world.judges.selector,
            world.lapses.selector,
            world.settles.selector,
            world.disputes.selector,
            world.rules.selector,
            world.concedes.selector,
            world.agrees.selector,
            world.equivocates.selector,
            world.equivocates.selector,
            world.staking.selector,
            world.staking.selector,
            world.staking.selector,
            world.booking.selector,
            world.booking.selector,
            world.collateral.selector,
            world.collateral.selector,
            world.waits.selector,
            world.sleeps.selector,
            world.mood.selector,
            world.replays.selector,
            world.administers.selector,
            world.sendsByAccident.selector
        ];
        list = new bytes4[](all.length);
        for (uint256 i; i < all.length; ++i) {
            list[i] = all[i];
        }
    }

    /// One act at random.
    function act(bytes4[] memory list, uint256 seed) internal returns (bool ok) {
        uint256 random = uint256(keccak256(abi.encode("act", seed)));
        (ok,) = address(world).call(abi.encodePacked(list[random % list.length], random));
    }

    function checkEveryRule() internal view {
        world.conservation();
        world.ledgers();
        world.solvency();
        world.boundedDownside();
        world.coverage();
        world.noAdminReach();
        world.noReplay();
        world.statusGraph();
        world.closedForEver();
        world.permissions();
        world.liveness();
    }

    /// Looked at on a snapshot, which is then gone back to.
    function checkNothingIsLocked() internal {
        uint256 snapshot = vm.snapshotState();
        world.nothingIsLocked();
        vm.revertToState(snapshot);
    }
}
