// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";
import {Wallet} from "../utils/Wallets.sol";

/// A key or a contract wallet rules by itself: no adapter stands in between.
contract NoAdapterTest is UnitTest {
    function test_arbiter_key() public {
        uint256 key = uint256(keccak256("arbiter key"));
        rulesAndIsPaid(vm.addr(key));
    }

    function test_arbiter_contractWallet() public {
        Wallet safe = new Wallet(arbiter);
        Agreement memory a = disputedUnder(address(safe));
        (bool ok, bytes memory data) = safe.act(address(escrow), ruleCall(a, Outcome.Fail));
        assertTrue(ok, string(data));
        assertState(a, State.Closed);
        assertEq(free(address(safe)), ARBITER_COST);
        // And draws it to where it likes.
        (ok,) = safe.act(address(escrow), abi.encodeCall(escrow.claim, (arbiter, ARBITER_COST)));
        assertTrue(ok);
        assertEq(usdc.balanceOf(arbiter), ARBITER_COST);
    }

    function rulesAndIsPaid(address who) private {
        Agreement memory a = disputedUnder(who);
        refused(
            relayer, ruleCall(a, Outcome.Fail), abi.encodeWithSelector(NotTheArbiter.selector, relayer, who)
        );
        done(who, ruleCall(a, Outcome.Fail));
        assertState(a, State.Closed);
        assertEq(free(who), ARBITER_COST);
    }

    function disputedUnder(address who) private returns (Agreement memory a) {
        Committee memory c = defaultCommittee();
        (c.arbiter, c.salt) = (who, 5);
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
    }
}
