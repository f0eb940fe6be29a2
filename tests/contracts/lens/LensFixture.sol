// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/lens/ILens.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// The escrow's fixture with the lens, and a provider that can bond anything.
abstract contract LensFixture is UnitTest {
    ILens internal lens;

    function setUp() public override {
        super.setUp();
        lens = ILens(vm.deployCode("Lens.sol:Lens", abi.encode(escrow)));
        vm.prank(provider);
        escrow.deposit(provider, 100_000e6);
    }

    function standingOf(Agreement memory a) internal view returns (ILens.Standing memory) {
        return lens.standing(a.terms, openingHash(a.opening));
    }
}
