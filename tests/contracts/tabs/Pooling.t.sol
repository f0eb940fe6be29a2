// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICollateral} from "../../../contracts/interfaces/ICollateral.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabPeriods} from "../../../contracts/tabs/interfaces/ITabPeriods.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// What settlings of one batch owe to the same account is handed over together.
contract TabPoolingTest is TabEndings {
    function test_oneTransferForAllThatFollowOneAnother() public {
        bytes[] memory calls = _ripe(3, false);
        remember();
        vm.expectEmit(address(escrow));
        emit ILedger.Transferred(address(tabs), provider, 60e6);
        vm.expectCall(address(escrow), abi.encodeWithSelector(ICollateral.transfer.selector), 1);
        _batch(calls);
        assertGot(0, 60e6);
    }

    function test_onePaymentToTheWallet() public {
        bytes[] memory calls = _ripe(3, true);
        uint256 had = usdc.balanceOf(provider);
        vm.expectCall(address(escrow), abi.encodeCall(ICollateral.claim, (provider, 60e6)), 1);
        _batch(calls);
        assertEq(usdc.balanceOf(provider) - had, 60e6);
    }

    function test_whomUsdcRefusesIsCreditedWithAll() public {
        bytes[] memory calls = _ripe(3, true);
        blacklistUSDC(provider);
        remember();
        _batch(calls);
        assertGot(0, 60e6);
    }

    /// To the buyer, the provider, its wallet: each gets its own.
    function test_othersAreNotMixedUp() public {
        TabAgreement[] memory all = _judged(4, Outcome.Fail);
        bytes[] memory calls = new bytes[](4);
        for (uint256 i; i < 4; ++i) {
            calls[i] = abi.encodeCall(tabs.settle, (all[i].terms, oh(all[i]), i == 2));
        }
        (uint256 ofBuyer, uint256 ofProvider) = (usdc.balanceOf(buyer), usdc.balanceOf(provider));
        remember();
        _batch(calls);
        // Deposit less 20, credit, bond, and nine verdicts' fees.
        uint256 back = DEPOSIT - 20e6 + CREDIT + TAB_BOND + 9 * VERDICT_FEE;
        assertGot(3 * back, 60e6);
        assertEq(usdc.balanceOf(buyer) - ofBuyer, back);
        assertEq(usdc.balanceOf(provider) - ofProvider, 20e6);
        assertEq(free(address(tabs)), 0);
    }

    function test_whatFailsTakesNothingAlong() public {
        bytes[] memory calls = _ripe(4, false);
        calls[1] = calls[0];
        calls[3] = hex"12345678";
        remember();
        ITabPeriods.Result[] memory results = _batch(calls);
        assertTrue(results[0].ok && !results[1].ok && results[2].ok && !results[3].ok);
        assertGot(0, 40e6);
    }

    /// A bond is pledged from what the row before has paid.
    function test_whatIsCalledNextFindsItPaid() public {
        bytes[] memory settles = _ripe(2, false);
        TabAgreement memory next = newTab();
        bytes[] memory calls = new bytes[](3);
        (calls[0], calls[1], calls[2]) = (settles[0], openCall(next), settles[1]);
        uint256 had = free(provider);
        vm.prank(provider);
        escrow.claim(provider, had - TAB_BOND + 20e6);
        ITabPeriods.Result[] memory results = _batch(calls);
        assertTrue(results[1].ok, "not paid before");
        assertPhase(next, ITabEvents.Phase.Open);
        assertEq(free(provider), 20e6);
    }

    function test_aBatchInABatch() public {
        bytes[] memory settles = _ripe(4, false);
        bytes[] memory inner = new bytes[](2);
        (inner[0], inner[1]) = (settles[1], settles[2]);
        bytes[] memory calls = new bytes[](3);
        (calls[0], calls[1], calls[2]) = (settles[0], abi.encodeCall(tabs.batch, (inner)), settles[3]);
        remember();
        _batch(calls);
        assertGot(0, 80e6);
        // Nothing is pooled outside of a batch.
        calls = _ripe(1, false);
        remember();
        done(relayer, calls[0]);
        assertGot(0, 20e6);
    }

    function _batch(bytes[] memory calls) private returns (ITabPeriods.Result[] memory) {
        return abi.decode(done(relayer, abi.encodeCall(tabs.batch, (calls))), (ITabPeriods.Result[]));
    }

    /// Calls that settle `n` tabs for 20 each, all of them due.
    function _ripe(uint256 n, bool payOut) private returns (bytes[] memory calls) {
        TabAgreement[] memory all = _judged(n, Outcome.Pass);
        calls = new bytes[](n);
        for (uint256 i; i < n; ++i) {
            calls[i] = abi.encodeCall(tabs.settle, (all[i].terms, oh(all[i]), payOut));
        }
    }

    function _judged(uint256 n, Outcome outcome) private returns (TabAgreement[] memory all) {
        all = new TabAgreement[](n);
        for (uint256 i; i < n; ++i) {
            all[i] = opened();
        }
        skip(1 days);
        Tally memory t = tally(10_000, 20e6);
        for (uint256 i; i < n; ++i) {
            present(all[i], t);
            judge(all[i], t, outcome, 20e6);
        }
        skip(1 days);
    }
}
