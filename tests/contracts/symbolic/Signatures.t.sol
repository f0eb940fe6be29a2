// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Attestations} from "../../../contracts/base/Attestations.sol";
import {Ledger} from "../../../contracts/base/Ledger.sol";
import {Attested, Outcome} from "../../../contracts/interfaces/Types.sol";
import {Hashes} from "../../../contracts/libraries/Hashes.sol";
import {Signatures} from "../../../contracts/libraries/Signatures.sol";
import {and} from "./Bools.sol";

/// The acceptance of signatures, callable from outside, over a committee of three.
contract SignaturesHarness is Attestations {
    bytes32 private constant COMMITTEE = bytes32(uint256(1));

    constructor(address token) Ledger(token, address(this)) {}

    function setMember(uint256 index, address key, bool expelled) external {
        Record storage r = _committees[COMMITTEE];
        r.size = 3;
        r.members[index].key = key;
        r.members[index].expelled = expelled;
    }

    /// As joining, changing a key and being expelled end.
    function writeRoll() external {
        _roll(_committees[COMMITTEE]);
    }

    function recover(bytes32 digest, bytes32 r, bytes32 vs) external view virtual returns (address) {
        return Signatures.recover(digest, r, vs);
    }

    function check(address signer, bytes32 digest, bytes calldata signature) external view virtual {
        Signatures.check(signer, digest, signature);
    }

    /// With `others` the roll is looked at, without them each signer's slot.
    function accept(
        uint32 members,
        bytes32 subject,
        uint32 signers,
        Attested[] calldata attested,
        address[] calldata others
    ) external view virtual {
        Record storage r = _committees[COMMITTEE];
        _checkAttestations(
            r, members, subject, bytes32(uint256(2)), Outcome.Pass, 0, signers, attested, others
        );
    }

    function digestOf(bytes32 subject, bytes32 evidence) external view returns (bytes32) {
        return Hashes.attestation(DOMAIN_SEPARATOR, subject, bytes32(uint256(2)), Outcome.Pass, 0, evidence);
    }
}

