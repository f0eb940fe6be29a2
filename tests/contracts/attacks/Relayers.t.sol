// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "../../../contracts/interfaces/IDocket.sol";
import {Agreement, Funding, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";
import {Wallet} from "../utils/Wallets.sol";

/// What whoever pays the gas could try: too little gas, a choice of path, a signature used for something else.
contract RelayersTest is UnitTest {
    /// With too little gas a closing reverts. No amount of gas closes the job but makes the payment fail.
    function test_noGasLimitTurnsAPaymentIntoACredit() public {
        Agreement memory a = judged(Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        bytes memory call = settleCall(a, true);
        uint256 had = usdc.balanceOf(provider);
        uint256 closings;
        for (uint256 gas_ = 30_000; gas_ < 260_000; gas_ += 997) {
            uint256 at = vm.snapshotState();
            vm.prank(relayer);
            (bool ok,) = address(escrow).call{gas: gas_}(call);
            assertEq(usdc.balanceOf(provider) - had, ok ? GATED + BOND : 0);
            if (ok) ++closings;
            vm.revertToStateAndDelete(at);
        }
        assertGt(closings, 0);
    }

    /// The same for the advance at opening.
    function test_noGasLimitKeepsTheAdvanceBack() public {
        Agreement memory a = newAgreement();
        a.opening.upFront = UP_FRONT;
        bytes memory call = openCall(a);
        uint256 had = usdc.balanceOf(provider);
        uint256 openings;
        for (uint256 gas_ = 100_000; gas_ < 420_000; gas_ += 1999) {
            uint256 at = vm.snapshotState();
            vm.prank(relayer);
            (bool ok,) = address(escrow).call{gas: gas_}(call);
            assertEq(usdc.balanceOf(provider) - had, ok ? UP_FRONT : 0);
            if (ok) ++openings;
            vm.revertToStateAndDelete(at);
        }
        assertGt(openings, 0);
    }

    /// Rows that judge and settle call no party's code, so a party that burns gas cannot starve a batch of them.
    function test_partiesThatBurnGasCannotStarveABatchOfVerdicts() public {
        Wallet burner = new Wallet(vm.addr(buyerKey));
        mintUSDC(address(burner), 5000e6);
        burner.act(address(usdc), abi.encodeCall(usdc.approve, (address(escrow), type(uint256).max)));
        Agreement memory bad = newAgreement();
        bad.terms.buyer = address(burner);
        burner.act(
            address(escrow),
            abi.encodeCall(escrow.open, (bad, Funding.Allowance, "", sign(providerKey, idOf(bad))))
        );
        deliver(bad);
        Agreement memory good = delivered();
        burner.behave(Wallet.Manner.Burns);
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (judgeCall(bad, Outcome.Fail, 7), judgeCall(good, Outcome.Pass, 7));
        vm.prank(relayer);
        escrow.batch{gas: 1_000_000}(calls);
        assertState(bad, State.Judged);
        assertState(good, State.Judged);
        vm.warp(block.timestamp + 1 days);
        (calls[0], calls[1]) = (settleCall(bad, true), settleCall(good, true));
        vm.prank(relayer);
        escrow.batch{gas: 1_000_000}(calls);
        assertState(bad, State.Closed);
        assertState(good, State.Closed);
        assertEq(usdc.balanceOf(address(burner)), 5000e6 + BOND - FEE);
    }

    /// A relayer holding both signatures may open once, by one path: the buyer never pays twice.
    function test_paidOnceWhicheverWayTheRelayerOpens() public {
        Agreement memory a = newAgreement();
        bytes32 job = idOf(a);
        vm.prank(buyer);
        escrow.deposit(buyer, 5000e6);
        bytes memory terms = sign(buyerKey, job);
        bytes memory accepts = sign(providerKey, job);
        bytes memory pays = signFunding(a);
        done(relayer, abi.encodeCall(escrow.open, (a, Funding.Collateral, terms, accepts)));
        assertEq(free(buyer), 5000e6 - GATED - FEE);
        uint256 wallet = usdc.balanceOf(buyer);
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, accepts)),
            wrongState(a, State.Open)
        );
        Agreement[] memory list = new Agreement[](1);
        list[0] = a;
        refused(
            relayer,
            abi.encodeCall(escrow.openMilestones, (list, Funding.Authorization, pays, accepts)),
            wrongState(a, State.Open)
        );
        assertEq(usdc.balanceOf(buyer), wallet);
    }

    /// Nobody but the buyer can use its allowance, and nobody's allowance pays another's deposit unasked.
    function test_anAllowancePaysOnlyForItsOwner() public {
        Agreement memory a = newAgreement();
        bytes32 job = idOf(a);
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Allowance, sign(buyerKey, job), sign(providerKey, job))),
            abi.encodeWithSelector(NotAllowed.selector, relayer)
        );
        a = judged(Outcome.Pass);
        uint256 had = usdc.balanceOf(buyer);
        uint256 expiry = block.timestamp + 1 hours;
        bytes32 digest = typed(
            keccak256(
                abi.encode(
                    keccak256(
                        "Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)"
                    ),
                    idOf(a),
                    buyer,
                    uint8(Outcome.Pass),
                    uint8(Outcome.Fail),
                    expiry
                )
            )
        );
        bytes memory signed = sign(buyerKey, digest);
        uint256 paid = usdc.balanceOf(relayer);
        bytes32 oh = openingHash(a.opening);
        done(
            relayer,
            abi.encodeCall(
                escrow.dispute, (a.terms, oh, buyer, Outcome.Fail, expiry, Funding.Allowance, signed)
            )
        );
        assertEq(usdc.balanceOf(buyer), had);
        assertEq(paid - usdc.balanceOf(relayer), (GATED + BOND) / 5);
    }

    /// An evaluator that changes its key while a verdict is on its way sinks that transaction, not the verdict: any
    /// other quorum, or the same with its new signature, is posted next.
    function test_rotationWhileAVerdictIsOnItsWay() public {
        Agreement memory a = delivered();
        bytes memory onItsWay = judgeCall(a, Outcome.Fail, 7);
        uint256 newKey = uint256(keccak256("rotated"));
        bytes memory proof = keyProof(committee, evaluators[0], newKey);
        vm.prank(evaluators[0]);
        escrow.rotateKey(committee, 0, vm.addr(newKey), proof);
        vm.prank(relayer);
        (bool ok,) = address(escrow).call(onItsWay);
        assertFalse(ok);
        assertState(a, State.Open);
        done(relayer, judgeCall(a, Outcome.Fail, 14));
        assertState(a, State.Judged);
    }

    /// USDC refuses the escrow itself: jobs still close, and everything is owed.
    function test_escrowItselfRefusedByUSDC() public {
        Agreement memory a = judged(Outcome.Pass);
        blacklistUSDC(address(escrow));
        vm.warp(block.timestamp + 1 days);
        uint256 had = free(provider);
        settle(a, true);
        assertState(a, State.Closed);
        assertEq(free(provider) - had, GATED + BOND);
        refused(provider, abi.encodeCall(escrow.claim, (provider, 1)), BLACKLISTED);
        unBlacklistUSDC(address(escrow));
        done(provider, abi.encodeCall(escrow.claim, (provider, GATED + BOND)));
    }
}
