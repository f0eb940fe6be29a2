// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabModel} from "./TabModel.sol";

/// What must hold after whatever anybody does on tabs.
///   conservation  the book holds, to the unit, what came in for the tabs that are open
///   ledgers       every account and stake has, to the unit, what the model gives it
///   boundedDownside  no evaluator loses more than its part of what the period was about, or of Z
///   coverage      reserved are the shares of the open tabs, and every stake holds them
///   payableBound  what is paid never exceeds what the buyer signed, and balance and collateral cover what can be claimed
///   oncePerPeriod no period is paid twice: each settling moves the settled count on
///   phaseGraph    phases follow the graph and the clock only; closed is for ever
///   permissions   no act of a stranger, and nothing forged or replayed, ever succeeded
///   nothingIsLocked  time alone lets anyone close every tab
abstract contract TabRules is TabModel {
    // What acts have noticed; noted, not asserted: an assertion in an act would only undo the act.
    uint256 internal expelled = type(uint256).max;
    string internal broken; // phaseGraph
    string internal forged; // permissions
    string internal twice; // oncePerPeriod
    string internal overdone; // boundedDownside

    function conservation() public view {
        uint256 sum;
        for (uint256 i; i < all.length; ++i) {
            sum += ghosts[i].held;
        }
        assertEq(free(address(tabs)), sum, "conservation: the book");
        assertEq(usdc.balanceOf(address(tabs)), 0, "conservation: USDC in the book");
    }

    function ledgers() public view {
        assertEq(free(buyer), due[buyer], "ledgers: buyer");
        assertEq(free(provider), due[provider], "ledgers: provider");
        assertEq(free(arbiter), due[arbiter], "ledgers: arbiter");
        uint256 fees;
        for (uint32 set = 1; set < 32; ++set) {
            fees += feesOf(set);
        }
        assertEq(fees, feesDue, "ledgers: fees");
        for (uint256 i; i < N; ++i) {
            assertEq(stakeOf(i), stakeDue[i], "ledgers: stake");
        }
    }

    function boundedDownside() public view {
        assertEq(overdone, "", "boundedDownside");
    }

    function coverage() public view {
        uint256 sum;
        for (uint256 i; i < all.length; ++i) {
            sum += ghosts[i].covered;
        }
        assertEq(reserved(), sum, "coverage: reserved");
        for (uint256 i; i < N; ++i) {
            // Who contradicted itself serves in no newer tab.
            if (i != expelled) assertGe(stakeOf(i), sum, "coverage: stake");
        }
    }

    function payableBound() public view {
        for (uint256 i; i < all.length; ++i) {
            ITabEvents.TabView memory v = stateOf(all[i]);
            assertLe(ghosts[i].paid, ghosts[i].signed, "payableBound: more than the buyer signed");
            uint256 claim;
            if (v.phase >= ITabEvents.Phase.Judged && v.phase <= ITabEvents.Phase.Ruled) {
                claim = v.amount - v.settledAmount;
            }
            if (v.phase == ITabEvents.Phase.Presented) claim = pending[i].amount - v.settledAmount;
            if (v.phase == ITabEvents.Phase.Owing) claim = v.payable_;
            if (v.phase == ITabEvents.Phase.Closed) continue;
            assertLe(claim, v.balance + _collateral(i, v), "payableBound: not covered");
            assertLe(
                v.settledAmount,
                uint256(v.settledCount) * all[i].terms.ceiling,
                "payableBound: above the ceiling"
            );
            if (v.phase >= ITabEvents.Phase.Judged) {
                assertLe(v.payable_, claim, "payableBound: above the claim");
            }
        }
    }

    function oncePerPeriod() public view {
        assertEq(twice, "", "oncePerPeriod");
    }

    function phaseGraph() public view {
        assertEq(broken, "", "phaseGraph");
    }

    function permissions() public view {
        assertEq(forged, "", "permissions");
    }

    /// Also after a fork: nothing but time is needed.
    function nothingIsLocked() public {
        pauseUSDC();
        vm.chainId(1);
        for (uint256 i; i < all.length; ++i) {
            TabAgreement memory a = all[i];
            vm.chainId(HOME);
            ITabEvents.TabView memory v = stateOf(a);
            bytes memory lapsing = abi.encodeCall(tabs.lapse, (a.terms, oh(a), pending[i]));
            bytes memory settling = settleCall(a);
            bytes memory closing = closeCall(a);
            bytes32 id = idOf(a);
            vm.chainId(1);
            for (uint256 steps; v.phase != ITabEvents.Phase.Closed; ++steps) {
                assertLt(steps, 6, "nothingIsLocked");
                bool open = v.phase == ITabEvents.Phase.Open;
                uint256 limit = open ? v.end : v.deadline;
                if (v.phase == ITabEvents.Phase.Presented) limit += a.terms.verdict;
                if (v.phase == ITabEvents.Phase.Ruled) limit = 0;
                if (block.timestamp < limit) vm.warp(limit);
                bytes memory call =
                    open ? closing : v.phase == ITabEvents.Phase.Presented ? lapsing : settling;
                vm.prank(relayer);
                (bool ok,) = address(tabs).call(call);
                assertTrue(ok, "nothingIsLocked");
                v = tabs.tabState(id);
            }
        }
        assertEq(free(address(tabs)), 0, "nothingIsLocked: money");
        assertEq(reserved(), 0, "nothingIsLocked: coverage");
        vm.chainId(HOME);
    }
}
