// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BookMoney} from "../../evaluators/base/BookMoney.sol";
import {Contradictions} from "../../evaluators/base/Contradictions.sol";
import {IEscrow} from "../../interfaces/IEscrow.sol";
import {IViews} from "../../interfaces/IViews.sol";
import {Outcome} from "../../interfaces/Types.sol";
import {ITabEvents} from "../interfaces/ITabEvents.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Pending} from "../libraries/PendingWord.sol";
import {Standing} from "../libraries/StandingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabHashes} from "../libraries/TabHashes.sol";

/// @dev What is stored of tabs. Both halves of the code are built on it, and so agree on where everything stands.
abstract contract TabStore is ITabEvents, Contradictions {
    struct Entry {
        Standing standing;
        Pending pending;
    }

    struct Defaults {
        uint64 times;
        uint64 amount;
    }

    /// @dev A tab that is being acted on.
    struct Tab {
        bytes32 id;
        Standing s;
        Pending p;
    }

    uint256 internal immutable MIN_CHALLENGE;
    uint256 internal immutable LAPSE_CHALLENGE;
    uint256 internal immutable MAX_RULING;
    uint256 internal immutable MAX_LENGTH;

    mapping(bytes32 tab => Entry) internal _tabs;
    mapping(bytes32 subject => Appeal) internal _appeals;
    mapping(address buyer => Defaults) internal _defaults;

    /// @param escrow_ The escrow whose committees judge.
    /// @param home The contract that signatures name: the one whose storage this code runs on.
    constructor(IEscrow escrow_, address home) BookMoney(escrow_, "Earnest tabs", home) {
        (MIN_CHALLENGE, LAPSE_CHALLENGE,,, MAX_RULING, MAX_LENGTH) = escrow_.constants();
    }

    function _load(Tab memory tab, TabTerms calldata t, bytes32 openingHash) internal view {
        _read(tab, _digest(TabHashes.tab(t, openingHash)));
    }

    function _read(Tab memory tab, bytes32 id) internal view {
        Entry storage e = _tabs[id];
        tab.id = id;
        Standing s = e.standing;
        tab.s = s;
        tab.p = e.pending.current(s);
    }

    function _save(Tab memory tab) internal {
        Entry storage e = _tabs[tab.id];
        e.standing = tab.s;
        e.pending = tab.p;
    }

    function _savePending(Tab memory tab) internal {
        _tabs[tab.id].pending = tab.p;
    }

    function _saveStanding(Tab memory tab) internal {
        _tabs[tab.id].standing = tab.s;
    }

    function _phase(Tab memory tab) internal pure returns (Phase) {
        return Phase(tab.p.phase());
    }

    function _requirePhase(Tab memory tab, Phase phase) internal pure {
        if (_phase(tab) != phase) revert WrongPhase(tab.id, _phase(tab));
    }

    /// @dev Neither never opened nor closed.
    function _requireLive(Tab memory tab) internal pure returns (Phase phase) {
        phase = _phase(tab);
        if (phase == Phase.None || phase == Phase.Closed) revert WrongPhase(tab.id, phase);
    }

    /// @dev What an arbiter rules on: the period that is pending.
    function _subject(Tab memory tab) internal pure returns (bytes32) {
        return TabHashes.subject(tab.id, tab.s.period() + 1);
    }

    /// @dev The collateral that is still the buyer's pledge for this tab.
    function _credit(TabTerms calldata t, Tab memory tab) internal pure returns (uint256) {
        return tab.s.defaulted() ? 0 : TabFields.credit(t);
    }

    function _committee(TabTerms calldata t) internal view returns (IViews.CommitteeView memory) {
        return ESCROW.committeeState(TabFields.committee(t));
    }

    function _lapsePeriod(TabTerms calldata t) internal view returns (uint256 period) {
        period = TabFields.challenge(t);
        if (period < LAPSE_CHALLENGE) period = LAPSE_CHALLENGE;
    }

    function _requirePayable(Outcome outcome, uint256 payable_, uint256 highest) internal pure {
        if (outcome == Outcome.None) revert NoOutcome();
        if (outcome == Outcome.Lapse) highest = 0;
        if (payable_ > highest) revert PayableTooHigh(payable_, highest);
    }

    function _isBuyer(TabTerms calldata t, address party) internal pure returns (bool) {
        if (party == TabFields.buyer(t)) return true;
        if (party == TabFields.provider(t)) return false;
        revert NotAllowed(party);
    }
}
