// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {Attested, Committee, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";

/// A panel with stake of its own rules on a foreign job's verdict.
contract PanelRulesTest is EvaluatorFixture {
    IPanel private panel;
    bytes32 private panelCommittee;

    function setUp() public override {
        super.setUp();
        // The same people, for brevity, in a committee that serves no jobs.
        Committee memory terms = defaultCommittee();
        (terms.salt, terms.feeFlat) = (1, type(uint64).max);
        panelCommittee = escrow.createCommittee(terms);
        panel = IPanel(
            vm.deployCode("Panel.sol:Panel", abi.encode(escrow, panelCommittee, ARBITER_COST, 1 hours))
        );
        terms = defaultCommittee();
        (terms.salt, terms.arbiter) = (2, address(panel));
        committee = escrow.createCommittee(terms);
        for (uint256 i; i < N; ++i) {
            joinCommittee(panelCommittee, i);
            joinCommittee(committee, i);
            vm.startPrank(evaluators[i]);
            escrow.consent(panelCommittee, i, address(panel));
            escrow.consent(committee, i, address(book));
            vm.stopPrank();
        }
    }

    function test_panelOverturns() public {
        (Mandate memory m, ForeignJob memory job) = judged(Outcome.Fail);
        disputed(m);
        bytes32 subject = idOf(m);
        bytes32 id = panel.caseId(address(book), subject);
        Attested[] memory attested = attest(id, subject, Outcome.Pass, 0, 7);
        panel.ruleOn(IRulable(address(book)), subject, Outcome.Pass, 0, 7, attested);
        assertStage(m, IVerdictBook.Stage.Ruled);
        assertEq(escrow.feesOf(panelCommittee, 7), ARBITER_COST);
        uint256 before = usdc.balanceOf(provider);
        carryOut(m, job);
        assertEq(usdc.balanceOf(provider) - before, GATED);
        assertLt(stakeOf(0), STAKE);
        assertEq(free(address(book)), 0);
    }
}
