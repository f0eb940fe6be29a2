// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../arbiters/IRulable.sol";
import {BookMoney} from "../evaluators/base/BookMoney.sol";
import {IEscrow} from "../interfaces/IEscrow.sol";
import {ISilence} from "../interfaces/ISilence.sol";
import {IViews} from "../interfaces/IViews.sol";
import {Attested, Basis, Funding, Outcome, Statement} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Payouts} from "../libraries/Payouts.sol";
import {ITabs, TabAgreement, TabOpening, TabTerms, TabVerdict, Tally} from "./ITabs.sol";
import {TabMoney} from "./TabMoney.sol";
import {TabFields} from "./libraries/TabFields.sol";
import {TabHashes} from "./libraries/TabHashes.sol";
import {TabPayouts} from "./libraries/TabPayouts.sol";
import {TabWords} from "./libraries/TabWords.sol";

/// @title A book of the escrow: tabs
/// @notice No owner, no setter, nothing to upgrade. See docs/tabs.md.
/// @dev Each act checks, then writes, then moves money. The only calls outward are to the escrow and USDC, and static ones
/// to ERC-1271 wallets.
contract Tabs is TabMoney {
    uint256 private constant FEE_UNIT = 1e6 * 1 days; // see Coverage._lowestFee
    uint256 private constant MAX_BATCH = 256;

    uint256 private immutable MIN_CHALLENGE;
    uint256 private immutable LAPSE_CHALLENGE;
    uint256 private immutable MAX_RULING;
    uint256 private immutable MAX_LENGTH;

    /// @param escrow_ The escrow whose committees judge.
    constructor(IEscrow escrow_) BookMoney(escrow_, "Earnest tabs") {
        (MIN_CHALLENGE, LAPSE_CHALLENGE,,, MAX_RULING, MAX_LENGTH) = ESCROW.constants();
    }

    /// @inheritdoc ITabs
    function open(
        TabAgreement calldata agreement,
        Funding funding,
        bytes calldata payment,
        bytes calldata collateral,
        bytes calldata providerSignature
    ) external onHomeChain returns (bytes32 id) {
        TabTerms calldata t = agreement.terms;
        Tab memory tab = _load(t, TabHashes.opening(agreement.opening));
        _requirePhase(tab, Phase.None);
        id = tab.id;
        _requireAccepted(t, agreement.opening);
        (tab.s.balance, tab.s.end) = (TabFields.deposit(t), TabFields.endBy(t));
        (tab.p.phase, tab.p.from) = (uint256(Phase.Open), block.timestamp + TabFields.period(t));
        (uint32 members,) = ESCROW.reserve(TabFields.committee(t), id, TabFields.value(t));
        tab.s.members = members;
        _save(tab);
        emit TabOpened(id, TabFields.buyer(t), TabFields.provider(t), agreement, members);
        _fund(t, id, agreement.opening.openBy, funding, payment, collateral);
        if (TabFields.bond(t) == 0) {
            _requireConsent(TabFields.provider(t), id, providerSignature);
        } else {
            _pledge(TabFields.provider(t), id, TabFields.bond(t), agreement.opening.openBy, providerSignature);
        }
    }

    /// @inheritdoc ITabs
    function topUp(
        TabTerms calldata t,
        bytes32 openingHash,
        uint256 amount,
        Funding funding,
        uint256 expiry,
        uint256 salt,
        bytes calldata signature
    ) external onHomeChain {
        Tab memory tab = _load(t, openingHash);
        Phase phase = _phase(tab);
        if (phase == Phase.None || phase == Phase.Closed) revert WrongPhase(tab.id, phase);
        // Only while something is owed there may be more than the deposit.
        uint256 room = TabFields.deposit(t) + (phase == Phase.Owing ? tab.p.payable_ : 0) - tab.s.balance;
        if (amount == 0 || amount > room) revert TopUpTooLarge(amount, room);
        tab.s.balance += amount;
        _save(tab);
        address payer = funding == Funding.Allowance ? msg.sender : TabFields.buyer(t);
        emit ToppedUp(tab.id, amount, payer);
        _take(
            funding, payer, amount, _digest(TabHashes.topUp(tab.id, amount, expiry, salt)), expiry, signature
        );
    }

    /// @inheritdoc ITabs
    function present(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain {
        Tab memory tab = _load(t, openingHash);
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
        // Both have signed every tally there ever was: the last one must not be an old one.
        if (!both || p.last) p.deadline += TabFields.window(t);
        _anchor(tab, tally);
    }

    /// @inheritdoc ITabs
    function replace(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata presented,
        Tally calldata higher,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external onHomeChain {
        Tab memory tab = _presented(t, openingHash, presented);
        _requireBefore(tab.p.deadline);
        if (higher.count <= presented.count || higher.amount < presented.amount) {
            revert NotHigher(higher.count, presented.count);
        }
        _owed(t, tab.s, higher);
        _requireBoth(t, tab.id, higher, buyerSignature, providerSignature);
        _anchor(tab, higher);
    }

    /// @inheritdoc ITabs
    function judge(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external onHomeChain {
        Tab memory tab = _awaiting(t, openingHash, tally);
        uint256 k = CommitteeId.threshold(TabFields.committee(t));
        if (verdict.attested.length != k) revert NotAQuorum(verdict.attested.length, k);
        _check(t, tab, tally, verdict);
        TabWords.Pending memory p = tab.p;
        (p.set, p.outcome, p.payable_) = (verdict.signers, uint256(verdict.outcome), verdict.payable_);
        _judged(tab, tally, block.timestamp + TabFields.challenge(t));
        _logVerdict(PeriodJudged.selector, tab, verdict, p.deadline);
    }

    /// @inheritdoc ITabs
    function attest(
        TabTerms calldata t,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external onHomeChain {
        Tab memory tab = _awaiting(t, openingHash, tally);
        if (verdict.signers == 0) revert NotAQuorum(0, 1);
        _check(t, tab, tally, verdict);
        tab.p.set |= verdict.signers;
        _savePending(tab);
        _logVerdict(AttestationsPosted.selector, tab, verdict, 0);
    }

    /// @inheritdoc ITabs
    function lapse(TabTerms calldata t, bytes32 openingHash, Tally calldata tally) external {
        Tab memory tab = _presented(t, openingHash, tally);
        TabWords.Pending memory p = tab.p;
        _requireFrom(p.deadline + TabFields.verdict(t));
        (p.set, p.outcome, p.silent) = (tab.s.members & ~p.set, uint256(Outcome.Lapse), true);
        _judged(tab, tally, block.timestamp + _lapsePeriod(t));
        emit PeriodLapsed(tab.id, uint64(tab.s.period + 1), uint32(p.set), uint40(p.deadline));
    }

    /// @inheritdoc ITabs
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
        Tab memory tab = _load(t, openingHash);
        _requirePhase(tab, Phase.Judged);
        TabWords.Pending memory p = tab.p;
        _requireBefore(p.deadline);
        bool byBuyer = _isBuyer(t, party);
        uint256 owed = p.amount - tab.s.settledAmount;
        _requirePayable(sought, soughtPayable, owed);
        {
            uint256 has = TabPayouts.position(Outcome(p.outcome), p.payable_, TabFields.bond(t));
            uint256 seeks = TabPayouts.position(sought, soughtPayable, TabFields.bond(t));
            if (byBuyer ? seeks >= has : seeks <= has) revert NotAllowed(party);
        }
        (p.phase, p.deadline) = (uint256(Phase.Disputed), block.timestamp + TabFields.ruling(t));
        _savePending(tab);
        uint256 deposit = _appeal(t, tab.id, owed, byBuyer);
        emit PeriodDisputed(
            tab.id, uint64(tab.s.period + 1), party, sought, soughtPayable, deposit, uint40(p.deadline)
        );
        bytes32 digest = _digest(
            TabHashes.dispute(
                tab.id, tab.s.period + 1, party, Outcome(p.outcome), p.payable_, sought, soughtPayable, expiry
            )
        );
        // A deposit is never zero, so one that is paid by signature carries the party's consent.
        if (funding == Funding.Allowance) _requirePermission(party, digest, expiry, signature);
        _take(funding, party, deposit, digest, expiry, signature);
    }

    /// @inheritdoc IRulable
    function rule(bytes32 subject, Outcome outcome, uint256 payable_) external {
        Tab memory tab = _get(subject);
        _requirePhase(tab, Phase.Disputed);
        Appeal storage a = _appeals[subject];
        (address arbiter, uint256 cost) = (a.arbiter, a.cost);
        if (msg.sender != arbiter) revert NotTheArbiter(msg.sender, arbiter);
        _requireBefore(tab.p.deadline);
        _requirePayable(outcome, payable_, tab.p.amount - tab.s.settledAmount);
        (a.ruled, a.payable_) = (outcome, uint64(payable_));
        tab.p.phase = uint256(Phase.Ruled);
        _savePending(tab);
        emit PeriodRuled(subject, uint64(tab.s.period + 1), arbiter, outcome, uint64(payable_), cost);
        _give(arbiter, cost);
    }

    /// @inheritdoc ITabs
    function giveNotice(
        TabTerms calldata t,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature
    ) external onHomeChain {
        Tab memory tab = _load(t, openingHash);
        Phase phase = _phase(tab);
        if (phase == Phase.None || phase == Phase.Closed) revert WrongPhase(tab.id, phase);
        _isBuyer(t, party);
        _requirePermission(party, _digest(TabHashes.notice(tab.id, party, expiry)), expiry, signature);
        TabWords.Standing memory s = tab.s;
        uint256 end = block.timestamp + TabFields.notice(t);
        if (end < s.end) s.end = end;
        s.closing = true;
        _save(tab);
        emit NoticeGiven(tab.id, party, uint40(s.end));
    }

    /// @inheritdoc ITabs
    function close(TabTerms calldata t, bytes32 openingHash, bool payOut) external {
        Tab memory tab = _load(t, openingHash);
        _requirePhase(tab, Phase.Open);
        _requireFrom(tab.s.end);
        Flow memory flow;
        flow.payOut = payOut;
        _end(t, tab, flow, Ending.Left, TabFields.credit(t));
        _handOver(t, flow);
    }

    /// @inheritdoc ITabs
    function agree(
        TabTerms calldata t,
        bytes32 openingHash,
        uint256 toProvider,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external onHomeChain {
        Tab memory tab = _load(t, openingHash);
        Phase phase = _phase(tab);
        if (phase != Phase.Open && phase != Phase.Presented) revert WrongPhase(tab.id, phase);
        uint256 held = tab.s.balance + TabFields.credit(t) + TabFields.bond(t);
        if (toProvider > held) revert SplitTooLarge(toProvider, held);
        bytes32 digest = _digest(TabHashes.split(tab.id, tab.s.period, phase, toProvider, expiry));
        _requirePermission(TabFields.buyer(t), digest, expiry, buyerSignature);
        _requirePermission(TabFields.provider(t), digest, expiry, providerSignature);
        uint256 toMembers;
        if (phase == Phase.Presented) {
            // The committee was asked already.
            ++tab.s.period;
            toMembers = TabFields.verdictFee(t);
        }
        Flow memory flow;
        flow.payOut = payOut;
        _close(t, tab, flow, Ending.Agreed, held - toProvider, toProvider, toMembers);
        _handOver(t, flow);
    }

    /// @inheritdoc ITabs
    function proveEquivocation(
        TabTerms calldata t,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain {
        _expel(_concerned(t, openingHash), TabFields.value(t), deliverable, a, b);
    }

    /// @inheritdoc ITabs
    function collect(TabTerms calldata t, bytes32 openingHash, uint256 index) external {
        _collect(_concerned(t, openingHash), index);
    }

    /// @inheritdoc ITabs
    function batch(bytes[] calldata calls) external returns (Result[] memory results) {
        uint256 n = calls.length;
        if (n == 0 || n > MAX_BATCH) revert BadLength(n, MAX_BATCH);
        results = new Result[](n);
        for (uint256 i; i < n; ++i) {
            // Its own code and the caller's own rights: what fails is undone alone. No function takes ETH.
            (bool ok, bytes memory data) = address(this).delegatecall(calls[i]);
            results[i] = Result(ok, data);
            if (!ok) emit CallFailed(i, data);
        }
    }

    /// @inheritdoc IRulable
    function rulingOf(bytes32 subject)
        external
        view
        returns (address arbiter, uint256 rulingEnds, address buyer, address provider)
    {
        Tab memory tab = _get(subject);
        if (_phase(tab) != Phase.Disputed) return (address(0), 0, address(0), address(0));
        Appeal storage a = _appeals[subject];
        return (a.arbiter, tab.p.deadline, a.buyer, a.provider);
    }

    /// @inheritdoc ITabs
    function tabId(TabTerms calldata t, bytes32 openingHash) external view returns (bytes32) {
        return _digest(TabHashes.tab(t, openingHash));
    }

    /// @inheritdoc ITabs
    function tabState(bytes32 id) external view returns (TabView memory v) {
        Tab memory tab = _get(id);
        TabWords.Standing memory s = tab.s;
        TabWords.Pending memory p = tab.p;
        v.phase = _phase(tab);
        v.closing = s.closing;
        v.last = p.last;
        v.members = uint32(s.members);
        v.balance = uint64(s.balance);
        v.settledCount = uint64(s.settledCount);
        v.settledAmount = uint64(s.settledAmount);
        v.period = uint16(s.period);
        v.end = uint40(s.end);
        v.from = uint40(p.from);
        v.deadline = uint40(p.deadline);
        v.mark = bytes32(p.mark << 104);
        v.set = uint32(p.set);
        v.count = uint64(p.count);
        v.amount = uint64(p.amount);
        v.outcome = Outcome(p.outcome);
        v.basis = p.silent ? Basis.Silence : Basis.Verdict;
        v.payable_ = uint64(p.payable_);
    }

    /// @inheritdoc ITabs
    function defaultsOf(address buyer) external view returns (uint64 times, uint64 amount) {
        Defaults memory d = _defaults[buyer];
        return (d.times, d.amount);
    }

    function _requireAccepted(TabTerms calldata t, TabOpening calldata o) private view {
        _requireBefore(o.openBy);
        address buyer = TabFields.buyer(t);
        address provider = TabFields.provider(t);
        _requireTerm(buyer != address(0) && buyer != address(ESCROW), "buyer");
        _requireTerm(provider != address(0) && provider != address(ESCROW) && provider != buyer, "provider");
        _requireTerm(TabFields.deposit(t) != 0, "deposit");
        _requireTerm(TabFields.deposit(t) + TabFields.credit(t) <= TabWords.MAX_AMOUNT, "credit");
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
            uint256 judging = TabFields.window(t) + TabFields.verdict(t);
            uint256 latest = TabFields.endBy(t) + 2 * judging + _lapsePeriod(t) + TabFields.ruling(t)
                + TabFields.grace(t) + TabFields.notice(t);
            _requireTerm(latest <= block.timestamp + MAX_LENGTH, "endBy");
            return latest - block.timestamp;
        }
    }

    function _lapsePeriod(TabTerms calldata t) private view returns (uint256 period) {
        period = TabFields.challenge(t);
        if (period < LAPSE_CHALLENGE) period = LAPSE_CHALLENGE;
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
        uint256 covered = s.balance + TabFields.credit(t);
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
        p.mark = _markOf(tab, tally);
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

    function _markOf(Tab memory tab, Tally calldata tally) private pure returns (uint256) {
        return TabWords.markOf(TabHashes.deliverable(tab.id, tab.s.period + 1, tally));
    }

    /// @dev A tab on which just this tally is presented.
    function _presented(TabTerms calldata t, bytes32 openingHash, Tally calldata tally)
        private
        view
        returns (Tab memory tab)
    {
        tab = _load(t, openingHash);
        _requirePhase(tab, Phase.Presented);
        if (_markOf(tab, tally) != tab.p.mark) {
            revert WrongTally(tab.id, TabHashes.deliverable(tab.id, tab.s.period + 1, tally));
        }
    }

    /// @dev And which can be judged now.
    function _awaiting(TabTerms calldata t, bytes32 openingHash, Tally calldata tally)
        private
        view
        returns (Tab memory tab)
    {
        tab = _presented(t, openingHash, tally);
        _requireFrom(tab.p.deadline);
        _requireBefore(tab.p.deadline + TabFields.verdict(t));
    }

    function _check(TabTerms calldata t, Tab memory tab, Tally calldata tally, TabVerdict calldata v)
        private
        view
    {
        _requirePayable(v.outcome, v.payable_, tally.amount - tab.s.settledAmount);
        _checkAttestations(
            TabFields.committee(t),
            tab.s.members,
            tab.id,
            TabHashes.deliverable(tab.id, tab.s.period + 1, tally),
            v
        );
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

    /// @dev What is provisional is in `p`; here the tally joins it.
    function _judged(Tab memory tab, Tally calldata tally, uint256 challengeEnds) private {
        TabWords.Pending memory p = tab.p;
        (p.phase, p.deadline) = (uint256(Phase.Judged), challengeEnds);
        (p.count, p.amount) = (tally.count, tally.amount);
        _savePending(tab);
    }

    function _appeal(TabTerms calldata t, bytes32 id, uint256 owed, bool byBuyer)
        private
        returns (uint256 deposit)
    {
        IViews.CommitteeView memory c = _committee(t);
        deposit = Payouts.depositFor(owed + TabFields.bond(t), c.arbiterCost);
        _appeals[id] = Appeal({
            arbiter: c.arbiter,
            cost: uint64(c.arbiterCost),
            buyerDisputes: byBuyer,
            ruled: Outcome.None,
            buyer: TabFields.buyer(t),
            deposit: uint64(deposit),
            provider: TabFields.provider(t),
            payable_: 0
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

    function _requirePayable(Outcome outcome, uint256 payable_, uint256 highest) private pure {
        if (outcome == Outcome.None) revert NoOutcome();
        if (outcome == Outcome.Lapse) highest = 0;
        if (payable_ > highest) revert PayableTooHigh(payable_, highest);
    }

    function _isBuyer(TabTerms calldata t, address party) private pure returns (bool) {
        if (party == TabFields.buyer(t)) return true;
        if (party == TabFields.provider(t)) return false;
        revert NotAllowed(party);
    }
}
