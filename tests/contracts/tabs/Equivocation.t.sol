// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {TabAgreement, TabVerdict, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Who contradicts itself pays, now or later.
contract TabEquivocationTest is TabEndings {
    function proofCall(TabAgreement memory a, bytes32 deliverable, Statement memory x, Statement memory y)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(tabs.proveEquivocation, (a.terms, oh(a), deliverable, x, y));
    }

    function test_whoContradictsItselfPays() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        bytes32 d = deliverableOf(a, t);
        Statement memory x = statement(keys[0], idOf(a), d, Outcome.Pass, 80e6);
        Statement memory y = statement(keys[0], idOf(a), d, Outcome.Pass, 81e6);
        vm.chainId(1);
        refused(relayer, proofCall(a, d, x, y), forked());
        vm.chainId(HOME);
        remember();
        vm.expectEmit(address(tabs));
        emit IBook.Equivocated(idOf(a), 0, relayer, 60e6);
        done(relayer, proofCall(a, d, x, y));
        assertGot(15e6, 15e6);
        assertEq(free(relayer), 30e6);
        refusedWith(relayer, proofCall(a, d, x, y), ICoverage.AlreadyShown.selector);
        refused(
            relayer,
            abi.encodeCall(tabs.collect, (a.terms, oh(a), 0)),
            abi.encodeWithSelector(IBook.NoDebt.selector, idOf(a), 0)
        );
        // The others go on.
        TabVerdict memory v = verdictOf(a, t, Outcome.Pass, 80e6, 14);
        done(relayer, abi.encodeCall(tabs.judge, (a.terms, oh(a), t, v)));
    }

    function test_notOnATabThatIsOver() public {
        (TabAgreement memory a, Tally memory t) = judged(90e6, Outcome.Fail, 0);
        bytes32 d = deliverableOf(a, t);
        Statement memory x = statement(keys[0], idOf(a), d, Outcome.Pass, 80e6);
        Statement memory y = statement(keys[0], idOf(a), d, Outcome.Fail, 80e6);
        skip(a.terms.challenge);
        settle(a);
        refusedWith(relayer, proofCall(a, d, x, y), ICoverage.NotReserved.selector);
    }

    function test_whatAnEquivocatorOwesIsCollectedLater() public {
        TabAgreement memory big = newTab();
        big.terms.bond = 29_850e6;
        big.terms.fee = 200e6;
        vm.prank(provider);
        escrow.deposit(provider, 50_000e6);
        done(relayer, openCall(big)); // everything is reserved: nothing can be taken at once
        bytes32 d = keccak256("any deliverable");
        Statement memory x = statement(keys[0], idOf(big), d, Outcome.Pass, 80e6);
        Statement memory y = statement(keys[0], idOf(big), d, Outcome.Fail, 80e6);
        remember();
        done(relayer, proofCall(big, d, x, y));
        assertGot(0, 0);
        notice(big, buyer);
        skip(big.terms.notice);
        done(relayer, closeCall(big));
        remember();
        vm.expectEmit(address(tabs));
        emit IBook.DebtHandedOut(idOf(big), 0, 10_000e6);
        done(relayer, abi.encodeCall(tabs.collect, (big.terms, oh(big), 0)));
        assertGot(2500e6, 2500e6);
        assertEq(free(relayer), 5000e6);
    }
}
