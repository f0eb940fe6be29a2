// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {Agreement, Attested, Outcome, State, Statement} from "../../../contracts/interfaces/Types.sol";
import {PanelFixture} from "./PanelFixture.sol";

/// What members of a panel lose by silence and by contradicting themselves, and when a case is over.
contract PanelCasesTest is PanelFixture {
    // ---- silence

    function test_silence_costsTheSilentOneShareEach() public {
        Agreement memory a = summoned();
        answers(a, Outcome.Fail, 3);
        answers(a, Outcome.Pass, 8);
        uint256 before = free(buyer);
        over(a);
        uint32 silent = ALL & ~uint32(3 | 8);
        vm.expectEmit(address(panel));
        emit IPanel.CaseReleased(address(escrow), idOf(a), silent, 0, SHARE);
        release(a);
        assertEq(free(buyer) - before, 6 * SHARE);
        for (uint256 i; i < MEMBERS; ++i) {
            assertEq(panelStake(i), silent & (1 << i) != 0 ? PANEL_STAKE - SHARE : PANEL_STAKE);
        }
        assertEq(free(address(panel)), 0);
        assertEq(reservedShares(), 0);
    }

    function test_silence_isPaidToTheProviderWhereItDisputed() public {
        Agreement memory a = judged(Outcome.Fail);
        dispute(a, provider, Outcome.Pass);
        summon(a);
        uint256 before = free(provider);
        over(a);
        release(a);
        assertEq(free(provider) - before, MEMBERS * SHARE);
    }

    /// Whether or not the job is closed already.
    function test_silence_cannotBeHiddenBySettling() public {
        Agreement memory a = summoned();
        vm.warp(viewOf(a).deadline);
        settle(a, false);
        panelRefuses(abi.encodeCall(panel.dismiss, (idOf(a))), tooLate(block.timestamp));
        vm.warp(block.timestamp + PROOF);
        release(a);
        assertEq(panelStake(0), PANEL_STAKE - SHARE);
    }

    function test_silence_notOfThoseWhoRuledOrNeedNotHave() public {
        Agreement memory a = summoned();
        panelRule(a, Outcome.Fail, FIVE);
        vm.warp(block.timestamp + PROOF);
        release(a);
        for (uint256 i; i < MEMBERS; ++i) {
            assertEq(panelStake(i), PANEL_STAKE);
        }
    }

    function test_answer_refused() public {
        Agreement memory a = disputed();
        Attested[] memory one = rulings(a, Outcome.Fail, 1);
        panelRefuses(answerCall(a, Outcome.Fail, 1, one), wrongStage(a, IPanel.Stage.Absent));
        summon(a);
        panelRefuses(
            answerCall(a, Outcome.Fail, 0, new Attested[](0)),
            abi.encodeWithSelector(IPanel.NoSigners.selector)
        );
        panelRefuses(
            answerCall(a, Outcome.Fail, 2, one),
            abi.encodeWithSelector(NotTheKey.selector, 1, vm.addr(memberKeys[0]), vm.addr(memberKeys[1]))
        );
        panelRefuses(answerCall(a, Outcome.Fail, 3, one), abi.encodeWithSelector(SignerCount.selector, 2, 1));
        Attested[] memory none = rulings(a, Outcome.None, 1);
        panelRefuses(answerCall(a, Outcome.None, 1, none), abi.encodeWithSelector(BadOutcome.selector));
        uint256 ends = viewOf(a).deadline;
        vm.warp(ends);
        panelRefuses(answerCall(a, Outcome.Fail, 1, one), tooLate(ends));
        vm.warp(ends - 1);
        vm.expectEmit(address(panel));
        bytes32[] memory reasons = new bytes32[](1);
        reasons[0] = keccak256(abi.encode("reasons", 0));
        emit IPanel.Answered(address(escrow), idOf(a), Outcome.Fail, 1, reasons);
        answers(a, Outcome.Fail, 1);
        assertEq(panel.caseOf(address(escrow), idOf(a)).answered, 1);
    }

    /// Answers do not stand in the way of the ruling.
    function test_answer_thenRule() public {
        Agreement memory a = summoned();
        answers(a, Outcome.Fail, 15);
        panelRule(a, Outcome.Fail, FIVE);
        assertState(a, State.Closed);
    }

    // ---- the dispute ends without the panel

    function test_dismiss() public {
        Agreement memory a = summoned();
        panelRefuses(
            abi.encodeCall(panel.dismiss, (idOf(a))),
            abi.encodeWithSelector(IPanel.StillDisputed.selector, idOf(a))
        );
        vm.prank(buyer);
        escrow.concede(a.terms, openingHash(a.opening), buyer, 0, "", false);
        vm.expectEmit(address(panel));
        emit IPanel.Dismissed(idOf(a));
        panel.dismiss(idOf(a));
        panelRefuses(abi.encodeCall(panel.dismiss, (idOf(a))), wrongStage(a, IPanel.Stage.Dismissed));
        vm.warp(block.timestamp + PROOF);
        release(a);
        assertEq(panelStake(0), PANEL_STAKE);
        assertEq(reservedShares(), 0);
    }

    /// The arbiter's cost is due where the disputant gives in, too: it is all members', leavers' no more.
    function test_distribute() public {
        panelRefuses(
            abi.encodeCall(panel.distribute, ()), abi.encodeWithSelector(IPanel.NothingToDistribute.selector)
        );
        Agreement memory a = disputed();
        done(buyer, concedeCall(a, buyer));
        vm.prank(members[4]);
        escrow.leave(panelCommittee, 4);
        vm.expectEmit(address(panel));
        emit IPanel.Distributed(ALL & ~uint32(16), ARBITER_COST);
        panel.distribute();
        assertEq(escrow.feesOf(panelCommittee, ALL & ~uint32(16)), ARBITER_COST);
        assertEq(free(address(panel)), 0);
    }

    function test_dismiss_isNotForARuledCase() public {
        Agreement memory a = summoned();
        panelRule(a, Outcome.Fail, FIVE);
        panelRefuses(abi.encodeCall(panel.dismiss, (idOf(a))), wrongStage(a, IPanel.Stage.Ruled));
    }

    // ---- equivocation

    function test_equivocation_costsOneShare() public {
        Agreement memory a = disputed();
        panelRule(a, Outcome.Pass, FIVE);
        vm.expectEmit(address(panel));
        emit IPanel.EquivocationShown(address(escrow), idOf(a), 2, finder);
        contradict(a, 2);
        uint256 beforeBuyer = free(buyer);
        uint256 beforeProvider = free(provider);
        assertEq(panelStake(2), PANEL_STAKE);
        vm.warp(block.timestamp + PROOF);
        release(a);
        assertEq(free(finder), SHARE / 2);
        assertEq(free(buyer) - beforeBuyer, SHARE / 4);
        assertEq(free(provider) - beforeProvider, SHARE / 4);
        assertEq(panelStake(2), PANEL_STAKE - SHARE);
        assertEq(panelStake(1), PANEL_STAKE);
        // Below full stake it serves in no new case.
        Agreement memory b = summoned();
        assertEq(panel.caseOf(address(escrow), idOf(b)).members, ALL & ~uint32(4));
    }

    /// Together with silence, to the unit, whatever the share.
    function test_equivocation_andSilence_payOutWhatWasSlashed(uint64 gated, uint256 seed) public {
        gated = uint64(bound(gated, 1, 9000e6));
        Agreement memory a = newAgreement();
        (a.terms.gated, a.terms.bond) = (gated, 0);
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        summon(a);
        uint32 guilty = uint32(seed) & ALL;
        uint32 answered = uint32(seed >> 32) & ALL;
        for (uint256 i; i < MEMBERS; ++i) {
            if (guilty & (1 << i) != 0) contradict(a, i);
        }
        if (answered != 0) answers(a, Outcome.Fail, answered);
        over(a);
        uint256 before = free(buyer) + free(provider) + free(finder);
        release(a);
        uint256 share = panel.caseOf(address(escrow), idOf(a)).share;
        uint256 slashed;
        for (uint256 i; i < MEMBERS; ++i) {
            uint256 lost = PANEL_STAKE - panelStake(i);
            bool pays = guilty & (1 << i) != 0 || answered & (1 << i) == 0;
            assertEq(lost, pays ? share : 0);
            slashed += lost;
        }
        assertEq(free(buyer) + free(provider) + free(finder) - before, slashed);
        assertEq(free(address(panel)), 0);
    }

    function test_equivocation_shutsTheSignerOut() public {
        Agreement memory a = summoned();
        contradict(a, 0);
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        panelRefuses(
            abi.encodeCall(
                panel.rule, (a.terms, openingHash(a.opening), Outcome.Fail, false, FIVE, attested)
            ),
            abi.encodeWithSelector(NotAMember.selector, 0)
        );
        panelRule(a, Outcome.Fail, FIVE << 1);
    }

    function test_equivocation_refusesWhatDoesNotContradict() public {
        Agreement memory a = summoned();
        bytes memory reason = abi.encodeWithSelector(NoContradiction.selector);
        Statement memory pass = said(a, 0, Outcome.Pass);
        Statement memory again = pass;
        again.evidence = "other reasons";
        (again.r, again.vs) = signCompact(
            memberKeys[0],
            attestationDigest(caseOf(address(escrow), idOf(a)), idOf(a), Outcome.Pass, 0, again.evidence)
        );
        panelRefuses(prove(a, pass, again), reason);
        panelRefuses(prove(a, pass, said(a, 1, Outcome.Fail)), reason); // two members
    }

    function test_equivocation_refusesOtherSignatures() public {
        Agreement memory a = summoned();
        Agreement memory b = summoned();
        Statement memory pass = said(a, 0, Outcome.Pass);
        // On another job; recovers to some stranger's key.
        refusesKey(prove(a, pass, said(b, 0, Outcome.Fail)));
        // By an evaluator of the jobs' committee.
        Statement memory fail = ruling(keys[0], address(escrow), idOf(a), Outcome.Fail, 0);
        panelRefuses(prove(a, pass, fail), abi.encodeWithSelector(KeyDoesNotBind.selector, vm.addr(keys[0])));
        // None is no ruling.
        panelRefuses(prove(a, pass, said(a, 0, Outcome.None)), abi.encodeWithSelector(BadOutcome.selector));
        // An s in the upper half of the order, as far as the compact form can say it.
        fail = said(a, 0, Outcome.Fail);
        fail.vs = bytes32(ORDER / 2 + 1);
        panelRefuses(prove(a, pass, fail), abi.encodeWithSelector(HighS.selector));
    }

    function refusesKey(bytes memory call) private {
        (bool ok, bytes memory data) = address(panel).call(call);
        assertFalse(ok);
        assertEq(bytes4(data), KeyDoesNotBind.selector);
    }

    function test_equivocation_onceForEachMember() public {
        Agreement memory a = summoned();
        contradict(a, 3);
        Statement memory pass = said(a, 3, Outcome.Pass);
        Statement memory fail = said(a, 3, Outcome.Fail);
        panelRefuses(
            prove(a, pass, fail),
            abi.encodeWithSelector(IPanel.AlreadyShown.selector, caseOf(address(escrow), idOf(a)), 3)
        );
        contradict(a, 4);
    }

    function test_equivocation_onlyOfThoseWhoServe() public {
        vm.prank(members[0]);
        escrow.leave(panelCommittee, 0);
        Agreement memory a = summoned();
        Statement memory pass = said(a, 0, Outcome.Pass);
        Statement memory fail = said(a, 0, Outcome.Fail);
        panelRefuses(prove(a, pass, fail), abi.encodeWithSelector(NotAMember.selector, 0));
    }

    function test_equivocation_onlyWhileStakeAnswers() public {
        Agreement memory a = disputed();
        Statement memory pass = said(a, 0, Outcome.Pass);
        Statement memory fail = said(a, 0, Outcome.Fail);
        panelRefuses(prove(a, pass, fail), wrongStage(a, IPanel.Stage.Absent));
        summon(a);
        over(a);
        release(a);
        panelRefuses(prove(a, pass, fail), wrongStage(a, IPanel.Stage.Released));
    }

    /// A key that was replaced before the dispute may have leaked since; one replaced during it still binds.
    function test_equivocation_keysBindFromTheDisputeOn() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 oldKey = memberKeys[1];
        rotate(1);
        vm.warp(block.timestamp + 1);
        dispute(a, buyer, Outcome.Fail);
        uint256 second = memberKeys[1];
        vm.warp(block.timestamp + 1 hours);
        rotate(1);
        summon(a);
        bytes32 job = idOf(a);
        Statement memory old = ruling(oldKey, address(escrow), job, Outcome.Pass, 0);
        Statement memory pass = ruling(second, address(escrow), job, Outcome.Pass, 0);
        Statement memory fail = said(a, 1, Outcome.Fail);
        panelRefuses(prove(a, old, fail), abi.encodeWithSelector(KeyDoesNotBind.selector, vm.addr(oldKey)));
        panel.proveEquivocation(address(escrow), job, pass, fail);
    }

    /// In the same second the key does not bind, as in the escrow.
    function test_equivocation_sameSecond() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 oldKey = memberKeys[1];
        rotate(1);
        dispute(a, buyer, Outcome.Fail);
        summon(a);
        Statement memory old = ruling(oldKey, address(escrow), idOf(a), Outcome.Pass, 0);
        panelRefuses(
            prove(a, old, said(a, 1, Outcome.Fail)),
            abi.encodeWithSelector(KeyDoesNotBind.selector, vm.addr(oldKey))
        );
    }

    function rotate(uint256 i) private {
        memberKeys[i] = uint256(keccak256(abi.encode("rotated", memberKeys[i])));
        bytes memory proof = keyProof(panelCommittee, members[i], memberKeys[i]);
        vm.prank(members[i]);
        escrow.rotateKey(panelCommittee, i, vm.addr(memberKeys[i]), proof);
    }

    // ---- release

    function test_release_boundary() public {
        Agreement memory a = summoned();
        panelRefuses(releaseCall(a), tooEarly(viewOf(a).deadline + PROOF));
        vm.warp(block.timestamp + 1 hours);
        panelRule(a, Outcome.Fail, FIVE);
        uint256 limit = block.timestamp + PROOF;
        vm.warp(limit - 1);
        panelRefuses(releaseCall(a), tooEarly(limit));
        vm.warp(limit);
        release(a);
        panelRefuses(releaseCall(a), wrongStage(a, IPanel.Stage.Released));
    }

    function test_release_refusesWhatIsNoCase() public {
        Agreement memory a = disputed();
        panelRefuses(releaseCall(a), wrongStage(a, IPanel.Stage.Absent));
    }

    /// Parties that USDC refuses block nothing: slashes are credited.
    function test_release_creditsTheBlacklisted() public {
        Agreement memory a = summoned();
        contradict(a, 0);
        blacklistUSDC(buyer);
        blacklistUSDC(finder);
        pauseUSDC();
        over(a);
        release(a);
        assertEq(free(finder), SHARE / 2);
    }

    // ---- helpers

    /// The ruling period and the time for proofs have passed.
    function over(Agreement memory a) private {
        vm.warp(viewOf(a).deadline + PROOF);
    }

    function release(Agreement memory a) private {
        vm.prank(relayer);
        panel.release(address(escrow), idOf(a));
    }

    function releaseCall(Agreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(panel.release, (address(escrow), idOf(a)));
    }

    function answerCall(Agreement memory a, Outcome outcome, uint32 signers, Attested[] memory attested)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(panel.answer, (idOf(a), outcome, signers, attested));
    }

    function said(Agreement memory a, uint256 index, Outcome outcome)
        private
        view
        returns (Statement memory)
    {
        return ruling(memberKeys[index], address(escrow), idOf(a), outcome, 0);
    }

    function prove(Agreement memory a, Statement memory x, Statement memory y)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(panel.proveEquivocation, (address(escrow), idOf(a), x, y));
    }
}
