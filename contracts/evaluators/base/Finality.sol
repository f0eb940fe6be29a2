// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Basis, Outcome, Statement} from "../../interfaces/Types.sol";
import {IViews} from "../../interfaces/IViews.sol";
import {Payouts} from "../../libraries/Payouts.sol";
import {Mandate} from "../interfaces/IAdapter.sol";
import {IVerdictBook} from "../interfaces/IVerdictBook.sol";
import {Mandates} from "../libraries/Mandates.sol";
import {Contradictions} from "./Contradictions.sol";

/// @dev What is stored of subjects, and who gets what when one becomes final: the escrow's payout table with B = 0, less
/// the value itself, which lies in the foreign escrow and moves there.
abstract contract Finality is IVerdictBook, Contradictions {
    /// @dev What a ruling needs to know without the mandate.
    struct Appeal {
        address arbiter;
        uint64 cost;
        address buyer;
        address provider;
    }

    mapping(bytes32 subject => Record) internal _records;
    mapping(bytes32 subject => Appeal) internal _appeals;

    /// @inheritdoc IVerdictBook
    function proveEquivocation(
        Mandate calldata m,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain {
        (bytes32 subject, Record memory r) = _load(m);
        if (r.stage == Stage.None || r.stage == Stage.Final) revert WrongStage(subject, r.stage);
        _expel(Concerned(m.committee, subject, m.buyer, m.provider), m.value, deliverable, a, b);
    }

    /// @inheritdoc IVerdictBook
    function collect(Mandate calldata m, uint256 index) external {
        (bytes32 subject,) = _load(m);
        _collect(Concerned(m.committee, subject, m.buyer, m.provider), index);
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
}
