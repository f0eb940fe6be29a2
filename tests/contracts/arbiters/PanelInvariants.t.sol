// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Agreement, Attested, Outcome, State, Statement} from "../../../contracts/interfaces/Types.sol";
import {PanelFixture} from "./PanelFixture.sol";

/// Anybody does anything to a panel, in any order and at any time. What is refused is refused.
contract PanelHandler is PanelFixture {
    uint256 private constant MOST_JOBS = 12;

    Agreement[] private _jobs;
    mapping(uint256 job => bool) public wasRuled; // by the panel
    mapping(uint256 job => bool) public wasReleased;
    mapping(uint256 job => mapping(uint256 index => bool)) public contradicted;
    uint256 public put; // by members, the first stakes included
    uint256 public slashed;
    uint256 public withdrawn;
    uint256 public paidOut; // to those a slash goes to
    uint256 public undistributed; // arbiter's cost of disputes that ended without the panel

    function setUp() public override {
        super.setUp();
        put = MEMBERS * PANEL_STAKE;
    }

    function jobs() external view returns (uint256) {
        return _jobs.length;
    }

    function dispute(uint256 seed) external {
        if (_jobs.length == MOST_JOBS) return;
        Agreement memory a = newAgreement();
        a.terms.gated = uint64(bound(seed, 1, 2000e6));
        (bool ok,) = address(this).call(abi.encodeCall(this.bring, (a, seed)));
        if (ok) _jobs.push(a);
    }

    /// Not an act of its own: a job up to its dispute, or nothing.
    function bring(Agreement memory a, uint256 seed) external {
        require(msg.sender == address(this));
        open(a);
        deliver(a);
        judge(a, seed % 2 == 0 ? Outcome.Pass : Outcome.Fail);
        dispute(a, seed % 2 == 0 ? buyer : provider, Outcome.Lapse);
    }

    function summon(uint256 j) external known {
        Agreement memory a = pick(j);
        try panel.summon(a.terms, openingHash(a.opening)) {} catch {}
    }

    function answer(uint256 j, uint32 signers, uint8 outcome) external known {
        Agreement memory a = pick(j);
        signers &= ALL;
        Outcome said = Outcome(1 + outcome % 3);
        Attested[] memory attested = rulings(a, said, signers);
        try panel.answer(idOf(a), said, signers, attested) {} catch {}
    }

    function ruleJob(uint256 j, uint256 seed) external known {
        Agreement memory a = pick(j);
        uint32 signers = FIVE << uint32(seed % 5);
        Outcome said = Outcome(1 + (seed >> 8) % 3);
        Attested[] memory attested = rulings(a, said, signers);
        try panel.rule(a.terms, openingHash(a.opening), said, seed % 2 == 0, signers, attested) {
            wasRuled[j % _jobs.length] = true;
        } catch {}
    }

    function concedeJob(uint256 j) external known {
        Agreement memory a = pick(j);
        address party = viewOf(a).buyerDisputes ? buyer : provider;
        vm.prank(party);
        try escrow.concede(a.terms, openingHash(a.opening), party, 0, "", false) {
            undistributed += ARBITER_COST;
        } catch {}
    }

    function distribute() external {
        try panel.distribute() {
            undistributed = 0;
        } catch {}
    }

    function settleJob(uint256 j) external known {
        Agreement memory a = pick(j);
        try escrow.settle(a.terms, openingHash(a.opening), false) {} catch {}
    }

    function dismiss(uint256 j) external known {
        try panel.dismiss(idOf(pick(j))) {} catch {}
    }

    function prove(uint256 j, uint256 index) external known {
        Agreement memory a = pick(j);
        index %= MEMBERS;
        Statement memory x = ruling(memberKeys[index], address(escrow), idOf(a), Outcome.Pass, 0);
        Statement memory y = ruling(memberKeys[index], address(escrow), idOf(a), Outcome.Fail, 0);
        vm.prank(finder);
        try panel.proveEquivocation(address(escrow), idOf(a), x, y) {
            contradicted[j % _jobs.length][index] = true;
        } catch {}
    }

    function release(uint256 j) external known {
        Agreement memory a = pick(j);
        uint256 stakes = stakesOfAll();
        uint256 owned = free(buyer) + free(provider) + free(finder);
        try panel.release(address(escrow), idOf(a)) {
            wasReleased[j % _jobs.length] = true;
            slashed += stakes - stakesOfAll();
            paidOut += free(buyer) + free(provider) + free(finder) - owned;
        } catch {}
    }

    function leave(uint256 index) external {
        // One of them at most leaves at a time of its own; enough must stay for anything to happen.
        index %= 3;
        vm.prank(members[index]);
        try escrow.leave(panelCommittee, index) {} catch {}
    }

    function withdraw(uint256 index) external {
        index %= MEMBERS;
        uint256 stake = panelStake(index);
        try escrow.withdraw(panelCommittee, index) {
            withdrawn += stake;
        } catch {}
    }

    function topUp(uint256 index) external {
        index %= MEMBERS;
        uint256 missing = PANEL_STAKE - panelStake(index);
        if (missing == 0) return;
        mintUSDC(members[index], missing);
        vm.startPrank(members[index]);
        usdc.approve(address(escrow), missing);
        escrow.deposit(members[index], missing);
        try escrow.topUp(panelCommittee, index) {
            put += missing;
        } catch {}
        vm.stopPrank();
        // The jobs' evaluators lose stake too, where the panel overturns them.
        for (uint256 i; i < N; ++i) {
            refill(i);
        }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 3 days));
    }

    /// Whatever state it is in.
    function finish() external {
        vm.warp(block.timestamp + 30 days);
        for (uint256 j; j < _jobs.length; ++j) {
            Agreement memory a = _jobs[j];
            if (viewOf(a).state == State.Disputed) settle(a, false);
            IPanel.Stage stage = stageOf(a);
            if (stage == IPanel.Stage.Absent || stage == IPanel.Stage.Released) continue;
            uint256 stakes = stakesOfAll();
            uint256 owned = free(buyer) + free(provider) + free(finder);
            panel.release(address(escrow), idOf(a));
            slashed += stakes - stakesOfAll();
            paidOut += free(buyer) + free(provider) + free(finder) - owned;
        }
        for (uint256 i; i < MEMBERS; ++i) {
            if (escrow.evaluator(panelCommittee, i).standing != ICoverage.Standing.Leaving) continue;
            withdrawn += panelStake(i);
            escrow.withdraw(panelCommittee, i);
        }
    }

    function stakesOfAll() public view returns (uint256 sum) {
        for (uint256 i; i < MEMBERS; ++i) {
            sum += panelStake(i);
        }
    }

    function panelOwns() external view returns (uint256) {
        return free(address(panel));
    }

    function reserved() external view returns (uint256) {
        return reservedShares();
    }

    /// What all cases that stake still answers for reserve of each member.
    function openShares() external view returns (uint256 sum) {
        for (uint256 j; j < _jobs.length; ++j) {
            IPanel.Case memory c = panel.caseOf(address(escrow), idOf(_jobs[j]));
            if (c.stage != IPanel.Stage.Absent && c.stage != IPanel.Stage.Released) sum += c.share;
        }
    }

    /// Whether every member of a case still holds what the cases it serves in could take.
    function covered() external view returns (bool) {
        for (uint256 i; i < MEMBERS; ++i) {
            uint256 answersFor;
            for (uint256 j; j < _jobs.length; ++j) {
                IPanel.Case memory c = panel.caseOf(address(escrow), idOf(_jobs[j]));
                bool held = c.stage != IPanel.Stage.Absent && c.stage != IPanel.Stage.Released;
                if (held && c.members & (1 << i) != 0) answersFor += c.share;
            }
            if (answersFor > panelStake(i)) return false;
        }
        return true;
    }

    /// A job the panel ruled on never goes back to a stage in which it is waited for.
    function ruledStaysRuled() external view returns (bool) {
        for (uint256 j; j < _jobs.length; ++j) {
            IPanel.Stage stage = stageOf(_jobs[j]);
            if (wasReleased[j] && stage != IPanel.Stage.Released) return false;
            bool waited = stage == IPanel.Stage.Summoned || stage == IPanel.Stage.Dismissed;
            if (wasRuled[j] && waited) return false;
        }
        return true;
    }

    function refill(uint256 i) private {
        uint256 missing = STAKE - stakeOf(i);
        if (missing == 0) return;
        mintUSDC(evaluators[i], missing);
        vm.startPrank(evaluators[i]);
        usdc.approve(address(escrow), missing);
        escrow.deposit(evaluators[i], missing);
        try escrow.topUp(committee, i) {} catch {}
        vm.stopPrank();
    }

    function pick(uint256 j) private view returns (Agreement memory) {
        return _jobs[j % _jobs.length];
    }

    modifier known() {
        if (_jobs.length == 0) return;
        _;
    }
}

