// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Opening, Outcome, State, Terms} from "../interfaces/Types.sol";

/// @title Typed hashes (EIP-712) of everything that is signed for the escrow
library Hashes {
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant TERMS = keccak256(
        "Terms(address buyer,address provider,bytes32 committee,uint64 gated,uint64 bond,uint64 fee,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 internal constant OPENING = keccak256(
        "Opening(bytes32 pact,bytes32 offchain,uint256 agentId,uint64 upFront,uint40 openBy,uint40 deliverBy,uint256 salt)"
    );
    bytes32 internal constant AGREEMENT = keccak256(
        "Agreement(Terms terms,Opening opening)Opening(bytes32 pact,bytes32 offchain,uint256 agentId,uint64 upFront,uint40 openBy,uint40 deliverBy,uint256 salt)Terms(address buyer,address provider,bytes32 committee,uint64 gated,uint64 bond,uint64 fee,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 internal constant MILESTONES = keccak256("Milestones(bytes32[] jobs)");
    bytes32 internal constant ATTESTATION = keccak256(
        "Attestation(bytes32 subject,bytes32 deliverable,uint8 outcome,uint256 payable,bytes32 evidence)"
    );
    bytes32 internal constant DELIVERY =
        keccak256("Delivery(bytes32 job,bytes32 deliverable,uint256 expiry)");
    bytes32 internal constant DISPUTE =
        keccak256("Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)");
    bytes32 internal constant CONCESSION =
        keccak256("Concession(bytes32 job,address party,uint8 state,uint8 outcome,uint256 expiry)");
    bytes32 internal constant SPLIT =
        keccak256("Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)");
    bytes32 internal constant DEPOSIT =
        keccak256("Deposit(address account,uint256 amount,uint256 expiry,uint256 salt)");
    bytes32 internal constant PLEDGE =
        keccak256("Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)");
    bytes32 internal constant KEY = keccak256("Key(bytes32 committee,address evaluator,address key)");

    function domainSeparator(address escrow) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Earnest"), keccak256("1"), block.chainid, escrow));
    }

    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hex"1901")
            mstore(add(m, 2), domain)
            mstore(add(m, 34), structHash)
            result := keccak256(m, 66)
        }
    }

    /// @dev Structs are hashed as they stand in calldata, without a copy through memory types: a word with dirty upper
    /// bits hashes to an id that no clean terms have, and opening reads, and so checks, every field.
    function openingHash(Opening calldata opening) internal pure returns (bytes32 result) {
        bytes32 typeHash = OPENING;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            calldatacopy(add(m, 32), opening, 224)
            result := keccak256(m, 256)
        }
    }

    /// @dev The digest of the agreement: the job's id.
    function job(bytes32 domain, Terms calldata terms, bytes32 opening) internal pure returns (bytes32) {
        bytes32 termsType = TERMS;
        bytes32 agreementType = AGREEMENT;
        bytes32 structHash;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, termsType)
            calldatacopy(add(m, 32), terms, 288)
            structHash := keccak256(m, 320)
            mstore(m, agreementType)
            mstore(add(m, 32), structHash)
            mstore(add(m, 64), opening)
            structHash := keccak256(m, 96)
        }
        return digest(domain, structHash);
    }

    function milestones(bytes32[] memory jobs) internal pure returns (bytes32) {
        return keccak256(abi.encode(MILESTONES, keccak256(abi.encodePacked(jobs))));
    }

    function attestation(
        bytes32 domain,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        bytes32 evidence
    ) internal pure returns (bytes32) {
        return framed(attestationFrame(domain, subject, deliverable, outcome, payable_), evidence);
    }

    /// @dev What all attestations of one verdict have in common, laid out in memory so that only the evidence is still
    /// to be filled in: 6 words of struct, then the 66 bytes of the digest.
    function attestationFrame(
        bytes32 domain,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_
    ) internal pure returns (uint256 frame) {
        bytes32 typeHash = ATTESTATION;
        assembly ("memory-safe") {
            frame := mload(0x40)
            mstore(frame, typeHash)
            mstore(add(frame, 0x20), subject)
            mstore(add(frame, 0x40), deliverable)
            mstore(add(frame, 0x60), outcome)
            mstore(add(frame, 0x80), payable_)
            mstore(add(frame, 0xc0), hex"1901")
            mstore(add(frame, 0xc2), domain)
            mstore(0x40, add(frame, 0x120))
        }
    }

    /// @dev The digest of one attestation; see attestationFrame.
    function framed(uint256 frame, bytes32 evidence) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            mstore(add(frame, 0xa0), evidence)
            mstore(add(frame, 0xe2), keccak256(frame, 0xc0))
            result := keccak256(add(frame, 0xc0), 0x42)
        }
    }

    function delivery(bytes32 job_, bytes32 deliverable, uint256 expiry) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELIVERY, job_, deliverable, expiry));
    }

    function dispute(bytes32 job_, address party, Outcome provisional, Outcome sought, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DISPUTE, job_, party, provisional, sought, expiry));
    }

    function concession(bytes32 job_, address party, State state, Outcome outcome, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CONCESSION, job_, party, state, outcome, expiry));
    }

    function split(bytes32 job_, State state, Outcome outcome, uint256 toBuyer, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(SPLIT, job_, state, outcome, toBuyer, expiry));
    }

    function deposit(address account, uint256 amount, uint256 expiry, uint256 salt)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DEPOSIT, account, amount, expiry, salt));
    }

    function pledge(address account, address book, bytes32 subject, uint256 amount, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(PLEDGE, account, book, subject, amount, expiry));
    }

    function key(bytes32 committee, address evaluator, address key_) internal pure returns (bytes32) {
        return keccak256(abi.encode(KEY, committee, evaluator, key_));
    }
}
