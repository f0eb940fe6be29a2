// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Mandate} from "../../../contracts/evaluators/interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator} from "../../../contracts/evaluators/interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "../../../contracts/evaluators/interfaces/IVerdictBook.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {EvaluatorFixture} from "./EvaluatorFixture.sol";
import {Foreign} from "./standins/Foreign.sol";
import {HostileForeign} from "./standins/Hostile.sol";

/// Everything that parties, evaluators, arbiter, strangers and hostile escrows do, in any order. Invariants:
///   V1  the book's collateral is, to the unit, the fees and deposits of the subjects that are not final
///   V2  what is reserved is, to the unit, the shares of the subjects that are not final
///   V3  the evaluator keeps nothing
///   V4  stages follow the graph only, and a final outcome never changes
///   V5  an escrow that nobody tampered with was moved by final verdicts alone, and as they say
///   V6  a verdict is held: nothing but a ruling or a concession ends a challenge or a ruling period early
///   V7  from every state reached, time alone lets anyone close every subject
contract BookInvariants is EvaluatorFixture {
    Mandate[] private mandates;
    ForeignJob[] private jobs;
    uint256 private constant MOST = 5;
    mapping(uint256 => IVerdictBook.Record) private last;
    mapping(uint256 => bool) private tampered;
    string private broken;

    function setUp() public override {
        super.setUp();
        bytes4[] memory acts = new bytes4[](14);
        acts[0] = this.actOpen.selector;
        acts[1] = this.actDeliver.selector;
        acts[2] = this.actJudge.selector;
        acts[3] = this.actAttest.selector;
        acts[4] = this.actLapse.selector;
        acts[5] = this.actDispute.selector;
        acts[6] = this.actRule.selector;
        acts[7] = this.actConcede.selector;
        acts[8] = this.actSettle.selector;
        acts[9] = this.actCarry.selector;
        acts[10] = this.actOvertake.selector;
        acts[11] = this.actTamper.selector;
        acts[12] = this.actWait.selector;
        acts[13] = this.actGoOn.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), acts));
    }

    // ---- acts; those that are refused change nothing

    function actOpen(uint256 seed) external {
        if (mandates.length == MOST) return;
        ForeignJob memory job = funded(bound(seed, 1e6, 1500e6), EXPIRY, address(0));
        Mandate memory m = mandateFor(job);
        m.challenge = uint32(bound(seed >> 8, MIN_CHALLENGE, 3 days));
        if (!act(payer, address(book), registerCall(m, job))) return;
        mandates.push(m);
        jobs.push(job);
        last[mandates.length - 1] = recordOf(m);
    }

    function actDeliver(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        vm.prank(provider);
        try plain.submit(jobs[i].jobId, DELIVERABLE, "") {} catch {}
        act(
            provider,
            address(book),
            abi.encodeCall(book.deliver, (mandates[i], abi.encode(jobs[i]), DELIVERABLE, 0, ""))
        );
    }

    function actJudge(uint256 seed, uint8 outcome, uint8 who) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        uint32[3] memory sets = [uint32(7), 19, 28];
        act(
            relayer, address(book), judgeCall(mandates[i], jobs[i], Outcome(1 + (outcome % 3)), sets[who % 3])
        );
    }

    function actAttest(uint256 seed, uint8 outcome, uint8 who) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        Mandate memory m = mandates[i];
        uint32[6] memory sets = [uint32(1), 6, 7, 15, 28, 31]; // fewer than k, k, and more
        uint32 set = sets[who % 6];
        act(
            relayer,
            address(book),
            abi.encodeCall(book.attest, (m, judgementOn(m, Outcome(1 + (outcome % 3)), set)))
        );
    }

    function actLapse(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        if (any) act(relayer, address(book), abi.encodeCall(book.lapse, (mandates[i])));
    }

    function actDispute(uint256 seed, uint8 outcome, bool byBuyer) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        address party = byBuyer ? buyer : provider;
        act(party, address(book), disputeCall(mandates[i], party, Outcome(1 + (outcome % 3))));
    }

    function actRule(uint256 seed, uint8 outcome, bool stranger) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        bytes32 subject = idOf(mandates[i]);
        bytes memory call = abi.encodeCall(book.rule, (subject, Outcome(1 + (outcome % 3)), 0));
        act(stranger && seed % 4 == 0 ? relayer : arbiter, address(book), call);
    }

    function actConcede(uint256 seed, bool byBuyer) external {
        // Rarely: it ends things early.
        if (seed % 4 != 0) return;
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        address party = byBuyer ? buyer : provider;
        act(party, address(book), abi.encodeCall(book.concede, (mandates[i], party, 0, "")));
    }

    function actSettle(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        if (any) act(relayer, address(book), abi.encodeCall(book.settle, (mandates[i])));
    }

    function actCarry(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        if (any) act(relayer, address(evaluator), carryCall(mandates[i], jobs[i]));
    }

    function actOvertake(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        act(relayer, address(book), abi.encodeCall(book.overtake, (mandates[i], abi.encode(jobs[i]))));
        act(relayer, address(evaluator), abi.encodeCall(evaluator.noteOvertaken, (mandates[i], jobs[i])));
    }

    /// The escrow changes its manners, or an admin writes into one job.
    function actTamper(uint256 seed, uint8 manner) external {
        plain.behave(HostileForeign.Manner(manner % 6));
        if (manner % 6 == 3) {
            (bool some, uint256 n) = pick(seed);
            if (some) plain.plan(address(book), abi.encodeCall(book.settle, (mandates[n])));
        }
        if (seed % 5 != 0) return;
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        tampered[i] = true;
        Foreign.Stored memory s = plain.stored(jobs[i].jobId);
        if (seed & 1 == 0) s.status = Foreign.Status(uint8(seed >> 8) % 6);
        else s.budget = bound(seed >> 16, 0, 3000e6);
        plain.rewrite(jobs[i].jobId, s);
    }

    /// Takes a subject one step further on the longest way, which random acts alone seldom walk to its end.
    function actGoOn(uint256 seed, uint8 outcome) external {
        (bool any, uint256 i) = pick(seed);
        if (!any) return;
        Mandate memory m = mandates[i];
        IVerdictBook.Record memory r = recordOf(m);
        if (r.stage == IVerdictBook.Stage.Registered) {
            if (r.deliverable == 0) return this.actDeliver(i << 3);
            if (block.timestamp < m.judgeBy) vm.warp(m.judgeBy);
            act(relayer, address(book), abi.encodeCall(book.lapse, (m)));
        } else if (r.stage == IVerdictBook.Stage.Judged) {
            bool pass = r.outcome == Outcome.Pass;
            address party = pass ? buyer : provider;
            act(party, address(book), disputeCall(m, party, pass ? Outcome.Fail : Outcome.Pass));
        } else if (r.stage == IVerdictBook.Stage.Disputed) {
            act(arbiter, address(book), abi.encodeCall(book.rule, (idOf(m), Outcome(1 + (outcome % 3)), 0)));
        } else {
            act(relayer, address(book), abi.encodeCall(book.settle, (m)));
        }
    }

    function actWait(uint256 seed) external {
        (bool any, uint256 i) = pick(seed);
        // Every other time to the next limit of one subject, so that what waits for it is reached.
        if (any && seed & 1 == 0) {
            IVerdictBook.Record memory r = recordOf(mandates[i]);
            uint256 limit = r.deadline;
            if (r.stage == IVerdictBook.Stage.Registered) {
                limit = r.deliverable == 0 ? mandates[i].deliverBy : mandates[i].judgeBy;
            }
            if (limit > block.timestamp) {
                vm.warp(limit);
                return;
            }
        }
        vm.warp(block.timestamp + bound(seed, 1, 12 hours));
    }

    // ---- invariants

    /// One campaign for all of them.
    function invariant_book() public view {
        bookHoldsWhatIsOpen();
        coverageIsOfWhatIsOpen();
        evaluatorKeepsNothing();
        assertEq(broken, "", "V4 or V6");
        movedByFinalVerdictsAlone();
    }

    function bookHoldsWhatIsOpen() private view {
        uint256 sum;
        for (uint256 i; i < mandates.length; ++i) {
            IVerdictBook.Record memory r = recordOf(mandates[i]);
            if (r.stage == IVerdictBook.Stage.Final) continue;
            sum += mandates[i].fee;
            uint256 fifth = (uint256(r.value) + 4) / 5;
            uint256 deposit = fifth > ARBITER_COST ? fifth : ARBITER_COST;
            if (r.stage == IVerdictBook.Stage.Disputed) sum += deposit;
            if (r.stage == IVerdictBook.Stage.Ruled) sum += deposit - ARBITER_COST;
        }
        assertEq(free(address(book)), sum, "V1");
        assertEq(usdc.balanceOf(address(book)), 0, "V1");
    }

    function coverageIsOfWhatIsOpen() private view {
        uint256 sum;
        for (uint256 i; i < mandates.length; ++i) {
            if (recordOf(mandates[i]).stage == IVerdictBook.Stage.Final) continue;
            uint256 value = mandates[i].value > SILENCE ? mandates[i].value : SILENCE;
            sum += (value + 2) / 3;
        }
        assertEq(reserved(), sum, "V2");
        for (uint256 i; i < N; ++i) {
            assertGe(stakeOf(i), sum, "V2");
        }
    }

    function evaluatorKeepsNothing() private view {
        assertEq(usdc.balanceOf(address(evaluator)), 0, "V3");
        assertEq(free(address(evaluator)), 0, "V3");
    }

    function movedByFinalVerdictsAlone() private view {
        for (uint256 i; i < mandates.length; ++i) {
            if (tampered[i]) continue;
            Foreign.Status status = plain.stored(jobs[i].jobId).status;
            IVerdictBook.Record memory r = recordOf(mandates[i]);
            bool carried = evaluator.carriageOf(idOf(mandates[i])) == IJobEvaluator.Carriage.Carried;
            bool pass = r.outcome == Outcome.Pass;
            if (status == Foreign.Status.Completed) assertTrue(carried && pass, "V5");
            if (status == Foreign.Status.Rejected) assertTrue(carried && !pass, "V5");
            if (carried) assertEq(uint8(r.stage), uint8(IVerdictBook.Stage.Final), "V5");
        }
    }

    /// V7: whatever the escrow says now.
    function afterInvariant() public {
        plain.behave(HostileForeign.Manner.Mute);
        for (uint256 i; i < mandates.length; ++i) {
            Mandate memory m = mandates[i];
            IVerdictBook.Stage stage = recordOf(m).stage;
            if (stage == IVerdictBook.Stage.Registered) {
                if (block.timestamp < m.judgeBy) vm.warp(m.judgeBy);
                book.lapse(m);
                stage = IVerdictBook.Stage.Judged;
            }
            if (stage != IVerdictBook.Stage.Final) {
                if (block.timestamp < recordOf(m).deadline) vm.warp(recordOf(m).deadline);
                settle(m);
            }
        }
        assertEq(free(address(book)), 0, "V7");
        assertEq(reserved(), 0, "V7");
    }

    // ---- helpers

    function pick(uint256 seed) private view returns (bool any, uint256 i) {
        any = mandates.length != 0;
        if (any) i = (seed >> 3) % mandates.length;
    }

    /// Calls, and holds every subject against the graph (V4).
    function act(address caller, address target, bytes memory call) private returns (bool ok) {
        vm.prank(caller);
        (ok,) = target.call(call);
        for (uint256 i; i < mandates.length; ++i) {
            IVerdictBook.Record memory before = last[i];
            IVerdictBook.Record memory now_ = recordOf(mandates[i]);
            // Noted, not asserted: an assertion in an act would only undo the act.
            if (before.stage == IVerdictBook.Stage.Final) {
                if (keccak256(abi.encode(before)) != keccak256(abi.encode(now_))) broken = "final changed";
            } else if (before.stage != now_.stage && !mayFollow(before.stage, now_.stage)) {
                broken = "no such step";
            }
            bool waits =
                before.stage == IVerdictBook.Stage.Judged || before.stage == IVerdictBook.Stage.Disputed;
            if (
                waits && now_.stage == IVerdictBook.Stage.Final && block.timestamp < before.deadline
                    && bytes4(call) != book.concede.selector
            ) broken = "V6: not held";
            if (before.deliverable != 0 && before.deliverable != now_.deliverable) broken = "anchor changed";
            last[i] = now_;
        }
    }

    function mayFollow(IVerdictBook.Stage a, IVerdictBook.Stage b) private pure returns (bool) {
        if (b == IVerdictBook.Stage.Final) return a != IVerdictBook.Stage.None;
        if (a == IVerdictBook.Stage.Registered) return b == IVerdictBook.Stage.Judged;
        if (a == IVerdictBook.Stage.Judged) return b == IVerdictBook.Stage.Disputed;
        return a == IVerdictBook.Stage.Disputed && b == IVerdictBook.Stage.Ruled;
    }
}
