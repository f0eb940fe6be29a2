// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";

/// The payout arithmetic, callable from outside: for fuzzing here, for halmos, and against the Python code.
contract PayoutsHarness {
    function ceilDiv(uint256 a, uint256 b) external pure returns (uint256) {
        return Payouts.ceilDiv(a, b);
    }

    function share(uint256 value, uint256 silence, uint256 threshold) external pure returns (uint256) {
        return Payouts.share(value, silence, threshold);
    }

    function depositFor(uint256 value, uint256 arbiterCost) external pure returns (uint256) {
        return Payouts.depositFor(value, arbiterCost);
    }

    function stands(Payouts.Case memory c) external pure returns (Payouts.Split memory) {
        return Payouts.stands(c);
    }

    function upheld(Payouts.Case memory c) external pure returns (Payouts.Split memory) {
        return Payouts.upheld(c);
    }

    function overturned(Payouts.Case memory c, Outcome ruling) external pure returns (Payouts.Split memory) {
        return Payouts.overturned(c, ruling);
    }

    function agreed(Payouts.Case memory c, uint256 toBuyer) external pure returns (Payouts.Split memory) {
        return Payouts.agreed(c, toBuyer);
    }

    function moves(Payouts.Case memory c, Outcome ruling) external pure returns (uint256) {
        return Payouts.moves(c, ruling);
    }

    function favoursProvider(Outcome provisional, Outcome ruling) external pure returns (bool) {
        return Payouts.favoursProvider(provisional, ruling);
    }
}
