// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../interfaces/ICoverage.sol";
import {IViews} from "../../interfaces/IViews.sol";
import {Statement} from "../../interfaces/Types.sol";
import {Payouts} from "../../libraries/Payouts.sol";
import {BookMoney} from "./BookMoney.sol";

/// @dev What an evaluator pays for contradicting itself on a subject of a book, and who gets it.
abstract contract Contradictions is BookMoney {
    /// @dev A subject and those it concerns.
    struct Concerned {
        bytes32 committee;
        bytes32 subject;
        address buyer;
        address provider;
    }

    /// @dev What an evaluator still owes for contradicting itself on a subject.
    struct Debt {
        address shownBy;
        uint64 left;
    }

    mapping(bytes32 subject => mapping(uint256 index => Debt)) private _debts;

    /// @param value What the subject was reserved for.
    function _expel(
        Concerned memory c,
        uint256 value,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) internal {
        (uint256 index, uint256 taken) = ESCROW.expel(c.committee, c.subject, deliverable, a, b);
        IViews.CommitteeView memory v = ESCROW.committeeState(c.committee);
        uint256 share = Payouts.share(value, v.silence, v.threshold);
        _debts[c.subject][index] = Debt(msg.sender, uint64(share - taken));
        emit Equivocated(c.subject, index, msg.sender, taken);
        _handOut(c, msg.sender, taken);
    }

    function _collect(Concerned memory c, uint256 index) internal {
        Debt storage debt = _debts[c.subject][index];
        uint256 left = debt.left;
        if (left == 0) revert NoDebt(c.subject, index);
        bytes32 offence = keccak256(abi.encode(address(this), c.subject));
        // Anyone may have collected it at the escrow: then it lies here already, and only has to be handed on.
        try ESCROW.collect(c.committee, index, offence) {}
        catch (bytes memory reason) {
            if (bytes4(reason) != ICoverage.NothingOwed.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        uint256 owed = ESCROW.debtOf(c.committee, index, offence);
        uint256 paid = left - owed;
        if (paid == 0) revert NoDebt(c.subject, index);
        debt.left = uint64(owed);
        emit DebtHandedOut(c.subject, index, paid);
        _handOut(c, debt.shownBy, paid);
    }

    /// @dev Half to who showed a contradiction, half to the parties.
    function _handOut(Concerned memory c, address shownBy, uint256 amount) private {
        uint256 parties = amount - amount / 2;
        _give(shownBy, amount / 2);
        _give(c.buyer, parties - parties / 2);
        _give(c.provider, parties / 2);
    }
}
