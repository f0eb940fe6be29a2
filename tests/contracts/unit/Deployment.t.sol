// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {Agreement, Committee, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// The constructor, the two halves of the code, and views of what is not there.
contract DeploymentTest is UnitTest {
    function test_constants() public view {
        assertEq(escrow.usdc(), address(usdc));
        (uint256 a, uint256 b, uint256 c, uint256 d, uint256 e, uint256 f) = escrow.constants();
        assertEq(a, MIN_CHALLENGE);
        assertEq(b, LAPSE_CHALLENGE);
        assertEq(c, MIN_DELIVERY);
        assertEq(d, 30 days);
        assertEq(e, 60 days);
        assertEq(f, 180 days);
    }

    function test_constructor_refused() public {
        creating(address(usdc), 0, 1 days, 1, badTerms("minChallenge"));
        creating(address(usdc), 30 days + 1, 30 days + 1, 1, badTerms("minChallenge"));
        creating(address(usdc), 1 hours, 1 hours - 1, 1, badTerms("lapseChallenge"));
        creating(address(usdc), 1 hours, 30 days + 1, 1, badTerms("lapseChallenge"));
        creating(address(usdc), 1 hours, 1 days, 0, badTerms("minDelivery"));
        creating(address(usdc), 1 hours, 1 days, 180 days + 1, badTerms("minDelivery"));
        creating(buyer, 1 hours, 1 days, 1, abi.encodeWithSelector(BadRecipient.selector, buyer));
        creating(address(usdc), 30 days, 30 days, 180 days, "");
        creating(address(usdc), 1, 1, 1, "");
    }

    function creating(address token, uint256 a, uint256 b, uint256 c, bytes memory reason) private {
        bytes memory code = abi.encodePacked(vm.getCode("Escrow.sol:Escrow"), abi.encode(token, a, b, c));
        address created;
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        bytes memory data;
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(0x40, add(data, add(32, returndatasize())))
            mstore(data, returndatasize())
            returndatacopy(add(data, 32), 0, returndatasize())
        }
        assertEq(created != address(0), reason.length == 0);
        if (created == address(0)) assertEq(data, reason);
    }

    function test_bothHalvesFitTheLimitOfCodeSize() public view {
        assertLe(address(escrow).code.length, 24_576);
        assertLe(escrow.annex().code.length, 24_576);
        assertGt(escrow.annex().code.length, 0);
    }

    /// The annex called by itself has no money, no jobs and no collateral, and its signatures name the escrow.
    function test_annexByItselfHoldsNothing() public {
        IEscrow annex = IEscrow(escrow.annex());
        Agreement memory a = judged(Outcome.Pass);
        bytes32 oh = openingHash(a.opening);
        assertEq(uint8(annex.jobState(idOf(a)).state), uint8(State.None));
        vm.expectRevert(wrongState(a, State.None));
        annex.rule(a.terms, oh, Outcome.Fail, true);
        vm.expectRevert(abi.encodeWithSelector(UnknownCommittee.selector, committee));
        annex.committeeState(committee);
        // What is of the first half is not reachable through the second.
        vm.expectRevert();
        annex.claim(address(this), 1);
        vm.expectRevert();
        annex.deposit(address(this), 1);
        bytes32 id = annex.createCommittee(committeeTerms);
        assertNotEq(id, committee);
        bytes memory proof = keyProof(id, evaluators[0], keys[0]);
        vm.expectRevert(abi.encodeWithSelector(InsufficientCollateral.selector, evaluators[0], 0, STAKE));
        vm.prank(evaluators[0]);
        annex.join(id, 0, vm.addr(keys[0]), proof);
    }

    function test_unknownSelectorsAndEther() public {
        (bool ok,) = address(escrow).call(hex"deadbeef");
        assertFalse(ok);
        (ok,) = address(escrow).call("");
        assertFalse(ok);
        vm.deal(address(this), 1 ether);
        (ok,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.constants, ()));
        assertFalse(ok);
    }

    /// No selector that an owner, a pauser or an upgrade would use is answered.
    function test_noAdmin() public {
        bytes4[12] memory selectors = [
            bytes4(keccak256("owner()")),
            bytes4(keccak256("admin()")),
            bytes4(keccak256("pause()")),
            bytes4(keccak256("unpause()")),
            bytes4(keccak256("paused()")),
            bytes4(keccak256("upgradeTo(address)")),
            bytes4(keccak256("upgradeToAndCall(address,bytes)")),
            bytes4(keccak256("transferOwnership(address)")),
            bytes4(keccak256("initialize(address)")),
            bytes4(keccak256("sweep(address)")),
            bytes4(keccak256("rescueERC20(address,address,uint256)")),
            bytes4(keccak256("setArbiter(address)"))
        ];
        for (uint256 i; i < selectors.length; ++i) {
            (bool ok,) = address(escrow).call(abi.encodePacked(selectors[i], new bytes(96)));
            assertFalse(ok);
        }
    }

    function test_views_ofWhatIsNotThere() public {
        IViews.JobView memory v = escrow.jobState("none");
        assertEq(uint8(v.state), 0);
        assertEq(v.members, 0);
        bytes memory unknown = abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"));
        refused(relayer, abi.encodeCall(escrow.committeeState, ("none")), unknown);
        refused(relayer, abi.encodeCall(escrow.evaluator, ("none", 0)), unknown);
        refused(
            relayer,
            abi.encodeCall(escrow.evaluator, (committee, 5)),
            abi.encodeWithSelector(NotAMember.selector, 5)
        );
        assertEq(escrow.feesOf("none", 7), 0);
        (, bool known,) = escrow.keyOf(committee, buyer);
        assertFalse(known);
    }

    function test_hashesAreThoseOfTheFixture() public {
        Agreement memory a = newAgreement();
        assertEq(escrow.jobId(a.terms, openingHash(a.opening)), idOf(a));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest"),
                keccak256("1"),
                31337,
                address(escrow)
            )
        );
        assertEq(escrow.domainSeparator(), domain);
    }
}
