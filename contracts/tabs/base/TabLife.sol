// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IViews} from "../../interfaces/IViews.sol";
import {Funding} from "../../interfaces/Types.sol";
import {Payouts} from "../../libraries/Payouts.sol";
import {ITabLife} from "../interfaces/ITabLife.sol";
import {TabAgreement, TabOpening, TabTerms} from "../interfaces/TabTypes.sol";
import {PendingWord} from "../libraries/PendingWord.sol";
import {StandingWord} from "../libraries/StandingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabHashes} from "../libraries/TabHashes.sol";
import {TabPayouts} from "../libraries/TabPayouts.sol";
import {TabEnds} from "./TabEnds.sol";

/// @dev How a tab begins, what is paid into it, and how its parties end it.
abstract contract TabLife is ITabLife, TabEnds {
    uint256 private constant FEE_UNIT = 1e6 * 1 days; // see Coverage._lowestFee

    /// @inheritdoc ITabLife
    function open(
        TabAgreement calldata agreement,
        Funding funding,
        bytes calldata payment,
        bytes calldata collateral,
        bytes calldata providerSignature
    ) external onHomeChain returns (bytes32 id) {
        TabTerms calldata t = agreement.terms;
        Tab memory tab;
        _load(tab, t, TabHashes.opening(agreement.opening));
        _requirePhase(tab, Phase.None);
        id = tab.id;
        _requireAccepted(t, agreement.opening);
        (uint32 members,) = ESCROW.reserve(TabFields.committee(t), id, TabFields.value(t));
        tab.s = StandingWord.opened(members, TabFields.deposit(t), TabFields.endBy(t) + TabFields.notice(t));
        tab.p = PendingWord.open(tab.s, block.timestamp + TabFields.period(t), 0);
        _save(tab);
        emit TabOpened(id, TabFields.buyer(t), TabFields.provider(t), agreement, members);
        _fund(t, id, agreement.opening.openBy, funding, payment, collateral);
        if (TabFields.bond(t) == 0) {
            _requireConsent(TabFields.provider(t), id, providerSignature);
        } else {
            _pledge(TabFields.provider(t), id, TabFields.bond(t), agreement.opening.openBy, providerSignature);
        }
    }

    /// @inheritdoc ITabLife
    function topUp(
        TabTerms calldata t,
        bytes32 openingHash,
        uint256 amount,
        Funding funding,
        uint256 expiry,
        uint256 salt,
        bytes calldata signature
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        Phase phase = _requireLive(tab);
        // Only while something is owed, or what was collateral is in it, there may be more than the deposit.
        uint256 most = TabFields.deposit(t) + TabFields.credit(t) - _credit(t, tab);
        uint256 room = most + (phase == Phase.Owing ? tab.p.payable_() : 0) - tab.s.balance();
        if (amount == 0 || amount > room) revert TopUpTooLarge(amount, room);
        tab.s = tab.s.withBalance(tab.s.balance() + amount);
        _save(tab);
        address payer = funding == Funding.Allowance ? msg.sender : TabFields.buyer(t);
        emit ToppedUp(tab.id, amount, payer);
        _take(
            funding, payer, amount, _digest(TabHashes.topUp(tab.id, amount, expiry, salt)), expiry, signature
        );
    }

    /// @inheritdoc ITabLife
    function giveNotice(
        TabTerms calldata t,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        _requireLive(tab);
        _isBuyer(t, party);
        _requirePermission(party, _digest(TabHashes.notice(tab.id, party, expiry)), expiry, signature);
        uint256 end = block.timestamp + TabFields.notice(t);
        if (end < tab.s.end()) tab.s = tab.s.withEnd(end);
        tab.s = tab.s.leaving();
        _save(tab);
        emit NoticeGiven(tab.id, party, uint40(tab.s.end()));
    }

    /// @inheritdoc ITabLife
    function close(TabTerms calldata t, bytes32 openingHash, bool payOut) external {
        Tab memory tab;
        _load(tab, t, openingHash);
        _requirePhase(tab, Phase.Open);
        _requireFrom(tab.s.end());
        Flow memory flow;
        flow.payOut = payOut;
        _end(t, tab, flow, _endingOf(tab, false), _credit(t, tab));
        _handOver(t, flow);
    }

    /// @inheritdoc ITabLife
    function agree(
        TabTerms calldata t,
        bytes32 openingHash,
        uint256 toProvider,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external onHomeChain {
        Tab memory tab;
        _load(tab, t, openingHash);
        Phase phase = _requireLive(tab);
        // A ruling only waits for anyone to carry it out.
        if (phase == Phase.Ruled) revert WrongPhase(tab.id, phase);
        uint256 held = tab.s.balance() + _credit(t, tab) + TabFields.bond(t);
        if (toProvider > held) revert SplitTooLarge(toProvider, held);
        bytes32 digest =
            _digest(TabHashes.split(tab.id, tab.s.period(), phase, tab.p.payable_(), toProvider, expiry));
        _requirePermission(TabFields.buyer(t), digest, expiry, buyerSignature);
        _requirePermission(TabFields.provider(t), digest, expiry, providerSignature);
        Flow memory flow;
        flow.payOut = payOut;
        uint256 toMembers;
        if (phase == Phase.Presented) {
            // The committee was asked already.
            tab.s = tab.s.nextPeriod();
            toMembers = TabFields.verdictFee(t);
        } else if (phase == Phase.Judged || phase == Phase.Disputed) {
            _agreeOnVerdict(t, tab, phase, flow);
        }
        _close(t, tab, flow, Ending.Agreed, held - toProvider, toProvider, toMembers);
        _handOver(t, flow);
    }

    /// @inheritdoc ITabLife
    function payEvaluators(TabTerms calldata t, bytes32 openingHash) external {
        Tab memory tab;
        _load(tab, t, openingHash);
        if (tab.s.unpaid() == 0) revert NothingUnpaid(tab.id);
        _paySigners(t, tab, 0);
        // Before there is a verdict, nobody else has a place in it.
        if (uint256(_phase(tab)) <= uint256(Phase.Presented)) tab.p = tab.p.withSet(0);
        _save(tab);
    }

    /// @dev Those who signed, or were silent, and an arbiter that was called get what is theirs.
    function _agreeOnVerdict(TabTerms calldata t, Tab memory tab, Phase phase, Flow memory flow) private {
        TabPayouts.Case memory c = _case(t, tab);
        address arbiter;
        if (phase == Phase.Disputed) arbiter = _appealed(tab, c).arbiter;
        TabPayouts.Split memory x = TabPayouts.agreed(c);
        (flow.toBuyer, flow.toProvider) = (x.buyer, x.provider);
        tab.s = tab.s.nextPeriod();
        if (x.withFee) _slash(t, tab, x, flow);
        else tab.s = tab.s.keepingFee();
        _give(arbiter, x.arbiter);
    }

    function _requireAccepted(TabTerms calldata t, TabOpening calldata o) private view {
        _requireBefore(o.openBy);
        address buyer = TabFields.buyer(t);
        address provider = TabFields.provider(t);
        _requireTerm(buyer != address(0) && buyer != address(ESCROW), "buyer");
        _requireTerm(provider != address(0) && provider != address(ESCROW) && provider != buyer, "provider");
        _requireTerm(TabFields.deposit(t) != 0, "deposit");
        _requireTerm(TabFields.deposit(t) + TabFields.credit(t) <= StandingWord.MAX_AMOUNT, "credit");
        _requireTerm(TabFields.ceiling(t) != 0, "ceiling");
        _requireTerm(TabFields.periods(t) != 0, "periods");
        _requireTerm(TabFields.period(t) <= MAX_LENGTH, "period");
        _requireTerm(TabFields.window(t) >= MIN_CHALLENGE, "window");
        _requireTerm(TabFields.notice(t) >= MIN_CHALLENGE, "notice");
        _requireTerm(TabFields.credit(t) == 0 || TabFields.grace(t) >= MIN_CHALLENGE, "grace");
        IViews.CommitteeView memory c = _committee(t);
        uint256 value = TabFields.value(t);
        _requireTerm(value <= c.maxValue, "value");
        uint256 verdict = TabFields.verdict(t);
        _requireTerm(verdict != 0 && verdict >= c.minVerdict, "verdict");
        uint256 challenge = TabFields.challenge(t);
        _requireTerm(
            challenge <= c.maxChallenge && (challenge == 0 || challenge >= MIN_CHALLENGE), "challenge"
        );
        uint256 ruling = TabFields.ruling(t);
        _requireTerm(ruling >= c.minRuling && ruling <= MAX_RULING, "ruling");
        uint256 priced = value * c.feeRate * _requireLength(t);
        _requireTerm(TabFields.verdictFee(t) >= c.feeFlat, "verdictFee");
        _requireTerm(TabFields.fee(t) >= Payouts.ceilDiv(priced, FEE_UNIT), "fee");
    }

    function _requireTerm(bool holds, bytes32 field) private pure {
        if (!holds) revert BadTerms(field);
    }

    /// @dev How long it may be until the last verdict: at worst a period presented just before `endBy` has to be disputed,
    /// and a last one follows it. As long as the longest job at most, so that coverage lasts.
    function _requireLength(TabTerms calldata t) private view returns (uint256) {
        _requireBefore(TabFields.endBy(t));
        unchecked {
            // Periods are below 2^32, times below 2^40.
            uint256 judging = TabFields.window(t) + MIN_CHALLENGE + TabFields.verdict(t);
            uint256 latest = TabFields.endBy(t) + 2 * judging + _lapsePeriod(t) + TabFields.ruling(t)
                + TabFields.grace(t) + TabFields.notice(t);
            _requireTerm(latest <= block.timestamp + MAX_LENGTH, "endBy");
            return latest - block.timestamp;
        }
    }

    /// @dev Brings in what the buyer pays. Each way carries the buyer's consent to the tab.
    function _fund(
        TabTerms calldata t,
        bytes32 id,
        uint256 openBy,
        Funding funding,
        bytes calldata payment,
        bytes calldata collateral
    ) private {
        if (funding == Funding.Allowance && msg.sender != TabFields.buyer(t)) {
            revert NotAllowed(msg.sender);
        }
        uint256 amount =
            TabFields.deposit(t) + TabFields.fee(t) + TabFields.verdictFee(t) * TabFields.periods(t);
        if (funding == Funding.Collateral) {
            amount += TabFields.credit(t);
        } else if (TabFields.credit(t) != 0) {
            _pledge(TabFields.buyer(t), id, TabFields.credit(t), openBy, collateral);
        }
        _take(funding, TabFields.buyer(t), amount, id, openBy, payment);
    }

    function _pledge(address account, bytes32 id, uint256 amount, uint256 expiry, bytes calldata signature)
        private
    {
        ESCROW.takePledge(account, id, amount, expiry, signature);
    }
}
