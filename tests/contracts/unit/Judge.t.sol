// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {
    Agreement,
    Attested,
    Basis,
    Committee,
    Outcome,
    State,
    Verdict
} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// judge and attest.
contract JudgeTest is UnitTest {
    // ---- judge

    function test_judge() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 21);
        bytes32[] memory evidence = new bytes32[](3);
        for (uint256 i; i < 3; ++i) {
            evidence[i] = v.attested[i].evidence;
        }
        expectJudged(a, Outcome.Pass, 21, block.timestamp + 1 days, evidence);
        done(relayer, abi.encodeCall(escrow.judge, (v, false)));
        IViews.JobView memory s = viewOf(a);
        assertEq(uint8(s.state), uint8(State.Judged));
        assertEq(uint8(s.outcome), uint8(Outcome.Pass));
        assertEq(uint8(s.basis), uint8(Basis.Verdict));
        assertEq(s.signers, 21);
        assertEq(s.deadline, block.timestamp + 1 days);
        refused(relayer, judgeCall(a, Outcome.Fail, 7), wrongState(a, State.Judged));
        vm.warp(block.timestamp + 1 days);
        settle(a, true);
        refused(relayer, judgeCall(a, Outcome.Fail, 7), wrongState(a, State.Closed));
    }

    function test_judge_everyQuorumOfFive() public {
        uint256 snapshot = vm.snapshotState();
        for (uint32 set = 1; set < 32; ++set) {
            Agreement memory a = delivered();
            uint256 n;
            for (uint256 i; i < 5; ++i) {
                n += (set >> i) & 1;
            }
            if (n == 3) {
                done(relayer, judgeCall(a, Outcome.Fail, set));
                assertEq(viewOf(a).signers, set);
            } else {
                refused(
                    relayer,
                    judgeCall(a, Outcome.Fail, set),
                    abi.encodeWithSelector(NotAQuorum.selector, n, n, 3)
                );
            }
            vm.revertToState(snapshot);
        }
    }

    function test_judge_withoutDelivery() public {
        Agreement memory a = newAgreement();
        refused(relayer, judgeCall(a, Outcome.Pass, 7), wrongState(a, State.None));
        open(a);
        refused(
            relayer, judgeCall(a, Outcome.Fail, 7), abi.encodeWithSelector(NotDelivered.selector, idOf(a))
        );
        deliver(a);
        done(relayer, judgeCall(a, Outcome.Fail, 7));
    }

    function test_judgeBy_isTheFirstMomentTooLate() public {
        Agreement memory a = delivered();
        Agreement memory b = delivered();
        vm.warp(a.terms.judgeBy - 1);
        done(relayer, judgeCall(a, Outcome.Pass, 7));
        vm.warp(b.terms.judgeBy);
        refused(relayer, judgeCall(b, Outcome.Pass, 7), tooLate(b.terms.judgeBy));
    }

    function test_judge_namesTheAnchoredDeliverable() public {
        Agreement memory a = delivered();
        bytes32 d = keccak256(abi.encode("deliverable", a.opening.salt));
        // The lowest bit counts as much as the highest: see JobWord on what is kept of it.
        for (uint256 bit; bit < 256; bit += 15) {
            Verdict memory v = verdictOn(a, Outcome.Pass, 7);
            v.deliverable = d ^ bytes32(1 << bit);
            v.attested = attest(idOf(a), v.deliverable, Outcome.Pass, 0, 7);
            refused(
                relayer,
                abi.encodeCall(escrow.judge, (v, false)),
                abi.encodeWithSelector(WrongDeliverable.selector, idOf(a), v.deliverable)
            );
            refused(
                relayer,
                abi.encodeCall(escrow.attest, (v)),
                abi.encodeWithSelector(WrongDeliverable.selector, idOf(a), v.deliverable)
            );
        }
    }

    function test_judge_noOutcome() public {
        Agreement memory a = delivered();
        refused(relayer, judgeCall(a, Outcome.None, 7), abi.encodeWithSelector(BadOutcome.selector));
        // Word 13 of the verdict, which starts at word 2, is the outcome.
        refused(relayer, patched(judgeCall(a, Outcome.Pass, 7), (2 + 11) * 32 + 0, 4), "");
    }

    function test_judge_duplicateSigners() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.attested[1] = v.attested[0];
        bytes32 digest = digestOf(v, a, 1);
        assertEq(ecrecoverOf(digest, v.attested[1]), vm.addr(keys[0]));
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(NotTheKey.selector, 1, vm.addr(keys[0]), vm.addr(keys[1]))
        );
        // Three entries for two bits.
        v.signers = 3;
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(SignerCount.selector, 2, 3)
        );
        v.signers = 15;
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(SignerCount.selector, 4, 3)
        );
    }

    function test_judge_wrongOrder() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        (v.attested[0], v.attested[2]) = (v.attested[2], v.attested[0]);
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(NotTheKey.selector, 0, vm.addr(keys[2]), vm.addr(keys[0]))
        );
    }

    function test_judge_signerBeyondTheCommittee() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.signers = 3 | (1 << 5);
        refused(
            relayer, abi.encodeCall(escrow.judge, (v, false)), abi.encodeWithSelector(NotAMember.selector, 5)
        );
        v.signers = 3 | (1 << 31);
        refused(
            relayer, abi.encodeCall(escrow.judge, (v, false)), abi.encodeWithSelector(NotAMember.selector, 31)
        );
    }

    function test_judge_byAStranger() public {
        Agreement memory a = delivered();
        uint256 honest = keys[2];
        keys[2] = uint256(keccak256("stranger"));
        bytes memory call = judgeCall(a, Outcome.Pass, 7);
        refused(
            relayer, call, abi.encodeWithSelector(NotTheKey.selector, 2, vm.addr(keys[2]), vm.addr(honest))
        );
    }

    function test_judge_attestationsOfSomethingElse() public {
        Agreement memory a = delivered();
        Agreement memory b = delivered();
        Verdict memory good = verdictOn(a, Outcome.Pass, 7);
        Attested[][5] memory wrong;
        wrong[0] = attest(idOf(b), good.deliverable, Outcome.Pass, 0, 7);
        wrong[1] = attest(idOf(a), keccak256("other"), Outcome.Pass, 0, 7);
        wrong[2] = attest(idOf(a), good.deliverable, Outcome.Fail, 0, 7);
        wrong[3] = attest(idOf(a), good.deliverable, Outcome.Pass, 1, 7);
        vm.chainId(1);
        wrong[4] = attest(idOf(a), good.deliverable, Outcome.Pass, 0, 7);
        vm.chainId(31337);
        for (uint256 i; i < wrong.length; ++i) {
            Verdict memory v = verdictOn(a, Outcome.Pass, 7);
            v.attested = wrong[i];
            for (uint256 j; j < 3; ++j) {
                v.attested[j].evidence = good.attested[j].evidence;
            }
            address recovered = ecrecoverOf(digestOf(v, a, 0), v.attested[0]);
            assertTrue(recovered != vm.addr(keys[0]));
            refused(
                relayer,
                abi.encodeCall(escrow.judge, (v, false)),
                abi.encodeWithSelector(NotTheKey.selector, 0, recovered, vm.addr(keys[0]))
            );
        }
        // Evidence is part of what is signed.
        good.attested[2].evidence = keccak256("swapped");
        address other = ecrecoverOf(digestOf(good, a, 2), good.attested[2]);
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (good, false)),
            abi.encodeWithSelector(NotTheKey.selector, 2, other, vm.addr(keys[2]))
        );
    }

    function test_judge_theJobOfAnotherCommittee() public {
        Agreement memory a = delivered();
        // The same job under another committee is another job, even where the same evaluators sit in both.
        Committee memory c = defaultCommittee();
        c.salt = 1;
        bytes32 other = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(other, i);
        }
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.terms.committee = other;
        bytes32 job = escrow.jobId(v.terms, v.openingHash);
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(WrongState.selector, job, State.None)
        );
    }

    function test_judge_malformedSignatures() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        bytes32 r = v.attested[1].r;
        v.attested[1].r = 0;
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(NotTheKey.selector, 1, address(0), vm.addr(keys[1]))
        );
        v.attested[1].r = r;
        uint256 vs = uint256(v.attested[1].vs);
        uint256 s = vs & (type(uint256).max >> 1);
        // The high twin of s has no room for the parity bit where it is above 2^255; where it fits it is refused.
        uint256 high = ORDER - s;
        if (high >> 255 == 0) {
            v.attested[1].vs = bytes32(high | ((1 - (vs >> 255)) << 255));
            refused(relayer, abi.encodeCall(escrow.judge, (v, false)), abi.encodeWithSelector(HighS.selector));
        }
        v.attested[1].vs = bytes32(type(uint256).max >> 1);
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), abi.encodeWithSelector(HighS.selector));
    }

    function testFuzz_judge_highS(uint256 s) public {
        uint256 half = ORDER / 2;
        s = bound(s, half + 1, type(uint256).max >> 1);
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        v.attested[0].vs = bytes32(s);
        refused(relayer, abi.encodeCall(escrow.judge, (v, false)), abi.encodeWithSelector(HighS.selector));
        // Half the order itself is still low.
        v.attested[0].vs = bytes32(half);
        address recovered = ecrecoverOf(digestOf(v, a, 0), v.attested[0]);
        refused(
            relayer,
            abi.encodeCall(escrow.judge, (v, false)),
            abi.encodeWithSelector(NotTheKey.selector, 0, recovered, vm.addr(keys[0]))
        );
    }

    function test_judge_memberThatLeftBeforeOpening() public {
        vm.prank(evaluators[1]);
        escrow.leave(committee, 1);
        Agreement memory a = delivered();
        assertEq(viewOf(a).members, 29);
        refused(relayer, judgeCall(a, Outcome.Pass, 7), abi.encodeWithSelector(NotAMember.selector, 1));
        done(relayer, judgeCall(a, Outcome.Pass, 13));
    }

    function test_judge_memberThatLeftAfterOpening() public {
        Agreement memory a = delivered();
        vm.prank(evaluators[1]);
        escrow.leave(committee, 1);
        done(relayer, judgeCall(a, Outcome.Pass, 7));
    }

    function test_judge_memberSlashedElsewhereStillSigns() public {
        Agreement memory a = delivered();
        Agreement memory b = judged(Outcome.Pass);
        dispute(b, buyer, Outcome.Fail);
        rule(b, Outcome.Fail, false);
        assertLt(stakeOf(0), STAKE);
        done(relayer, judgeCall(a, Outcome.Pass, 7));
        Agreement memory c = newAgreement();
        refused(relayer, openCall(c), abi.encodeWithSelector(TooFewMembers.selector, committee, 2, 3));
    }

    function test_judge_rotatedKey() public {
        Agreement memory a = delivered();
        bytes memory old = judgeCall(a, Outcome.Pass, 7);
        uint256 oldKey = keys[0];
        uint256 newKey = uint256(keccak256("rotated"));
        bytes memory proof = keyProof(committee, evaluators[0], newKey);
        vm.prank(evaluators[0]);
        escrow.rotateKey(committee, 0, vm.addr(newKey), proof);
        refused(relayer, old, abi.encodeWithSelector(NotTheKey.selector, 0, vm.addr(oldKey), vm.addr(newKey)));
        keys[0] = newKey;
        done(relayer, judgeCall(a, Outcome.Pass, 7));
    }

    function test_judge_expelledMember() public {
        Agreement memory a = delivered();
        Agreement memory b = delivered();
        bytes32 d = keccak256("d");
        escrow.proveEquivocation(
            b.terms,
            openingHash(b.opening),
            d,
            statement(keys[2], idOf(b), d, Outcome.Pass, 0),
            statement(keys[2], idOf(b), d, Outcome.Fail, 0)
        );
        refused(relayer, judgeCall(a, Outcome.Pass, 7), abi.encodeWithSelector(IsExpelled.selector, 2));
        Verdict memory v = verdictOn(a, Outcome.Pass, 4);
        refused(relayer, abi.encodeCall(escrow.attest, (v)), abi.encodeWithSelector(IsExpelled.selector, 2));
        done(relayer, judgeCall(a, Outcome.Pass, 11));
    }

    function test_judge_withoutChallengeClosesAtOnce() public {
        Agreement memory a = newAgreement();
        a.terms.challenge = 0;
        open(a);
        deliver(a);
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        uint256 before = usdc.balanceOf(provider);
        expectClosed(a, Outcome.Pass, Ending.Settled, 0, GATED + BOND, FEE, 7, 2);
        done(relayer, abi.encodeCall(escrow.judge, (v, true)));
        assertState(a, State.Closed);
        assertEq(usdc.balanceOf(provider) - before, GATED + BOND);
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), wrongState(a, State.Closed));
        a = newAgreement();
        a.terms.challenge = 0;
        open(a);
        deliver(a);
        before = free(buyer);
        done(relayer, judgeCall(a, Outcome.Fail, 7));
        assertEq(free(buyer) - before, GATED + BOND, "credited where nobody asks for more");
    }

    function test_judge_afterAFork() public {
        Agreement memory a = delivered();
        bytes memory call = judgeCall(a, Outcome.Pass, 7);
        Verdict memory v = verdictOn(a, Outcome.Pass, 7);
        vm.chainId(10);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 10, 31337));
        refused(
            relayer,
            abi.encodeCall(escrow.attest, (v)),
            abi.encodeWithSelector(WrongChain.selector, 10, 31337)
        );
    }

    // ---- attest

    function test_attest_sparesTheSigners() public {
        Agreement memory a = delivered();
        Verdict memory v = verdictOn(a, Outcome.Pass, 1);
        bytes32[] memory evidence = new bytes32[](1);
        evidence[0] = v.attested[0].evidence;
        vm.expectEmit(address(escrow));
        emit AttestationsPosted(idOf(a), v.deliverable, Outcome.Pass, 1, evidence);
        done(relayer, abi.encodeCall(escrow.attest, (v)));
        done(relayer, abi.encodeCall(escrow.attest, (verdictOn(a, Outcome.Fail, 10))));
        // Twice does no harm, nor does more than a quorum.
        done(relayer, abi.encodeCall(escrow.attest, (v)));
        assertEq(viewOf(a).attested, 11);
        assertState(a, State.Open);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        assertEq(viewOf(a).signers, 20, "the silent");
    }

    function test_attest_refused() public {
        Agreement memory a = newAgreement();
        Verdict memory v = verdictOn(a, Outcome.Pass, 1);
        bytes memory call = abi.encodeCall(escrow.attest, (v));
        refused(relayer, call, wrongState(a, State.None));
        open(a);
        refused(relayer, call, abi.encodeWithSelector(NotDelivered.selector, idOf(a)));
        deliver(a);
        v = verdictOn(a, Outcome.Pass, 0);
        refused(
            relayer, abi.encodeCall(escrow.attest, (v)), abi.encodeWithSelector(BadLength.selector, 0, 32)
        );
        v = verdictOn(a, Outcome.Pass, 3);
        v.signers = 1;
        refused(
            relayer, abi.encodeCall(escrow.attest, (v)), abi.encodeWithSelector(SignerCount.selector, 1, 2)
        );
        v = verdictOn(a, Outcome.None, 1);
        refused(relayer, abi.encodeCall(escrow.attest, (v)), abi.encodeWithSelector(BadOutcome.selector));
        vm.warp(a.terms.judgeBy);
        refused(relayer, call, tooLate(a.terms.judgeBy));
        vm.warp(a.terms.judgeBy - 1);
        done(relayer, call);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        refused(relayer, call, wrongState(a, State.Judged));
    }

    // ---- helpers

    function digestOf(Verdict memory v, Agreement memory a, uint256 entry) private view returns (bytes32) {
        return attestationDigest(idOf(a), v.deliverable, v.outcome, 0, v.attested[entry].evidence);
    }

    function ecrecoverOf(bytes32 digest, Attested memory s) private pure returns (address) {
        return ecrecover(
            digest, uint8(27 + (uint256(s.vs) >> 255)), s.r, bytes32(uint256(s.vs) & (type(uint256).max >> 1))
        );
    }
}