/// What a solver proves of the acceptance of signatures, whatever signatures do: `ecrecover` is any function that gives
/// one answer for one input.
contract SignaturesSymbolic is Test {
    using {and} for bool;

    uint256 private constant HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 private constant LOW_BITS = type(uint256).max >> 1;

    SignaturesHarness internal lib;

    function setUp() public virtual {
        lib = new SignaturesHarness(address(this));
    }

    /// A malleable twin, s in the upper half of the order, is refused whatever else it is.
    function check_recover_refusesHighS(bytes32 digest, bytes32 r, bytes32 vs) public view {
        vm.assume(uint256(vs) & LOW_BITS > HALF);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.recover, (digest, r, vs)));
        assert(!ok);
    }

    /// The same of 65 bytes by a plain key.
    function check_check_refusesHighS(address signer, bytes32 digest, bytes32 r, bytes32 s, uint8 v)
        public
        view
    {
        vm.assume((uint256(s) > HALF).and(signer.code.length == 0));
        bytes memory signature = abi.encodePacked(r, s, v);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.check, (signer, digest, signature)));
        assert(!ok);
    }

    /// No signature is by the zero address.
    function check_check_refusesZeroAddress(bytes32 digest, bytes32 r, bytes32 s, uint8 v) public view {
        bytes memory signature = abi.encodePacked(r, s, v);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.check, (address(0), digest, signature)));
        assert(!ok);
    }

    /// Only what `ecrecover` ascribes to a plain key is accepted as its signature.
    function check_check_isByTheSigner(address signer, bytes32 digest, bytes32 r, bytes32 s, uint8 v)
        public
        view
    {
        vm.assume(signer.code.length == 0);
        bytes memory signature = abi.encodePacked(r, s, v);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.check, (signer, digest, signature)));
        if (ok) assert(ecrecover(digest, v, r, s) == signer);
    }

    /// What is accepted names members only, and as many as there are signatures: each evaluator counts once.
    function check_accept_countsMembersOnce(
        uint32 members,
        uint32 signers,
        Attested memory a,
        Attested memory b
    ) public {
        _members(address(11), address(12), address(13), false);
        vm.assume((members < 8).and(signers < 16));
        uint32 chosen = _concrete(signers);
        Attested[] memory two = new Attested[](2);
        (two[0], two[1]) = (a, b);
        (bool ok,) = address(lib)
            .staticcall(abi.encodeCall(lib.accept, (members, bytes32(0), chosen, two, new address[](0))));
        if (ok) assert((chosen & ~members == 0).and(_count(chosen) == 2));
    }

    /// What is accepted was signed by the key of each evaluator named, and no key is the zero address.
    function check_accept_isByEveryKey(
        address key0,
        address key1,
        address key2,
        bytes32 subject,
        uint32 signers,
        Attested memory a,
        Attested memory b
    ) public {
        _members(key0, key1, key2, false);
        _acceptedIsByEveryKey(key0, key1, key2, subject, signers, a, b, new address[](0));
    }

    /// The same where the keys of those who did not sign are named, truly or not.
    function check_acceptByRoll_isByEveryKey(
        address key0,
        address key1,
        address key2,
        bytes32 subject,
        uint32 signers,
        Attested memory a,
        Attested memory b,
        address other
    ) public {
        _members(key0, key1, key2, false);
        address[] memory others = new address[](1);
        others[0] = other;
        _acceptedIsByEveryKey(key0, key1, key2, subject, signers, a, b, others);
    }

    /// Who is expelled signs nothing any more.
    function check_accept_refusesTheExpelled(address key, bytes32 subject, Attested memory a) public {
        _members(key, address(12), address(13), true);
        Attested[] memory one = new Attested[](1);
        one[0] = a;
        (bool ok,) =
            address(lib).staticcall(abi.encodeCall(lib.accept, (7, subject, 1, one, new address[](0))));
        assert(!ok);
    }

    /// The same by the roll.
    function check_acceptByRoll_refusesTheExpelled(
        address key,
        bytes32 subject,
        Attested memory a,
        address other1,
        address other2
    ) public {
        _members(key, address(12), address(13), true);
        Attested[] memory one = new Attested[](1);
        one[0] = a;
        address[] memory others = new address[](2);
        (others[0], others[1]) = (other1, other2);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.accept, (7, subject, 1, one, others)));
        assert(!ok);
    }

    // ----

    function _members(address key0, address key1, address key2, bool expelled) private {
        lib.setMember(0, key0, expelled);
        lib.setMember(1, key1, false);
        lib.setMember(2, key2, false);
        lib.writeRoll();
    }

    function _acceptedIsByEveryKey(
        address key0,
        address key1,
        address key2,
        bytes32 subject,
        uint32 signers,
        Attested memory a,
        Attested memory b,
        address[] memory others
    ) private view {
        vm.assume(signers < 8);
        uint32 chosen = _concrete(signers);
        Attested[] memory two = new Attested[](2);
        (two[0], two[1]) = (a, b);
        (bool ok,) = address(lib).staticcall(abi.encodeCall(lib.accept, (7, subject, chosen, two, others)));
        if (!ok) return;
        address first = chosen & 1 != 0 ? key0 : key1;
        address second = chosen & 4 != 0 ? key2 : key1;
        assert(_by(first, subject, a).and(_by(second, subject, b)));
    }

    function _by(address key, bytes32 subject, Attested memory a) private view returns (bool) {
        bytes32 digest = lib.digestOf(subject, a.evidence);
        uint256 s = uint256(a.vs) & LOW_BITS;
        uint8 v = uint8(uint256(a.vs) >> 255) + 27;
        return (ecrecover(digest, v, a.r, bytes32(s)) == key).and(key != address(0)).and(s <= HALF);
    }

    function _concrete(uint32 symbolic) private pure returns (uint32) {
        for (uint32 i; i < 16; ++i) {
            if (symbolic == i) return i;
        }
        vm.assume(false);
        return 0;
    }

    function _count(uint32 set) private pure returns (uint256 n) {
        for (uint32 i; i < 32; ++i) {
            n += (set >> i) & 1;
        }
    }
}
