// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {
    Agreement,
    Attested,
    Committee,
    Outcome,
    State,
    Statement,
    Terms
} from "../../../contracts/interfaces/Types.sol";
import {PanelFixture} from "./PanelFixture.sol";

/// How a panel is made, called and rules.
contract PanelTest is PanelFixture {
    // ---- founding

    function test_panel_saysWhatItIs() public view {
        assertEq(panel.escrow(), address(escrow));
        assertEq(panel.committee(), panelCommittee);
        assertEq(panel.cost(), COST);
        assertEq(panel.minRuling(), MIN_RULING);
        assertEq(panel.proofPeriod(), PROOF);
        assertEq(panel.caseId(address(escrow), "x"), caseOf(address(escrow), "x"));
        assertTrue(panel.caseId(address(escrow), "x") != panel.caseId(address(panel), "x"));
    }

    function test_panel_codeFits() public view {
        assertLe(address(panel).code.length, 24_576);
    }

    function test_panel_bindsTheContractInItsCases() public {
        IPanel other = deployPanel(panelCommittee, COST, MIN_RULING);
        assertTrue(panel.caseId(address(escrow), "x") != other.caseId(address(escrow), "x"));
    }

    /// As a call, so that a revert can be expected.
    function deploy(bytes32 id, uint256 cost, uint256 minRuling) external returns (IPanel) {
        return deployPanel(id, cost, minRuling);
    }

    function test_panel_refusesACommitteeThatServesJobs() public {
        Committee memory c = panelTerms();
        c.feeFlat = uint64(uint256(type(uint24).max - 1) * 1e4); // the highest that is none
        bytes32 id = escrow.createCommittee(c);
        vm.expectRevert(abi.encodeWithSelector(IPanel.BadPanel.selector, "feeFlat"));
        this.deploy(id, COST, MIN_RULING);
    }

    function test_panel_refusesFreeSilence() public {
        Committee memory c = panelTerms();
        c.silence = 0;
        bytes32 id = escrow.createCommittee(c);
        vm.expectRevert(abi.encodeWithSelector(IPanel.BadPanel.selector, "silence"));
        this.deploy(id, COST, MIN_RULING);
    }

    function test_panel_refusesOtherBadTerms() public {
        vm.expectRevert(abi.encodeWithSelector(UnknownCommittee.selector, bytes32("nobody")));
        this.deploy("nobody", COST, MIN_RULING);
        vm.expectRevert(abi.encodeWithSelector(IPanel.BadPanel.selector, "cost"));
        this.deploy(panelCommittee, 1 << 64, MIN_RULING);
        vm.expectRevert(abi.encodeWithSelector(IPanel.BadPanel.selector, "minRuling"));
        this.deploy(panelCommittee, COST, 0);
        vm.expectRevert(abi.encodeWithSelector(IPanel.BadPanel.selector, "minRuling"));
        this.deploy(panelCommittee, COST, 60 days + 1);
        this.deploy(panelCommittee, type(uint64).max, 60 days);
    }

    /// Nobody can tie the members up with jobs of their own.
    function test_panel_committeeServesNoJobs() public {
        Agreement memory a = newAgreement();
        a.terms.committee = panelCommittee;
        bytes memory call = openCall(a);
        (bool ok, bytes memory data) = address(escrow).call(call);
        assertFalse(ok);
        assertEq(bytes4(data), FeeTooLow.selector);
    }

    // ---- ruling

    function test_rule_overturns() public {
        Agreement memory a = disputed();
        uint256 before = free(buyer);
        vm.expectEmit(address(panel));
        emit IPanel.PanelRuled(
            address(escrow), idOf(a), Outcome.Fail, 0, FIVE, reasonsOf(FIVE), ARBITER_COST, true
        );
        panelRule(a, Outcome.Fail, FIVE);
        assertState(a, State.Closed);
        // Pass -> Fail: 2 (G + B) + F + D - A, as the payout table says, and thirds of G + B rounded up.
        assertEq(free(buyer) - before, 2 * 1300e6 + FEE + 260e6 - ARBITER_COST + 2);
        assertEq(escrow.feesOf(panelCommittee, FIVE), ARBITER_COST);
        assertEq(free(address(panel)), 0);
        assertStage(a, IPanel.Stage.Ruled);
    }

    function test_rule_upholds_andPaysOut() public {
        Agreement memory a = summoned();
        uint256 before = usdc.balanceOf(provider);
        Attested[] memory attested = rulings(a, Outcome.Pass, 0x1f0);
        panel.rule(a.terms, openingHash(a.opening), Outcome.Pass, true, 0x1f0, attested);
        assertEq(usdc.balanceOf(provider) - before, 1300e6 + 122_500_000); // h of D - A = 245
        assertEq(escrow.feesOf(panelCommittee, 0x1f0), ARBITER_COST);
    }

    function test_rule_everyOutcomeAndQuorum(uint256 seed) public {
        Agreement memory a = seed % 2 == 0 ? disputed() : summoned();
        uint32 signers = quorumFrom(seed);
        Outcome outcome = Outcome(1 + (seed >> 8) % 3);
        panelRule(a, outcome, signers);
        assertEq(uint8(viewOf(a).outcome), uint8(outcome));
        assertEq(escrow.feesOf(panelCommittee, signers), ARBITER_COST);
        assertEq(reservedShares(), SHARE);
    }

    function test_rule_feesAreDrawnInEqualParts() public {
        panelRule(disputed(), Outcome.Fail, FIVE);
        escrow.drawFees(panelCommittee, FIVE);
        for (uint256 i; i < MEMBERS; ++i) {
            assertEq(free(members[i]), i < QUORUM ? ARBITER_COST / QUORUM : 0);
        }
    }

    function test_rule_refusesAnythingButAQuorum() public {
        Agreement memory a = disputed();
        Attested[] memory four = rulings(a, Outcome.Fail, 15);
        Attested[] memory six = rulings(a, Outcome.Fail, 63);
        panelRefuses(
            ruleCall(a, Outcome.Fail, 15, four), abi.encodeWithSelector(NotAQuorum.selector, 4, 4, 5)
        );
        panelRefuses(ruleCall(a, Outcome.Fail, 63, six), abi.encodeWithSelector(NotAQuorum.selector, 6, 6, 5));
        // Five entries, but six or four named; one named twice cannot be said with bits.
        Attested[] memory five = rulings(a, Outcome.Fail, FIVE);
        panelRefuses(ruleCall(a, Outcome.Fail, 63, five), abi.encodeWithSelector(SignerCount.selector, 6, 5));
        panelRefuses(ruleCall(a, Outcome.Fail, 15, five), abi.encodeWithSelector(SignerCount.selector, 4, 5));
        panelRefuses(
            ruleCall(a, Outcome.Fail, 0, new Attested[](0)),
            abi.encodeWithSelector(NotAQuorum.selector, 0, 0, 5)
        );
        assertState(a, State.Disputed);
    }

    function test_rule_refusesStrangers() public {
        Agreement memory a = disputed();
        Attested[] memory five = rulings(a, Outcome.Fail, FIVE);
        uint32 beyond = 15 | (1 << 9);
        panelRefuses(ruleCall(a, Outcome.Fail, beyond, five), abi.encodeWithSelector(NotAMember.selector, 9));
        // In the right number, for another member.
        (five[0], five[1]) = (five[1], five[0]);
        panelRefuses(
            ruleCall(a, Outcome.Fail, FIVE, five),
            abi.encodeWithSelector(NotTheKey.selector, 0, vm.addr(memberKeys[1]), vm.addr(memberKeys[0]))
        );
    }

    /// Signatures hold for one outcome, job, panel and docket, and for no verdict.
    function test_rule_refusesSignaturesForSomethingElse() public {
        Agreement memory a = disputed();
        Agreement memory b = disputed();
        refusesForeign(a, rulings(b, Outcome.Fail, FIVE));
        refusesForeign(a, rulings(a, Outcome.Pass, FIVE));
        refusesForeign(a, rulings(address(escrow), idOf(a), Outcome.Fail, 1, FIVE));
        refusesForeign(a, rulings(address(panel), idOf(a), Outcome.Fail, 0, FIVE));
        IPanel ours = panel;
        panel = deployPanel(panelCommittee, COST, MIN_RULING);
        Attested[] memory foreign = rulings(a, Outcome.Fail, FIVE);
        panel = ours;
        refusesForeign(a, foreign);
        // And the right ones go through.
        panelRule(a, Outcome.Fail, FIVE);
    }

    function refusesForeign(Agreement memory a, Attested[] memory attested) private {
        (bool ok, bytes memory data) = address(panel).call(ruleCall(a, Outcome.Fail, FIVE, attested));
        assertFalse(ok);
        assertEq(bytes4(data), NotTheKey.selector);
    }

    function test_rule_refusesNone() public {
        Agreement memory a = disputed();
        Attested[] memory attested = rulings(a, Outcome.None, FIVE);
        panelRefuses(ruleCall(a, Outcome.None, FIVE, attested), abi.encodeWithSelector(BadOutcome.selector));
    }

    function test_rule_refusesWhatIsNotDisputed() public {
        Agreement memory a = judged(Outcome.Pass);
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        bytes memory call = ruleCall(a, Outcome.Fail, FIVE, attested);
        bytes memory reason = abi.encodeWithSelector(IPanel.NotDisputed.selector, idOf(a));
        panelRefuses(call, reason);
        panelRefuses(summonCall(a), reason);
        dispute(a, buyer, Outcome.Fail);
        panelRule(a, Outcome.Fail, FIVE);
        panelRefuses(call, reason); // twice
        a.terms.gated += 1;
        panelRefuses(summonCall(a), abi.encodeWithSelector(IPanel.NotDisputed.selector, idOf(a)));
    }

    function test_rule_boundary() public {
        Agreement memory a = summoned();
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        uint256 ends = viewOf(a).deadline;
        uint256 snapshot = vm.snapshotState();
        vm.warp(ends - 1);
        panelRule(a, Outcome.Fail, FIVE);
        vm.revertToState(snapshot);
        vm.warp(ends);
        panelRefuses(ruleCall(a, Outcome.Fail, FIVE, attested), tooLate(ends));
        assertStage(a, IPanel.Stage.Summoned);
    }

    function test_rule_refusedByTheEscrowWhereAnotherRules() public {
        Committee memory c = defaultCommittee();
        c.salt = 1;
        committee = foundCommittee(c);
        Agreement memory a = disputed();
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        panelRefuses(
            ruleCall(a, Outcome.Fail, FIVE, attested),
            abi.encodeWithSelector(NotTheArbiter.selector, address(panel), arbiter)
        );
        panelRefuses(summonCall(a), abi.encodeWithSelector(IPanel.NotOurs.selector, idOf(a), arbiter));
        assertEq(reservedShares(), 0);
    }

    function test_rule_refusedAfterAFork() public {
        Agreement memory a = disputed();
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        Statement memory pass = ruling(memberKeys[0], address(escrow), idOf(a), Outcome.Pass, 0);
        Statement memory fail = ruling(memberKeys[0], address(escrow), idOf(a), Outcome.Fail, 0);
        bytes32 job = idOf(a);
        vm.chainId(99);
        bytes memory reason = abi.encodeWithSelector(WrongChain.selector, 99, 31337);
        panelRefuses(ruleCall(a, Outcome.Fail, FIVE, attested), reason);
        panelRefuses(summonCall(a), reason);
        panelRefuses(abi.encodeCall(panel.proveEquivocation, (address(escrow), job, pass, fail)), reason);
    }

    function test_rule_byKeysOfToday() public {
        Agreement memory a = summoned();
        Attested[] memory old = rulings(a, Outcome.Fail, FIVE);
        address oldKey = vm.addr(memberKeys[2]);
        memberKeys[2] = uint256(keccak256("fresh"));
        bytes memory proof = keyProof(panelCommittee, members[2], memberKeys[2]);
        vm.prank(members[2]);
        escrow.rotateKey(panelCommittee, 2, vm.addr(memberKeys[2]), proof);
        panelRefuses(
            ruleCall(a, Outcome.Fail, FIVE, old),
            abi.encodeWithSelector(NotTheKey.selector, 2, oldKey, vm.addr(memberKeys[2]))
        );
        panelRule(a, Outcome.Fail, FIVE);
    }

    // ---- who may sign

    /// Those summoned may sign although they leave; who is not active when nobody was summoned may not.
    function test_rule_leavers() public {
        Agreement memory a = summoned();
        Agreement memory b = disputed();
        vm.prank(members[0]);
        escrow.leave(panelCommittee, 0);
        panelRule(a, Outcome.Fail, FIVE);
        Attested[] memory attested = rulings(b, Outcome.Fail, FIVE);
        panelRefuses(
            ruleCall(b, Outcome.Fail, FIVE, attested), abi.encodeWithSelector(NotAMember.selector, 0)
        );
        panelRule(b, Outcome.Fail, FIVE << 1);
    }

    /// A leaver's stake answers for its cases to their end, and is free after that.
    function test_leave_waitsForCases() public {
        Agreement memory a = summoned();
        vm.prank(members[0]);
        escrow.leave(panelCommittee, 0);
        panelRule(a, Outcome.Fail, FIVE);
        vm.expectRevert(abi.encodeWithSelector(StillLiable.selector, panelCommittee, 0, 0, SHARE));
        escrow.withdraw(panelCommittee, 0);
        vm.warp(block.timestamp + PROOF);
        panel.release(address(escrow), idOf(a));
        escrow.withdraw(panelCommittee, 0);
        assertEq(free(members[0]), PANEL_STAKE);
    }

    /// Members that have not agreed to the panel neither serve nor pay.
    function test_rule_onlyThoseThatConsented() public {
        Committee memory c = panelTerms();
        c.salt = 7;
        panelCommittee = escrow.createCommittee(c);
        panel = deployPanel(panelCommittee, COST, MIN_RULING);
        for (uint256 i; i < MEMBERS; ++i) {
            joinPanel(i);
        }
        IPanel second = deployPanel(panelCommittee, COST, MIN_RULING);
        Committee memory served = defaultCommittee();
        served.arbiter = address(second);
        committee = foundCommittee(served);
        Agreement memory a = disputed();
        panel = second;
        panelRefuses(summonCall(a), abi.encodeWithSelector(TooFewMembers.selector, panelCommittee, 0, QUORUM));
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        panelRefuses(
            ruleCall(a, Outcome.Fail, FIVE, attested),
            abi.encodeWithSelector(TooFewMembers.selector, panelCommittee, 0, QUORUM)
        );
    }

    // ---- coverage

    function test_rule_isNotBlockedByOtherCases() public {
        exhaust();
        Agreement memory a = disputed();
        panelRefuses(
            summonCall(a),
            abi.encodeWithSelector(
                CoverageExhausted.selector, panelCommittee, reservedShares(), SHARE, PANEL_STAKE
            )
        );
        vm.expectEmit(address(panel));
        emit IPanel.PanelRuled(
            address(escrow), idOf(a), Outcome.Fail, 0, FIVE, reasonsOf(FIVE), ARBITER_COST, false
        );
        panelRule(a, Outcome.Fail, FIVE);
        assertStage(a, IPanel.Stage.Absent);
        assertState(a, State.Closed);
    }

    /// Nothing covers it, but nobody without full stake signs it.
    function test_rule_uncoveredNeedsActiveMembers() public {
        exhaust();
        Agreement memory a = disputed();
        vm.prank(members[3]);
        escrow.leave(panelCommittee, 3);
        Attested[] memory attested = rulings(a, Outcome.Fail, FIVE);
        panelRefuses(
            ruleCall(a, Outcome.Fail, FIVE, attested), abi.encodeWithSelector(NotAMember.selector, 3)
        );
    }

    function exhaust() private {
        for (uint256 i; i < PANEL_STAKE / SHARE; ++i) {
            summoned();
        }
    }

    // ---- summons

    function test_summon_reservesOneShareOfEach() public {
        Agreement memory a = disputed();
        bytes32 job = idOf(a);
        uint256 ends = viewOf(a).deadline;
        vm.expectEmit(address(panel));
        emit IPanel.Summoned(job, caseOf(address(escrow), job), ALL, SHARE, ends);
        summon(a);
        IPanel.Case memory c = panel.caseOf(address(escrow), job);
        assertEq(c.buyer, buyer);
        assertEq(c.provider, provider);
        assertEq(c.share, SHARE);
        assertEq(c.members, ALL);
        assertEq(c.since, block.timestamp);
        assertEq(c.ends, ends);
        assertEq(uint8(c.stage), uint8(IPanel.Stage.Summoned));
        assertTrue(c.byBuyer);
        assertEq(c.answered | c.guilty, 0);
        assertEq(reservedShares(), SHARE);
        panelRefuses(summonCall(a), wrongStage(a, IPanel.Stage.Summoned));
    }

    /// A small job reserves Z/k.
    function test_summon_shareIsAtLeastThatOfSilence(uint64 gated) public {
        gated = uint64(bound(gated, 1, 8000e6));
        Agreement memory a = newAgreement();
        (a.terms.gated, a.terms.bond) = (gated, 0);
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        dispute(a, buyer, Outcome.Lapse);
        summon(a);
        uint256 value = gated > PANEL_SILENCE ? gated : PANEL_SILENCE;
        assertEq(panel.caseOf(address(escrow), idOf(a)).share, (value + QUORUM - 1) / QUORUM);
    }

    function test_summon_leavesMembersHalfThePeriod() public {
        Agreement memory a = disputed();
        uint256 middle = viewOf(a).deadline - 1 days;
        vm.warp(middle);
        panelRefuses(summonCall(a), tooLate(middle));
        vm.warp(middle - 1);
        summon(a);
        assertEq(panel.caseOf(address(escrow), idOf(a)).since, middle - 1 days);
    }

    function test_summon_onlyForWhatThePanelAsks() public {
        Committee memory c = defaultCommittee();
        c.arbiter = address(panel);
        c.arbiterCost = uint64(COST) - 1;
        committee = foundCommittee(c);
        panelRefuses(
            summonCall(disputed()), abi.encodeWithSelector(IPanel.CostTooLow.selector, COST - 1, COST)
        );
        c.arbiterCost = uint64(COST);
        committee = foundCommittee(c);
        summoned();
        Agreement memory a = newAgreement();
        a.terms.ruling = uint32(MIN_RULING - 1);
        open(a);
        deliver(a);
        judge(a, Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        panelRefuses(
            summonCall(a), abi.encodeWithSelector(IPanel.RulingTooShort.selector, MIN_RULING - 1, MIN_RULING)
        );
        // It may rule all the same.
        panelRule(a, Outcome.Fail, FIVE);
    }

    // ---- helpers

    function ruleCall(Agreement memory a, Outcome outcome, uint32 signers, Attested[] memory attested)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            panel.rule, (a.terms, openingHash(a.opening), outcome, false, signers, attested)
        );
    }

    function summonCall(Agreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(panel.summon, (a.terms, openingHash(a.opening)));
    }

    function reasonsOf(uint32 signers) private pure returns (bytes32[] memory reasons) {
        reasons = new bytes32[](QUORUM);
        uint256 at;
        for (uint256 i; i < MEMBERS; ++i) {
            if (signers & (1 << i) != 0) reasons[at++] = keccak256(abi.encode("reasons", i));
        }
    }

    /// Some five of nine.
    function quorumFrom(uint256 seed) private pure returns (uint32 signers) {
        uint256 count;
        for (uint256 i; count < QUORUM; ++i) {
            uint32 one = uint32(1 << uint256(keccak256(abi.encode(seed, i))) % MEMBERS);
            if (signers & one == 0) ++count;
            signers |= one;
        }
    }
}
