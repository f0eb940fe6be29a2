// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISilence} from "../../interfaces/ISilence.sol";
import {Attested, Outcome} from "../../interfaces/Types.sol";
import {CommitteeId} from "../../libraries/CommitteeId.sol";
import {ITabPeriods} from "../interfaces/ITabPeriods.sol";
import {TabTerms, TabVerdict, Tally} from "../interfaces/TabTypes.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabHashes} from "../libraries/TabHashes.sol";
import {TabWords} from "../libraries/TabWords.sol";
import {TabEnds} from "./TabEnds.sol";

/// @dev What is presented, and how it is judged.
abstract contract TabPeriods is ITabPeriods, TabEnds {
    /// @inheritdoc ITabPeriods
    function present(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        _requirePhase(tab, Phase.Open);
        TabWords.Standing memory s = tab.s;
        TabWords.Pending memory p = tab.p;
        _requireBefore(s.end);
        uint256 owed = _owed(t, s, tally);
        bool leaving = s.closing || block.timestamp >= TabFields.endBy(t);
        if (!leaving && (TabFields.due(t) == 0 || owed < TabFields.due(t))) _requireFrom(p.from);
        bool both = _requireBoth(t, tab.id, tally, buyerSignature, providerSignature);
        p.last = leaving || s.period + 1 == TabFields.periods(t);
        p.phase = uint256(Phase.Presented);
        p.from = block.timestamp + TabFields.period(t);
        p.deadline = block.timestamp;
        // Both have signed every tally there ever was. Only the provider gives up nothing but its own by presenting one.
        if (!both || p.last || msg.sender != TabFields.provider(t)) p.deadline += TabFields.window(t);
        _anchor(tab, tally);
    }

    /// @inheritdoc ITabPeriods
    function replace(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata higher,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        _requirePhase(tab, Phase.Presented);
        TabWords.Pending memory p = tab.p;
        _requireBefore(p.deadline);
        if (higher.count <= p.count || higher.amount < p.amount) revert NotHigher(higher.count, p.count);
        _owed(t, tab.s, higher);
        _requireBoth(t, tab.id, higher, buyerSignature, providerSignature);
        if (msg.sender != TabFields.provider(t)) {
            // Not in the time that is added here: so it is added once, however often somebody replaces.
            _requireBefore(p.from - TabFields.period(t) + TabFields.window(t));
            uint256 least = block.timestamp + MIN_CHALLENGE;
            if (p.deadline < least) p.deadline = least;
        }
        _anchor(tab, higher);
    }

    /// @inheritdoc ITabPeriods
    function judge(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external onHomeChain {
        Tab memory tab;
        bytes32 deliverable = _awaiting(tab, t, openingHash, tally);
        uint256 k = CommitteeId.threshold(TabFields.committee(t));
        if (verdict.attested.length != k) revert NotAQuorum(verdict.attested.length, k);
        _check(t, tab, deliverable, verdict);
        TabWords.Pending memory p = tab.p;
        if (tab.s.unpaid != 0 && p.set != verdict.signers) _changeSet(t, tab);
        (p.set, p.outcome, p.payable_) = (verdict.signers, uint256(verdict.outcome), verdict.payable_);
        unchecked {
            _judged(tab, block.timestamp + TabFields.challenge(t)); // 32 bits more
        }
        _logVerdict(PeriodJudged.selector, tab, verdict, p.deadline);
    }

    /// @inheritdoc ITabPeriods
    function attest(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external onHomeChain {
        Tab memory tab;
        bytes32 deliverable = _awaiting(tab, t, openingHash, tally);
        if (verdict.signers == 0) revert NotAQuorum(0, 1);
        _check(t, tab, deliverable, verdict);
        if (tab.s.unpaid != 0) _changeSet(t, tab);
        tab.p.set |= verdict.signers;
        _savePending(tab);
        _logVerdict(AttestationsPosted.selector, tab, verdict, 0);
    }

    /// @inheritdoc ITabPeriods
    function lapse(TabTerms calldata t, bytes32 openingHash, Tally calldata tally) external {
        Tab memory tab;
        _presented(tab, t, openingHash, tally);
        TabWords.Pending memory p = tab.p;
        _requireFrom(p.deadline + TabFields.verdict(t));
        if (tab.s.unpaid != 0) _changeSet(t, tab);
        (p.set, p.outcome, p.silent) = (tab.s.members & ~p.set, uint256(Outcome.Lapse), true);
        _judged(tab, block.timestamp + _lapsePeriod(t));
        emit PeriodLapsed(tab.id, uint64(tab.s.period + 1), uint32(p.set), uint40(p.deadline));
    }

    /// @dev What a tally says is owed for its period, or why it cannot be presented.
    function _owed(TabTerms calldata t, TabWords.Standing memory s, Tally calldata tally)
        private
        pure
        returns (uint256 owed)
    {
        (uint256 count, uint256 amount) = (tally.count, tally.amount);
        if (count <= s.settledCount || count > TabWords.MAX_COUNT) revert BadTally("count");
        if (amount < s.settledAmount || amount > TabWords.MAX_AMOUNT) revert BadTally("amount");
        owed = amount - s.settledAmount;
        if (owed > TabFields.ceiling(t) * (count - s.settledCount)) revert BadTally("ceiling");
        uint256 covered = s.balance + (s.defaulted ? 0 : TabFields.credit(t));
        if (owed > covered) revert NotCovered(owed, covered);
    }

    /// @dev Each signed the tally, or calls. Says whether both signed.
    function _requireBoth(
        TabTerms calldata t,
        bytes32 id,
        Tally calldata tally,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) private view returns (bool) {
        bytes32 digest = _digest(TabHashes.tally(id, tally));
        _requireConsent(TabFields.buyer(t), digest, buyerSignature);
        _requireConsent(TabFields.provider(t), digest, providerSignature);
        return buyerSignature.length != 0 && providerSignature.length != 0;
    }

    function _anchor(Tab memory tab, Tally calldata tally) private {
        TabWords.Pending memory p = tab.p;
        (p.count, p.amount, p.mark) = (tally.count, tally.amount, TabWords.markOf(_deliverable(tab, tally)));
        _savePending(tab);
        emit Presented(
            tab.id,
            uint64(tab.s.period + 1),
            tally.count,
            tally.amount,
            tally.root,
            uint40(p.deadline),
            p.last
        );
    }

    function _deliverable(Tab memory tab, Tally calldata tally) private pure returns (bytes32) {
        unchecked {
            return TabHashes.deliverable(tab.id, tab.s.period + 1, tally); // 16 bits and one
        }
    }

    /// @dev Loads a tab on which just this tally is presented.
    function _presented(Tab memory tab, TabTerms calldata t, bytes32 openingHash, Tally calldata tally)
        private
        view
        returns (bytes32 deliverable)
    {
        _load(tab, t, openingHash);
        _requirePhase(tab, Phase.Presented);
        TabWords.Pending memory p = tab.p;
        deliverable = _deliverable(tab, tally);
        if (tally.count != p.count || tally.amount != p.amount || TabWords.markOf(deliverable) != p.mark) {
            revert WrongTally(tab.id, deliverable);
        }
    }

    /// @dev And which can be judged now.
    function _awaiting(Tab memory tab, TabTerms calldata t, bytes32 openingHash, Tally calldata tally)
        private
        view
        returns (bytes32 deliverable)
    {
        deliverable = _presented(tab, t, openingHash, tally);
        _requireFrom(tab.p.deadline);
        unchecked {
            _requireBefore(tab.p.deadline + TabFields.verdict(t)); // 32 bits each
        }
    }

    function _check(TabTerms calldata t, Tab memory tab, bytes32 deliverable, TabVerdict calldata v)
        private
        view
    {
        _requirePayable(v.outcome, v.payable_, tab.p.amount - tab.s.settledAmount);
        _checkAttestations(TabFields.committee(t), tab.s.members, tab.id, deliverable, v);
    }

    /// @dev `ESCROW.checkAttestations` with the attestations copied as they stand in calldata.
    function _checkAttestations(
        bytes32 committee,
        uint256 members,
        bytes32 id,
        bytes32 deliverable,
        TabVerdict calldata v
    ) private view {
        address escrow = address(ESCROW);
        bytes32 selector = ISilence.checkAttestations.selector;
        Attested[] calldata attested = v.attested;
        (uint256 outcome, uint256 pay, uint256 signers) = (uint256(v.outcome), v.payable_, v.signers);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), committee)
            mstore(add(m, 0x24), members)
            mstore(add(m, 0x44), id)
            mstore(add(m, 0x64), deliverable)
            mstore(add(m, 0x84), outcome)
            mstore(add(m, 0xa4), pay)
            mstore(add(m, 0xc4), signers)
            mstore(add(m, 0xe4), 0x100)
            mstore(add(m, 0x104), attested.length)
            let size := mul(attested.length, 0x60)
            calldatacopy(add(m, 0x124), attested.offset, size)
            if iszero(staticcall(gas(), escrow, m, add(size, 0x124), 0, 0)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
        }
    }

    /// @dev `PeriodJudged`, or, where `ends` is zero, `AttestationsPosted`: the evidence straight from calldata.
    function _logVerdict(bytes32 topic, Tab memory tab, TabVerdict calldata v, uint256 ends) private {
        Attested[] calldata attested = v.attested;
        (bytes32 id, uint256 period) = (tab.id, tab.s.period + 1);
        (uint256 outcome, uint256 pay, uint256 signers) = (uint256(v.outcome), v.payable_, v.signers);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, outcome)
            mstore(add(m, 0x20), pay)
            mstore(add(m, 0x40), signers)
            let at := add(m, 0x60)
            if ends {
                mstore(at, ends)
                at := add(at, 0x20)
            }
            mstore(at, sub(add(at, 0x20), m))
            mstore(add(at, 0x20), attested.length)
            at := add(at, 0x40)
            let from := add(attested.offset, 0x40) // evidence is the third word of three
            for { let left := attested.length } left { left := sub(left, 1) } {
                mstore(at, calldataload(from))
                at := add(at, 0x20)
                from := add(from, 0x60)
            }
            log3(m, sub(at, m), topic, id, period)
        }
    }

    /// @dev What is provisional is in `p`.
    function _judged(Tab memory tab, uint256 challengeEnds) private {
        (tab.p.phase, tab.p.deadline) = (uint256(Phase.Judged), challengeEnds);
        _savePending(tab);
    }

    /// @dev `set` is about to say something else: whoever it names is paid.
    function _changeSet(TabTerms calldata t, Tab memory tab) private {
        _paySigners(t, tab, 0);
        tab.p.set = 0;
        _saveStanding(tab);
    }
}
