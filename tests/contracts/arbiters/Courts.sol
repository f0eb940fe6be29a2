// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {IArbitrable, IArbitrator} from "../../../contracts/arbiters/IERC792.sol";

/// A court (ERC-792) whose manners can be chosen, good or hostile.
contract Court is IArbitrator {
    error Underpaid();
    error Closed();

    uint256 public price = 0.1 ether;
    uint256 public next = 1;
    uint256 public choices;
    bytes public told;
    bool public closed; // takes no disputes
    bool public repeats; // gives every dispute the same number
    bool public went; // what came of the call it made back
    bytes public answer;
    address private _target;
    bytes private _call;

    receive() external payable {}

    function behave(uint256 price_, bool closed_, bool repeats_) external {
        (price, closed, repeats) = (price_, closed_, repeats_);
    }

    /// What to call back when a dispute is created.
    function plan(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function createDispute(uint256 choices_, bytes calldata extraData) external payable returns (uint256) {
        if (closed) revert Closed();
        if (msg.value < price) revert Underpaid();
        (choices, told) = (choices_, extraData);
        if (_target != address(0)) (went, answer) = _target.call{value: address(this).balance}(_call);
        return repeats ? next : next++;
    }

    function arbitrationCost(bytes calldata) external view returns (uint256) {
        return price;
    }

    function give(IArbitrable arbitrable, uint256 disputeID, uint256 ruling) external {
        arbitrable.rule(disputeID, ruling);
    }
}

/// Takes no ETH, and otherwise does what it is told by anyone.
contract Miser {
    function act(address to, uint256 value, bytes calldata data)
        external
        returns (bool ok, bytes memory result)
    {
        return to.call{value: value}(data);
    }
}

/// Asks again while it is being paid.
contract Greedy is Miser {
    ICourtAdapter private immutable ADAPTER;
    bytes public answer;

    constructor(ICourtAdapter adapter) {
        ADAPTER = adapter;
    }

    receive() external payable {
        (, answer) = address(ADAPTER).call(abi.encodeCall(ADAPTER.withdraw, (address(this))));
    }
}
