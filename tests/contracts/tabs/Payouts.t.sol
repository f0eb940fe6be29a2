// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {TabPayouts} from "../../../contracts/tabs/libraries/TabPayouts.sol";

/// The splits of a period by themselves: what came in goes out to the last unit, and the arbiter gets its cost and no more.
/// The contracts pay the arbiter when it rules, so not every split is seen whole from outside.
contract TabPayoutsTest is Test {
    /// What a tab and its committee can hold.
    struct Figures {
        uint64 bond;
        uint64 verdictFee;
        uint64 fee;
        uint64 cost;
        uint64 rest;
        uint64 silence;
        uint64 pay;
        bool bySilence;
        bool buyerDisputes;
    }

    function testFuzz_stands(Figures memory x) public pure {
        TabPayouts.Case memory c = caseOf(x);
        TabPayouts.Split memory s = TabPayouts.stands(c);
        addsUp(c, s, 0);
        assertEq(s.withFee, c.bySilence);
    }

    function testFuzz_upheld(Figures memory x) public pure {
        TabPayouts.Case memory c = caseOf(x);
        TabPayouts.Split memory s = TabPayouts.upheld(c);
        addsUp(c, s, c.arbiterCost);
        assertEq(s.withFee, c.bySilence);
    }

    function testFuzz_overturned(Figures memory x, uint64 ruled) public pure {
        TabPayouts.Case memory c = caseOf(x);
        TabPayouts.Split memory s = TabPayouts.overturned(c, Outcome.Fail, ruled);
        addsUp(c, s, c.arbiterCost);
        assertTrue(s.withFee);
    }

    function testFuzz_agreed(Figures memory x) public pure {
        TabPayouts.Case memory c = caseOf(x);
        TabPayouts.Split memory s = TabPayouts.agreed(c);
        addsUp(c, s, c.arbiterCost);
        assertEq(s.withFee, c.bySilence);
    }

    function testFuzz_agreedWithoutDispute(Figures memory x) public pure {
        TabPayouts.Case memory c = caseOf(x);
        (c.deposit, c.arbiterCost) = (0, 0);
        addsUp(c, TabPayouts.agreed(c), 0);
    }

    function addsUp(TabPayouts.Case memory c, TabPayouts.Split memory s, uint256 arbiter) private pure {
        assertEq(s.arbiter, arbiter, "arbiter");
        uint256 paidIn = c.verdictFee + c.deposit + (s.withFee ? c.fee : 0);
        assertEq(s.buyer + s.provider + s.evaluators + s.arbiter, paidIn, "in all");
    }

    function caseOf(Figures memory x) private pure returns (TabPayouts.Case memory c) {
        (c.bond, c.verdictFee, c.fee, c.silence) = (x.bond, x.verdictFee, x.fee, x.silence);
        (c.arbiterCost, c.deposit) = (x.cost, uint256(x.cost) + x.rest);
        (c.threshold, c.members) = (3, 5);
        (c.provisional, c.payable_) = (Outcome.Pass, x.pay);
        (c.bySilence, c.buyerDisputes) = (x.bySilence, x.buyerDisputes);
    }
}
