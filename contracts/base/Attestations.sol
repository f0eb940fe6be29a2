// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Attested, Outcome, Statement} from "../interfaces/Types.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {Rolls} from "../libraries/Rolls.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Coverage} from "./Coverage.sol";

/// @dev Whose signature an attestation bears.
abstract contract Attestations is Coverage {
    /// @dev Reverts unless every entry is by the current key of the evaluator whose bit it stands for. The keys behind
    /// the entries, with those of the `others` between them, are the committee's roll, which is one slot to look at
    /// instead of one for each signer. Where the others' keys are not given, or not right any more (a key was changed
    /// meanwhile), each signer is looked at: a caller cannot gain, and nobody can stop a verdict by changing a key.
    function _checkAttestations(
        Record storage r,
        uint32 members,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested,
        address[] calldata others
    ) internal view {
        if (outcome == Outcome.None) revert BadOutcome();
        uint32 strangers = signers & ~members;
        if (strangers != 0) revert NotAMember(LibBit.ffs(strangers));
        uint256 frame = Hashes.attestationFrame(DOMAIN_SEPARATOR, subject, deliverable, outcome, payable_);
        uint256 count = attested.length;
        uint256 hints = others.length;
        unchecked {
            // So many keys no committee has. It also keeps the list in its room: hints are used up at place
            // signers + hints at the latest, and gaps without a hint are below bit 32.
            if (count + hints > MAX_EVALUATORS) hints = 0;
        }
        uint256 keys = Rolls.make();
        uint256 index;
        uint256 i;
        uint256 given;
        unchecked {
            for (uint256 left = signers; left != 0 || given != hints; left >>= 1) {
                address key;
                if (left & 1 != 0) {
                    if (i == count) _refuseSigner(signers, count, index, address(0), address(0));
                    Attested calldata a;
                    assembly ("memory-safe") {
                        a := add(attested.offset, mul(i, 0x60)) // i is below the length
                    }
                    key = Signatures.recover(Hashes.framed(frame, a.evidence), a.r, a.vs);
                    // One that has not joined has the zero key, which is also what no signature recovers to.
                    if (key == address(0)) _refuseSigner(signers, count, index, key, r.members[index].key);
                    ++i;
                } else if (given != hints) {
                    key = Rolls.hint(others, given);
                    ++given;
                }
                Rolls.set(keys, index, key);
                ++index;
            }
        }
        if (i != count) revert SignerCount(i, count);
        if (hints == 0 || Rolls.hash(keys, index) != r.roll) _lookUp(r, keys, signers, count);
    }

    /// @dev Compares each signer's key with the one that is stored.
    function _lookUp(Record storage r, uint256 keys, uint32 signers, uint256 count) private view {
        uint256 index;
        for (uint256 left = signers; left != 0; left >>= 1) {
            if (left & 1 != 0) {
                Member storage m = r.members[index];
                address key = Rolls.get(keys, index);
                if (key != m.key) _refuseSigner(signers, count, index, key, m.key);
                if (m.expelled) revert IsExpelled(index);
            }
            unchecked {
                ++index;
            }
        }
    }

    /// @dev Entries that are too few or too many stand at the wrong places, so that is said first.
    function _refuseSigner(uint32 signers, uint256 count, uint256 index, address recovered, address key)
        private
        pure
    {
        uint256 bits = LibBit.popCount(signers);
        if (bits != count) revert SignerCount(bits, count);
        revert NotTheKey(index, recovered, key);
    }

    /// @dev Which member contradicted itself on `subject`, or reverts. An old key binds it only where the subject was
    /// opened before the key was retired.
    function _contradiction(
        Record storage r,
        uint32 members,
        bytes32 subject,
        uint256 openedAt,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) internal view returns (uint256 index) {
        if (a.outcome == b.outcome && a.payable_ == b.payable_) revert NoContradiction();
        index = _signerOf(r, subject, openedAt, deliverable, a);
        if (_signerOf(r, subject, openedAt, deliverable, b) != index) revert NoContradiction();
        if (members & (1 << index) == 0) revert NotAMember(index);
    }

    function _signerOf(
        Record storage r,
        bytes32 subject,
        uint256 openedAt,
        bytes32 deliverable,
        Statement calldata s
    ) private view returns (uint256) {
        if (s.outcome == Outcome.None) revert BadOutcome();
        bytes32 digest =
            Hashes.attestation(DOMAIN_SEPARATOR, subject, deliverable, s.outcome, s.payable_, s.evidence);
        address key = Signatures.recover(digest, s.r, s.vs);
        KeyRecord memory k = r.keys[key];
        if (!k.known || (k.retiredAt != 0 && openedAt >= k.retiredAt)) revert KeyDoesNotBind(key);
        return k.index;
    }
}
