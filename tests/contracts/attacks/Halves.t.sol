// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {UnitTest} from "../utils/UnitTest.sol";

/// The two halves of the code share one address: a selector that both knew would be answered by the first alone.
contract HalvesTest is UnitTest {
    function test_everyFunctionOfTheInterfaceIsAnsweredByExactlyOneHalf() public view {
        string[] memory whole = functions("IEscrow.sol/IEscrow.json");
        string[] memory first = functions("Escrow.sol/Escrow.json");
        string[] memory second = functions("Annex.sol/Annex.json");
        for (uint256 i; i < whole.length; ++i) {
            uint256 answers = count(first, whole[i]) + count(second, whole[i]);
            assertEq(answers, 1, whole[i]);
        }
        for (uint256 i; i < second.length; ++i) {
            assertEq(count(first, second[i]), 0, second[i]);
        }
        // Nothing but the interface is answered.
        assertEq(first.length + second.length, whole.length);
    }

    function functions(string memory artifact) private view returns (string[] memory) {
        string memory json = vm.readFile(string.concat(".build/forge/out/", artifact));
        return vm.parseJsonKeys(json, ".methodIdentifiers");
    }

    function count(string[] memory list, string memory item) private pure returns (uint256 n) {
        for (uint256 i; i < list.length; ++i) {
            if (keccak256(bytes(list[i])) == keccak256(bytes(item))) ++n;
        }
    }
}
