// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "solady/utils/ECDSA.sol";
import {SignatureCheckerLib} from "solady/utils/SignatureCheckerLib.sol";

import {ILedger} from "../interfaces/ILedger.sol";

/// @title Acceptance of signatures: plain keys with low s, and ERC-1271 wallets
library Signatures {
    /// @dev Half the order of secp256k1, rounded down: the largest s that is not malleable (EIP-2).
    uint256 internal constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @dev EIP-2098 puts the parity into the top bit of s.
    uint256 private constant _NO_PARITY = type(uint256).max >> 1;

    /// @dev Reverts unless `signature` over `digest` is by `signer`. The key is tried first: an account that delegates
    /// its code (EIP-7702) still owns its key. Only what the key did not sign is put to ERC-1271.
    function check(address signer, bytes32 digest, bytes calldata signature) internal view {
        uint256 length = signature.length;
        bool wellFormed = length == 65 || length == 64;
        bool low;
        if (wellFormed) {
            uint256 s;
            assembly ("memory-safe") {
                s := calldataload(add(signature.offset, 32))
            }
            low = (length == 65 ? s : s & _NO_PARITY) <= HALF_ORDER;
            if (low) {
                address recovered = ECDSA.tryRecoverCalldata(digest, signature);
                if (recovered == signer && recovered != address(0)) return;
            }
        }
        if (signer.code.length != 0) {
            if (SignatureCheckerLib.isValidERC1271SignatureNowCalldata(signer, digest, signature)) return;
        } else {
            if (!wellFormed) revert ILedger.MalformedSignature(length);
            if (!low) revert ILedger.HighS();
        }
        revert ILedger.NotSignedBy(signer, digest);
    }

    /// @dev The key behind an EIP-2098 signature; the zero address where there is none.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address) {
        if (uint256(vs) & _NO_PARITY > HALF_ORDER) revert ILedger.HighS();
        return ECDSA.tryRecover(digest, r, vs);
    }
}
