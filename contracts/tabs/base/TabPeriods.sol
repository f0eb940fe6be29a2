// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISilence} from "../../interfaces/ISilence.sol";
import {Attested, Outcome} from "../../interfaces/Types.sol";
import {CommitteeId} from "../../libraries/CommitteeId.sol";
import {ITabPeriods} from "../interfaces/ITabPeriods.sol";
import {TabTerms, TabVerdict, Tally} from "../interfaces/TabTypes.sol";
import {Pending, PendingWord} from "../libraries/PendingWord.sol";
import {Standing, StandingWord} from "../libraries/StandingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabHashes} from "../libraries/TabHashes.sol";
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
        Standing s = tab.s;
        Pending p = tab.p;
        _requireBefore(s.end());
        uint256 owed = _owed(t, s, tally);
        bool leaving = s.closing() || block.timestamp >= TabFields.endBy(t);
        if (!leaving && (TabFields.due(t) == 0 || owed < TabFields.due(t))) _requireFrom(p.from());
        bool both = _requireBoth(t, tab.id, tally, buyerSignature, providerSignature);
        bool last = leaving || s.period() + 1 == TabFields.periods(t);
        uint256 deadline = block.timestamp;
        // Both have signed every tally there ever was. Only the provider gives up nothing but its own by presenting one.
        if (!both || last || msg.sender != TabFields.provider(t)) deadline += TabFields.window(t);
        tab.p = p.presented(last, block.timestamp + TabFields.period(t), deadline);
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
        Pending p = tab.p;
        _requireBefore(p.deadline());
        if (higher.count <= p.count() || higher.amount < p.amount()) {
            revert NotHigher(higher.count, p.count());
        }
        _owed(t, tab.s, higher);
        _requireBoth(t, tab.id, higher, buyerSignature, providerSignature);
        if (msg.sender != TabFields.provider(t)) {
            // Not in the time that is added here: so it is added once, however often somebody replaces.
            _requireBefore(p.from() - TabFields.period(t) + TabFields.window(t));
            uint256 least = block.timestamp + MIN_CHALLENGE;
            if (p.deadline() < least) tab.p = p.withDeadline(least);
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
        Attested[] calldata attested = verdict.attested;
        uint256 k = CommitteeId.threshold(TabFields.committee(t));
        if (attested.length != k) revert NotAQuorum(attested.length, k);
        (Outcome outcome, uint256 payable_, uint256 signers) =
            (verdict.outcome, verdict.payable_, verdict.signers);
        _check(t, tab, deliverable, outcome, payable_, signers, attested);
        if (tab.s.unpaid() != 0 && tab.p.set() != signers) _changeSet(t, tab);
        uint256 challengeEnds;
        unchecked {
            challengeEnds = block.timestamp + TabFields.challenge(t); // 32 bits more
        }
        tab.p = tab.p.judged(signers, outcome, payable_, false, challengeEnds);
        _savePending(tab);
        _logVerdict(PeriodJudged.selector, tab, outcome, payable_, signers, challengeEnds, attested);
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
        (Outcome outcome, uint256 payable_, uint256 signers) =
            (verdict.outcome, verdict.payable_, verdict.signers);
        if (signers == 0) revert NotAQuorum(0, 1);
        _check(t, tab, deliverable, outcome, payable_, signers, verdict.attested);
        if (tab.s.unpaid() != 0) _changeSet(t, tab);
        tab.p = tab.p.withSet(tab.p.set() | signers);
        _savePending(tab);
        _logVerdict(AttestationsPosted.selector, tab, outcome, payable_, signers, 0, verdict.attested);
    }

    /// @inheritdoc ITabPeriods
    function lapse(TabTerms calldata t, bytes32 openingHash, Tally calldata tally) external {
        Tab memory tab;
        _presented(tab, t, openingHash, tally);
        _requireFrom(tab.p.deadline() + TabFields.verdict(t));
        if (tab.s.unpaid() != 0) _changeSet(t, tab);
        uint32 silent = tab.s.members() & ~tab.p.set();
        uint256 challengeEnds = block.timestamp + _lapsePeriod(t);
        tab.p = tab.p.judged(silent, Outcome.Lapse, 0, true, challengeEnds);
        _savePending(tab);
        emit PeriodLapsed(tab.id, uint64(tab.s.period() + 1), silent, uint40(challengeEnds));
    }

    /// @dev What a tally says is owed for its period, or why it cannot be presented.
    function _owed(TabTerms calldata t, Standing s, Tally calldata tally)
        private
        pure
        returns (uint256 owed)
    {
        (uint256 count, uint256 amount) = (tally.count, tally.amount);
        if (count <= s.settledCount() || count > StandingWord.MAX_COUNT) revert BadTally("count");
        if (amount < s.settledAmount() || amount > StandingWord.MAX_AMOUNT) revert BadTally("amount");
        owed = amount - s.settledAmount();
        if (owed > TabFields.ceiling(t) * (count - s.settledCount())) revert BadTally("ceiling");
        uint256 covered = s.balance() + (s.defaulted() ? 0 : TabFields.credit(t));
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
        Pending p = tab.p.tallied(tally.amount, tally.count, _deliverable(tab, tally));
        tab.p = p;
        _savePending(tab);
        emit Presented(
            tab.id,
            uint64(tab.s.period() + 1),
            tally.count,
            tally.amount,
            tally.root,
            uint40(p.deadline()),
            p.last()
        );
    }

    function _deliverable(Tab memory tab, Tally calldata tally) private pure returns (bytes32) {
        unchecked {
            return TabHashes.deliverable(tab.id, tab.s.period() + 1, tally); // 16 bits and one
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
        Pending p = tab.p;
        deliverable = _deliverable(tab, tally);
        if (
            tally.count != p.count() || tally.amount != p.amount()
                || PendingWord.markOf(deliverable) != p.mark()
        ) {
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
        _requireFrom(tab.p.deadline());
        unchecked {
            _requireBefore(tab.p.deadline() + TabFields.verdict(t)); // 32 bits each
        }
    }

    /// @dev What is payable, and `ESCROW.checkAttestations` with the attestations copied as they stand in calldata.
    function _check(
        TabTerms calldata t,
        Tab memory tab,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        uint256 signers,
        Attested[] calldata attested
    ) private view {
        _requirePayable(outcome, payable_, tab.p.amount() - tab.s.settledAmount());
        address escrow = address(ESCROW);
        bytes32 selector = ISilence.checkAttestations.selector;
        bytes32 committee = TabFields.committee(t);
        (bytes32 id, uint256 members) = (tab.id, tab.s.members());
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), committee)
            mstore(add(m, 0x24), members)
            mstore(add(m, 0x44), id)
            mstore(add(m, 0x64), deliverable)
            mstore(add(m, 0x84), outcome)
            mstore(add(m, 0xa4), payable_)
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

    /// @dev `PeriodJudged` or `AttestationsPosted`, the evidence straight from calldata. ITabEvents says which bits are what.
    function _logVerdict(
        bytes32 topic,
        Tab memory tab,
        Outcome outcome,
        uint256 payable_,
        uint256 signers,
        uint256 challengeEnds,
        Attested[] calldata attested
    ) private {
        bytes32 id = tab.id;
        uint256 verdict = uint256(outcome) | (signers << 8) | (challengeEnds << 40) | (payable_ << 80);
        unchecked {
            verdict |= (tab.s.period() + 1) << 144; // 16 bits and one
        }
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, verdict)
            mstore(add(m, 0x20), 0x40)
            let count := attested.length
            mstore(add(m, 0x40), count)
            // The evidence hashes, each the third word of its entry.
            let to := add(m, 0x60)
            let from := add(attested.offset, 0x40)
            for { let end := add(to, shl(5, count)) } lt(to, end) {} {
                mstore(to, calldataload(from))
                to := add(to, 0x20)
                from := add(from, 0x60)
            }
            log2(m, sub(to, m), topic, id)
        }
    }

    /// @dev `set` is about to say something else: whoever it names is paid.
    function _changeSet(TabTerms calldata t, Tab memory tab) private {
        _paySigners(t, tab, 0);
        tab.p = tab.p.withSet(0);
        _saveStanding(tab);
    }
}
