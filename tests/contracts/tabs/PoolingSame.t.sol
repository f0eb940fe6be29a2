// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabPeriods} from "../../../contracts/tabs/interfaces/ITabPeriods.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// A batch, whatever is in it, leaves everybody with what its calls leave them with one by one.
contract TabPoolingSameTest is TabEndings {
    uint256 private constant TABS = 7;
    TabAgreement[] private all;
    Tally[] private tallies;

    /// forge-config: default.fuzz.runs = 30
    function testFuzz_aBatchIsItsCalls(uint256 seed, bool refusedByUsdc) public {
        _prepare();
        if (refusedByUsdc) blacklistUSDC(seed & 1 == 0 ? provider : buyer);
        bytes[] memory calls = _calls(seed, true);
        uint256 start = vm.snapshotState();
        bool[] memory ok = new bool[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(relayer);
            (ok[i],) = address(tabs).call(calls[i]);
        }
        bytes32 apart = _everything(true);
        vm.revertToState(start);
        ITabPeriods.Result[] memory results = _batch(calls);
        for (uint256 i; i < calls.length; ++i) {
            assertEq(results[i].ok, ok[i], "another row failed");
        }
        assertEq(_everything(true), apart, "another result");
    }

    /// With too little gas nothing happens, or just what the results say; who is owed is credited at least.
    /// forge-config: default.fuzz.runs = 30
    function testFuzz_littleGas(uint256 seed, uint256 gas_) public {
        _prepare();
        bytes[] memory calls = _calls(seed, false);
        uint256 start = vm.snapshotState();
        vm.prank(relayer);
        uint256 had = gasleft();
        tabs.batch(calls);
        uint256 used = had - gasleft();
        vm.revertToState(start);
        gas_ = bound(gas_, used / 4, used);
        vm.prank(relayer);
        (bool done_, bytes memory data) = address(tabs).call{gas: gas_}(abi.encodeCall(tabs.batch, (calls)));
        if (!done_) return;
        bytes32 together = _everything(false);
        ITabPeriods.Result[] memory results = abi.decode(data, (ITabPeriods.Result[]));
        vm.revertToState(start);
        for (uint256 i; i < calls.length; ++i) {
            if (!results[i].ok) continue;
            vm.prank(relayer);
            (bool ok,) = address(tabs).call(calls[i]);
            assertTrue(ok, "could not have worked");
        }
        assertEq(_everything(false), together, "another result");
    }

    function _everything(bool wallets) private view returns (bytes32 h) {
        address[5] memory who = [buyer, provider, arbiter, relayer, address(tabs)];
        for (uint256 i; i < who.length; ++i) {
            uint256 wallet = usdc.balanceOf(who[i]);
            h = wallets
                ? keccak256(abi.encode(h, free(who[i]), wallet))
                : keccak256(abi.encode(h, free(who[i]) + wallet));
        }
        for (uint256 i; i < TABS; ++i) {
            h = keccak256(abi.encode(h, stateOf(all[i])));
        }
        for (uint256 e; e < N; ++e) {
            h = keccak256(abi.encode(h, stakeOf(e), feesOf(uint32(1 << e))));
        }
        h = keccak256(abi.encode(h, reserved()));
    }

    function _batch(bytes[] memory calls) private returns (ITabPeriods.Result[] memory results) {
        bytes memory returned = done(relayer, abi.encodeCall(tabs.batch, (calls)));
        results = abi.decode(returned, (ITabPeriods.Result[]));
        assertEq(returned, abi.encode(results), "not as Solidity would encode it");
    }

    /// Passed, failed, lapsed, owed more than there is, ruled otherwise, not yet final, silent.
    function _prepare() private {
        for (uint256 i; i < TABS; ++i) {
            all.push(opened());
        }
        skip(1 days);
        for (uint256 i; i < TABS; ++i) {
            Tally memory t = tally(10_000, i == 3 ? 120e6 : 20e6);
            tallies.push(t);
            if (i != 6) present(all[i], t);
        }
        judge(all[0], tallies[0], Outcome.Pass, 20e6);
        judge(all[1], tallies[1], Outcome.Fail, 10e6);
        judge(all[2], tallies[2], Outcome.Lapse, 0);
        judge(all[3], tallies[3], Outcome.Pass, 120e6);
        judge(all[4], tallies[4], Outcome.Pass, 20e6);
        judge(all[5], tallies[5], Outcome.Pass, 15e6);
        dispute(all[4], buyer, Outcome.Fail, 0);
        rule(all[4], Outcome.Fail, 0);
        skip(1 days);
        present(all[6], tallies[6]);
        judge(all[6], tallies[6], Outcome.Pass, 20e6);
    }

    function _calls(uint256 seed, bool nested) private view returns (bytes[] memory calls) {
        calls = new bytes[](12);
        for (uint256 n; n < calls.length; ++n) {
            calls[n] = _call(uint256(keccak256(abi.encode(seed, n))), nested);
        }
    }

    function _call(uint256 r, bool nested) private view returns (bytes memory) {
        TabAgreement memory a = all[(r >> 8) % TABS];
        uint256 kind = r % 16;
        if (kind == 0) return abi.encodeCall(tabs.payEvaluators, (a.terms, oh(a)));
        if (kind == 1) return topUpCall(a, 1 + (r >> 16) % 5e6);
        if (kind == 2) return closeCall(a);
        if (kind == 3) return hex"00";
        if (kind == 4 && nested) {
            bytes[] memory inner = new bytes[](2);
            (inner[0], inner[1]) = (_settle(r >> 32), _settle(r >> 64));
            return abi.encodeCall(tabs.batch, (inner));
        }
        return _settle(r >> 32);
    }

    function _settle(uint256 r) private view returns (bytes memory) {
        TabAgreement memory a = all[r % TABS];
        return abi.encodeCall(tabs.settle, (a.terms, oh(a), r >> 16 & 1 == 0));
    }
}
