// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {TabWorld} from "../tabs/TabWorld.sol";
import {Broken} from "./Broken.sol";

/// Each rule of tabs is seen to fail: see BrokenTest, which also looks that what was compiled is of today's sources.
contract BrokenTabsTest is TabWorld {
    string private constant ARTIFACT = ".build/broken/out/Tabs.sol/Tabs.json";
    uint256 private constant WORLDS = 72;
    uint256 private constant ACTS = 160;

    TabWorld private world;

    function deployTabs(IEscrow escrow_) internal override returns (ITabs) {
        return ITabs(vm.deployCode(ARTIFACT, abi.encode(escrow_)));
    }

    function setUp() public override {
        super.setUp();
        world = TabWorld(this);
    }

    /// With no fault switched on it keeps every rule, and gets everywhere: what is noticed below is the fault.
    function test_unbroken() public {
        vm.pauseGasMetering();
        vm.etch(Broken.SWITCH, _number(type(uint8).max));
        bytes4[] memory list = tabActs();
        uint256 fresh = vm.snapshotState();
        bool[8] memory seen;
        for (uint256 round; round < 10; ++round) {
            for (uint256 i; i < ACTS; ++i) {
                assertTrue(_play(list, (round << 32) | i), "an act reverted");
                if (i % 10 == 9) this.everyRule();
                for (uint256 n; n < all.length; ++n) {
                    seen[uint8(stateOf(all[n]).phase)] = true;
                }
            }
            this.nothingIsLocked();
            vm.revertToState(fresh);
        }
        for (uint256 phase = 1; phase < 8; ++phase) {
            assertTrue(seen[phase], vm.toString(phase));
        }
    }

    function everyRule() external view {
        conservation();
        ledgers();
        boundedDownside();
        coverage();
        payableBound();
        oncePerPeriod();
        phaseGraph();
        permissions();
    }

    // ---- conservation

    function test_tabBondTwice() public {
        _noticed(51, world.conservation.selector);
    }

    function test_unusedFeesKept() public {
        _noticed(52, world.conservation.selector);
    }

    function test_tabDepositKept() public {
        _noticed(53, world.conservation.selector);
    }

    function test_silenceKeepsTheFees() public {
        _noticed(54, world.conservation.selector);
    }

    // ---- ledgers

    function test_paidMoreThanPayable() public {
        _noticed(55, world.ledgers.selector);
    }

    function test_wrongSideGetsTheSlash() public {
        _noticed(56, world.ledgers.selector);
    }

    function test_bondBackAfterFail() public {
        _noticed(57, world.ledgers.selector);
    }

    function test_defaultedEarly() public {
        _noticed(58, world.ledgers.selector);
    }

    // ---- boundedDownside

    function test_slashedWhole() public {
        _noticed(59, world.boundedDownside.selector);
    }

    // ---- coverage

    function test_tabCoverageNeverGivenBack() public {
        _noticed(60, world.coverage.selector);
    }

    function test_creditNotReserved() public {
        _noticed(61, world.coverage.selector);
    }

    // ---- payableBound

    function test_coverIgnored() public {
        _noticed(62, world.payableBound.selector);
    }

    function test_ceilingIgnored() public {
        _noticed(63, world.payableBound.selector);
    }

    function test_verdictAboveTheClaim() public {
        _noticed(64, world.payableBound.selector);
    }

    // ---- oncePerPeriod

    function test_periodAgain() public {
        _noticed(65, world.oncePerPeriod.selector);
    }

    // ---- phaseGraph

    function test_judgedWithinTheWindow() public {
        _noticed(66, world.phaseGraph.selector);
    }

    function test_tabSettledEarly() public {
        _noticed(67, world.phaseGraph.selector);
    }

    function test_tabClosedEarly() public {
        _noticed(68, world.phaseGraph.selector);
    }

    // ---- permissions

    function test_anyoneRulesOnTabs() public {
        _noticed(69, world.permissions.selector);
    }

    function test_buyersSignatureTwice() public {
        _noticed(70, world.permissions.selector);
    }

    function test_staleCount() public {
        _noticed(71, world.permissions.selector);
    }

    function test_periodBeforesAttestations() public {
        _noticed(72, world.permissions.selector);
    }

    // ---- nothingIsLocked

    function test_tabFrozenByAFork() public {
        _noticed(73, world.nothingIsLocked.selector);
    }

    function test_tabMustBePaid() public {
        _noticed(74, world.nothingIsLocked.selector);
    }

    function test_arbiterMustRuleOnTabs() public {
        _noticed(75, world.nothingIsLocked.selector);
    }

    function test_tabDebtForEver() public {
        _noticed(76, world.nothingIsLocked.selector);
    }

    // ---- what was mended after the contract was attacked

    function test_noWindowForAnyone() public {
        _noticed(77, world.phaseGraph.selector);
    }

    function test_replacedInTheLastSecond() public {
        _noticed(78, world.phaseGraph.selector);
    }

    function test_replacedForEver() public {
        _noticed(79, world.phaseGraph.selector);
    }

    function test_lowerReplaces() public {
        _noticed(80, world.phaseGraph.selector);
    }

    function test_nothingAfterTheEnd() public {
        _noticed(81, world.phaseGraph.selector);
    }

    function test_oneSubjectForAllPeriods() public {
        _noticed(82, world.permissions.selector);
    }

    function test_defaultForfeits() public {
        _noticed(83, world.ledgers.selector);
    }

    function test_creditCountsTwice() public {
        _noticed(84, world.conservation.selector);
    }

    function test_wrongFailFavoursTheBuyer() public {
        _noticed(85, world.ledgers.selector);
    }

    function test_agreedSilenceIsFree() public {
        _noticed(86, world.ledgers.selector);
    }

    function test_othersFeesTaken() public {
        _noticed(87, world.ledgers.selector);
    }

    // ---- what saves gas

    function test_settledPeriodStaysPending() public {
        _noticed(88, world.oncePerPeriod.selector);
    }

    function test_poolDropsWhoCameBefore() public {
        _noticed(89, world.conservation.selector);
    }

    // ----

    function _noticed(uint256 variant, bytes4 rule) private {
        vm.pauseGasMetering();
        vm.etch(Broken.SWITCH, _number(variant));
        bytes4[] memory list = tabActs();
        uint256 fresh = vm.snapshotState();
        for (uint256 round; round < WORLDS; ++round) {
            for (uint256 i; i < ACTS; ++i) {
                _play(list, (round << 32) | i);
                if (!_holds(rule, i)) return;
            }
            vm.revertToState(fresh);
        }
        assertTrue(false, "nobody noticed");
    }

    /// One act at random.
    function _play(bytes4[] memory list, uint256 seed) private returns (bool ok) {
        uint256 random = uint256(keccak256(abi.encode("act", seed)));
        // Which act and what it does are drawn apart: the acts read the lowest bits.
        uint256 which = uint256(keccak256(abi.encode("which", seed))) % list.length;
        (ok,) = address(this).call(abi.encodePacked(list[which], random));
    }

    /// What is locked is looked for on a snapshot, and not after every act.
    function _holds(bytes4 rule, uint256 i) private returns (bool ok) {
        bool onSnapshot = rule == world.nothingIsLocked.selector;
        if (onSnapshot && i % 10 != 9) return true;
        uint256 snapshot = onSnapshot ? vm.snapshotState() : 0;
        (ok,) = address(this).call(abi.encodePacked(rule));
        if (onSnapshot) vm.revertToState(snapshot);
    }

    /// Code that returns a number: PUSH1 number, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN.
    function _number(uint256 variant) private pure returns (bytes memory) {
        return abi.encodePacked(hex"60", uint8(variant), hex"5f5260205ff3");
    }
}
