// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../interfaces/Types.sol";
import {Mandate} from "../interfaces/IAdapter.sol";
import {IVerdictBook} from "../interfaces/IVerdictBook.sol";

/// @title Typed hashes (EIP-712) of what is signed for a book of verdicts
library Mandates {
    bytes32 internal constant MANDATE = keccak256(
        "Mandate(address adapter,bytes32 foreign,address buyer,address provider,address payer,bytes32 committee,bytes32 pact,bytes32 offchain,uint64 value,uint64 fee,uint40 deliverBy,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 internal constant DELIVERY =
        keccak256("Delivery(bytes32 subject,bytes32 deliverable,uint256 expiry)");
    bytes32 internal constant DISPUTE =
        keccak256("Dispute(bytes32 subject,address party,uint8 provisional,uint8 sought,uint256 expiry)");
    bytes32 internal constant CONCESSION =
        keccak256("Concession(bytes32 subject,address party,uint8 stage,uint8 outcome,uint256 expiry)");

    function subject(Mandate calldata mandate) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE, mandate));
    }

    function delivery(bytes32 subject_, bytes32 deliverable, uint256 expiry) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELIVERY, subject_, deliverable, expiry));
    }

    function dispute(bytes32 subject_, address party, Outcome provisional, Outcome sought, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DISPUTE, subject_, party, provisional, sought, expiry));
    }

    function concession(
        bytes32 subject_,
        address party,
        IVerdictBook.Stage stage,
        Outcome outcome,
        uint256 expiry
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(CONCESSION, subject_, party, stage, outcome, expiry));
    }
}
