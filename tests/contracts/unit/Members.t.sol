// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// Evaluators join, fill up, replace their keys, leave and take their stake along.
contract MembersTest is UnitTest {
    // ---- join

    function test_join() public {
        bytes32 id = other();
        mintUSDC(evaluators[0], STAKE);
        bytes memory call = joining(id, 0, keys[0]);
        refused(
            evaluators[0],
            call,
            abi.encodeWithSelector(InsufficientCollateral.selector, evaluators[0], 0, STAKE)
        );
        vm.startPrank(evaluators[0]);
        usdc.approve(address(escrow), STAKE);
        escrow.deposit(evaluators[0], STAKE);
        vm.stopPrank();
        vm.expectEmit(address(escrow));
        emit Joined(id, 0, vm.addr(keys[0]), STAKE);
        done(evaluators[0], call);
        assertEq(free(evaluators[0]), 0);
        IViews.EvaluatorView memory v = escrow.evaluator(id, 0);
        assertEq(v.account, evaluators[0]);
        assertEq(v.key, vm.addr(keys[0]));
        assertEq(uint8(v.standing), uint8(Standing.Joined));
        assertEq(v.stake, STAKE);
        assertFalse(v.mayWithdraw);
        assertEq(escrow.committeeState(id).active, 1);
        (uint256 index, bool known, uint256 retiredAt) = escrow.keyOf(id, vm.addr(keys[0]));
        assertEq(index, 0);
        assertTrue(known);
        assertEq(retiredAt, 0);
        refused(evaluators[0], call, abi.encodeWithSelector(WrongStanding.selector, id, 0, Standing.Joined));
    }

    function test_join_refused() public {
        bytes32 id = other();
        refused(
            evaluators[0],
            joining("none", 0, keys[0]),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
        refused(
            relayer, joining(id, 0, keys[0]), abi.encodeWithSelector(NotTheEvaluator.selector, id, 0, relayer)
        );
        refused(
            evaluators[0],
            joining(id, 1, keys[0]),
            abi.encodeWithSelector(NotTheEvaluator.selector, id, 1, evaluators[0])
        );
        refused(
            evaluators[0],
            joining(id, 5, keys[0]),
            abi.encodeWithSelector(NotTheEvaluator.selector, id, 5, evaluators[0])
        );
        // Beyond the list there is the zero account, which nobody is.
        refused(
            address(0),
            joining(id, 5, keys[0]),
            abi.encodeWithSelector(NotTheEvaluator.selector, id, 5, address(0))
        );
        vm.prank(provider);
        escrow.transfer(evaluators[0], 10_000e6);
        refused(
            evaluators[0],
            abi.encodeCall(escrow.join, (id, 0, address(0), "")),
            abi.encodeWithSelector(KeyTaken.selector, id, address(0))
        );
        address key = vm.addr(keys[0]);
        refused(
            evaluators[0],
            abi.encodeCall(escrow.join, (id, 0, key, keyProof(id, evaluators[0], keys[1]))),
            notSigned(key, keyDigest(id, evaluators[0], key))
        );
        // A proof for another account or committee.
        refused(
            evaluators[0],
            abi.encodeCall(escrow.join, (id, 0, key, keyProof(id, evaluators[1], keys[0]))),
            notSigned(key, keyDigest(id, evaluators[0], key))
        );
        refused(
            evaluators[0],
            abi.encodeCall(escrow.join, (id, 0, key, keyProof(committee, evaluators[0], keys[0]))),
            notSigned(key, keyDigest(id, evaluators[0], key))
        );
        bytes memory call = joining(id, 0, keys[0]);
        vm.chainId(77);
        refused(evaluators[0], call, abi.encodeWithSelector(WrongChain.selector, 77, 31337));
        vm.chainId(31337);
        done(evaluators[0], call);
    }

    function test_join_aKeyServesOneEvaluatorOnly() public {
        bytes32 id = other();
        joinCommittee(id, 0);
        mintUSDC(evaluators[1], STAKE);
        vm.startPrank(evaluators[1]);
        usdc.approve(address(escrow), STAKE);
        escrow.deposit(evaluators[1], STAKE);
        vm.stopPrank();
        refused(
            evaluators[1],
            joiningAs(id, 1, keys[0]),
            abi.encodeWithSelector(KeyTaken.selector, id, vm.addr(keys[0]))
        );
        done(evaluators[1], joiningAs(id, 1, keys[1]));
    }

    // ---- topUp

    function test_topUp() public {
        Agreement memory a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        rule(a, Outcome.Fail, false);
        uint256 lost = STAKE - stakeOf(0);
        bytes memory call = abi.encodeCall(escrow.topUp, (committee, 0));
        refused(
            evaluators[0],
            call,
            abi.encodeWithSelector(InsufficientCollateral.selector, evaluators[0], 0, lost)
        );
        vm.prank(provider);
        escrow.transfer(evaluators[0], lost);
        refused(relayer, call, abi.encodeWithSelector(NotTheEvaluator.selector, committee, 0, relayer));
        assertEq(escrow.committeeState(committee).active, 24);
        vm.expectEmit(address(escrow));
        emit ToppedUp(committee, 0, lost);
        done(evaluators[0], call);
        assertEq(stakeOf(0), STAKE);
        assertEq(escrow.committeeState(committee).active, 25);
        refused(evaluators[0], call, abi.encodeWithSelector(StakeFull.selector, committee, 0));
    }

    function test_topUp_onlyWhoStays() public {
        bytes32 id = other();
        refused(
            evaluators[0],
            abi.encodeCall(escrow.topUp, (id, 0)),
            abi.encodeWithSelector(WrongStanding.selector, id, 0, Standing.Absent)
        );
        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        refused(
            evaluators[0],
            abi.encodeCall(escrow.topUp, (committee, 0)),
            abi.encodeWithSelector(WrongStanding.selector, committee, 0, Standing.Leaving)
        );
        equivocate(1);
        refused(
            evaluators[1],
            abi.encodeCall(escrow.topUp, (committee, 1)),
            abi.encodeWithSelector(WrongStanding.selector, committee, 1, Standing.Joined)
        );
        assertEq(escrow.committeeState(committee).active, 28);
    }

    // ---- leave and withdraw

    function test_leave() public {
        Agreement memory before = delivered();
        vm.expectEmit(address(escrow));
        emit Left(committee, 0, 0);
        done(evaluators[0], abi.encodeCall(escrow.leave, (committee, 0)));
        IViews.EvaluatorView memory v = escrow.evaluator(committee, 0);
        assertEq(uint8(v.standing), uint8(Standing.Leaving));
        assertEq(v.liable, (GATED + BOND + 2) / 3);
        assertFalse(v.mayWithdraw);
        assertEq(escrow.committeeState(committee).epoch, 1);
        assertEq(escrow.committeeState(committee).active, 30);
        bytes memory call = abi.encodeCall(escrow.withdraw, (committee, 0));
        refused(
            relayer,
            call,
            abi.encodeWithSelector(StillLiable.selector, committee, 0, 0, (GATED + BOND + 2) / 3)
        );
        Agreement memory later = opened();
        assertEq(viewOf(later).members, 30);
        assertEq(viewOf(later).epoch, 1);
        judge(before, Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        settle(before, false);
        assertTrue(escrow.evaluator(committee, 0).mayWithdraw, "the later job does not hold it");
        vm.expectEmit(address(escrow));
        emit Withdrawn(committee, 0, STAKE);
        done(relayer, call);
        assertEq(free(evaluators[0]), STAKE);
        assertEq(stakeOf(0), 0);
        refused(
            relayer, call, abi.encodeWithSelector(WrongStanding.selector, committee, 0, Standing.Withdrawn)
        );
    }

    function test_leave_refused() public {
        bytes memory call = abi.encodeCall(escrow.leave, (committee, 0));
        refused(relayer, call, abi.encodeWithSelector(NotTheEvaluator.selector, committee, 0, relayer));
        done(evaluators[0], call);
        refused(
            evaluators[0],
            call,
            abi.encodeWithSelector(WrongStanding.selector, committee, 0, Standing.Leaving)
        );
        equivocate(1);
        refused(
            evaluators[1],
            abi.encodeCall(escrow.leave, (committee, 1)),
            abi.encodeWithSelector(WrongStanding.selector, committee, 1, Standing.Joined)
        );
        bytes32 id = other();
        refused(
            evaluators[0],
            abi.encodeCall(escrow.leave, (id, 0)),
            abi.encodeWithSelector(WrongStanding.selector, id, 0, Standing.Absent)
        );
    }

    function test_withdraw_refused() public {
        refused(
            evaluators[0],
            abi.encodeCall(escrow.withdraw, (committee, 0)),
            abi.encodeWithSelector(WrongStanding.selector, committee, 0, Standing.Joined)
        );
        refused(
            evaluators[0],
            abi.encodeCall(escrow.withdraw, ("none", 0)),
            abi.encodeWithSelector(UnknownCommittee.selector, bytes32("none"))
        );
        refused(
            evaluators[0],
            abi.encodeCall(escrow.withdraw, (committee, 5)),
            abi.encodeWithSelector(NotAMember.selector, 5)
        );
        bytes32 id = other();
        refused(
            evaluators[0],
            abi.encodeCall(escrow.withdraw, (id, 0)),
            abi.encodeWithSelector(WrongStanding.selector, id, 0, Standing.Absent)
        );
    }

    /// Every member leaves at a time of its own, with jobs between: each is held by those before its notice alone.
    function test_leave_epochs() public {
        Agreement[] memory jobs = new Agreement[](3);
        for (uint256 i; i < 3; ++i) {
            jobs[i] = opened();
            vm.prank(evaluators[i]);
            escrow.leave(committee, i);
        }
        uint256 share = (GATED + BOND + 2) / 3;
        assertEq(escrow.evaluator(committee, 0).liable, share);
        assertEq(escrow.evaluator(committee, 1).liable, 2 * share);
        assertEq(escrow.evaluator(committee, 2).liable, 3 * share);
        done(provider, concedeCall(jobs[1], provider));
        assertEq(escrow.evaluator(committee, 0).liable, share);
        assertEq(escrow.evaluator(committee, 1).liable, share);
        assertEq(escrow.evaluator(committee, 2).liable, 2 * share);
        done(provider, concedeCall(jobs[0], provider));
        assertTrue(escrow.evaluator(committee, 0).mayWithdraw);
        assertTrue(escrow.evaluator(committee, 1).mayWithdraw);
        assertFalse(escrow.evaluator(committee, 2).mayWithdraw);
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 1)));
        done(provider, concedeCall(jobs[2], provider));
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 2)));
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 0)));
        assertEq(escrow.committeeState(committee).reserved, 0);
    }

    function test_leave_everyoneOfThirtyTwo() public {
        Committee memory c = defaultCommittee();
        c.evaluators = new address[](32);
        c.threshold = 17;
        c.stake = 1000e6;
        for (uint160 i; i < 32; ++i) {
            c.evaluators[i] = address(0x10000 + i);
        }
        bytes32 id = escrow.createCommittee(c);
        for (uint256 i; i < 32; ++i) {
            vm.prank(provider);
            escrow.transfer(c.evaluators[i], 300e6);
            mintUSDC(address(this), 700e6);
            usdc.approve(address(escrow), 700e6);
            escrow.deposit(c.evaluators[i], 700e6);
            uint256 key = uint256(keccak256(abi.encode("many", i)));
            bytes memory proof = keyProof(id, c.evaluators[i], key);
            vm.prank(c.evaluators[i]);
            escrow.join(id, i, vm.addr(key), proof);
        }
        Agreement[] memory jobs = new Agreement[](16);
        for (uint256 i; i < 32; ++i) {
            if (i < 16) {
                jobs[i] = newAgreement();
                jobs[i].terms.committee = id;
                jobs[i].terms.bond = 0;
                open(jobs[i]);
                assertEq(viewOf(jobs[i]).epoch, i);
            } else {
                Agreement memory late = newAgreement();
                late.terms.committee = id;
                late.terms.bond = 0;
                refused(
                    relayer, openCall(late), abi.encodeWithSelector(TooFewMembers.selector, id, 32 - i, 17)
                );
            }
            vm.prank(c.evaluators[i]);
            escrow.leave(id, i);
        }
        for (uint256 i = 16; i > 0; --i) {
            assertFalse(escrow.evaluator(id, i - 1).mayWithdraw);
            done(provider, concedeCall(jobs[i - 1], provider));
        }
        for (uint256 i; i < 32; ++i) {
            done(relayer, abi.encodeCall(escrow.withdraw, (id, i)));
            assertEq(free(c.evaluators[i]), 1000e6);
        }
    }

    // ---- keys

    function test_rotateKey() public {
        uint256 fresh = uint256(keccak256("fresh"));
        vm.expectEmit(address(escrow));
        emit KeyRotated(committee, 0, vm.addr(fresh), vm.addr(keys[0]));
        done(evaluators[0], rotating(0, fresh));
        assertEq(escrow.evaluator(committee, 0).key, vm.addr(fresh));
        (uint256 index, bool known, uint256 retiredAt) = escrow.keyOf(committee, vm.addr(keys[0]));
        assertEq(index, 0);
        assertTrue(known);
        assertEq(retiredAt, block.timestamp);
        // Neither oneself nor another may take the old key again.
        refused(
            evaluators[0],
            rotating(0, keys[0]),
            abi.encodeWithSelector(KeyTaken.selector, committee, vm.addr(keys[0]))
        );
        refused(
            evaluators[1],
            rotating(1, keys[0]),
            abi.encodeWithSelector(KeyTaken.selector, committee, vm.addr(keys[0]))
        );
        refused(
            evaluators[1],
            rotating(1, keys[1]),
            abi.encodeWithSelector(KeyTaken.selector, committee, vm.addr(keys[1]))
        );
    }

    function test_rotateKey_refused() public {
        uint256 fresh = uint256(keccak256("fresh"));
        bytes memory call = rotating(0, fresh);
        refused(relayer, call, abi.encodeWithSelector(NotTheEvaluator.selector, committee, 0, relayer));
        refused(
            evaluators[0],
            abi.encodeCall(escrow.rotateKey, (committee, 0, address(0), "")),
            abi.encodeWithSelector(KeyTaken.selector, committee, address(0))
        );
        address key = vm.addr(fresh);
        refused(
            evaluators[0],
            abi.encodeCall(
                escrow.rotateKey, (committee, 0, key, keyProof(committee, evaluators[0], keys[0]))
            ),
            notSigned(key, keyDigest(committee, evaluators[0], key))
        );
        vm.chainId(77);
        refused(evaluators[0], call, abi.encodeWithSelector(WrongChain.selector, 77, 31337));
        vm.chainId(31337);
        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        done(evaluators[0], call);
        done(relayer, abi.encodeCall(escrow.withdraw, (committee, 0)));
        refused(
            evaluators[0],
            rotating(0, uint256(keccak256("fresher"))),
            abi.encodeWithSelector(WrongStanding.selector, committee, 0, Standing.Withdrawn)
        );
        equivocate(1);
        refused(
            evaluators[1],
            rotating(1, uint256(keccak256("fresher"))),
            abi.encodeWithSelector(WrongStanding.selector, committee, 1, Standing.Joined)
        );
        bytes32 id = other();
        bytes memory proof = keyProof(id, evaluators[0], fresh);
        refused(
            evaluators[0],
            abi.encodeCall(escrow.rotateKey, (id, 0, key, proof)),
            abi.encodeWithSelector(WrongStanding.selector, id, 0, Standing.Absent)
        );
    }

    // ---- helpers

    function other() private returns (bytes32) {
        Committee memory c = defaultCommittee();
        c.salt = 1;
        return escrow.createCommittee(c);
    }

    function joining(bytes32 id, uint256 index, uint256 key) private view returns (bytes memory) {
        bytes memory proof = keyProof(id, evaluators[0], key);
        return abi.encodeCall(escrow.join, (id, index, vm.addr(key), proof));
    }

    function joiningAs(bytes32 id, uint256 index, uint256 key) private view returns (bytes memory) {
        bytes memory proof = keyProof(id, evaluators[index], key);
        return abi.encodeCall(escrow.join, (id, index, vm.addr(key), proof));
    }

    function rotating(uint256 index, uint256 key) private view returns (bytes memory) {
        bytes memory proof = keyProof(committee, evaluators[index], key);
        return abi.encodeCall(escrow.rotateKey, (committee, index, vm.addr(key), proof));
    }

    function keyDigest(bytes32 id, address account, address key) private view returns (bytes32) {
        bytes32 typeHash = keccak256("Key(bytes32 committee,address evaluator,address key)");
        return typed(keccak256(abi.encode(typeHash, id, account, key)));
    }

    function equivocate(uint256 i) private {
        Agreement memory a = opened();
        escrow.proveEquivocation(
            a.terms,
            openingHash(a.opening),
            "d",
            statement(keys[i], idOf(a), "d", Outcome.Pass, 0),
            statement(keys[i], idOf(a), "d", Outcome.Fail, 0)
        );
    }
}
