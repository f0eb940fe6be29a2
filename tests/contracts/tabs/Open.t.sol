// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Committee, Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {TabAgreement} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabFixture} from "./TabFixture.sol";

/// What a tab may be, and how it is paid for.
contract TabOpenTest is TabFixture {
    function test_oneAuthorizationPays() public {
        TabAgreement memory a = newTab();
        uint256 wallet = usdc.balanceOf(buyer);
        uint256 collateral = free(buyer);
        uint256 bonded = free(provider);
        vm.expectEmit(address(tabs));
        emit ITabEvents.TabOpened(idOf(a), buyer, provider, a, 31);
        bytes memory returned = done(relayer, openCall(a));
        assertEq(abi.decode(returned, (bytes32)), idOf(a));
        assertEq(tabs.tabId(a.terms, oh(a)), idOf(a));
        assertEq(wallet - usdc.balanceOf(buyer), 112e6);
        assertEq(collateral - free(buyer), CREDIT);
        assertEq(bonded - free(provider), TAB_BOND);
        assertEq(free(address(tabs)), 112e6 + CREDIT + TAB_BOND);
        assertEq(usdc.balanceOf(address(tabs)), 0);
        // 180 USDC at stake are shared by three.
        assertEq(reserved(), 60e6);
        ITabEvents.TabView memory v = stateOf(a);
        assertEq(uint8(v.phase), uint8(ITabEvents.Phase.Open));
        assertEq(v.members, 31);
        assertEq(v.balance, DEPOSIT);
        assertEq(v.end, a.terms.endBy + a.terms.notice);
        assertEq(v.from, block.timestamp + a.terms.period);
    }

    function test_orTheBuyersAllowanceOrItsCollateral() public {
        TabAgreement memory a = newTab();
        bytes memory call =
            abi.encodeCall(tabs.open, (a, Funding.Allowance, bytes(""), collateralPledge(a), bondPledge(a)));
        refused(relayer, call, abi.encodeWithSelector(ITabEvents.NotAllowed.selector, relayer));
        done(buyer, call);
        a = newTab();
        bytes memory all = pledge(buyerKey, idOf(a), paidIn(a) + CREDIT, a.opening.openBy);
        uint256 collateral = free(buyer);
        done(relayer, abi.encodeCall(tabs.open, (a, Funding.Collateral, all, bytes(""), bondPledge(a))));
        assertEq(collateral - free(buyer), 162e6);
    }

    function test_withoutABondTheProviderSignsTheTab() public {
        TabAgreement memory a = newTab();
        a.terms.bond = 0;
        bytes memory call =
            abi.encodeCall(tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(a), bytes("")));
        refused(relayer, call, abi.encodeWithSelector(ILedger.MalformedSignature.selector, 0));
        bytes memory signed = abi.encodeCall(
            tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(a), sign(buyerKey, idOf(a)))
        );
        refused(relayer, signed, abi.encodeWithSelector(ILedger.NotSignedBy.selector, provider, idOf(a)));
        uint256 before = vm.snapshotState();
        done(provider, call);
        vm.revertToState(before);
        done(
            relayer,
            abi.encodeCall(
                tabs.open,
                (a, Funding.Authorization, payment(a), collateralPledge(a), sign(providerKey, idOf(a)))
            )
        );
    }

    function test_notTwice() public {
        TabAgreement memory a = opened();
        refused(relayer, openCall(a), wrongPhase(a, ITabEvents.Phase.Open));
        notice(a, buyer);
        skip(a.terms.notice);
        done(relayer, closeCall(a));
        a.opening.openBy = a.opening.openBy; // the very same terms
        refused(relayer, openCall(a), wrongPhase(a, ITabEvents.Phase.Closed));
    }

    function test_notWithSignaturesForOtherTerms() public {
        TabAgreement memory a = newTab();
        TabAgreement memory b = newTab();
        b.terms.deposit = a.terms.deposit;
        refusedWith(
            relayer,
            abi.encodeCall(
                tabs.open, (a, Funding.Authorization, payment(b), collateralPledge(a), bondPledge(a))
            ),
            bytes4(keccak256("Error(string)"))
        );
        refusedWith(
            relayer,
            abi.encodeCall(
                tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(b), bondPledge(a))
            ),
            ILedger.NotSignedBy.selector
        );
        refusedWith(
            relayer,
            abi.encodeCall(
                tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(a), bondPledge(b))
            ),
            ILedger.NotSignedBy.selector
        );
    }

    function test_notFromOpenByOn() public {
        TabAgreement memory a = newTab();
        bytes memory call = openCall(a);
        vm.warp(a.opening.openBy);
        refused(relayer, call, tooLate(a.opening.openBy));
        vm.warp(a.opening.openBy - 1);
        done(relayer, call);
    }

    function test_notAfterAFork() public {
        bytes memory call = openCall(newTab());
        vm.chainId(1);
        refused(relayer, call, forked());
    }

    function test_dirtyWordsAreRefused() public {
        TabAgreement memory a = newTab();
        bytes memory call = openCall(a);
        // Each of the terms' words but the committee, then openBy: something above the field's width.
        for (uint256 i; i < 23; ++i) {
            if (i == 2 || (i > 18 && i != 22)) continue;
            bytes memory dirty = bytes.concat(call);
            // selector, then agreement in place
            dirty[4 + 32 * i] = 0x01;
            vm.prank(relayer);
            (bool ok, bytes memory data) = address(tabs).call(dirty);
            assertFalse(ok, vm.toString(i));
            assertTrue(data.length == 0 || bytes4(data) == ITabEvents.BadTerms.selector, vm.toString(i));
        }
        done(relayer, call);
    }

    // ---- terms

    function refusedTerm(TabAgreement memory a, bytes32 field) private {
        refused(relayer, openCall(a), badTerms(field));
    }

    function test_parties() public {
        TabAgreement memory a = newTab();
        a.terms.buyer = address(0);
        refusedTerm(a, "buyer");
        a.terms.buyer = address(escrow);
        refusedTerm(a, "buyer");
        a = newTab();
        a.terms.provider = address(0);
        refusedTerm(a, "provider");
        a.terms.provider = address(escrow);
        refusedTerm(a, "provider");
        a.terms.provider = buyer;
        refusedTerm(a, "provider");
    }

    function test_amounts() public {
        TabAgreement memory a = newTab();
        a.terms.deposit = 0;
        refusedTerm(a, "deposit");
        a = newTab();
        a.terms.ceiling = 0;
        refusedTerm(a, "ceiling");
        a = newTab();
        a.terms.credit = uint64(1 << 56) - DEPOSIT;
        refusedTerm(a, "credit");
        a.terms.credit -= 1;
        refusedTerm(a, "value"); // fits, but no committee takes it
        a = newTab();
        a.terms.periods = 0;
        refusedTerm(a, "periods");
        a = newTab();
        a.terms.bond = 100_000e6 - DEPOSIT - CREDIT + 1;
        refusedTerm(a, "value");
    }

    function test_fees() public {
        TabAgreement memory a = newTab();
        a.terms.verdictFee = 1e6 - 1;
        refusedTerm(a, "verdictFee");
        a = newTab();
        // 180 USDC, 100 millionths a day, until the last verdict of a last period.
        uint256 length = 30 days + 2 * (5 hours + MIN_CHALLENGE) + 1 days + 2 days + 4 hours + 5 hours;
        a.terms.fee = uint64((180e6 * 100 * length + 1e6 * 1 days - 1) / (1e6 * 1 days));
        bytes memory call = openCall(a);
        a.terms.fee -= 1;
        refusedTerm(a, "fee");
        done(relayer, call);
    }

    function test_times() public {
        TabAgreement memory a = newTab();
        a.terms.window = uint32(MIN_CHALLENGE - 1);
        refusedTerm(a, "window");
        a = newTab();
        a.terms.notice = uint32(MIN_CHALLENGE - 1);
        refusedTerm(a, "notice");
        a = newTab();
        a.terms.grace = uint32(MIN_CHALLENGE - 1);
        refusedTerm(a, "grace");
        a = newTab();
        a.terms.verdict = uint32(1 hours - 1);
        refusedTerm(a, "verdict");
        a = newTab();
        a.terms.challenge = uint32(MIN_CHALLENGE - 1);
        refusedTerm(a, "challenge");
        a.terms.challenge = uint32(7 days + 1);
        refusedTerm(a, "challenge");
        a = newTab();
        a.terms.ruling = uint32(1 hours - 1);
        refusedTerm(a, "ruling");
        a.terms.ruling = uint32(60 days + 1);
        refusedTerm(a, "ruling");
        a = newTab();
        a.terms.period = uint32(180 days + 1);
        refusedTerm(a, "period");
        a = newTab();
        a.terms.endBy = uint40(block.timestamp);
        refused(relayer, openCall(a), tooLate(block.timestamp));
    }

    function test_withoutCreditNoGraceIsNeeded() public {
        TabAgreement memory a = newTab();
        (a.terms.credit, a.terms.grace) = (0, 0);
        done(
            relayer,
            abi.encodeCall(tabs.open, (a, Funding.Authorization, payment(a), bytes(""), bondPledge(a)))
        );
    }

    function test_aVerdictNeedsTime() public {
        Committee memory hasty = committeeTerms;
        (hasty.minVerdict, hasty.salt) = (0, 1);
        TabAgreement memory a = newTab();
        a.terms.committee = escrow.createCommittee(hasty);
        a.terms.verdict = 0;
        refusedTerm(a, "verdict");
    }

    function test_theLastVerdictComesWithinTheLongestJob() public {
        TabAgreement memory a = newTab();
        uint256 after_ = 2 * (5 hours + MIN_CHALLENGE) + 1 days + 2 days + 4 hours + 5 hours;
        a.terms.endBy = uint40(block.timestamp + 180 days - after_ + 1);
        a.terms.fee = 10e6;
        refusedTerm(a, "endBy");
        a.terms.endBy -= 1;
        done(relayer, openCall(a));
        // A lapse has a longer challenge than a verdict may have.
        a = newTab();
        a.terms.challenge = uint32(MIN_CHALLENGE);
        a.terms.fee = 10e6;
        a.terms.endBy = uint40(block.timestamp + 180 days - after_ + 1);
        refusedTerm(a, "endBy");
    }

    function test_onlyWhoAgreedServes() public {
        TabAgreement memory a = newTab();
        ITabs other = tabs;
        tabs = ITabs(vm.deployCode("Tabs.sol:Tabs", abi.encode(escrow)));
        a = newTab();
        refused(
            relayer, openCall(a), abi.encodeWithSelector(ICoverage.TooFewMembers.selector, committee, 0, K)
        );
        tabs = other;
    }

    function test_coverageIsReserved() public {
        TabAgreement memory a = newTab();
        a.terms.bond = 29_850e6; // 30,000 at stake: all that a third each of 10,000 covers
        vm.prank(provider);
        escrow.deposit(provider, 50_000e6);
        a.terms.fee = 200e6;
        done(relayer, openCall(a));
        a = newTab();
        refusedWith(relayer, openCall(a), ICoverage.CoverageExhausted.selector);
    }

    // ---- topping up

    function test_theBalanceIsFilledUpToTheDeposit() public {
        TabAgreement memory a = opened();
        refused(relayer, topUpCall(a, 1), abi.encodeWithSelector(ITabEvents.TopUpTooLarge.selector, 1, 0));
        skip(a.terms.period);
        present(a, tally(10_000, 60e6));
        judge(a, tally(10_000, 60e6), Outcome.Pass, 60e6);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).balance, 40e6);
        refused(
            relayer,
            topUpCall(a, 60e6 + 1),
            abi.encodeWithSelector(ITabEvents.TopUpTooLarge.selector, 60e6 + 1, 60e6)
        );
        refused(relayer, topUpCall(a, 0), abi.encodeWithSelector(ITabEvents.TopUpTooLarge.selector, 0, 60e6));
        uint256 wallet = usdc.balanceOf(relayer);
        vm.expectEmit(address(tabs));
        emit ITabEvents.ToppedUp(idOf(a), 10e6, relayer);
        done(relayer, topUpCall(a, 10e6));
        assertEq(wallet - usdc.balanceOf(relayer), 10e6);
        assertEq(stateOf(a).balance, 50e6);
        // by the buyer's authorization, which anyone presents, once
        bytes32 nonce = topUpDigest(a, 20e6, block.timestamp + 1 days, 7);
        bytes memory pays = signReceiveUSDC(buyerKey, address(tabs), 20e6, 0, block.timestamp + 1 days, nonce);
        bytes memory call = abi.encodeCall(
            tabs.topUp, (a.terms, oh(a), 20e6, Funding.Authorization, block.timestamp + 1 days, 7, pays)
        );
        done(relayer, call);
        assertEq(stateOf(a).balance, 70e6);
        refusedWith(relayer, call, bytes4(keccak256("Error(string)")));
        // or by its pledge
        nonce = topUpDigest(a, 30e6, block.timestamp + 1 days, 8);
        bytes memory pledged = pledge(buyerKey, nonce, 30e6, block.timestamp + 1 days);
        call = abi.encodeCall(
            tabs.topUp, (a.terms, oh(a), 30e6, Funding.Collateral, block.timestamp + 1 days, 8, pledged)
        );
        done(relayer, call);
        assertEq(stateOf(a).balance, DEPOSIT);
    }

    function test_notOnATabThatIsNotThere() public {
        TabAgreement memory a = newTab();
        refused(relayer, topUpCall(a, 1), wrongPhase(a, ITabEvents.Phase.None));
        a = opened();
        notice(a, provider);
        skip(a.terms.notice);
        done(relayer, closeCall(a));
        refused(relayer, topUpCall(a, 1), wrongPhase(a, ITabEvents.Phase.Closed));
        bytes memory call = topUpCall(opened(), 1);
        vm.chainId(1);
        refused(relayer, call, forked());
    }

    function topUpDigest(TabAgreement memory a, uint256 amount, uint256 expiry, uint256 salt)
        private
        view
        returns (bytes32)
    {
        bytes32 kind = keccak256("TopUp(bytes32 tab,uint256 amount,uint256 expiry,uint256 salt)");
        return tabTyped(keccak256(abi.encode(kind, idOf(a), amount, expiry, salt)));
    }
}
