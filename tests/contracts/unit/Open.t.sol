// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Funding, State} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

contract OpenTest is UnitTest {
    uint256 private constant MAX_LENGTH = 180 days;
    uint256 private constant MAX_RULING = 60 days;

    function test_byAuthorization() public {
        Agreement memory a = newAgreement();
        a.opening.upFront = UP_FRONT;
        uint256 before = usdc.balanceOf(buyer);
        bytes memory call = openCall(a);
        expectOpened(a, 31, 0);
        vm.expectEmit(address(escrow));
        emit UpFrontPaid(idOf(a), UP_FRONT, true);
        done(relayer, call);
        assertEq(before - usdc.balanceOf(buyer), GATED + UP_FRONT + FEE, "buyer pays price and fee");
        assertEq(free(provider), 10_000e6 - BOND, "bond is locked");
        assertEq(usdc.balanceOf(provider), 1_000_000e6 - 10_000e6 + UP_FRONT, "up-front part arrives");
        IViews.JobView memory v = viewOf(a);
        assertEq(uint8(v.state), uint8(State.Open));
        assertFalse(v.delivered);
        assertEq(v.members, 31);
        assertEq(v.openedAt, block.timestamp);
        assertEq(v.provider, provider);
        assertEq(v.deliverBy, a.opening.deliverBy);
        assertEq(escrow.committeeState(committee).reserved, (GATED + BOND + 2) / 3, "coverage");
    }

    function test_byAllowance_onlyTheBuyerItself() public {
        Agreement memory a = newAgreement();
        bytes memory accepts = sign(providerKey, idOf(a));
        bytes memory call = abi.encodeCall(escrow.open, (a, Funding.Allowance, "", accepts));
        refused(relayer, call, abi.encodeWithSelector(NotAllowed.selector, relayer));
        done(buyer, call);
        assertState(a, State.Open);
        assertEq(usdc.balanceOf(buyer), 1_000_000e6 - GATED - FEE);
    }

    function test_byAllowance_thatIsTooSmall() public {
        vm.prank(buyer);
        usdc.approve(address(escrow), GATED + FEE - 1);
        Agreement memory a = newAgreement();
        bytes memory call =
            abi.encodeCall(escrow.open, (a, Funding.Allowance, "", sign(providerKey, idOf(a))));
        refused(
            buyer, call, abi.encodeWithSignature("Error(string)", "ERC20: transfer amount exceeds allowance")
        );
    }

    function test_fromCollateral_byCallOrBySignature() public {
        vm.prank(buyer);
        escrow.deposit(buyer, 2 * (GATED + FEE));
        Agreement memory a = newAgreement();
        bytes memory accepts = sign(providerKey, idOf(a));
        done(buyer, abi.encodeCall(escrow.open, (a, Funding.Collateral, "", accepts)));
        assertEq(free(buyer), GATED + FEE);
        a = newAgreement();
        accepts = sign(providerKey, idOf(a));
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Collateral, "", accepts)),
            abi.encodeWithSelector(MalformedSignature.selector, 0)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Collateral, accepts, accepts)),
            notSigned(buyer, idOf(a))
        );
        done(relayer, abi.encodeCall(escrow.open, (a, Funding.Collateral, sign(buyerKey, idOf(a)), accepts)));
        assertEq(free(buyer), 0);
        a = newAgreement();
        accepts = sign(providerKey, idOf(a));
        refused(
            buyer,
            abi.encodeCall(escrow.open, (a, Funding.Collateral, "", accepts)),
            abi.encodeWithSelector(InsufficientCollateral.selector, buyer, 0, GATED + FEE)
        );
    }

    function test_providerAcceptsByCalling() public {
        Agreement memory a = newAgreement();
        bytes memory call = abi.encodeCall(escrow.open, (a, Funding.Authorization, signFunding(a), ""));
        refused(relayer, call, abi.encodeWithSelector(MalformedSignature.selector, 0));
        refused(buyer, call, abi.encodeWithSelector(MalformedSignature.selector, 0));
        done(provider, call);
        assertState(a, State.Open);
    }

    function test_providerThatCallsWithABadSignatureIsRefused() public {
        Agreement memory a = newAgreement();
        bytes memory call =
            abi.encodeCall(escrow.open, (a, Funding.Authorization, signFunding(a), sign(buyerKey, idOf(a))));
        refused(provider, call, notSigned(provider, idOf(a)));
    }

    function test_upFrontToABlacklistedProviderIsCredited() public {
        Agreement memory a = newAgreement();
        a.opening.upFront = UP_FRONT;
        blacklistUSDC(provider);
        bytes memory call = openCall(a);
        vm.expectEmit(address(escrow));
        emit UpFrontPaid(idOf(a), UP_FRONT, false);
        done(relayer, call);
        assertEq(free(provider), 10_000e6 - BOND + UP_FRONT);
    }

    function test_upFrontWhilePausedIsCredited() public {
        vm.prank(buyer);
        escrow.deposit(buyer, 2000e6);
        Agreement memory a = newAgreement();
        a.opening.upFront = UP_FRONT;
        pauseUSDC();
        bytes memory accepts = sign(providerKey, idOf(a));
        done(buyer, abi.encodeCall(escrow.open, (a, Funding.Collateral, "", accepts)));
        assertEq(free(provider), 10_000e6 - BOND + UP_FRONT);
    }

    function test_anIdIsOpenedOnceForEver() public {
        Agreement memory a = newAgreement();
        bytes memory call = openCall(a);
        done(relayer, call);
        refused(relayer, call, wrongState(a, State.Open));
        done(provider, concedeCall(a, provider));
        refused(relayer, call, wrongState(a, State.Closed));
        // Neither by a way that needs no authorization.
        vm.prank(buyer);
        escrow.deposit(buyer, 2000e6);
        bytes memory accepts = sign(providerKey, idOf(a));
        refused(
            buyer,
            abi.encodeCall(escrow.open, (a, Funding.Collateral, "", accepts)),
            wrongState(a, State.Closed)
        );
    }

    // ---- times

    function test_openBy_isTheFirstMomentTooLate() public {
        Agreement memory a = newAgreement();
        Agreement memory b = newAgreement();
        bytes memory callA = openCall(a);
        bytes memory callB = openCall(b);
        vm.warp(a.opening.openBy - 1);
        done(relayer, callA);
        vm.warp(b.opening.openBy);
        refused(relayer, callB, tooLate(b.opening.openBy));
    }

    function test_deliverBy_wellAfterOpenBy() public {
        Agreement memory a = newAgreement();
        a.opening.deliverBy = a.opening.openBy + uint40(MIN_DELIVERY) - 1;
        refused(relayer, openCall(a), badTerms("deliverBy"));
        a.opening.deliverBy += 1;
        done(relayer, openCall(a));
    }

    function test_judgeBy_withinTheLongestJob() public {
        Agreement memory a = newAgreement();
        a.terms.judgeBy = uint40(block.timestamp + MAX_LENGTH + 1);
        refused(relayer, openCall(a), badTerms("judgeBy"));
        a.terms.judgeBy -= 1;
        a.opening.deliverBy = a.terms.judgeBy - 1 hours;
        a.terms.fee = FEE * 10;
        done(relayer, openCall(a));
        assertEq(viewOf(a).deliverBy, a.opening.deliverBy, "the longest job fits the word");
    }

    function test_judgeBy_leavesTheCommitteeItsTime() public {
        Agreement memory a = newAgreement();
        a.terms.judgeBy = a.opening.deliverBy + 1 hours - 1;
        refused(relayer, openCall(a), badTerms("judgeBy"));
        a.terms.judgeBy += 1;
        done(relayer, openCall(a));
    }

    function test_judgeBy_afterDeliverByEvenWhereTheCommitteeNeedsNoTime() public {
        Committee memory c = defaultCommittee();
        c.minVerdict = 0;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        Agreement memory a = newAgreement();
        a.terms.judgeBy = a.opening.deliverBy;
        refused(relayer, openCall(a), badTerms("judgeBy"));
        a.terms.judgeBy += 1;
        done(relayer, openCall(a));
    }

    function test_timesOutOfOrder() public {
        Agreement memory a = newAgreement();
        a.terms.judgeBy = uint40(block.timestamp - 1);
        refused(relayer, openCall(a), badTerms("judgeBy"));
        a = newAgreement();
        a.opening.openBy = uint40(block.timestamp - 1);
        refused(relayer, openCall(a), tooLate(a.opening.openBy));
        a = newAgreement();
        a.opening.deliverBy = 0;
        refused(relayer, openCall(a), badTerms("deliverBy"));
        a = newAgreement();
        a.opening.deliverBy = type(uint40).max;
        refused(relayer, openCall(a), badTerms("judgeBy"));
        a = newAgreement();
        a.terms.judgeBy = type(uint40).max;
        refused(relayer, openCall(a), badTerms("judgeBy"));
    }

    function test_challenge_zeroOrWithinLimits() public {
        Agreement memory a = newAgreement();
        a.terms.challenge = 7 days + 1;
        refused(relayer, openCall(a), badTerms("challenge"));
        a.terms.challenge = 7 days;
        done(relayer, openCall(a));
        a = newAgreement();
        a.terms.challenge = uint32(MIN_CHALLENGE) - 1;
        refused(relayer, openCall(a), badTerms("challenge"));
        a.terms.challenge = 1;
        refused(relayer, openCall(a), badTerms("challenge"));
        a.terms.challenge = uint32(MIN_CHALLENGE);
        done(relayer, openCall(a));
        a = newAgreement();
        a.terms.challenge = 0;
        done(relayer, openCall(a));
    }

    function test_ruling_withinLimits() public {
        Agreement memory a = newAgreement();
        a.terms.ruling = 1 hours - 1;
        refused(relayer, openCall(a), badTerms("ruling"));
        a.terms.ruling = 1 hours;
        done(relayer, openCall(a));
        a = newAgreement();
        a.terms.ruling = uint32(MAX_RULING + 1);
        refused(relayer, openCall(a), badTerms("ruling"));
        a.terms.ruling = uint32(MAX_RULING);
        done(relayer, openCall(a));
    }

    // ---- parties and amounts

    function test_parties() public {
        Agreement memory a = newAgreement();
        a.terms.buyer = address(0);
        refused(relayer, openCall(a), badTerms("buyer"));
        a.terms.buyer = address(escrow);
        refused(relayer, openCall(a), badTerms("buyer"));
        a = newAgreement();
        a.terms.provider = address(0);
        refused(relayer, openCall(a), badTerms("provider"));
        a.terms.provider = address(escrow);
        refused(relayer, openCall(a), badTerms("provider"));
        a.terms.provider = buyer;
        refused(relayer, openCall(a), badTerms("provider"));
    }

    function test_gatedIsAboveZero() public {
        Agreement memory a = newAgreement();
        a.terms.gated = 0;
        refused(relayer, openCall(a), badTerms("gated"));
        a.terms.gated = 1;
        done(relayer, openCall(a));
    }

    function test_valueUpToWhatTheCommitteeAccepts() public {
        Agreement memory a = newAgreement();
        a.terms.gated = 29_000e6;
        a.terms.fee = 1000e6;
        a.terms.bond = 1000e6 + 1;
        Committee memory c = defaultCommittee();
        c.maxValue = 30_000e6;
        a.terms.committee = committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        refused(relayer, openCall(a), abi.encodeWithSelector(ValueTooHigh.selector, 30_000e6 + 1, 30_000e6));
        a.terms.bond -= 1;
        done(relayer, openCall(a));
        assertEq(escrow.committeeState(committee).free, 0, "30,000 over three is all of 10,000");
    }

    function test_hugeAmountsDoNotOverflow() public {
        Agreement memory a = newAgreement();
        a.terms.gated = type(uint64).max;
        a.terms.bond = type(uint64).max;
        refused(
            relayer,
            openCall(a),
            abi.encodeWithSelector(ValueTooHigh.selector, 2 * uint256(type(uint64).max), 100_000e6)
        );
    }

    function test_lowestFee() public {
        // 1 USDC flat, and 100 millionths of 1300 USDC for each of three days: 0.39 USDC.
        Agreement memory a = newAgreement();
        a.terms.fee = 1.39e6 - 1;
        refused(relayer, openCall(a), abi.encodeWithSelector(FeeTooLow.selector, 1.39e6 - 1, 1.39e6));
        a.terms.fee = 1.39e6;
        bytes memory call = openCall(a);
        done(relayer, call);
        // Rounded up: one second longer costs a unit more.
        a = newAgreement();
        a.terms.judgeBy += 1;
        a.terms.fee = 1.39e6;
        refused(relayer, openCall(a), abi.encodeWithSelector(FeeTooLow.selector, 1.39e6, 1.39e6 + 2));
    }

    // ---- committee

    function test_unknownCommittee() public {
        Agreement memory a = newAgreement();
        a.terms.committee = keccak256("no such");
        refused(relayer, openCall(a), abi.encodeWithSelector(UnknownCommittee.selector, keccak256("no such")));
    }

    function test_tooFewMembers() public {
        for (uint256 i; i < 3; ++i) {
            Agreement memory a = newAgreement();
            done(relayer, openCall(a));
            assertEq(viewOf(a).members, 31 - (1 << i) + 1);
            vm.prank(evaluators[i]);
            escrow.leave(committee, i);
        }
        assertEq(escrow.committeeState(committee).free, 0, "no capacity");
        Agreement memory b = newAgreement();
        refused(relayer, openCall(b), abi.encodeWithSelector(TooFewMembers.selector, committee, 2, 3));
    }

    function test_coverageExhausted_toTheUnit() public {
        // S = 10,000: three members' shares of 29,997.000001 USDC leave 0.999999 each.
        Agreement memory a = newAgreement();
        a.terms.bond = 0;
        a.terms.gated = 29_700e6;
        a.terms.fee = 100e6;
        done(relayer, openCall(a));
        assertEq(escrow.committeeState(committee).free, 100e6);
        a = newAgreement();
        a.terms.bond = 0;
        a.terms.gated = 300e6 + 1;
        refused(
            relayer,
            openCall(a),
            abi.encodeWithSelector(CoverageExhausted.selector, committee, 9900e6, 100e6 + 1, uint256(STAKE))
        );
        a.terms.gated = 300e6;
        done(relayer, openCall(a));
        assertEq(escrow.committeeState(committee).free, 0);
        a = newAgreement();
        a.terms.bond = 0;
        a.terms.gated = 1;
        // The price of silence is the least that is reserved.
        refused(
            relayer,
            openCall(a),
            abi.encodeWithSelector(
                CoverageExhausted.selector, committee, uint256(STAKE), (SILENCE + 2) / 3, uint256(STAKE)
            )
        );
    }

    function test_coverageComesBackAtClosing() public {
        Agreement memory a = newAgreement();
        a.terms.bond = 0;
        a.terms.gated = 30_000e6;
        a.terms.fee = 100e6;
        done(relayer, openCall(a));
        assertEq(escrow.committeeState(committee).free, 0);
        done(provider, concedeCall(a, provider));
        assertEq(escrow.committeeState(committee).free, STAKE);
    }

    function test_bondMustBeThere() public {
        vm.prank(provider);
        escrow.claim(provider, 10_000e6 - BOND + 1);
        Agreement memory a = newAgreement();
        refused(
            relayer,
            openCall(a),
            abi.encodeWithSelector(InsufficientCollateral.selector, provider, BOND - 1, BOND)
        );
        a.terms.bond = BOND - 1;
        done(relayer, openCall(a));
        a = newAgreement();
        a.terms.bond = 0;
        done(relayer, openCall(a));
    }
}
