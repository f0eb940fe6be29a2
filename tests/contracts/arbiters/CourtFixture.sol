// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {Agreement, Committee, Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";
import {Court} from "./Courts.sol";

/// A committee whose arbiter is a court (ERC-792) behind the adapter.
abstract contract CourtFixture is UnitTest {
    bytes internal constant EXTRA = hex"0102";
    uint256 internal constant PRICE = 0.1 ether;
    uint256 internal constant DEPOSIT = 260e6;

    Court internal court;
    ICourtAdapter internal adapter;

    function setUp() public virtual override {
        super.setUp();
        court = new Court();
        adapter = ICourtAdapter(deploy(address(court)));
        serve(0);
        vm.deal(relayer, 10 ether);
        vm.deal(buyer, 10 ether);
    }

    function deploy(address court_) public returns (address) {
        return
            vm.deployCode("CourtAdapter.sol:CourtAdapter", abi.encode(escrow, court_, EXTRA, "ipfs://meta"));
    }

    /// From here on the committee's arbiter is the adapter.
    function serve(uint64 cost) internal {
        Committee memory c = defaultCommittee();
        (c.arbiter, c.arbiterCost) = (address(adapter), cost);
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
    }

    // ---- helpers

    function disputed() internal returns (Agreement memory a) {
        a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
    }

    function raise(Agreement memory a, uint256 value) internal returns (uint256) {
        vm.prank(relayer);
        return adapter.raise{value: value}(a.terms, openingHash(a.opening));
    }

    function raiseCall(Agreement memory a) internal view returns (bytes memory) {
        return abi.encodeCall(adapter.raise, (a.terms, openingHash(a.opening)));
    }

    function both(Agreement memory a, uint256 expiry, Funding funding, bytes memory signature)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            adapter.disputeAndRaise,
            (a.terms, openingHash(a.opening), buyer, Outcome.Fail, expiry, funding, signature)
        );
    }

    function disputeDigest(Agreement memory a, uint256 expiry) internal view returns (bytes32) {
        bytes32 typeHash =
            keccak256("Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)");
        return typed(keccak256(abi.encode(typeHash, idOf(a), buyer, Outcome.Pass, Outcome.Fail, expiry)));
    }

    function authorized(Agreement memory a, uint256 expiry) internal view returns (bytes memory) {
        return signReceiveUSDC(buyerKey, address(escrow), DEPOSIT, 0, expiry, disputeDigest(a, expiry));
    }

    function rule(uint256 id, uint256 ruling) internal {
        court.give(adapter, id, ruling);
    }

    function ruleRefused(address caller, uint256 id, uint256 ruling, bytes memory reason) internal {
        adapterRefuses(caller, 0, abi.encodeCall(adapter.rule, (id, ruling)), reason);
    }

    function finder() internal returns (address) {
        return makeAddr("finder");
    }

    function goes(address caller, uint256 value, bytes memory call) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(adapter).call{value: value}(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
    }

    /// `call` of the adapter by `caller` must revert with exactly `reason`.
    function adapterRefuses(address caller, uint256 value, bytes memory call, bytes memory reason) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(adapter).call{value: value}(call);
        assertFalse(ok, "should have been refused");
        assertEq(data, reason, "refused for another reason");
    }
}
