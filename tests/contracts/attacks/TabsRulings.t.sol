// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Attested, Committee, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "../tabs/TabFixture.sol";

/// A panel as arbiter of a tab: it takes one ruling for each (book, subject), so each dispute needs a subject of its own.
contract TabsRulingsTest is TabFixture {
    IPanel private panel;

    function setUp() public override {
        super.setUp();
        Committee memory c = defaultCommittee();
        c.feeFlat = type(uint64).max;
        bytes32 panelCommittee = escrow.createCommittee(c);
        panel = IPanel(
            vm.deployCode("Panel.sol:Panel", abi.encode(escrow, panelCommittee, ARBITER_COST, 1 days))
        );
        c = defaultCommittee();
        c.arbiter = address(panel);
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(panelCommittee, i);
            joinCommittee(committee, i);
            vm.startPrank(evaluators[i]);
            escrow.consent(panelCommittee, i, address(panel));
            escrow.consent(committee, i, address(tabs));
            vm.stopPrank();
        }
    }

    function ruling(TabAgreement memory a, Outcome outcome, uint256 pay) private view returns (bytes memory) {
        bytes32 subject = subjectOf(a);
        Attested[] memory attested = attest(panel.caseId(address(tabs), subject), subject, outcome, pay, 7);
        return abi.encodeCall(panel.ruleOn, (IRulable(address(tabs)), subject, outcome, pay, 7, attested));
    }

    function byPanel(bytes memory call) private returns (bool ok) {
        vm.prank(relayer);
        (ok,) = address(panel).call(call);
    }

    function test_thePanelRulesOnEveryPeriod() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 30e6);
        dispute(a, buyer, Outcome.Pass, 0);
        assertTrue(byPanel(ruling(a, Outcome.Pass, 30e6)), "the first");
        settle(a);
        assertPhase(a, ITabEvents.Phase.Open); // upheld: the tab goes on
        skip(a.terms.period);
        Tally memory t = tally(20_000, 80e6);
        done(provider, presentCall(a, t));
        judge(a, t, Outcome.Pass, 0);
        dispute(a, provider, Outcome.Pass, 40e6);
        assertTrue(byPanel(ruling(a, Outcome.Pass, 40e6)), "the second");
    }

    /// Signed for the first period, and too late for it.
    function test_aRulingOnOnePeriodIsNoneOnTheNext() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 30e6);
        dispute(a, buyer, Outcome.Fail, 0);
        bytes memory signed = ruling(a, Outcome.Fail, 0);
        skip(a.terms.ruling);
        settle(a);
        assertPhase(a, ITabEvents.Phase.Open);
        skip(a.terms.period);
        Tally memory t = tally(20_000, 80e6);
        done(provider, presentCall(a, t));
        judge(a, t, Outcome.Pass, 40e6);
        dispute(a, buyer, Outcome.Pass, 39e6);
        assertFalse(byPanel(signed), "replayed");
        assertTrue(byPanel(ruling(a, Outcome.Pass, 39e6)), "its own");
    }
}
