// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";

/// Digests of what parties sign, written out anew.
abstract contract Deeds is EscrowFixture {
    function milestonesDigest(bytes32[] memory ids) internal view returns (bytes32) {
        bytes32 list = keccak256(abi.encodePacked(ids));
        return typed(keccak256(abi.encode(keccak256("Milestones(bytes32[] jobs)"), list)));
    }

    function deliveryDigest(bytes32 job, bytes32 deliverable, uint256 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 t = keccak256("Delivery(bytes32 job,bytes32 deliverable,uint256 expiry)");
        return typed(keccak256(abi.encode(t, job, deliverable, expiry)));
    }

    function disputeDigest(bytes32 job, address party, Outcome provisional, Outcome sought, uint256 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 t =
            keccak256("Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)");
        return typed(keccak256(abi.encode(t, job, party, provisional, sought, expiry)));
    }

    function concessionDigest(bytes32 job, address party, State state, Outcome outcome, uint256 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 t =
            keccak256("Concession(bytes32 job,address party,uint8 state,uint8 outcome,uint256 expiry)");
        return typed(keccak256(abi.encode(t, job, party, state, outcome, expiry)));
    }

    function splitDigest(bytes32 job, State state, Outcome outcome, uint256 toBuyer, uint256 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 t = keccak256("Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)");
        return typed(keccak256(abi.encode(t, job, state, outcome, toBuyer, expiry)));
    }

    function depositDigest(address account, uint256 amount, uint256 expiry, uint256 salt)
        internal
        view
        returns (bytes32)
    {
        bytes32 t = keccak256("Deposit(address account,uint256 amount,uint256 expiry,uint256 salt)");
        return typed(keccak256(abi.encode(t, account, amount, expiry, salt)));
    }

    function pledgeDigest(address account, address book, bytes32 subject, uint256 amount, uint256 expiry)
        internal
        view
        returns (bytes32)
    {
        bytes32 t =
            keccak256("Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)");
        return typed(keccak256(abi.encode(t, account, book, subject, amount, expiry)));
    }
}
