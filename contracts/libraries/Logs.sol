// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "../interfaces/IDocket.sol";
import {Agreement, Attested, Outcome, Verdict} from "../interfaces/Types.sol";
import {Payouts} from "./Payouts.sol";

/// @title Events of every job
/// @dev Written without memory types: a word of log data costs 256 gas, so small values share words, and what stands in
/// calldata is copied from there. IDocket says which bits are what; a test holds each against Solidity's own encoding.
library Logs {
    /// @dev The agreement's fields are clean, see Fields.
    function jobOpened(bytes32 job, Agreement calldata agreement, uint256 members, uint256 epoch) internal {
        bytes32 topic = IDocket.JobOpened.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let opening := add(agreement, 0x120)
            mstore(m, calldataload(add(agreement, 0x40))) // committee
            calldatacopy(add(m, 0x20), opening, 0x60) // pact, offchain, agentId
            mstore(add(m, 0x80), calldataload(add(opening, 0xc0))) // salt
            mstore(
                add(m, 0xa0),
                or(
                    or(calldataload(add(agreement, 0x60)), shl(64, calldataload(add(agreement, 0x80)))),
                    or(
                        shl(128, calldataload(add(agreement, 0xa0))),
                        shl(192, calldataload(add(opening, 0x60)))
                    )
                )
            )
            mstore(
                add(m, 0xc0),
                or(
                    or(
                        or(calldataload(add(agreement, 0xc0)), shl(40, calldataload(add(opening, 0x80)))),
                        or(
                            shl(80, calldataload(add(opening, 0xa0))),
                            shl(120, calldataload(add(agreement, 0xe0)))
                        )
                    ),
                    or(or(shl(152, calldataload(add(agreement, 0x100))), shl(184, members)), shl(216, epoch))
                )
            )
            log4(m, 0xe0, topic, job, calldataload(agreement), calldataload(add(agreement, 0x20)))
        }
    }

    function jobClosed(
        bytes32 job,
        Outcome outcome,
        IDocket.Ending how,
        Payouts.Split memory s,
        uint256 set,
        uint256 paid
    ) internal {
        bytes32 topic = IDocket.JobClosed.selector;
        // Each amount is a sum of at most five numbers below 2^64.
        uint256 ending = s.buyer | (s.provider << 72) | (s.evaluators << 144) | (set << 216)
            | (uint256(outcome) << 248) | (uint256(how) << 250) | (paid << 253);
        assembly ("memory-safe") {
            mstore(0x00, ending)
            log2(0x00, 0x20, topic, job)
        }
    }

    function judged(
        bytes32 job,
        Outcome outcome,
        uint256 signers,
        uint256 challengeEnds,
        Attested[] calldata attested
    ) internal {
        bytes32 topic = IDocket.Judged.selector;
        uint256 verdict = uint256(outcome) | (signers << 8) | (challengeEnds << 40);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, verdict)
            mstore(add(m, 0x20), 0x40)
            let count := attested.length
            mstore(add(m, 0x40), count)
            // The evidence hashes, each the third word of its entry.
            let to := add(m, 0x60)
            let from := add(attested.offset, 0x40)
            for { let end := add(to, shl(5, count)) } lt(to, end) {} {
                mstore(to, calldataload(from))
                to := add(to, 0x20)
                from := add(from, 0x60)
            }
            log2(m, sub(to, m), topic, job)
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
