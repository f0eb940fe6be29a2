// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Basis, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// lapse and settle. Amounts are checked in Payouts.t.sol.
contract SettleTest is UnitTest {
    function test_lapse_noShow() public {
        Agreement memory a = opened();
        vm.warp(a.opening.deliverBy - 1);
        refused(relayer, lapseCall(a), tooEarly(a.opening.deliverBy));
        vm.warp(a.opening.deliverBy);
        uint40 ends = uint40(block.timestamp + 1 days);
        vm.expectEmit(address(escrow));
        emit Lapsed(idOf(a), Outcome.Fail, Basis.NoShow, 0, ends);
        done(relayer, lapseCall(a));
        IViews.JobView memory v = viewOf(a);
        assertEq(uint8(v.state), uint8(State.Judged));
        assertEq(uint8(v.outcome), uint8(Outcome.Fail));
        assertEq(uint8(v.basis), uint8(Basis.NoShow));
        assertEq(v.deadline, ends);
        refused(relayer, lapseCall(a), wrongState(a, State.Judged));
    }

    function test_lapse_silence() public {
        Agreement memory a = delivered();
        vm.warp(a.opening.deliverBy);
        refused(relayer, lapseCall(a), tooEarly(a.terms.judgeBy));
        vm.warp(a.terms.judgeBy - 1);
        refused(relayer, lapseCall(a), tooEarly(a.terms.judgeBy));
        vm.warp(a.terms.judgeBy);
        uint40 ends = uint40(block.timestamp + 1 days);
        vm.expectEmit(address(escrow));
        emit Lapsed(idOf(a), Outcome.Lapse, Basis.Silence, 31, ends);
        done(relayer, lapseCall(a));
        assertEq(viewOf(a).signers, 31);
    }

    function test_lapse_silentMembersAreThoseAtOpening() public {
        vm.prank(evaluators[4]);
        escrow.leave(committee, 4);
        Agreement memory a = delivered();
        vm.prank(evaluators[3]);
        escrow.leave(committee, 3);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        assertEq(viewOf(a).signers, 15);
    }

    function test_lapse_neverOpenedOrClosed() public {
        Agreement memory a = newAgreement();
        refused(relayer, lapseCall(a), wrongState(a, State.None));
        open(a);
        done(buyer, concedeCall(a, buyer));
        vm.warp(a.terms.judgeBy);
        refused(relayer, lapseCall(a), wrongState(a, State.Closed));
    }

    function test_lapse_alwaysHasAChallenge() public {
        Agreement memory a = newAgreement();
        a.terms.challenge = 0;
        open(a);
        vm.warp(a.opening.deliverBy);
        lapse(a);
        assertEq(viewOf(a).deadline, block.timestamp + LAPSE_CHALLENGE);
        refused(relayer, settleCall(a, false), tooEarly(block.timestamp + LAPSE_CHALLENGE));
        a = newAgreement();
        a.terms.challenge = 3 days;
        open(a);
        deliver(a);
        vm.warp(a.terms.judgeBy);
        lapse(a);
        assertEq(viewOf(a).deadline, block.timestamp + 3 days, "the agreement's own where it is longer");
    }

    function test_settle_boundary() public {
        Agreement memory a = judged(Outcome.Pass);
        uint256 ends = block.timestamp + 1 days;
        vm.warp(ends - 1);
        refused(relayer, settleCall(a, false), tooEarly(ends));
        vm.warp(ends);
        refused(buyer, disputeCall(a, buyer, Outcome.Fail), tooLate(ends));
        done(relayer, settleCall(a, false));
        assertState(a, State.Closed);
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Pass));
        refused(relayer, settleCall(a, false), wrongState(a, State.Closed));
    }

    function test_settle_tooSoonInLife() public {
        Agreement memory a = newAgreement();
        refused(relayer, settleCall(a, false), wrongState(a, State.None));
        open(a);
        refused(relayer, settleCall(a, false), wrongState(a, State.Open));
        deliver(a);
        refused(relayer, settleCall(a, false), wrongState(a, State.Open));
    }

    function test_settle_rulingPeriodOver() public {
        Agreement memory a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        uint256 ends = block.timestamp + 2 days;
        vm.warp(ends - 1);
        refused(relayer, settleCall(a, false), tooEarly(ends));
        vm.warp(ends);
        refused(arbiter, ruleCall(a, Outcome.Fail), tooLate(ends));
        expectClosed(a, Outcome.Pass, Ending.RulingOver, 260e6, GATED + BOND, FEE, 7, 0);
        done(relayer, settleCall(a, false));
    }

    function test_settle_wrongTerms() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        Agreement memory b = abi.decode(abi.encode(a), (Agreement));
        b.terms.buyer = relayer;
        refused(relayer, settleCall(b, false), wrongState(b, State.None));
        b = abi.decode(abi.encode(a), (Agreement));
        b.terms.gated += 1;
        refused(relayer, settleCall(b, false), wrongState(b, State.None));
        b = abi.decode(abi.encode(a), (Agreement));
        b.opening.salt += 1_000_000;
        refused(relayer, settleCall(b, false), wrongState(b, State.None));
    }

    function test_settle_paysOut() public {
        Agreement memory a = judged(Outcome.Lapse);
        vm.warp(block.timestamp + 1 days);
        uint256 b = usdc.balanceOf(buyer);
        uint256 p = usdc.balanceOf(provider);
        expectClosed(a, Outcome.Lapse, Ending.Settled, GATED, BOND, FEE, 7, 3);
        settle(a, true);
        assertEq(usdc.balanceOf(buyer) - b, GATED);
        assertEq(usdc.balanceOf(provider) - p, BOND);
    }

    function test_settle_paysOutWhoCanBePaid() public {
        Agreement memory a = judged(Outcome.Lapse);
        vm.warp(block.timestamp + 1 days);
        blacklistUSDC(buyer);
        uint256 p = usdc.balanceOf(provider);
        expectClosed(a, Outcome.Lapse, Ending.Settled, GATED, BOND, FEE, 7, 2);
        settle(a, true);
        assertEq(free(buyer), GATED, "credited");
        assertEq(usdc.balanceOf(provider) - p, BOND, "everyone else is paid");
        refused(buyer, abi.encodeCall(escrow.claim, (buyer, GATED)), BLACKLISTED);
        assertEq(free(buyer), GATED, "nothing is lost by trying");
        address rescue = makeAddr("rescue");
        done(buyer, abi.encodeCall(escrow.claim, (rescue, GATED)));
        assertEq(usdc.balanceOf(rescue), GATED);
    }

    function test_settle_blacklistedProvider() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        blacklistUSDC(provider);
        uint256 before = free(provider);
        settle(a, true);
        assertEq(free(provider) - before, GATED + BOND);
    }

    function test_pausedUSDC_outcomesAreRecordedAndClaimedLater() public {
        Agreement memory a = opened();
        Agreement memory b = opened();
        pauseUSDC();
        deliver(a);
        judge(a, Outcome.Lapse);
        vm.warp(b.opening.deliverBy);
        lapse(b);
        vm.warp(block.timestamp + 1 days);
        uint256 before = free(provider);
        settle(a, true);
        settle(b, true);
        assertEq(free(buyer), GATED + GATED + BOND);
        assertEq(free(provider) - before, BOND);
        refused(buyer, abi.encodeCall(escrow.claim, (buyer, GATED)), PAUSED);
        unpauseUSDC();
        done(buyer, abi.encodeCall(escrow.claim, (buyer, 2 * GATED + BOND)));
        assertEq(free(buyer), 0);
    }

    function test_afterAFork_timeStillClosesEveryJob() public {
        Agreement memory noDelivery = opened();
        Agreement memory silent = delivered();
        Agreement memory passed = judged(Outcome.Pass);
        Agreement memory disputed = judged(Outcome.Pass);
        dispute(disputed, buyer, Outcome.Fail);
        vm.chainId(9);
        // Ids keep the chain of the deployment; the fixture computes them with the chain it is on.
        bytes[] memory calls = new bytes[](4);
        calls[0] = settleCall(passed, true);
        calls[1] = settleCall(disputed, true);
        calls[2] = settleCall(noDelivery, true);
        calls[3] = settleCall(silent, true);
        vm.warp(silent.terms.judgeBy + 1 days);
        done(relayer, calls[0]);
        done(relayer, calls[1]);
        done(relayer, lapseCall(noDelivery));
        done(relayer, lapseCall(silent));
        vm.warp(block.timestamp + 1 days);
        done(relayer, calls[2]);
        done(relayer, calls[3]);
        vm.chainId(31337);
        assertState(noDelivery, State.Closed);
        assertState(silent, State.Closed);
        assertState(passed, State.Closed);
        assertState(disputed, State.Closed);
    }

    function test_afterAFork_theArbiterMayStillRule() public {
        Agreement memory a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        bytes memory call = ruleCall(a, Outcome.Fail);
        vm.chainId(9);
        done(arbiter, call);
        vm.chainId(31337);
        assertState(a, State.Closed);
    }

    function test_tokensSentByAccidentDisturbNobody() public {
        vm.prank(relayer);
        usdc.transfer(address(escrow), 12_345);
        Agreement memory a = judged(Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        uint256 before = usdc.balanceOf(address(escrow));
        settle(a, true);
        assertEq(before - usdc.balanceOf(address(escrow)), GATED + BOND);
        assertEq(free(relayer), 0);
        (bool ok,) = address(escrow).call{value: 1}("");
        assertFalse(ok, "no ETH");
        (ok,) = address(escrow).call{value: 1}(settleCall(a, true));
        assertFalse(ok, "nor with a call");
    }
}
