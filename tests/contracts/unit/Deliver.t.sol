// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, State} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// A delivery is anchored by the provider, in time, once.
contract DeliverTest is UnitTest {
    function test_deliver() public {
        Agreement memory a = opened();
        bytes32 d = keccak256("work");
        vm.expectEmit(address(escrow));
        emit Delivered(idOf(a), d);
        done(provider, abi.encodeCall(escrow.deliver, (idOf(a), d)));
        IViews.JobView memory v = viewOf(a);
        assertTrue(v.delivered);
        assertEq(v.mark, bytes32(uint256(keccak256(abi.encode(d))) >> 72 << 72));
        refused(
            provider,
            abi.encodeCall(escrow.deliver, (idOf(a), d)),
            abi.encodeWithSelector(AlreadyDelivered.selector, idOf(a))
        );
    }

    function test_deliver_refused() public {
        Agreement memory a = newAgreement();
        bytes memory call = abi.encodeCall(escrow.deliver, (idOf(a), keccak256("work")));
        refused(provider, call, wrongState(a, State.None));
        open(a);
        refused(buyer, call, abi.encodeWithSelector(NotAllowed.selector, buyer));
        refused(
            provider,
            abi.encodeCall(escrow.deliver, (idOf(a), 0)),
            abi.encodeWithSelector(WrongDeliverable.selector, idOf(a), bytes32(0))
        );
        done(provider, concedeCall(a, provider));
        refused(provider, call, wrongState(a, State.Closed));
    }

    function test_deliverBy_isTheFirstMomentTooLate() public {
        Agreement memory a = opened();
        Agreement memory b = opened();
        vm.warp(a.opening.deliverBy - 1);
        deliver(a);
        vm.warp(b.opening.deliverBy);
        refused(
            provider,
            abi.encodeCall(escrow.deliver, (idOf(b), keccak256("work"))),
            tooLate(b.opening.deliverBy)
        );
    }

    function test_deliver_afterALapse() public {
        Agreement memory a = noShow();
        refused(
            provider,
            abi.encodeCall(escrow.deliver, (idOf(a), keccak256("work"))),
            wrongState(a, State.Judged)
        );
    }

    function test_deliverFor() public {
        bytes32 a = idOf(opened());
        bytes32 b = idOf(opened());
        bytes32 d = keccak256("work");
        uint256 expiry = block.timestamp + 10;
        bytes memory good = deliverySignature(providerKey, a, d, expiry);
        refusedDelivery(a, d, expiry, deliverySignature(buyerKey, a, d, expiry));
        refusedDelivery(b, d, expiry, good);
        refusedDelivery(a, keccak256("else"), expiry, good);
        refusedDelivery(a, d, expiry + 1, good);
        refused(
            relayer,
            abi.encodeCall(escrow.deliverFor, (a, d, expiry, "")),
            abi.encodeWithSelector(MalformedSignature.selector, 0)
        );
        bytes memory call = abi.encodeCall(escrow.deliverFor, (a, d, expiry, good));
        uint256 snapshot = vm.snapshotState();
        vm.warp(expiry);
        refused(relayer, call, abi.encodeWithSelector(Expired.selector, expiry, expiry));
        vm.warp(expiry - 1);
        done(relayer, call);
        assertTrue(escrow.jobState(a).delivered);
        refused(relayer, call, abi.encodeWithSelector(AlreadyDelivered.selector, a));
        vm.revertToState(snapshot);
        vm.chainId(5);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 5, 31337));
    }

    function refusedDelivery(bytes32 job, bytes32 d, uint256 expiry, bytes memory signature) private {
        refused(
            relayer,
            abi.encodeCall(escrow.deliverFor, (job, d, expiry, signature)),
            notSigned(provider, deliveryDigest(job, d, expiry))
        );
    }

    // ---- helpers

    function deliveryDigest(bytes32 job, bytes32 d, uint256 expiry) private view returns (bytes32) {
        return typed(
            keccak256(
                abi.encode(
                    keccak256("Delivery(bytes32 job,bytes32 deliverable,uint256 expiry)"), job, d, expiry
                )
            )
        );
    }

    function deliverySignature(uint256 key, bytes32 job, bytes32 d, uint256 expiry)
        private
        view
        returns (bytes memory)
    {
        return sign(key, deliveryDigest(job, d, expiry));
    }
}
