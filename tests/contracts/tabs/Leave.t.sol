// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Everybody can leave, and nobody without the other's last period.
contract TabLeaveTest is TabEndings {
    function test_theBuyerLeavesWithoutTheProvider() public {
        TabAgreement memory a = opened();
        uint256 end = block.timestamp + a.terms.notice;
        vm.expectEmit(address(tabs));
        emit ITabEvents.NoticeGiven(idOf(a), buyer, uint40(end));
        notice(a, buyer);
        refused(buyer, closeCall(a), tooEarly(end));
        vm.warp(end - 1);
        refused(buyer, closeCall(a), tooEarly(end));
        vm.warp(end);
        bytes memory late = presentCall(a, tally(10_000, 90e6));
        refused(relayer, late, tooLate(end));
        remember();
        done(relayer, closeCall(a));
        assertGot(DEPOSIT + CREDIT + 10e6, TAB_BOND);
        assertEq(feesOf(31), READY_FEE);
        assertClosed(a);
    }

    function test_theProviderSettlesWithoutTheBuyer() public {
        TabAgreement memory a = opened();
        notice(a, buyer);
        skip(a.terms.notice - 1);
        Tally memory t = tally(10_000, 90e6); // before its time, and less than is due: there is no other chance
        presentAlone(a, t);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 90e6);
        skip(a.terms.challenge);
        remember();
        settle(a);
        assertGot(10e6 + CREDIT + 9e6, 90e6 + TAB_BOND);
        assertClosed(a);
    }

    function test_aPendingPeriodLeavesTimeForTheLastOne() public {
        (TabAgreement memory a,) = judged(40e6, Outcome.Pass, 40e6);
        notice(a, buyer);
        skip(a.terms.challenge + 10 days);
        settle(a);
        uint256 end = block.timestamp + a.terms.notice;
        assertEq(stateOf(a).end, end);
        refused(relayer, closeCall(a), tooEarly(end));
        Tally memory t = tally(20_000, 90e6);
        present(a, t);
        assertTrue(stateOf(a).last);
        skip(a.terms.window);
        judge(a, t, Outcome.Pass, 50e6);
        skip(a.terms.challenge);
        settle(a);
        assertClosed(a);
    }

    function test_andSoDoesOneThatIsPendingAtTheEnd() public {
        TabAgreement memory a = opened();
        vm.warp(a.terms.endBy - 1);
        Tally memory t = tally(10_000, 40e6);
        present(a, t);
        assertFalse(stateOf(a).last);
        judge(a, t, Outcome.Pass, 40e6);
        skip(a.terms.challenge);
        settle(a);
        assertEq(stateOf(a).end, block.timestamp + a.terms.notice);
        present(a, tally(20_000, 50e6));
        assertTrue(stateOf(a).last); // and no other after it
    }

    function test_noticeBySignature() public {
        TabAgreement memory a = opened();
        uint256 expiry = block.timestamp + 1 hours;
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256("Notice(bytes32 tab,address party,uint256 expiry)"), idOf(a), provider, expiry
                )
            )
        );
        bytes memory call =
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), provider, expiry, sign(providerKey, digest)));
        bytes memory forged =
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), provider, expiry, sign(buyerKey, digest)));
        refused(relayer, forged, abi.encodeWithSelector(ILedger.NotSignedBy.selector, provider, digest));
        bytes memory stranger = abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), relayer, expiry, bytes("")));
        refused(relayer, stranger, abi.encodeWithSelector(ITabEvents.NotAllowed.selector, relayer));
        uint256 before = vm.snapshotState();
        vm.warp(expiry);
        refused(
            relayer, call, abi.encodeWithSelector(IBook.PermissionExpired.selector, expiry, block.timestamp)
        );
        vm.chainId(1);
        refused(relayer, call, forked());
        vm.revertToState(before);
        done(relayer, call);
        assertTrue(stateOf(a).closing);
        // Given again, it neither shortens nor lengthens.
        uint40 end = stateOf(a).end;
        skip(10);
        notice(a, buyer);
        assertEq(stateOf(a).end, end);
        a = newTab();
        refused(
            buyer,
            abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), buyer, 0, bytes(""))),
            wrongPhase(a, ITabEvents.Phase.None)
        );
    }

    function test_withoutNoticeItEndsByTime() public {
        TabAgreement memory a = opened();
        uint256 end = uint256(a.terms.endBy) + a.terms.notice;
        refused(relayer, closeCall(a), tooEarly(end));
        vm.warp(end);
        done(relayer, closeCall(a));
        assertClosed(a);
        refused(relayer, closeCall(a), wrongPhase(a, ITabEvents.Phase.Closed));
    }

    function test_aPendingPeriodIsNotClosedOver() public {
        (TabAgreement memory a,) = presented(40e6);
        vm.warp(uint256(a.terms.endBy) + a.terms.notice);
        refused(relayer, closeCall(a), wrongPhase(a, ITabEvents.Phase.Presented));
    }
}
