// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {
    Agreement,
    Attested,
    Committee,
    Outcome,
    Statement,
    Verdict
} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// The keys of those who did not sign are a hint by whoever sends a verdict. Whatever they say, a call ends just as it
/// would have without them. In a committee as large as there can be, in which one never joined, and then somebody
/// changes its key, one leaves and one is expelled.
contract RollsTest is UnitTest {
    uint256 private constant MANY = 32;
    uint256 private constant ABSENT = 20;
    uint256 private constant ROTATED = 3;
    uint256 private constant LEFT = 30;
    uint256 private constant EXPELLED = 31;
    uint32 private constant MEMBERS = ~uint32(1 << ABSENT);

    Agreement private a;

    function setUp() public override {
        super.setUp();
        delete evaluators;
        delete keys;
        for (uint256 i; i < MANY; ++i) {
            evaluators.push(address(uint160(0xE000 + i)));
            keys.push(uint256(keccak256(abi.encode("many", i))));
        }
        Committee memory c = defaultCommittee();
        c.threshold = 17;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < MANY; ++i) {
            if (i != ABSENT) joinCommittee(committee, i);
        }
        a = delivered();
    }

    /// What the committee's roll is now, as anyone reads it off the views.
    function roll() private view returns (address[] memory list) {
        list = new address[](MANY);
        for (uint256 i; i < MANY; ++i) {
            if (!escrow.evaluator(committee, i).expelled) list[i] = escrow.evaluator(committee, i).key;
        }
    }

    function without(address[] memory list, uint32 signers) private pure returns (address[] memory others) {
        uint256 n;
        others = new address[](list.length);
        for (uint256 i; i < list.length; ++i) {
            if (signers & (1 << i) == 0) others[n++] = list[i];
        }
        cut(others, n);
    }

    function cut(address[] memory list, uint256 n) private pure {
        assembly ("memory-safe") {
            mstore(list, n)
        }
    }

    function rotate(bool known) private {
        uint256 fresh = uint256(keccak256("fresh"));
        bytes memory proof = keyProof(committee, evaluators[ROTATED], fresh);
        done(
            evaluators[ROTATED], abi.encodeCall(escrow.rotateKey, (committee, ROTATED, vm.addr(fresh), proof))
        );
        if (known) keys[ROTATED] = fresh;
    }

    function expel() private {
        bytes32 job = idOf(a);
        Statement memory x = statement(keys[EXPELLED], job, "d", Outcome.Pass, 0);
        Statement memory y = statement(keys[EXPELLED], job, "d", Outcome.Fail, 0);
        escrow.proveEquivocation(a.terms, openingHash(a.opening), "d", x, y);
    }

    /// Changes the committee and then the hint in ways that `how` chooses.
    function tampered(Verdict memory v, uint256 how) private returns (address[] memory others) {
        address[] memory before = without(roll(), v.signers);
        if (how & 1 != 0) rotate(how & 2 != 0);
        if (how & 4 != 0) expel();
        if (how & 8 != 0) done(evaluators[LEFT], abi.encodeCall(escrow.leave, (committee, LEFT)));
        if (how & 16 != 0) joinCommittee(committee, ABSENT);
        others = how & 32 != 0 ? before : without(roll(), v.signers);
        uint256 n = others.length;
        uint256 at = n == 0 ? 0 : (how >> 16) % n;
        if (how & 0xc0 == 0x40 && n != 0) others[at] = address(uint160(how));
        if (how & 0xc0 == 0x80 && n != 0) cut(others, at);
        if (how & 0xc0 == 0xc0) {
            others = roll();
            cut(others, (how >> 16) % (MANY + 1));
        }
    }

    function testFuzz_hintsNeverChangeHowACallEnds(uint32 signers, uint256 how) public {
        if (how & 0x100 != 0) signers &= MEMBERS;
        if (how & 0x200 != 0) signers &= ~uint32((1 << EXPELLED) | (1 << ROTATED));
        if (signers == 0) signers = 1;
        Verdict memory v = verdictOn(a, Outcome.Pass, signers);
        v.others = new address[](0);
        address[] memory others = tampered(v, how);
        if (how & 2 != 0) v.attested = attest(idOf(a), v.deliverable, Outcome.Pass, 0, signers);
        if (how & 0xc00 == 0x400) v.attested[0].r = bytes32(how);
        if (how & 0xc00 == 0x800) delete v.attested[v.attested.length - 1];
        if (how & 0xc00 == 0xc00) {
            Attested[] memory attested = v.attested;
            assembly ("memory-safe") {
                mstore(attested, sub(mload(attested), 1))
            }
        }
        bytes memory plain = abi.encodeCall(escrow.attest, (v));
        v.others = others;
        bytes memory hinted = abi.encodeCall(escrow.attest, (v));
        uint256 snapshot = vm.snapshotState();
        (bool ok, bytes memory data) = address(escrow).call(plain);
        uint32 attested_ = viewOf(a).attested;
        vm.revertToState(snapshot);
        (bool okHinted, bytes memory dataHinted) = address(escrow).call(hinted);
        assertEq(okHinted, ok);
        assertEq(dataHinted, data);
        assertEq(viewOf(a).attested, attested_);
    }

    /// Every evaluator's key in its place, the last one included, and a list as long as one may be.
    function test_allThirtyTwoPlaces() public {
        joinCommittee(committee, ABSENT);
        uint32[4] memory sets = [uint32(0x0001ffff), 0xffff8000, 0xaaaaaaab, type(uint32).max];
        for (uint256 i; i < sets.length; ++i) {
            a = delivered();
            Verdict memory v = verdictOn(a, Outcome.Pass, sets[i]);
            v.others = new address[](0);
            uint256 plain = gasOf(v);
            v.others = without(roll(), sets[i]);
            if (v.others.length != 0) assertLt(gasOf(v) + 20_000, plain, "one slot instead of seventeen");
            v.others = without(roll(), sets[i] >> 1);
            assertGt(gasOf(v), plain, "looked up all the same");
        }
    }

    function gasOf(Verdict memory v) private returns (uint256 used) {
        uint256 snapshot = vm.snapshotState();
        bytes memory call = abi.encodeCall(escrow.attest, (v));
        vm.cool(address(escrow));
        used = gasleft();
        done(relayer, call);
        used -= gasleft();
        vm.revertToState(snapshot);
    }

    /// An expelled member has the zero key in the roll, which is also what no signature recovers to.
    function test_noSignatureForAnEmptyPlace() public {
        expel();
        uint32 signers = uint32(0xffff | (1 << EXPELLED));
        Verdict memory v = verdictOn(a, Outcome.Pass, signers);
        v.others = without(roll(), signers);
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(IsExpelled.selector, EXPELLED)
        );
        v.attested[16].r = 0;
        bytes memory reason =
            abi.encodeWithSelector(NotTheKey.selector, EXPELLED, address(0), vm.addr(keys[EXPELLED]));
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), reason);
    }

    /// The upper bits of a hint's words say nothing: no second list stands for the same roll, and none fails.
    function test_dirtyUpperBitsOfHints() public {
        Verdict memory v = verdictOn(a, Outcome.Pass, 0x1ffff);
        v.others = without(roll(), 0x1ffff);
        bytes memory call = abi.encodeCall(escrow.attest, (v));
        uint256 last = call.length - 36;
        assertEq(uint256(word(call, last)), uint160(v.others[v.others.length - 1]));
        done(relayer, patched(call, last, uint256(word(call, last)) | (type(uint256).max << 160)));
        assertEq(viewOf(a).attested, 0x1ffff);
    }

    function word(bytes memory data, uint256 offset) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 36), offset))
        }
    }
}
