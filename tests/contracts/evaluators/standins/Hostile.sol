// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainForeign} from "./Foreign.sol";

/// An escrow of form A that can be told to misbehave when the evaluator decides.
contract HostileForeign is PlainForeign {
    enum Manner {
        Good,
        Reverts,
        Idles, // the call succeeds and does nothing
        Reenters, // calls somewhere else first
        Swaps, // does the other thing than it was told
        Mute // cannot be read any more
    }

    Manner public manner;
    address private target;
    bytes private call;
    bytes public answer;

    constructor(address token) PlainForeign(token) {}

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function plan(address target_, bytes calldata call_) external {
        (manner, target, call) = (Manner.Reenters, target_, call_);
    }

    function complete(uint256 jobId, bytes32 reason, bytes calldata optParams) external override {
        if (_misbehave()) return;
        if (manner == Manner.Swaps) _jobs[jobId].status = Status.Rejected;
        else _pass(jobId, reason, optParams);
    }

    function reject(uint256 jobId, bytes32 reason, bytes calldata optParams) external override {
        if (_misbehave()) return;
        if (manner == Manner.Swaps) _jobs[jobId].status = Status.Completed;
        else _fail(jobId, reason, optParams);
    }

    function getJob(uint256 jobId) external view override returns (Job memory) {
        if (manner == Manner.Mute) revert("mute");
        return _read(jobId);
    }

    function _misbehave() private returns (bool) {
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.Reenters) {
            bool ok;
            (ok, answer) = target.call(call);
        }
        return manner == Manner.Idles;
    }
}

/// Answers every call with success and nothing, as a wallet or a proxy without code behind it does.
contract Yes {
    fallback() external {}
}

/// Answers getJob with whatever it is given.
contract Parrot {
    bytes private words;

    function teach(bytes calldata words_) external {
        words = words_;
    }

    fallback() external {
        bytes memory out = words;
        assembly ("memory-safe") {
            return(add(out, 32), mload(out))
        }
    }
}

/// A hook that can forbid every transition.
contract Gate {
    bool public shut;

    function setShut(bool shut_) external {
        shut = shut_;
    }

    function beforeAction(uint256, bytes4, bytes calldata) external view {
        require(!shut, "gate");
    }
}
