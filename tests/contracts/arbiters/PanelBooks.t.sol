// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {IRulable} from "../../../contracts/arbiters/IRulable.sol";
import {Attested, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {Book} from "./Books.sol";
import {PanelFixture} from "./PanelFixture.sol";

/// The panel as arbiter of a book.
contract PanelBooksTest is PanelFixture {
    bytes32 private constant SUBJECT = "tab 7, period 3";
    uint256 private constant PAYABLE = 123e6;
    uint256 private constant Z_SHARE = 100e6; // 500 / 5

    Book private book;

    function setUp() public override {
        super.setUp();
        book = new Book(escrow, ARBITER_COST);
        vm.prank(provider);
        escrow.transfer(address(book), 100e6);
        raise(buyer, provider);
    }

    function test_ruleOn() public {
        Attested[] memory attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE);
        vm.prank(relayer);
        panel.ruleOn(book, SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested);
        assertEq(uint8(book.outcomes(SUBJECT)), uint8(Outcome.Pass));
        assertEq(book.payables(SUBJECT), PAYABLE);
        assertEq(escrow.feesOf(panelCommittee, FIVE), ARBITER_COST);
        IPanel.Case memory c = panel.caseOf(address(book), SUBJECT);
        assertEq(c.share, Z_SHARE);
        assertEq(uint8(c.stage), uint8(IPanel.Stage.Ruled));
        panelRefuses(
            ruleOnCall(attested),
            abi.encodeWithSelector(IPanel.BadParty.selector, address(0)) // no longer disputed
        );
        raise(buyer, provider);
        panelRefuses(
            ruleOnCall(attested),
            abi.encodeWithSelector(
                IPanel.WrongStage.selector, caseOf(address(book), SUBJECT), IPanel.Stage.Ruled
            )
        );
    }

    function test_ruleOn_refused() public {
        Attested[] memory attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE);
        panelRefuses(
            abi.encodeCall(
                panel.ruleOn, (IRulable(address(escrow)), SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested)
            ),
            abi.encodeWithSelector(IPanel.UseRule.selector)
        );
        raise(buyer, address(0));
        panelRefuses(ruleOnCall(attested), abi.encodeWithSelector(IPanel.BadParty.selector, address(0)));
        raise(address(escrow), provider);
        panelRefuses(ruleOnCall(attested), abi.encodeWithSelector(IPanel.BadParty.selector, escrow));
        book.raise(SUBJECT, Book.Dispute(arbiter, block.timestamp + 1, buyer, provider));
        panelRefuses(ruleOnCall(attested), abi.encodeWithSelector(Book.NotYours.selector, panel));
        raise(buyer, provider);
        attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, 15);
        panelRefuses(ruleOnCall(attested), abi.encodeWithSelector(NotAQuorum.selector, 5, 4, 5));
        // What is payable is signed.
        attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE + 1, FIVE);
        (bool ok, bytes memory data) = address(panel).call(ruleOnCall(attested));
        assertFalse(ok);
        assertEq(bytes4(data), NotTheKey.selector);
    }

    /// Two amounts contradict each other as two outcomes do.
    function test_ruleOn_equivocation() public {
        panel.ruleOn(
            book,
            SUBJECT,
            Outcome.Pass,
            PAYABLE,
            FIVE,
            rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE)
        );
        Statement memory a = ruling(memberKeys[0], address(book), SUBJECT, Outcome.Pass, PAYABLE);
        Statement memory b = ruling(memberKeys[0], address(book), SUBJECT, Outcome.Pass, PAYABLE + 1);
        uint256 before = free(buyer) + free(provider);
        vm.prank(finder);
        panel.proveEquivocation(address(book), SUBJECT, a, b);
        vm.warp(block.timestamp + PROOF);
        panel.release(address(book), SUBJECT);
        assertEq(free(finder), Z_SHARE / 2);
        assertEq(free(buyer) + free(provider) - before, Z_SHARE / 2);
        assertEq(panelStake(0), PANEL_STAKE - Z_SHARE);
    }

    /// Whoever comes back while a ruling is carried out finds it made.
    function test_ruleOn_reentered() public {
        Attested[] memory attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE);
        book.plan(address(panel), ruleOnCall(attested));
        panel.ruleOn(book, SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested);
        assertFalse(book.went());
        assertEq(
            book.answer(),
            abi.encodeWithSelector(
                IPanel.WrongStage.selector, caseOf(address(book), SUBJECT), IPanel.Stage.Ruled
            )
        );
        assertEq(escrow.feesOf(panelCommittee, FIVE), ARBITER_COST);
    }

    /// A case released within the call leaves nothing behind that the signers could take.
    function test_ruleOn_reenteredByRelease() public {
        panel.ruleOn(
            book,
            SUBJECT,
            Outcome.Pass,
            PAYABLE,
            FIVE,
            rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE)
        );
        Statement memory a = ruling(memberKeys[0], address(book), SUBJECT, Outcome.Pass, 1);
        Statement memory b = ruling(memberKeys[0], address(book), SUBJECT, Outcome.Pass, 2);
        panel.proveEquivocation(address(book), SUBJECT, a, b);
        vm.warp(block.timestamp + PROOF);
        bytes32 next = "tab 7, period 4";
        book.raise(next, Book.Dispute(address(panel), block.timestamp + 1, buyer, provider));
        book.plan(address(panel), abi.encodeCall(panel.release, (address(book), SUBJECT)));
        Attested[] memory attested = rulings(address(book), next, Outcome.Pass, PAYABLE, FIVE << 1);
        panel.ruleOn(book, next, Outcome.Pass, PAYABLE, FIVE << 1, attested);
        assertTrue(book.went());
        assertEq(escrow.feesOf(panelCommittee, FIVE << 1), ARBITER_COST);
        assertEq(panelStake(0), PANEL_STAKE - Z_SHARE);
    }

    /// A book that pays nothing is ruled on too.
    function test_ruleOn_forNothing() public {
        book = new Book(escrow, 0);
        raise(buyer, provider);
        panel.ruleOn(
            book, SUBJECT, Outcome.Lapse, 0, FIVE, rulings(address(book), SUBJECT, Outcome.Lapse, 0, FIVE)
        );
        assertEq(escrow.feesOf(panelCommittee, FIVE), 0);
    }

    /// What came in without a ruling is all members', whoever rules next.
    function test_ruleOn_takesOnlyWhatItEarned() public {
        vm.prank(provider);
        escrow.transfer(address(panel), 5e6);
        Attested[] memory attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE);
        panel.ruleOn(book, SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested);
        assertEq(escrow.feesOf(panelCommittee, FIVE), ARBITER_COST);
        assertEq(free(address(panel)), 5e6);
    }

    /// A book that has it distributed meanwhile takes nothing from anybody.
    function test_ruleOn_reenteredByDistribute() public {
        vm.prank(provider);
        escrow.transfer(address(panel), 20e6);
        book.plan(address(panel), abi.encodeCall(panel.distribute, ()));
        Attested[] memory attested = rulings(address(book), SUBJECT, Outcome.Pass, PAYABLE, FIVE);
        panel.ruleOn(book, SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested);
        assertTrue(book.went());
        assertEq(escrow.feesOf(panelCommittee, ALL), 20e6);
        assertEq(escrow.feesOf(panelCommittee, FIVE), 0);
        assertEq(free(address(panel)), ARBITER_COST);
        panel.distribute();
        assertEq(escrow.feesOf(panelCommittee, ALL), 20e6 + ARBITER_COST);
    }

    function raise(address buyer_, address provider_) private {
        book.raise(SUBJECT, Book.Dispute(address(panel), block.timestamp + 1 days, buyer_, provider_));
    }

    function ruleOnCall(Attested[] memory attested) private view returns (bytes memory) {
        return abi.encodeCall(
            panel.ruleOn, (IRulable(address(book)), SUBJECT, Outcome.Pass, PAYABLE, FIVE, attested)
        );
    }
}
