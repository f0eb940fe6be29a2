// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Play} from "../invariant/Play.sol";
import {Broken} from "./Broken.sol";

/// Each rule is seen to fail: an escrow that can be broken in the ways of variants.toml, one at a time, is played with as
/// in the invariants until the rule notices. `python -m scripts.broken` builds it first.
contract BrokenTest is Play {
    string private constant ARTIFACT = ".build/broken/out/Escrow.sol/Escrow.json";
    string private constant SOURCES = ".build/broken/sources";
    uint256 private constant WORLDS = 24;
    uint256 private constant ACTS = 250;

    /// What was compiled is made of today's sources.
    function test_isOfTheseSources() public {
        assertTrue(vm.exists(SOURCES), "run `python -m scripts.broken` first");
        string memory path = vm.readLine(SOURCES);
        for (; bytes(path).length != 0; path = vm.readLine(SOURCES)) {
            bytes32 hash = vm.parseBytes32(vm.readLine(SOURCES));
            assertEq(sha256(bytes(vm.readFile(path))), hash, "run `python -m scripts.broken` anew");
        }
        vm.closeFile(SOURCES);
    }

    /// With no fault switched on it keeps every rule: what is noticed below is the fault.
    function test_unbroken() public {
        vm.pauseGasMetering();
        vm.etch(Broken.SWITCH, _number(type(uint8).max));
        begin(ARTIFACT, false);
        bytes4[] memory list = acts();
        for (uint256 i; i < ACTS; ++i) {
            assertTrue(act(list, i), "an act reverted");
            if (i % 10 == 0) checkEveryRule();
        }
        checkEveryRule();
        checkNothingIsLocked();
    }

    // ---- conservation

    function test_bondTwice() public {
        _noticed(1, world.conservation.selector);
    }

    function test_depositKept() public {
        _noticed(2, world.conservation.selector);
    }

    function test_slashLost() public {
        _noticed(3, world.conservation.selector);
    }

    function test_feeForgotten() public {
        _noticed(4, world.conservation.selector);
    }

    // ---- ledgers

    function test_wrongSideFavoured() public {
        _noticed(5, world.ledgers.selector);
    }

    function test_silenceRoundedDown() public {
        _noticed(6, world.ledgers.selector);
    }

    function test_feesToNobody() public {
        _noticed(7, world.ledgers.selector);
    }

    function test_showerTakesTheBuyersPart() public {
        _noticed(8, world.ledgers.selector);
    }

    function test_honestMinorityPays() public {
        _noticed(9, world.ledgers.selector);
    }

    function test_depositToTheCaller() public {
        _noticed(10, world.ledgers.selector);
    }

    // ---- solvency

    function test_paidAndCredited() public {
        _noticed(11, world.solvency.selector);
    }

    function test_claimedAgain() public {
        _noticed(12, world.solvency.selector);
    }

    function test_feesDrawnAgain() public {
        _noticed(13, world.solvency.selector);
    }

    function test_stakeNotSlashed() public {
        _noticed(14, world.solvency.selector);
    }

    function test_accidentCounted() public {
        _noticed(15, world.solvency.selector);
    }

    // ---- boundedDownside

    function test_slashedByValue() public {
        _noticed(16, world.boundedDownside.selector);
    }

    function test_bondTakenTwice() public {
        _noticed(17, world.boundedDownside.selector);
    }

    function test_feeChargedTwice() public {
        _noticed(18, world.boundedDownside.selector);
    }

    // ---- coverage

    function test_overbooked() public {
        _noticed(19, world.coverage.selector);
    }

    function test_tooFewMembers() public {
        _noticed(20, world.coverage.selector);
    }

    function test_neverGivenBack() public {
        _noticed(21, world.coverage.selector);
    }

    function test_leavesAtOnce() public {
        _noticed(22, world.coverage.selector);
    }

    function test_stakeEmptiedByProof() public {
        _noticed(23, world.coverage.selector);
    }

    function test_slashedStaysActive() public {
        _noticed(24, world.coverage.selector);
    }

    function test_bookWithoutConsent() public {
        _noticed(25, world.coverage.selector);
    }

    // ---- nothingIsLocked

    function test_mustBePaid() public {
        _noticed(26, world.nothingIsLocked.selector);
    }

    function test_frozenByAFork() public {
        _noticed(27, world.nothingIsLocked.selector);
    }

    function test_arbiterMustRule() public {
        _noticed(28, world.nothingIsLocked.selector);
    }

    function test_debtForEver() public {
        _noticed(29, world.nothingIsLocked.selector);
    }

    // ---- noAdminReach

    function test_rescue() public {
        _noticed(30, world.noAdminReach.selector);
    }

    function test_sweep() public {
        _noticed(31, world.noAdminReach.selector);
    }

    // ---- noReplay

    function test_pledgeAgain() public {
        _noticed(32, world.noReplay.selector);
    }

    function test_anyChain() public {
        _noticed(33, world.noReplay.selector);
    }

    function test_shownAgain() public {
        _noticed(34, world.noReplay.selector);
    }

    function test_keyReused() public {
        _noticed(35, world.noReplay.selector);
    }

    // ---- statusGraph

    function test_settledEarly() public {
        _noticed(36, world.statusGraph.selector);
    }

    function test_lapsedEarly() public {
        _noticed(37, world.statusGraph.selector);
    }

    function test_judgedLate() public {
        _noticed(38, world.statusGraph.selector);
    }

    function test_deliveredLate() public {
        _noticed(39, world.statusGraph.selector);
    }

    function test_agreedAfterTheEnd() public {
        _noticed(40, world.statusGraph.selector);
    }

    // ---- closedForEver

    function test_openedAgain() public {
        _noticed(41, world.closedForEver.selector);
    }

    // ---- permissions

    function test_anyoneRules() public {
        _noticed(42, world.permissions.selector);
    }

    function test_anyoneDelivers() public {
        _noticed(43, world.permissions.selector);
    }

    function test_anyKeySigns() public {
        _noticed(44, world.permissions.selector);
    }

    function test_expelledSigns() public {
        _noticed(45, world.permissions.selector);
    }

    function test_anyWalletAnswer() public {
        _noticed(46, world.permissions.selector);
    }

    function test_winnerConcedes() public {
        _noticed(47, world.permissions.selector);
    }

    function test_providersSignatureDoesForBoth() public {
        _noticed(48, world.permissions.selector);
    }

    // ---- liveness

    function test_onlyPartiesSettle() public {
        _noticed(49, world.liveness.selector);
    }

    function test_rowSinksTheBatch() public {
        _noticed(50, world.liveness.selector);
    }

    // ----

    function _noticed(uint256 variant, bytes4 rule) private {
        vm.pauseGasMetering();
        vm.etch(Broken.SWITCH, _number(variant));
        for (uint256 round; round < WORLDS; ++round) {
            begin(ARTIFACT, round % 2 == 1);
            bytes4[] memory list = acts();
            for (uint256 i; i < ACTS; ++i) {
                act(list, (round << 32) | i);
                if (!_holds(rule, i)) return;
            }
        }
        assertTrue(false, "nobody noticed");
    }

    /// Code that returns a number: PUSH1 number, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN.
    function _number(uint256 variant) private pure returns (bytes memory) {
        return abi.encodePacked(hex"60", uint8(variant), hex"5f5260205ff3");
    }

    /// What is locked is looked for on a snapshot, and not after every act.
    function _holds(bytes4 rule, uint256 i) private returns (bool ok) {
        bool onSnapshot = rule == world.nothingIsLocked.selector;
        if (onSnapshot && i % 10 != 9) return true;
        uint256 snapshot = onSnapshot ? vm.snapshotState() : 0;
        (ok,) = address(world).call(abi.encodePacked(rule));
        if (onSnapshot) vm.revertToState(snapshot);
    }
}
