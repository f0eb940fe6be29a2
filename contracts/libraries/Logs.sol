// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "../interfaces/IDocket.sol";
import {Agreement, Attested, Verdict} from "../interfaces/Types.sol";

/// @title Events whose data already stands in calldata
/// @dev Copied from there word for word instead of through memory types; a test holds each against Solidity's own
/// encoding. Every field was read, and so checked for its width, before.
library Logs {
    function jobOpened(bytes32 job, Agreement calldata agreement, uint256 members, uint256 epoch) internal {
        bytes32 topic = IDocket.JobOpened.selector;
        address buyer = agreement.terms.buyer;
        address provider = agreement.terms.provider;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, agreement, 512) // nine words of terms, seven of opening
            mstore(add(m, 512), members)
            mstore(add(m, 544), epoch)
            log4(m, 576, topic, job, buyer, provider)
        }
    }

    function judged(bytes32 job, Verdict calldata verdict, uint256 challengeEnds) internal {
        bytes32 topic = IDocket.Judged.selector;
        uint256 outcome = uint256(verdict.outcome);
        uint256 signers = verdict.signers;
        Attested[] calldata attested = verdict.attested;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, outcome)
            mstore(add(m, 32), signers)
            mstore(add(m, 64), challengeEnds)
            mstore(add(m, 96), 128)
            let size := evidence(add(m, 128), attested.offset, attested.length)
            log2(m, add(128, size), topic, job)

            // The evidence hashes, each the third word of its entry, as an array: its length, then they.
            function evidence(to, entries, count) -> length {
                mstore(to, count)
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    to := add(to, 32)
                    mstore(to, calldataload(add(add(entries, mul(i, 96)), 64)))
                }
                length := mul(32, add(count, 1))
            }
        }
    }

    function attestationsPosted(bytes32 job, Verdict calldata verdict) internal {
        Attested[] calldata attested = verdict.attested;
        bytes32[] memory evidence = new bytes32[](attested.length);
        for (uint256 i; i < evidence.length; ++i) {
            evidence[i] = attested[i].evidence;
        }
        emit IDocket.AttestationsPosted(job, verdict.deliverable, verdict.outcome, verdict.signers, evidence);
    }
}
