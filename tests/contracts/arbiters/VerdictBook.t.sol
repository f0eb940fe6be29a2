// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICourtAdapter} from "../../../contracts/arbiters/ICourtAdapter.sol";
import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {Attested, Committee, Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "../evaluators/EvaluatorFixture.sol";
import {Court} from "./Courts.sol";

/// Panel and court as arbiters of other escrows' jobs, in the book of verdicts as it is.
contract ArbitersOfVerdictsTest is EvaluatorFixture {
    function test_panel() public {
        Committee memory c = defaultCommittee();
        (c.feeFlat, c.salt) = (type(uint64).max, 1);
        bytes32 bench = found(c);
        IPanel panel =
            IPanel(vm.deployCode("Panel.sol:Panel", abi.encode(escrow, bench, ARBITER_COST, 1 days)));
        letUse(bench, address(panel));
        serve(address(panel), ARBITER_COST);

        bytes32 subject = disputedSubject();
        bytes32 id = keccak256(abi.encode("Earnest Panel", address(panel), address(book), subject));
        Attested[] memory attested = attest(id, subject, Outcome.Fail, 0, 7);
        panel.ruleOn(IRulable(address(book)), subject, Outcome.Fail, 0, 7, attested);
        assertEq(uint8(book.recordOf(subject).stage), uint8(IVerdictBook.Stage.Ruled));
        assertEq(escrow.feesOf(bench, 7), ARBITER_COST);
        assertEq(escrow.collateralOf(address(panel)), 0);
    }

    function test_court() public {
        Court court = new Court();
        ICourtAdapter adapter = ICourtAdapter(
            vm.deployCode("CourtAdapter.sol:CourtAdapter", abi.encode(escrow, court, "", "ipfs://meta"))
        );
        serve(address(adapter), 0);
        bytes32 subject = disputedSubject();
        adapter.raiseOn{value: court.price()}(IRulable(address(book)), subject);
        uint256 snapshot = vm.snapshotState();
        court.give(adapter, 1, uint256(Outcome.Lapse));
        assertEq(uint8(book.recordOf(subject).stage), uint8(IVerdictBook.Stage.Ruled));
        // Late: nothing.
        vm.revertToState(snapshot);
        (, uint256 rulingEnds,,) = book.rulingOf(subject);
        vm.warp(rulingEnds);
        court.give(adapter, 1, uint256(Outcome.Lapse));
        assertEq(uint8(book.recordOf(subject).stage), uint8(IVerdictBook.Stage.Disputed));
    }

    function disputedSubject() private returns (bytes32) {
        (Mandate memory m,) = judged(Outcome.Pass);
        disputed(m);
        return idOf(m);
    }

    /// From here on this is the arbiter of the committee's disputes.
    function serve(address who, uint64 cost) private {
        Committee memory c = defaultCommittee();
        (c.arbiter, c.arbiterCost) = (who, cost);
        committee = found(c);
        letUse(committee, address(book));
    }

    function found(Committee memory c) private returns (bytes32 id) {
        id = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(id, i);
        }
    }

    function letUse(bytes32 id, address user) private {
        for (uint256 i; i < N; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(id, i, user);
        }
    }
}
