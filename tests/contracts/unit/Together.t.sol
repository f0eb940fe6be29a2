// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "../../../contracts/interfaces/IDocket.sol";
import {Agreement, Funding, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// openMilestones and batch.
contract TogetherTest is UnitTest {
    // ---- milestones

    function test_milestones() public {
        Agreement[] memory list = three();
        list[1].opening.upFront = UP_FRONT;
        list[2].opening.openBy -= 60;
        uint256 before = usdc.balanceOf(buyer);
        bytes memory data = done(relayer, opening(list));
        bytes32[] memory jobs = abi.decode(data, (bytes32[]));
        assertEq(jobs.length, 3);
        for (uint256 i; i < 3; ++i) {
            assertEq(jobs[i], idOf(list[i]));
            assertState(list[i], State.Open);
        }
        assertEq(before - usdc.balanceOf(buyer), 3 * (GATED + FEE) + UP_FRONT);
        assertEq(free(provider), 10_000e6 - 3 * BOND);
        assertEq(escrow.committeeState(committee).reserved, 3 * 433_333_334);
        // Each is released on its own.
        deliver(list[1]);
        judge(list[1], Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        settle(list[1], true);
        assertState(list[0], State.Open);
        refused(relayer, opening(list), wrongState(list[0], State.Open));
    }

    function test_milestones_byAllowanceAndCollateral() public {
        Agreement[] memory list = three();
        bytes memory accepts = sign(providerKey, digestOf(list));
        bytes memory call = abi.encodeCall(escrow.openMilestones, (list, Funding.Allowance, "", accepts));
        refused(relayer, call, abi.encodeWithSelector(NotAllowed.selector, relayer));
        done(buyer, call);
        list = three();
        vm.prank(buyer);
        escrow.deposit(buyer, 3 * (GATED + FEE));
        accepts = sign(providerKey, digestOf(list));
        done(
            relayer,
            abi.encodeCall(
                escrow.openMilestones, (list, Funding.Collateral, sign(buyerKey, digestOf(list)), accepts)
            )
        );
        assertEq(free(buyer), 0);
    }

    function test_milestones_allOrNone() public {
        Agreement[] memory list = three();
        list[2].terms.fee = 1;
        vm.prank(relayer);
        (bool ok, bytes memory data) = address(escrow).call(opening(list));
        assertFalse(ok);
        assertEq(bytes4(data), FeeTooLow.selector);
        assertState(list[0], State.None);
        list = three();
        list[1] = list[0];
        refused(relayer, opening(list), wrongState(list[0], State.Open));
        assertState(list[0], State.None);
    }

    function test_milestones_lengths() public {
        refused(
            relayer,
            abi.encodeCall(escrow.openMilestones, (new Agreement[](0), Funding.Authorization, "", "")),
            abi.encodeWithSelector(BadLength.selector, 0, 32)
        );
        Agreement[] memory list = new Agreement[](33);
        for (uint256 i; i < 33; ++i) {
            list[i] = newAgreement();
            list[i].terms.bond = 0;
        }
        refused(relayer, opening(list), abi.encodeWithSelector(BadLength.selector, 33, 32));
        assembly ("memory-safe") {
            mstore(list, 32)
        }
        for (uint256 i; i < 32; ++i) {
            list[i].terms.gated = 100e6;
        }
        done(relayer, opening(list));
    }

    function test_milestones_oneBuyerOneProvider() public {
        Agreement[] memory list = three();
        list[1].terms.buyer = relayer;
        refused(relayer, opening(list), abi.encodeWithSelector(MixedParties.selector, 1));
        list = three();
        list[2].terms.provider = relayer;
        refused(relayer, opening(list), abi.encodeWithSelector(MixedParties.selector, 2));
    }

    function test_milestones_signaturesCoverTheOrderedList() public {
        Agreement[] memory list = three();
        bytes memory pays = paying(list);
        bytes memory accepts = sign(providerKey, digestOf(list));
        (list[0], list[1]) = (list[1], list[0]);
        refused(
            relayer,
            abi.encodeCall(escrow.openMilestones, (list, Funding.Authorization, pays, accepts)),
            notSigned(provider, digestOf(list))
        );
        accepts = sign(providerKey, digestOf(list));
        refused(
            relayer,
            abi.encodeCall(escrow.openMilestones, (list, Funding.Authorization, pays, accepts)),
            BAD_USDC_SIGNATURE
        );
        // One of them alone is not what was signed.
        refused(
            relayer,
            abi.encodeCall(escrow.open, (list[0], Funding.Authorization, pays, accepts)),
            notSigned(provider, idOf(list[0]))
        );
    }

    function test_milestones_tooLateForOneIsTooLateForAll() public {
        Agreement[] memory list = three();
        list[1].opening.openBy -= 60;
        bytes memory call = opening(list);
        uint256 limit = list[1].opening.openBy;
        vm.warp(limit);
        refused(relayer, call, tooLate(limit));
        vm.warp(limit - 1);
        done(relayer, call);
    }

    function test_milestones_afterAFork() public {
        bytes memory call = opening(three());
        vm.chainId(6);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 6, 31337));
    }

    // ---- batch

    function test_batch_judgesAndSettlesMany() public {
        Agreement[] memory list = new Agreement[](5);
        bytes[] memory calls = new bytes[](5);
        for (uint256 i; i < 5; ++i) {
            list[i] = delivered();
            calls[i] = judgeCall(list[i], i == 2 ? Outcome.None : Outcome.Pass, 7);
        }
        bytes memory why = abi.encodeWithSelector(BadOutcome.selector);
        vm.expectEmit(address(escrow));
        emit CallFailed(2, why);
        IDocket.Result[] memory results =
            abi.decode(done(relayer, abi.encodeCall(escrow.batch, (calls))), (IDocket.Result[]));
        for (uint256 i; i < 5; ++i) {
            assertEq(results[i].ok, i != 2);
            assertEq(results[i].data, i == 2 ? why : bytes(""));
            assertState(list[i], i == 2 ? State.Open : State.Judged);
        }
        vm.warp(block.timestamp + 1 days);
        for (uint256 i; i < 5; ++i) {
            calls[i] = settleCall(list[i], true);
        }
        calls[4] = calls[3]; // a job twice: the second time it is closed
        results = abi.decode(done(relayer, abi.encodeCall(escrow.batch, (calls))), (IDocket.Result[]));
        assertEq(results[4].data, wrongState(list[3], State.Closed));
        assertEq(results[2].data, wrongState(list[2], State.Open));
        assertState(list[0], State.Closed);
        assertState(list[4], State.Judged);
    }

    function test_batch_lengths() public {
        refused(
            relayer,
            abi.encodeCall(escrow.batch, (new bytes[](0))),
            abi.encodeWithSelector(BadLength.selector, 0, 256)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.batch, (new bytes[](257))),
            abi.encodeWithSelector(BadLength.selector, 257, 256)
        );
        done(relayer, abi.encodeCall(escrow.batch, (new bytes[](256))));
    }

    /// The caller keeps its own rights within a batch, in both halves of the code, and gains none.
    function test_batch_asTheCaller() public {
        Agreement memory a = judged(Outcome.Pass);
        bytes[] memory calls = new bytes[](4);
        calls[0] = disputeCall(a, buyer, Outcome.Fail);
        calls[1] = ruleCall(a, Outcome.Fail);
        calls[2] = abi.encodeCall(escrow.deposit, (buyer, 10));
        calls[3] = abi.encodeCall(escrow.claim, (buyer, 11));
        IDocket.Result[] memory results =
            abi.decode(done(buyer, abi.encodeCall(escrow.batch, (calls))), (IDocket.Result[]));
        assertTrue(results[0].ok);
        assertEq(results[1].data, abi.encodeWithSelector(NotTheArbiter.selector, buyer, arbiter));
        assertTrue(results[2].ok);
        assertEq(results[3].data, abi.encodeWithSelector(InsufficientCollateral.selector, buyer, 10, 11));
    }

    function test_batch_withinABatch() public {
        bytes[] memory inner = new bytes[](1);
        inner[0] = abi.encodeCall(escrow.transfer, (relayer, 3));
        bytes[] memory outer = new bytes[](2);
        outer[0] = abi.encodeCall(escrow.batch, (inner));
        outer[1] = hex"deadbeef";
        IDocket.Result[] memory results =
            abi.decode(done(provider, abi.encodeCall(escrow.batch, (outer))), (IDocket.Result[]));
        assertTrue(results[0].ok);
        assertFalse(results[1].ok);
        assertEq(free(relayer), 3);
    }

    // ---- helpers

    function three() private returns (Agreement[] memory list) {
        list = new Agreement[](3);
        for (uint256 i; i < 3; ++i) {
            list[i] = newAgreement();
        }
    }

    function digestOf(Agreement[] memory list) private view returns (bytes32) {
        bytes32[] memory ids = new bytes32[](list.length);
        for (uint256 i; i < ids.length; ++i) {
            ids[i] = idOf(list[i]);
        }
        bytes32 typeHash = keccak256("Milestones(bytes32[] jobs)");
        return typed(keccak256(abi.encode(typeHash, keccak256(abi.encodePacked(ids)))));
    }

    function paying(Agreement[] memory list) private view returns (bytes memory) {
        uint256 total;
        uint40 by = type(uint40).max;
        for (uint256 i; i < list.length; ++i) {
            total += uint256(list[i].terms.gated) + list[i].opening.upFront + list[i].terms.fee;
            if (list[i].opening.openBy < by) by = list[i].opening.openBy;
        }
        return signReceiveUSDC(buyerKey, address(escrow), total, 0, by, digestOf(list));
    }

    function opening(Agreement[] memory list) private view returns (bytes memory) {
        bytes memory accepts = sign(providerKey, digestOf(list));
        return abi.encodeCall(escrow.openMilestones, (list, Funding.Authorization, paying(list), accepts));
    }
}
