// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ICaptureAuthorizer, PaymentInfo} from "../../../contracts/evaluators/interfaces/IAuthCapture.sol";
import {ForeignPayment, ICapturePolicy} from "../../../contracts/evaluators/interfaces/ICapturePolicy.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {ForeignStatus} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {AuthCapture, PolicyOperator} from "./standins/AuthCapture.sol";

interface IERC165 {
    function supportsInterface(bytes4 id) external view returns (bool);
}

/// The policy of x402 auth-capture: what is held is captured by a final Pass alone.
contract CapturePolicyTest is EvaluatorFixture {
    ICapturePolicy private policy;
    AuthCapture private payments;
    PolicyOperator private operator;
    address private authorizer = makeAddr("authorizer");
    uint256 private nonce;

    function setUp() public override {
        super.setUp();
        policy = ICapturePolicy(vm.deployCode("CapturePolicy.sol:CapturePolicy", abi.encode(escrow, book)));
        payments = new AuthCapture();
        operator = new PolicyOperator(payments, false);
        vm.prank(buyer);
        usdc.approve(address(payments), type(uint256).max);
    }

    /// The escrow's own type hash, the scheme's salt type, and the operator's ERC-165 question.
    function test_hashesAndInterfaces() public view {
        assertEq(policy.book(), address(book));
        PaymentInfo memory info;
        bytes32 infoType = 0xae68ac7ce30c86ece8196b61a7c486d8f0061f575037fbd34e7fe4e2820c6591;
        assertEq(policy.keyOf(info), keccak256(abi.encode(infoType, info)));
        bytes32 saltType = 0x8a2a7e41a0bda000ded071ff38b79401d2603e1826516ff2635b11fe9e30877f;
        (uint256 salt, uint256 before) = policy.saltsOf(authorizer, 5);
        assertEq(salt, uint256(keccak256(abi.encode(saltType, authorizer, address(policy), uint256(5)))));
        assertEq(before, uint256(keccak256(abi.encode(authorizer, address(policy), uint256(5)))));
        IERC165 i = IERC165(address(policy));
        assertTrue(i.supportsInterface(type(ICaptureAuthorizer).interfaceId));
        assertTrue(i.supportsInterface(0x01ffc9a7));
        assertFalse(i.supportsInterface(0xffffffff));
        bytes4 byAmount = bytes4(
            keccak256(
                "authorizeCharge((address,address,address,address,uint120,uint48,uint48,uint48,uint16,uint16,address,uint256),uint256,address,bytes,uint256,address,bytes)"
            )
        )
        ^ bytes4(
            keccak256(
                "authorizeCapture((address,address,address,address,uint120,uint48,uint48,uint48,uint16,uint16,address,uint256),uint256,uint256,address,bytes)"
            )
        ) ^ ICaptureAuthorizer.authorizeAuthorization.selector ^ ICaptureAuthorizer.authorizeVoid.selector;
        assertTrue(i.supportsInterface(byAmount));
    }

    function test_pass_captures() public {
        (Mandate memory m, ForeignPayment memory p) = mandated();
        neither(p);
        deliverAndJudge(m, p, Outcome.Pass);
        neither(p);
        vm.warp(recordOf(m).deadline);
        neither(p);
        settle(m);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.void(p.info, policy);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.capture(p.info, GATED + 1, policy);
        uint256 before = usdc.balanceOf(provider);
        operator.capture(p.info, 400e6, policy);
        operator.capture(p.info, GATED - 400e6, policy);
        assertEq(usdc.balanceOf(provider) - before, GATED);
    }

    function test_failAndLapse_void() public {
        voids(Outcome.Fail);
        voids(Outcome.Lapse);
    }

    function test_overturned_voids() public {
        (Mandate memory m, ForeignPayment memory p) = mandated();
        deliverAndJudge(m, p, Outcome.Pass);
        disputed(m);
        neither(p);
        ruled(m, Outcome.Fail);
        neither(p);
        settle(m);
        operator.void(p.info, policy);
        assertLt(stakeOf(0), STAKE);
    }

    function test_v11_asksWithAnAmount() public {
        operator = new PolicyOperator(payments, true);
        (Mandate memory m, ForeignPayment memory p) = mandated();
        neither(p);
        deliverAndJudge(m, p, Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        settle(m);
        operator.capture(p.info, GATED, policy);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.charge(p.info, GATED, policy);
    }

    /// Without a mandate nothing can be captured or charged, and the payer can be given its money back.
    function test_withoutAMandate() public {
        ForeignPayment memory p = authorized();
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.capture(p.info, 1, policy);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.charge(p.info, 1, policy);
        operator.void(p.info, policy);
    }

    /// A verdict on one payment says nothing of another, though only the nonce differs.
    function test_eachPaymentForItself() public {
        (Mandate memory m, ForeignPayment memory p) = mandated();
        ForeignPayment memory other = authorized();
        deliverAndJudge(m, p, Outcome.Pass);
        vm.warp(recordOf(m).deadline);
        settle(m);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.capture(other.info, GATED, policy);
    }

    function test_register_refused() public {
        ForeignPayment memory p = payment();
        Mandate memory m = mandateOf(p);
        refused(payer, callFor(m, p), notReady(ForeignStatus.Unready));
        p = authorized();
        m = mandateOf(p);
        m.buyer = relayer;
        refused(payer, callFor(m, p), changed("payer"));
        m = mandateOf(p);
        m.provider = relayer;
        refused(payer, callFor(m, p), changed("receiver"));
        m = mandateOf(p);
        m.value -= 1;
        refused(payer, callFor(m, p), changed("held"));
        p.saltNonce += 1;
        refused(payer, callFor(m, p), changed("salt"));
        p.saltNonce -= 1;
        p.authorizer = relayer;
        refused(payer, callFor(m, p), changed("salt"));
        p.authorizer = authorizer;
        p.info.token = relayer;
        m = mandateOf(p);
        refused(payer, callFor(m, p), changed("token"));
        p = authorized();
        m = mandateOf(p);
        p.info.maxAmount += 1;
        refused(
            payer,
            callFor(m, p),
            abi.encodeWithSelector(
                IVerdictBook.WrongForeign.selector, m.foreign, policy.hashOf(p.escrow, p.info)
            )
        );
        p.info.maxAmount -= 1;
        operator.void(p.info, policy);
        refused(payer, callFor(m, p), notReady(ForeignStatus.Ended));
    }

    function test_register_earlierFormOfSalt() public {
        ForeignPayment memory p = payment();
        (, p.info.salt) = policy.saltsOf(authorizer, p.saltNonce);
        operator.authorize(p.info, GATED, policy);
        done(payer, callFor(mandateOf(p), p));
    }

    function test_register_mustEndBeforeTheAuthorization() public {
        ForeignPayment memory p = payment();
        uint256 needed = block.timestamp + 3 days + 1 days + 2 days + 1 hours;
        p.info.authorizationExpiry = uint48(needed - 1);
        operator.authorize(p.info, GATED, policy);
        refused(
            payer,
            callFor(mandateOf(p), p),
            abi.encodeWithSelector(IVerdictBook.EndsTooLate.selector, needed, needed - 1)
        );
    }

    /// The payer took the money back: there is nothing to judge, and the committee is released.
    function test_reclaimed() public {
        (Mandate memory m, ForeignPayment memory p) = mandated();
        vm.prank(provider);
        book.deliver(m, abi.encode(p), DELIVERABLE, 0, "");
        vm.warp(p.info.authorizationExpiry);
        vm.prank(buyer);
        payments.reclaim(p.info);
        book.overtake(m, abi.encode(p));
        assertEq(reserved(), 0);
        assertEq(free(payer), FEE); // the committee had been silent
    }

    // ---- helpers

    function payment() private returns (ForeignPayment memory p) {
        p.escrow = address(payments);
        p.authorizer = authorizer;
        p.saltNonce = ++nonce;
        p.info.operator = address(operator);
        p.info.payer = buyer;
        p.info.receiver = provider;
        p.info.token = address(usdc);
        p.info.maxAmount = GATED;
        p.info.preApprovalExpiry = uint48(block.timestamp + 1 days);
        p.info.authorizationExpiry = uint48(block.timestamp + EXPIRY);
        p.info.refundExpiry = uint48(block.timestamp + EXPIRY);
        (p.info.salt,) = policy.saltsOf(authorizer, p.saltNonce);
    }

    function authorized() private returns (ForeignPayment memory p) {
        p = payment();
        operator.authorize(p.info, GATED, policy);
    }

    function mandated() private returns (Mandate memory m, ForeignPayment memory p) {
        p = authorized();
        m = mandateOf(p);
        done(payer, callFor(m, p));
    }

    function mandateOf(ForeignPayment memory p) private view returns (Mandate memory m) {
        m.adapter = address(policy);
        m.foreign = policy.hashOf(p.escrow, p.info);
        m.buyer = buyer;
        m.provider = provider;
        m.payer = payer;
        m.committee = committee;
        m.pact = keccak256("pact");
        m.value = GATED;
        m.fee = FEE;
        m.deliverBy = uint40(block.timestamp + 2 days);
        m.judgeBy = uint40(block.timestamp + 3 days);
        m.challenge = uint32(1 days);
        m.ruling = uint32(2 days);
    }

    function callFor(Mandate memory m, ForeignPayment memory p) private view returns (bytes memory) {
        bytes32 subject = idOf(m);
        return abi.encodeCall(
            book.register,
            (m, abi.encode(p), Funding.Allowance, "", sign(buyerKey, subject), sign(providerKey, subject))
        );
    }

    function deliverAndJudge(Mandate memory m, ForeignPayment memory p, Outcome outcome) private {
        vm.prank(provider);
        book.deliver(m, abi.encode(p), DELIVERABLE, 0, "");
        book.judge(m, abi.encode(p), judgementOn(m, outcome, 7));
    }

    function neither(ForeignPayment memory p) private {
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.capture(p.info, 1, policy);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.void(p.info, policy);
    }

    function voids(Outcome outcome) private {
        (Mandate memory m, ForeignPayment memory p) = mandated();
        deliverAndJudge(m, p, outcome);
        vm.warp(recordOf(m).deadline);
        settle(m);
        vm.expectRevert(PolicyOperator.AuthorizationDenied.selector);
        operator.capture(p.info, 1, policy);
        uint256 before = usdc.balanceOf(buyer);
        operator.void(p.info, policy);
        assertEq(usdc.balanceOf(buyer) - before, GATED);
    }

    function notReady(ForeignStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVerdictBook.ForeignNotReady.selector, status);
    }
}
