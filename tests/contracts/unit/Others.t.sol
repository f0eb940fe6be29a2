// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// A verdict may name the keys of those who did not sign: it saves gas, and vouches for nobody.
contract OthersTest is UnitTest {
    function judgeGas(Verdict memory v) private returns (uint256 used) {
        bytes memory call = abi.encodeCall(escrow.judge, (v, false));
        vm.cool(address(escrow));
        used = gasleft();
        done(relayer, call);
        used -= gasleft();
    }

    function test_judge_othersKeysSaveGas() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 19);
        v.others = new address[](0);
        uint256 without = judgeGas(v);
        a = delivered();
        v = verdictOn(a, Outcome.Pass, 19);
        v.others = keysOfOthers(19);
        assertLt(judgeGas(v) + 3000, without, "two cold slots less");
    }

    function test_judge_wrongOthersDoNoHarm() public {
        for (uint256 i; i < 6; ++i) {
            Agreement memory a = delivered();
            Verdict memory v = verdictOn(a, Outcome.Pass, 21);
            v.others = keysOfOthers(21);
            if (i == 0) v.others[1] = address(0);
            if (i == 1) v.others = new address[](1);
            if (i == 2) v.others = new address[](29);
            if (i == 3) v.others = new address[](30);
            if (i == 4) v.others = new address[](300);
            if (i == 5) (v.others[0], v.others[1]) = (v.others[1], v.others[0]);
            done(relayer, abi.encodeCall(escrow.judge, (v, false)));
            assertState(a, State.Judged);
        }
    }

    function test_judge_othersKeysDoNotVouchForAStranger() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.others = keysOfOthers(7);
        uint256 member = keys[1];
        keys[1] = uint256(keccak256("stranger"));
        v.attested = attest(idOf(a), v.deliverable, Outcome.Pass, 0, 7);
        bytes memory reason = abi.encodeWithSelector(NotTheKey.selector, 1, vm.addr(keys[1]), vm.addr(member));
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), reason);
        // Nor for no signature at all.
        v.attested[1].r = 0;
        reason = abi.encodeWithSelector(NotTheKey.selector, 1, address(0), vm.addr(member));
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), reason);
        // Nor where others are named as if they had signed.
        v.signers = 1;
        v.others = keysOfOthers(1);
        v.attested = attest(idOf(a), v.deliverable, Outcome.Pass, 0, 1);
        reason = abi.encodeWithSelector(NotAQuorum.selector, 1, 1, 3);
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), reason);
    }

    function test_judge_othersKeysAfterARotation() public {
        Agreement memory a = delivered();
        Verdict memory old = verdictOn(a, Outcome.Pass, 7);
        old.others = keysOfOthers(7);
        uint256 before = keys[1];
        uint256 fresh = uint256(keccak256("fresh"));
        bytes memory proof = keyProof(committee, evaluators[1], fresh);
        done(evaluators[1], abi.encodeCall(escrow.rotateKey, (committee, 1, vm.addr(fresh), proof)));
        bytes memory reason = abi.encodeWithSelector(NotTheKey.selector, 1, vm.addr(before), vm.addr(fresh));
        refused(relayer, abi.encodeCall(escrow.judge, (old, false)), reason);
        // Somebody else's new key cannot stop a verdict: the old hint is only worth nothing.
        Verdict memory v = verdictOn(a, Outcome.Pass, 13);
        v.others = keysOfOthers(13);
        assertEq(v.others[0], vm.addr(before));
        done(relayer, abi.encodeCall(escrow.judge, (v, false)));
        keys[1] = fresh;
        a = delivered();
        v = verdictOn(a, Outcome.Pass, 7);
        v.others = keysOfOthers(7);
        done(relayer, abi.encodeCall(escrow.judge, (v, false)));
    }

    function test_judge_othersKeysOfACommitteeNotFull() public {
        Committee memory c = defaultCommittee();
        c.salt = 77;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < 4; ++i) {
            joinCommittee(committee, i);
        }
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.others = keysOfOthers(7);
        v.others[1] = address(0); // the fifth has not joined
        done(relayer, abi.encodeCall(escrow.judge, (v, false)));
        assertState(a, State.Judged);
    }
}
