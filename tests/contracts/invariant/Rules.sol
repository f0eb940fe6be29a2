// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {IJobs} from "../../../contracts/interfaces/IJobs.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {Committee, State} from "../../../contracts/interfaces/Types.sol";
import {ActsOnMoney} from "./ActsOnMoney.sol";

/// The rules of docs/protocol.md, each a check of its own over everything that was reached. A check reverts where its
/// rule does not hold.
abstract contract Rules is ActsOnMoney {
    bytes32 internal annexHash;
    bytes32 internal escrowHash;

    // ---- money rule 1: what came in for a job goes out for that job

    function conservation() external view {
        _clean(CONSERVATION);
    }

    /// Every account, seat and fee set has, to the unit, what the rules give it.
    function ledgers() external view {
        for (uint256 i; i < people.length; ++i) {
            assertEq(escrow.collateralOf(people[i]), freeOf[people[i]], "free collateral");
            assertEq(usdc.balanceOf(people[i]), walletOf[people[i]], "wallet");
        }
        for (uint256 b; b < BENCHES; ++b) {
            for (uint256 i; i < _size(b); ++i) {
                IViews.EvaluatorView memory v = escrow.evaluator(benches[b].id, i);
                Seat storage s = seats[b][i];
                assertEq(v.stake, s.stake, "stake");
                assertEq(v.owed, s.owed, "owed");
                assertEq(uint8(v.standing), uint8(s.standing), "standing");
                assertEq(v.expelled, s.expelled, "expelled");
            }
            for (uint32 set; set < uint32(1 << _size(b)); ++set) {
                assertEq(escrow.feesOf(benches[b].id, set), fees[b][set], "fees");
            }
        }
    }

    // ---- money rule 2

    /// The contract's USDC is what it owes and what was sent to it by accident.
    function solvency() external view {
        uint256 owed;
        for (uint256 i; i < people.length; ++i) {
            owed += escrow.collateralOf(people[i]);
        }
        for (uint256 b; b < BENCHES; ++b) {
            for (uint256 i; i < _size(b); ++i) {
                owed += escrow.evaluator(benches[b].id, i).stake;
            }
            for (uint32 set = 1; set < uint32(1 << _size(b)); ++set) {
                owed += escrow.feesOf(benches[b].id, set);
            }
        }
        for (uint256 i; i < jobs.length; ++i) {
            State state = _view(jobs[i]).state;
            if (state == State.None || state == State.Closed) continue;
            owed += _value(jobs[i]) + jobs[i].a.terms.fee;
            if (state == State.Disputed) owed += _depositFor(jobs[i]);
        }
        assertEq(usdc.balanceOf(address(escrow)), owed + accident, "solvency");
    }

    // ---- money rule 3

    function boundedDownside() external view {
        _clean(DOWNSIDE);
    }

    // ---- money rule 7

    /// What is reserved is the sum over everything open, and never more than S; every slash that can still come could be
    /// paid in full by everyone it can hit.
    function coverage() external view {
        _clean(COVERAGE);
        for (uint256 b; b < BENCHES; ++b) {
            IViews.CommitteeView memory v = escrow.committeeState(benches[b].id);
            uint256[] memory due = new uint256[](_size(b));
            uint256 sum = _dueByJobs(b, due) + _dueByHolds(b, due);
            assertEq(v.reserved, sum, "reserved");
            assertLe(sum, benches[b].terms.stake, "reserved beyond the stake");
            assertEq(v.active, _active(b), "active");
            for (uint256 i; i < due.length; ++i) {
                assertGe(escrow.evaluator(benches[b].id, i).stake, due[i], "a slash could not be paid");
            }
        }
    }

    function _dueByJobs(uint256 bench, uint256[] memory due) private view returns (uint256 sum) {
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[i];
            if (j.bench != bench || _view(j).state == State.Closed) continue;
            sum += _add(due, j.members, _share(bench, _value(j)));
        }
    }

    function _dueByHolds(uint256 bench, uint256[] memory due) private view returns (uint256 sum) {
        for (uint256 i; i < holds.length; ++i) {
            Hold storage h = holds[i];
            if (h.bench == bench && h.open) sum += _add(due, h.members, h.share);
        }
    }

    function _add(uint256[] memory due, uint32 members, uint256 share) private pure returns (uint256) {
        for (uint256 i; i < due.length; ++i) {
            if (members & (1 << i) != 0) due[i] += share;
        }
        return share;
    }

    // ---- liveness rules 1 and 2, checked on what comes after: call it on a snapshot

    /// From here time alone lets a stranger close every job; then everyone can take all that is theirs, and nothing is
    /// left but what was sent by accident and what did not divide among those who earned it. Sometimes the chain has
    /// forked in the meantime: time still does.
    function nothingIsLocked() external {
        vm.warp(clock);
        address stranger = makeAddr("passer-by");
        uint256 home = block.chainid;
        if (turns % 3 == 1) vm.chainId(home + 1);
        for (uint256 round; round < 3; ++round) {
            vm.warp(block.timestamp + 200 days);
            for (uint256 i; i < jobs.length; ++i) {
                _drive(jobs[i], stranger);
            }
        }
        for (uint256 i; i < jobs.length; ++i) {
            assertEq(uint8(_view(jobs[i]).state), uint8(State.Closed), "time closes every job");
        }
        for (uint256 i; i < holds.length; ++i) {
            Hold storage h = holds[i];
            if (h.open) escrow.releaseStale(benches[h.bench].id, h.book, h.subject);
        }
        uint256 dust;
        for (uint256 b; b < BENCHES; ++b) {
            _emptySeats(b);
            dust += _drawAll(b);
        }
        _claimAll();
        assertEq(usdc.balanceOf(address(escrow)), accident + dust, "something is locked");
        vm.chainId(home);
    }

    function _drive(Job storage j, address stranger) private {
        State state = _view(j).state;
        vm.startPrank(stranger);
        if (state == State.Open) escrow.lapse(j.a.terms, j.opening);
        else if (state != State.Closed) escrow.settle(j.a.terms, j.opening, j.order % 2 == 0);
        vm.stopPrank();
    }

    function _emptySeats(uint256 bench) private {
        bytes32 id = benches[bench].id;
        for (uint256 i; i < debts.length; ++i) {
            Debt storage d = debts[i];
            if (d.bench != bench || d.owed == 0 || escrow.evaluator(id, d.seat).stake == 0) continue;
            if (escrow.evaluator(id, d.seat).standing == ICoverage.Standing.Withdrawn) continue;
            escrow.collect(id, d.seat, d.subject);
        }
        for (uint256 i; i < _size(bench); ++i) {
            IViews.EvaluatorView memory v = escrow.evaluator(id, i);
            if (v.standing == ICoverage.Standing.Joined && !v.expelled) {
                vm.prank(v.account);
                escrow.leave(id, i);
            }
            if (v.standing == ICoverage.Standing.Joined || v.standing == ICoverage.Standing.Leaving) {
                escrow.withdraw(id, i);
            }
        }
    }

    function _drawAll(uint256 bench) private returns (uint256 dust) {
        bytes32 id = benches[bench].id;
        for (uint32 set = 1; set < uint32(1 << _size(bench)); ++set) {
            if (escrow.feesOf(id, set) >= _count(set)) escrow.drawFees(id, set);
            uint256 left = escrow.feesOf(id, set);
            assertLt(left, _count(set), "fees are left");
            dust += left;
        }
    }

    /// Whom USDC refuses to pay names another recipient.
    function _claimAll() private {
        if (usdc.paused()) unpauseUSDC();
        for (uint256 i; i < people.length; ++i) {
            address account = people[i];
            uint256 has = escrow.collateralOf(account);
            if (has == 0) continue;
            address to = usdc.isBlacklisted(account) ? makeAddr("heir") : account;
            vm.prank(account);
            escrow.claim(to, has);
        }
    }

    // ---- liveness rule 3

    /// No call changes the code, a committee's terms or anyone's money by virtue of who sends it.
    function noAdminReach() external view {
        _clean(ADMIN);
        assertEq(address(escrow).codehash, escrowHash, "code");
        assertEq(escrow.annex().codehash, annexHash, "annex");
        for (uint256 b; b < BENCHES; ++b) {
            Committee storage c = benches[b].terms;
            IViews.CommitteeView memory v = escrow.committeeState(benches[b].id);
            assertEq(v.arbiter, c.arbiter, "arbiter");
            assertEq(v.arbiterCost, c.arbiterCost, "arbiter's cost");
            assertEq(v.threshold, c.threshold, "threshold");
            assertEq(v.stake, c.stake, "stake of a committee");
            assertEq(v.silence, c.silence, "price of silence");
            assertEq(v.methodology, c.methodology, "methodology");
        }
    }

    // ---- liveness rule 4

    function noReplay() external view {
        _clean(REPLAY);
        for (uint256 i; i < people.length; ++i) {
            assertEq(twin.collateralOf(people[i]), 1_000e6, "another contract's money");
        }
    }

    // ---- a job's life

    /// Every job is in the state it should be in, and came there by the graph.
    function statusGraph() external view {
        _clean(STATUS);
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[i];
            IViews.JobView memory v = _view(j);
            assertEq(uint8(v.state), uint8(j.state), "state");
            if (j.state == State.Open) {
                assertEq(v.delivered, j.delivered, "delivered");
                continue;
            }
            assertEq(uint8(v.outcome), uint8(j.outcome), "outcome");
            if (j.state == State.Closed) continue;
            assertEq(v.signers, j.set, "signers");
            assertEq(v.deadline, j.deadline, "deadline");
            assertEq(uint8(v.basis), uint8(j.basis), "basis");
            assertEq(v.members, j.members, "members");
        }
    }

    function closedForEver() external view {
        _clean(REOPENED);
    }

    /// Nobody did what only another may do, or what was not signed.
    function permissions() external view {
        _clean(PERMISSION);
        _clean(MONEY);
    }

    /// Nothing that the rules allow was refused.
    function liveness() external view {
        _clean(REFUSED);
    }

    function _clean(string memory rule_) private view {
        assertEq(broken[rule_], "", rule_);
    }
}
