// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {ICoverage} from "../../interfaces/ICoverage.sol";
import {Basis, Outcome, Statement} from "../../interfaces/Types.sol";
import {IViews} from "../../interfaces/IViews.sol";
import {Payouts} from "../../libraries/Payouts.sol";
import {Mandate} from "../interfaces/IAdapter.sol";
import {IVerdictBook} from "../interfaces/IVerdictBook.sol";
import {Mandates} from "../libraries/Mandates.sol";
import {BookMoney} from "./BookMoney.sol";

/// @dev What is stored of subjects, and who gets what when one becomes final: the escrow's payout table with B = 0, less
/// the value itself, which lies in the foreign escrow and moves there.
abstract contract Finality is BookMoney {
    /// @dev What a ruling needs to know without the mandate.
    struct Appeal {
        address arbiter;
        uint64 cost;
        address buyer;
        address provider;
    }

    /// @dev What an evaluator still owes for contradicting itself on a subject.
    struct Debt {
        address shownBy;
        uint64 left;
    }

    mapping(bytes32 subject => Record) internal _records;
    mapping(bytes32 subject => Appeal) internal _appeals;
    mapping(bytes32 subject => mapping(uint256 index => Debt)) private _debts;

    /// @inheritdoc IVerdictBook
    function proveEquivocation(
        Mandate calldata m,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        if (r.stage == Stage.None || r.stage == Stage.Final) revert WrongStage(subject, r.stage);
        (uint256 index, uint256 taken) = ESCROW.expel(m.committee, subject, deliverable, a, b);
        IViews.CommitteeView memory c = _committee(m);
        uint256 share = Payouts.share(m.value, c.silence, c.threshold);
        _debts[subject][index] = Debt(msg.sender, uint64(share - taken));
        emit Equivocated(subject, index, msg.sender, taken);
        _handOut(m, msg.sender, taken);
    }

    /// @inheritdoc IVerdictBook
    function collect(Mandate calldata m, uint256 index) external {
        (bytes32 subject,) = _load(m);
        Debt storage debt = _debts[subject][index];
        uint256 left = debt.left;
        if (left == 0) revert NoDebt(subject, index);
        bytes32 offence = keccak256(abi.encode(address(this), subject));
        // Anyone may have collected it at the escrow: then it lies here already, and only has to be handed on.
        try ESCROW.collect(m.committee, index, offence) {}
        catch (bytes memory reason) {
            if (bytes4(reason) != ICoverage.NothingOwed.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        uint256 owed = ESCROW.debtOf(m.committee, index, offence);
        uint256 paid = left - owed;
        if (paid == 0) revert NoDebt(subject, index);
        debt.left = uint64(owed);
        emit DebtHandedOut(subject, index, paid);
        _handOut(m, debt.shownBy, paid);
    }

    /// @dev Ends a subject: coverage back, slashing, and what each is owed.
    function _finalise(Mandate calldata m, bytes32 subject, Record memory r, Outcome outcome, Ending how)
        internal
    {
        (Payouts.Case memory c, bool ruled) = _caseOf(m, subject, r, how);
        bool overturned = ruled && outcome != c.provisional;
        Payouts.Split memory s;
        if (overturned) s = Payouts.overturned(c, outcome);
        else if (ruled || (how == Ending.Conceded && c.deposit != 0)) s = Payouts.upheld(c);
        else s = Payouts.stands(c);
        // The value itself lies in the foreign escrow.
        if (outcome == Outcome.Pass) s.provider -= c.gated;
        else s.buyer -= c.gated;

        uint32 set = r.set;
        uint256 owed = s.slashEach * LibBit.popCount(set);
        uint256 missing = owed - _release(m.committee, subject, owed == 0 ? 0 : set, s.slashEach);
        if (missing != 0) {
            emit CoverageGone(subject, missing);
            if (overturned && !Payouts.favoursProvider(c.provisional, outcome)) s.buyer -= missing;
            else s.provider -= missing;
        }
        uint256 toPayer;
        if (c.basis == Basis.NoShow) set = set == 0 ? r.members : set;
        else if (c.basis == Basis.Silence) (set, toPayer) = (0, m.fee);
        else if (overturned) set = 0;
        r.stage = Stage.Final;
        r.outcome = outcome;
        r.set = set;
        _save(subject, r);
        if (s.evaluators != 0) ESCROW.payFees(m.committee, set, s.evaluators);
        // A ruling has paid the arbiter already.
        if (!ruled && s.arbiter != 0) _give(_appeals[subject].arbiter, s.arbiter);
        _give(m.buyer, s.buyer);
        _give(m.provider, s.provider);
        _give(m.payer, toPayer);
        emit Finalised(subject, outcome, how, s.buyer, s.provider, toPayer, s.evaluators, set);
    }

    /// @dev The digest that names a subject, and what is stored of it.
    function _load(Mandate calldata m) internal view returns (bytes32 subject, Record memory r) {
        subject = _digest(Mandates.subject(m));
        r = _get(subject);
    }

    function _committee(Mandate calldata m) internal view returns (IViews.CommitteeView memory) {
        return ESCROW.committeeState(m.committee);
    }

    function _get(bytes32 subject) internal view returns (Record memory) {
        return _records[subject];
    }

    function _save(bytes32 subject, Record memory r) internal {
        _records[subject] = r;
    }

    function _requireStage(bytes32 subject, Record memory r, Stage stage) internal pure {
        if (r.stage != stage) revert WrongStage(subject, r.stage);
    }

    function _caseOf(Mandate calldata m, bytes32 subject, Record memory r, Ending how)
        private
        view
        returns (Payouts.Case memory c, bool ruled)
    {
        IViews.CommitteeView memory v = _committee(m);
        ruled = how == Ending.Ruled;
        c.gated = r.value;
        c.threshold = v.threshold;
        c.provisional = r.outcome;
        c.basis = r.basis;
        if (r.stage == Stage.Disputed || ruled) {
            c.arbiterCost = _appeals[subject].cost;
            c.deposit = Payouts.depositFor(r.value, c.arbiterCost);
            c.buyerDisputes = r.buyerDisputes;
        }
        if (c.basis == Basis.Silence) {
            // The fee goes back to who paid it, which the table does not know.
            c.silence = v.silence;
            c.members = LibBit.popCount(r.members);
            c.silent = LibBit.popCount(r.set);
        } else {
            c.fee = m.fee;
        }
    }

    /// @dev Half to who showed a contradiction, half to the parties.
    function _handOut(Mandate calldata m, address shownBy, uint256 amount) private {
        uint256 parties = amount - amount / 2;
        _give(shownBy, amount / 2);
        _give(m.buyer, parties - parties / 2);
        _give(m.provider, parties / 2);
    }
}
