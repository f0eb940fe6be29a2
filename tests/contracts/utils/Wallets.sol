// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// A contract wallet (ERC-1271) whose manners can be chosen, good or hostile. Anyone may act through it: it stands for
/// a party that is a contract, not for how to write one.
contract Wallet {
    enum Manner {
        Good, // accepts what its owner's key signed
        Refuses, // returns something else than the magic value
        Reverts,
        Empty, // returns nothing
        Short, // returns the magic value in four bytes, without padding
        Burns, // uses all the gas it is given
        Reenters, // calls back before it accepts; accepts only if the call went through
        Shouts // returns a megabyte
    }

    bytes4 private constant MAGIC = 0x1626ba7e;

    address public immutable OWNER;
    Manner public manner;
    address private target;
    bytes private call;

    constructor(address owner) {
        OWNER = owner;
    }

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function plan(address target_, bytes calldata call_) external {
        manner = Manner.Reenters;
        target = target_;
        call = call_;
    }

    function act(address to, bytes calldata data) external returns (bool ok, bytes memory result) {
        return to.call(data);
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external returns (bytes4) {
        if (manner == Manner.Refuses) return 0xffffffff;
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.Empty) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        if (manner == Manner.Short) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (manner == Manner.Shouts) {
            assembly ("memory-safe") {
                return(0, 1000000)
            }
        }
        if (manner == Manner.Burns) {
            while (true) {}
        }
        if (manner == Manner.Reenters) {
            (bool ok,) = target.call(call);
            return ok ? MAGIC : bytes4(0xffffffff);
        }
        if (signature.length != 65) return 0xffffffff;
        address recovered =
            ecrecover(digest, uint8(signature[64]), bytes32(signature[0:32]), bytes32(signature[32:64]));
        return recovered == OWNER ? MAGIC : bytes4(0xffffffff);
    }
}
