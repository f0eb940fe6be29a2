// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";

/// A book with disputes: it takes one ruling a subject and pays its arbiter out of its free collateral.
contract Book is IRulable {
    struct Dispute {
        address arbiter;
        uint256 rulingEnds;
        address buyer;
        address provider;
    }

    error NotYours(address caller);

    IEscrow private immutable ESCROW;
    uint256 private immutable COST;
    mapping(bytes32 subject => Dispute) private _disputes;
    mapping(bytes32 subject => Outcome) public outcomes;
    mapping(bytes32 subject => uint256) public payables;
    address private _target;
    bytes private _call;
    bytes public answer;
    bool public went;
    bool public rulesOnSums;

    constructor(IEscrow escrow, uint256 cost) {
        (ESCROW, COST) = (escrow, cost);
    }

    function raise(bytes32 subject, Dispute calldata d) external {
        _disputes[subject] = d;
    }

    function asksForSums() external {
        rulesOnSums = true;
    }

    /// What to call back when a ruling comes.
    function plan(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function rule(bytes32 subject, Outcome outcome, uint256 payable_) external {
        if (msg.sender != _disputes[subject].arbiter) revert NotYours(msg.sender);
        if (_target != address(0)) (went, answer) = _target.call(_call);
        (outcomes[subject], payables[subject]) = (outcome, payable_);
        delete _disputes[subject];
        if (COST != 0) ESCROW.transfer(msg.sender, COST);
    }

    function rulingOf(bytes32 subject) external view returns (address, uint256, address, address) {
        Dispute storage d = _disputes[subject];
        return (d.arbiter, d.rulingEnds, d.buyer, d.provider);
    }
}
