// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignatureCheckerLib} from "solady/utils/SignatureCheckerLib.sol";

import {ILedger} from "../interfaces/ILedger.sol";

/// @title Acceptance of signatures: plain keys with low s, and ERC-1271 wallets
library Signatures {
    /// @dev Half the order of secp256k1, rounded down: the largest s that is not malleable (EIP-2).
    uint256 internal constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @dev Reverts unless `signature` over `digest` is by `signer`. The key is tried first: an account that delegates
    /// its code (EIP-7702) still owns its key. Only what the key did not sign is put to ERC-1271.
    function check(address signer, bytes32 digest, bytes calldata signature) internal view {
        bool wellFormed = signature.length == 65 || signature.length == 64;
        bool low = true;
        if (wellFormed) {
            bytes32 r = bytes32(signature[0:32]);
            uint256 s = uint256(bytes32(signature[32:64]));
            uint8 v;
            if (signature.length == 65) {
                v = uint8(signature[64]);
            } else {
                v = uint8(27 + (s >> 255));
                s = s & (type(uint256).max >> 1);
            }
            low = s <= HALF_ORDER;
            if (low) {
                address recovered = ecrecover(digest, v, r, bytes32(s));
                if (recovered != address(0) && recovered == signer) return;
            }
        }
        if (signer.code.length != 0) {
            if (SignatureCheckerLib.isValidERC1271SignatureNowCalldata(signer, digest, signature)) return;
        } else {
            if (!wellFormed) revert ILedger.MalformedSignature(signature.length);
            if (!low) revert ILedger.HighS();
        }
        revert ILedger.NotSignedBy(signer, digest);
    }

    /// @dev The key behind an EIP-2098 signature; the zero address where there is none.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address) {
        uint256 s = uint256(vs) & (type(uint256).max >> 1);
        if (s > HALF_ORDER) revert ILedger.HighS();
        return ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, bytes32(s));
    }
}