contract PanelInvariantsTest is PanelFixture {
    PanelHandler private handler;

    function setUp() public override {
        handler = new PanelHandler();
        handler.setUp();
        bytes4[] memory acts = new bytes4[](14);
        acts[0] = handler.dispute.selector;
        acts[1] = handler.summon.selector;
        acts[2] = handler.answer.selector;
        acts[3] = handler.ruleJob.selector;
        acts[4] = handler.concedeJob.selector;
        acts[5] = handler.settleJob.selector;
        acts[6] = handler.dismiss.selector;
        acts[7] = handler.prove.selector;
        acts[8] = handler.release.selector;
        acts[9] = handler.leave.selector;
        acts[10] = handler.withdraw.selector;
        acts[11] = handler.topUp.selector;
        acts[12] = handler.wait.selector;
        acts[13] = handler.distribute.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: acts}));
    }

    /// forge-config: default.invariant.runs = 16
    /// forge-config: default.invariant.depth = 64
    function invariant_panel() public view {
        // What came in without a ruling, and nothing else, lies in the panel between two calls.
        assertEq(handler.panelOwns(), handler.undistributed(), "panel");
        // Members lose what was slashed and nothing else, and all of it arrives.
        assertEq(handler.stakesOfAll() + handler.slashed() + handler.withdrawn(), handler.put(), "stakes");
        assertEq(handler.paidOut(), handler.slashed(), "slashed");
        // Stake answers for every case that is not over.
        assertEq(handler.reserved(), handler.openShares(), "reserved");
        assertTrue(handler.covered(), "covered");
        assertTrue(handler.ruledStaysRuled(), "stages");
    }

    /// Time alone, and anyone, ends everything.
    function afterInvariant() public {
        handler.finish();
        assertEq(handler.reserved(), 0, "reserved");
        assertEq(handler.panelOwns(), handler.undistributed(), "panel");
        assertEq(handler.stakesOfAll() + handler.slashed() + handler.withdrawn(), handler.put(), "stakes");
        assertEq(handler.paidOut(), handler.slashed(), "slashed");
    }
}
