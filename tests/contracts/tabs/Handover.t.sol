// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Handover} from "../../../contracts/tabs/Handover.sol";

contract HandoverTest is Test {
    function testFuzz_hand_NamesTheCaller(address by, bytes32 tab, bytes32 document) public {
        Handover handover = new Handover();
        vm.expectEmit(address(handover));
        emit Handover.Handed(tab, by, document);
        vm.prank(by);
        handover.hand(tab, document);
    }
}
