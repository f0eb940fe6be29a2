// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome, State} from "../interfaces/Types.sol";

/// @dev Everything that is stored of a job, in one word. Terms are signed and passed in, so only what time adds is here.
///
///   bits 0-2     phase
///   bits 3-7     epoch of the committee at opening
///   bits 8-39    members at opening
///   bits 40-71   time of opening
///   bits 72-255  by phase:
///     Open        72-231 provider, 232-255 seconds from opening to deliverBy
///     Delivered   72-255 upper 184 bits of keccak256(deliverable)
///     Judged      72-103 signers (by silence: the silent), 104-143 end of the challenge, 144-145 outcome, 146-147 basis
///     Disputed    as Judged, with 104-143 end of the ruling period, 148-149 outcome sought, 150 the buyer disputes
///     Closed      144-145 final outcome
///
/// The deliverable is hashed once more before it is cut to 184 bits, so that a second deliverable with the same mark
/// cannot be made by changing the bits that are cut off: a collision costs 2^92 hashes, a second preimage 2^184.
library JobWord {
    uint256 internal constant NONE = 0;
    uint256 internal constant OPEN = 1;
    uint256 internal constant DELIVERED = 2;
    uint256 internal constant JUDGED = 3;
    uint256 internal constant DISPUTED = 4;
    uint256 internal constant CLOSED = 5;

    uint256 private constant HEAD = (1 << 72) - 1;
    uint256 private constant KEPT = HEAD & ~uint256(7);

    function opened(uint256 epoch_, uint256 members_, address provider_, uint256 deliverBy_)
        internal
        view
        returns (uint256)
    {
        unchecked {
            // The caller has checked that deliverBy lies ahead, by the longest job at most.
            return OPEN | (epoch_ << 3) | (members_ << 8) | (block.timestamp << 40)
                | (uint256(uint160(provider_)) << 72) | ((deliverBy_ - block.timestamp) << 232);
        }
    }

    function delivered(uint256 word, bytes32 deliverable) internal pure returns (uint256) {
        return (_mark(deliverable) & ~HEAD) | (word & KEPT) | DELIVERED;
    }

    function judged(uint256 word, uint256 set_, uint256 deadline_, Outcome outcome_, Basis basis_)
        internal
        pure
        returns (uint256)
    {
        return (word & KEPT) | JUDGED | (set_ << 72) | (deadline_ << 104) | (uint256(outcome_) << 144)
            | (uint256(basis_) << 146);
    }

    function disputed(uint256 word, uint256 deadline_, Outcome sought_, bool buyerDisputes_)
        internal
        pure
        returns (uint256)
    {
        uint256 kept = word & ~(uint256(7) | (uint256(type(uint40).max) << 104));
        return
            kept | DISPUTED | (deadline_ << 104) | (uint256(sought_) << 148) | (buyerDisputes_ ? 1 << 150 : 0);
    }

    function closed(uint256 word, Outcome outcome_) internal pure returns (uint256) {
        return (word & KEPT) | CLOSED | (uint256(outcome_) << 144);
    }

    function phase(uint256 word) internal pure returns (uint256) {
        return word & 7;
    }

    function state(uint256 word) internal pure returns (State) {
        uint256 p = word & 7;
        return State(p < DELIVERED ? p : p - 1);
    }

    function epoch(uint256 word) internal pure returns (uint256) {
        return (word >> 3) & 31;
    }

    function members(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 8);
    }

    function openedAt(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 40);
    }

    /// @dev Open only.
    function provider(uint256 word) internal pure returns (address) {
        return address(uint160(word >> 72));
    }

    /// @dev Open only.
    function deliverBy(uint256 word) internal pure returns (uint256) {
        unchecked {
            return openedAt(word) + (word >> 232);
        }
    }

    /// @dev Delivered only.
    function anchor(uint256 word) internal pure returns (bytes32) {
        return bytes32(word & ~HEAD);
    }

    /// @dev Delivered only.
    function names(uint256 word, bytes32 deliverable) internal pure returns (bool) {
        return (word ^ _mark(deliverable)) <= HEAD;
    }

    /// @dev Judged and Disputed: who signed; by silence, who did not.
    function set(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 72);
    }

    /// @dev Judged and Disputed.
    function deadline(uint256 word) internal pure returns (uint256) {
        return uint40(word >> 104);
    }

    /// @dev Judged, Disputed and Closed.
    function outcome(uint256 word) internal pure returns (Outcome) {
        return Outcome((word >> 144) & 3);
    }

    /// @dev Judged and Disputed.
    function basis(uint256 word) internal pure returns (Basis) {
        return Basis((word >> 146) & 3);
    }

    /// @dev Judged and Disputed. Cheaper than comparing `basis`, which Solidity checks for its range.
    function bySilence(uint256 word) internal pure returns (bool) {
        return (word >> 146) & 3 == uint256(Basis.Silence);
    }

    /// @dev Judged and Disputed; see bySilence.
    function byNoShow(uint256 word) internal pure returns (bool) {
        return (word >> 146) & 3 == uint256(Basis.NoShow);
    }

    /// @dev Disputed only.
    function sought(uint256 word) internal pure returns (Outcome) {
        return Outcome((word >> 148) & 3);
    }

    /// @dev Disputed only.
    function buyerDisputes(uint256 word) internal pure returns (bool) {
        return (word >> 150) & 1 == 1;
    }

    function _mark(bytes32 deliverable) private pure returns (uint256 mark) {
        assembly ("memory-safe") {
            mstore(0, deliverable)
            mark := keccak256(0, 32)
        }
    }
}
