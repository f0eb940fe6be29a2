// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAdapter} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// The code fits (EIP-170), and an adapter belongs to the book's own escrow.
contract EvaluatorDeploymentTest is EvaluatorFixture {
    function test_codeFits() public {
        address policy =
            vm.deployCode("CapturePolicy.sol:CapturePolicy", abi.encode(address(escrow), address(book)));
        assertLe(address(book).code.length, 24_576);
        assertLe(address(evaluator).code.length, 24_576);
        assertLe(policy.code.length, 24_576);
    }

    function test_adaptersOfAnotherEscrowRefused() public {
        address stranger = makeAddr("stranger");
        bytes memory reason = abi.encodeWithSelector(IAdapter.NotItsBook.selector, stranger, address(book));
        bytes memory arguments = abi.encode(stranger, address(book));
        refusedCode("JobEvaluator.sol:JobEvaluator", arguments, reason);
        refusedCode("CapturePolicy.sol:CapturePolicy", arguments, reason);
    }

    function refusedCode(string memory name, bytes memory arguments, bytes memory reason) private {
        bytes memory code = abi.encodePacked(vm.getCode(name), arguments);
        bytes memory data;
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            data := mload(0x40)
            mstore(data, returndatasize())
            returndatacopy(add(data, 32), 0, returndatasize())
            mstore(0x40, add(add(data, 32), returndatasize()))
        }
        assertEq(made, address(0));
        assertEq(data, reason);
    }
}
