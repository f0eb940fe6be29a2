// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../../arbiters/IRulable.sol";
import {IViews} from "../../interfaces/IViews.sol";
import {Funding, Outcome, Statement} from "../../interfaces/Types.sol";
import {Payouts} from "../../libraries/Payouts.sol";
import {ITabLife} from "../interfaces/ITabLife.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Pending} from "../libraries/PendingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabHashes} from "../libraries/TabHashes.sol";
import {TabPayouts} from "../libraries/TabPayouts.sol";
import {TabStore} from "./TabStore.sol";

/// @dev Disputes and rulings, and evaluators that contradict themselves.
abstract contract TabDisputes is ITabLife, TabStore {
    /// @inheritdoc ITabLife
    function dispute(
        TabTerms calldata t,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint64 soughtPayable,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        _requirePhase(tab, Phase.Judged);
        Pending p = tab.p;
        _requireBefore(p.deadline());
        bool byBuyer = _isBuyer(t, party);
        _requirePayable(sought, soughtPayable, p.amount() - tab.s.settledAmount());
        {
            uint256 has = TabPayouts.position(p.outcome(), p.payable_(), TabFields.bond(t));
            uint256 seeks = TabPayouts.position(sought, soughtPayable, TabFields.bond(t));
            if (byBuyer ? seeks >= has : seeks <= has) revert NotAllowed(party);
        }
        tab.p = p.at(Phase.Disputed, block.timestamp + TabFields.ruling(t));
        _savePending(tab);
        uint256 deposit = _appeal(t, tab, byBuyer);
        _logDispute(tab, party, sought, soughtPayable, deposit);
        bytes32 digest = _digest(
            TabHashes.dispute(
                tab.id, tab.s.period() + 1, party, p.outcome(), p.payable_(), sought, soughtPayable, expiry
            )
        );
        // A deposit that is paid by signature carries the party's consent.
        if (funding == Funding.Allowance || deposit == 0) {
            _requirePermission(party, digest, expiry, signature);
        }
        _take(funding, party, deposit, digest, expiry, signature);
    }

    /// @inheritdoc IRulable
    function rule(bytes32 subject, Outcome outcome, uint256 payable_) external {
        Tab memory tab;
        Appeal storage a = _disputed(tab, subject);
        if (tab.id == 0) revert NotDisputed(subject);
        (address arbiter, uint256 cost) = (a.arbiter, a.cost);
        if (msg.sender != arbiter) revert NotTheArbiter(msg.sender, arbiter);
        _requireBefore(tab.p.deadline());
        _requirePayable(outcome, payable_, tab.p.amount() - tab.s.settledAmount());
        (a.ruled, a.payable_) = (outcome, uint64(payable_));
        tab.p = tab.p.at(Phase.Ruled, tab.p.deadline());
        _savePending(tab);
        emit PeriodRuled(tab.id, uint64(tab.s.period() + 1), arbiter, outcome, uint64(payable_), cost);
        _give(arbiter, cost);
    }

    /// @inheritdoc ITabLife
    function proveEquivocation(
        TabTerms calldata t,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain {
        _expel(_concerned(t, openingHash), TabFields.value(t), deliverable, a, b);
    }

    /// @inheritdoc ITabLife
    function collect(TabTerms calldata t, bytes32 openingHash, uint256 index) external {
        _collect(_concerned(t, openingHash), index);
    }

    /// @inheritdoc IRulable
    function rulingOf(bytes32 subject)
        external
        view
        returns (address arbiter, uint256 rulingEnds, address buyer, address provider)
    {
        Tab memory tab;
        Appeal storage a = _disputed(tab, subject);
        if (tab.id != 0) return (a.arbiter, tab.p.deadline(), a.buyer, a.provider);
    }

    /// @inheritdoc IRulable
    function rulesOnSums() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc ITabLife
    function appealOf(bytes32 subject) external view returns (Appeal memory) {
        return _appeals[subject];
    }

    /// @dev Loads the tab whose period this is and awaits a ruling; none where it is over, or the tab's next is disputed.
    function _disputed(Tab memory tab, bytes32 subject) private view returns (Appeal storage a) {
        a = _appeals[subject];
        _read(tab, a.tab);
        if (_phase(tab) != Phase.Disputed || _subject(tab) != subject) tab.id = 0;
    }

    function _logDispute(Tab memory tab, address party, Outcome sought, uint64 soughtPayable, uint256 deposit)
        private
    {
        emit PeriodDisputed(
            tab.id,
            uint64(tab.s.period() + 1),
            party,
            sought,
            soughtPayable,
            deposit,
            uint40(tab.p.deadline()),
            _subject(tab)
        );
    }

    function _appeal(TabTerms calldata t, Tab memory tab, bool byBuyer) private returns (uint256 deposit) {
        IViews.CommitteeView memory c = _committee(t);
        uint256 value = tab.p.amount() - tab.s.settledAmount() + TabFields.bond(t);
        deposit = Payouts.depositFor(value, c.arbiterCost);
        _appeals[_subject(tab)] = Appeal({
            arbiter: c.arbiter,
            cost: uint64(c.arbiterCost),
            buyerDisputes: byBuyer,
            ruled: Outcome.None,
            buyer: TabFields.buyer(t),
            deposit: uint64(deposit),
            provider: TabFields.provider(t),
            payable_: 0,
            tab: tab.id
        });
    }

    function _concerned(TabTerms calldata t, bytes32 openingHash) private view returns (Concerned memory c) {
        c = Concerned(
            TabFields.committee(t),
            _digest(TabHashes.tab(t, openingHash)),
            TabFields.buyer(t),
            TabFields.provider(t)
        );
    }
}
