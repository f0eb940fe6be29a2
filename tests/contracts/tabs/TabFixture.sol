// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Attested, Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {IBook} from "../../../contracts/evaluators/interfaces/IBook.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {ITabLife} from "../../../contracts/tabs/interfaces/ITabLife.sol";
import {ITabPeriods} from "../../../contracts/tabs/interfaces/ITabPeriods.sol";
import {ITabs} from "../../../contracts/tabs/interfaces/ITabs.sol";
import {
    TabAgreement,
    TabOpening,
    TabTerms,
    TabVerdict,
    Tally
} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";

/// The escrow's fixture with the book of tabs, to which all five evaluators agreed. Type strings are written out anew.
abstract contract TabFixture is EscrowFixture {
    bytes32 private constant TERMS = keccak256(
        "TabTerms(address buyer,address provider,bytes32 committee,uint64 deposit,uint64 credit,uint64 bond,uint64 ceiling,uint64 fee,uint64 verdictFee,uint64 due,uint40 endBy,uint32 period,uint32 window,uint32 verdict,uint32 challenge,uint32 ruling,uint32 grace,uint32 notice,uint16 periods)"
    );
    bytes32 private constant TAB_OPENING =
        keccak256("TabOpening(bytes32 pact,bytes32 offchain,uint256 agentId,uint40 openBy,uint256 salt)");
    bytes32 private constant TAB = keccak256(
        "Tab(TabTerms terms,TabOpening opening)TabOpening(bytes32 pact,bytes32 offchain,uint256 agentId,uint40 openBy,uint256 salt)TabTerms(address buyer,address provider,bytes32 committee,uint64 deposit,uint64 credit,uint64 bond,uint64 ceiling,uint64 fee,uint64 verdictFee,uint64 due,uint40 endBy,uint32 period,uint32 window,uint32 verdict,uint32 challenge,uint32 ruling,uint32 grace,uint32 notice,uint16 periods)"
    );
    // Not read from the block: what an optimizer reads once it may read again, after the chain was changed.
    uint256 internal constant HOME = 31337;
    uint64 internal constant DEPOSIT = 100e6;
    uint64 internal constant CREDIT = 50e6;
    uint64 internal constant TAB_BOND = 30e6;
    uint64 internal constant CEILING = 20_000;
    uint64 internal constant READY_FEE = 2e6;
    uint64 internal constant VERDICT_FEE = 1e6;
    uint16 internal constant PERIODS = 10;

    ITabs internal tabs;
    uint256 private _tabSalt;

    function setUp() public virtual override {
        super.setUp();
        tabs = ITabs(vm.deployCode("Tabs.sol:Tabs", abi.encode(escrow)));
        vm.label(address(tabs), "tabs");
        for (uint256 i; i < N; ++i) {
            vm.prank(evaluators[i]);
            escrow.consent(committee, i, address(tabs));
        }
        for (uint256 i; i < 3; ++i) {
            vm.prank([buyer, provider, relayer][i]);
            usdc.approve(address(tabs), type(uint256).max);
        }
        vm.prank(buyer);
        escrow.deposit(buyer, 10_000e6);
    }

    /// Fresh terms between buyer and provider, with credit.
    function newTab() internal returns (TabAgreement memory a) {
        a.terms.buyer = buyer;
        a.terms.provider = provider;
        a.terms.committee = committee;
        a.terms.deposit = DEPOSIT;
        a.terms.credit = CREDIT;
        a.terms.bond = TAB_BOND;
        a.terms.ceiling = CEILING;
        a.terms.fee = READY_FEE;
        a.terms.verdictFee = VERDICT_FEE;
        a.terms.due = 80e6;
        a.terms.endBy = uint40(block.timestamp + 30 days);
        a.terms.period = uint32(1 days);
        a.terms.window = uint32(2 hours);
        a.terms.verdict = uint32(3 hours);
        a.terms.challenge = uint32(1 days);
        a.terms.ruling = uint32(2 days);
        a.terms.grace = uint32(4 hours);
        a.terms.notice = uint32(5 hours);
        a.terms.periods = PERIODS;
        a.opening = TabOpening({
            pact: keccak256("pact"),
            offchain: keccak256("offchain"),
            agentId: 42,
            openBy: uint40(block.timestamp + 1 hours),
            salt: ++_tabSalt
        });
    }

    // ---- acts

    function openCall(TabAgreement memory a) internal view returns (bytes memory) {
        return
            abi.encodeCall(
                tabs.open, (a, Funding.Authorization, payment(a), collateralPledge(a), bondPledge(a))
            );
    }

    function opened() internal returns (TabAgreement memory a) {
        a = newTab();
        done(relayer, openCall(a));
    }

    /// Opened, and a period's time later.
    function ripe() internal returns (TabAgreement memory a) {
        a = opened();
        skip(a.terms.period);
    }

    function presentCall(TabAgreement memory a, Tally memory t) internal view returns (bytes memory) {
        return abi.encodeCall(
            tabs.present, (a.terms, oh(a), t, signTally(buyerKey, a, t), signTally(providerKey, a, t))
        );
    }

    /// By the provider under both signatures: it can be judged at once.
    function present(TabAgreement memory a, Tally memory t) internal {
        done(provider, presentCall(a, t));
    }

    /// Presented by the provider alone under the buyer's signature.
    function presentAlone(TabAgreement memory a, Tally memory t) internal {
        done(
            provider, abi.encodeCall(tabs.present, (a.terms, oh(a), t, signTally(buyerKey, a, t), bytes("")))
        );
    }

    function replaceCall(TabAgreement memory a, Tally memory higher) internal view returns (bytes memory) {
        return abi.encodeCall(
            tabs.replace,
            (a.terms, oh(a), higher, signTally(buyerKey, a, higher), signTally(providerKey, a, higher))
        );
    }

    function verdictOf(TabAgreement memory a, Tally memory t, Outcome outcome, uint64 pay, uint32 signers)
        internal
        view
        returns (TabVerdict memory v)
    {
        bytes32 id = idOf(a);
        v.outcome = outcome;
        v.payable_ = pay;
        v.signers = signers;
        v.attested = attest(id, deliverableOf(a, t), outcome, pay, signers);
    }

    function judgeCall(TabAgreement memory a, Tally memory t, Outcome outcome, uint64 pay)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(tabs.judge, (a.terms, oh(a), t, verdictOf(a, t, outcome, pay, 7)));
    }

    function judge(TabAgreement memory a, Tally memory t, Outcome outcome, uint64 pay) internal {
        done(relayer, judgeCall(a, t, outcome, pay));
    }

    function attestCall(TabAgreement memory a, Tally memory t, uint32 signers)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(tabs.attest, (a.terms, oh(a), t, verdictOf(a, t, Outcome.Pass, 1, signers)));
    }

    function lapse(TabAgreement memory a, Tally memory t) internal {
        done(relayer, abi.encodeCall(tabs.lapse, (a.terms, oh(a), t)));
    }

    function disputeCall(TabAgreement memory a, address party, Outcome sought, uint64 pay)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            tabs.dispute, (a.terms, oh(a), party, sought, pay, 0, Funding.Allowance, bytes(""))
        );
    }

    function dispute(TabAgreement memory a, address party, Outcome sought, uint64 pay) internal {
        done(party, disputeCall(a, party, sought, pay));
    }

    function rule(TabAgreement memory a, Outcome outcome, uint256 pay) internal {
        done(arbiter, abi.encodeCall(tabs.rule, (subjectOf(a), outcome, pay)));
    }

    function settleCall(TabAgreement memory a) internal pure returns (bytes memory) {
        return abi.encodeCall(ITabPeriods.settle, (a.terms, oh(a), false));
    }

    function settle(TabAgreement memory a) internal {
        done(relayer, settleCall(a));
    }

    function closeCall(TabAgreement memory a) internal pure returns (bytes memory) {
        return abi.encodeCall(ITabLife.close, (a.terms, oh(a), false));
    }

    function notice(TabAgreement memory a, address party) internal {
        done(party, abi.encodeCall(tabs.giveNotice, (a.terms, oh(a), party, 0, bytes(""))));
    }

    function topUpCall(TabAgreement memory a, uint256 amount) internal pure returns (bytes memory) {
        return abi.encodeCall(ITabLife.topUp, (a.terms, oh(a), amount, Funding.Allowance, 0, 0, bytes("")));
    }

    /// Both signed that the provider gets so much, and the tab ends; for the phase it is in.
    function splitCall(TabAgreement memory a, uint256 toProvider, uint256 expiry, uint8 phase)
        internal
        view
        returns (bytes memory)
    {
        return splitCall(a, toProvider, expiry, phase, false);
    }

    function splitCall(TabAgreement memory a, uint256 toProvider, uint256 expiry, uint8 phase, bool payOut)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "TabSplit(bytes32 tab,uint64 period,uint8 phase,uint64 payable,uint256 toProvider,uint256 expiry)"
                    ),
                    idOf(a),
                    uint64(stateOf(a).period),
                    phase,
                    stateOf(a).payable_,
                    toProvider,
                    expiry
                )
            )
        );
        return abi.encodeCall(
            tabs.agree,
            (a.terms, oh(a), toProvider, expiry, sign(buyerKey, digest), sign(providerKey, digest), payOut)
        );
    }

    // ---- tabs brought somewhere

    /// The first period is presented under both signatures.
    function presented(uint64 amount) internal returns (TabAgreement memory a, Tally memory t) {
        a = ripe();
        t = tally(10_000, amount);
        present(a, t);
    }

    function judged(uint64 amount, Outcome outcome, uint64 pay)
        internal
        returns (TabAgreement memory a, Tally memory t)
    {
        (a, t) = presented(amount);
        judge(a, t, outcome, pay);
    }

    function silenced(uint64 amount) internal returns (TabAgreement memory a, Tally memory t) {
        (a, t) = presented(amount);
        skip(a.terms.verdict);
        lapse(a, t);
    }

    // ---- calls

    /// `call` by `caller` must revert with exactly `reason`.
    function refused(address caller, bytes memory call, bytes memory reason) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(tabs).call(call);
        assertFalse(ok, "should have been refused");
        assertEq(data, reason, "refused for another reason");
    }

    /// `call` by `caller` must revert with this error, whatever its figures.
    function refusedWith(address caller, bytes memory call, bytes4 selector) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(tabs).call(call);
        assertFalse(ok, "should have been refused");
        assertEq(bytes4(data), selector, "refused for another reason");
    }

    function done(address caller, bytes memory call) internal returns (bytes memory data) {
        bool ok;
        vm.prank(caller);
        (ok, data) = address(tabs).call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
    }

    // ---- signatures

    function payment(TabAgreement memory a) internal view returns (bytes memory) {
        return signReceiveUSDC(buyerKey, address(tabs), paidIn(a), 0, a.opening.openBy, idOf(a));
    }

    function collateralPledge(TabAgreement memory a) internal view returns (bytes memory) {
        return pledge(buyerKey, idOf(a), a.terms.credit, a.opening.openBy);
    }

    function bondPledge(TabAgreement memory a) internal view returns (bytes memory) {
        return pledge(providerKey, idOf(a), a.terms.bond, a.opening.openBy);
    }

    function pledge(uint256 key, bytes32 subject, uint256 amount, uint256 expiry)
        internal
        view
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)"
        );
        return
            sign(
                key, typed(keccak256(abi.encode(kind, vm.addr(key), address(tabs), subject, amount, expiry)))
            );
    }

    function signTally(uint256 key, TabAgreement memory a, Tally memory t)
        internal
        view
        returns (bytes memory)
    {
        return sign(key, tallyDigest(idOf(a), t));
    }

    // ---- hashes and figures

    function tally(uint64 count, uint64 amount) internal pure returns (Tally memory) {
        return Tally(count, amount, keccak256(abi.encode("root", count, amount)));
    }

    function tallyDigest(bytes32 id, Tally memory t) internal view returns (bytes32) {
        return tabTyped(
            keccak256(
                abi.encode(
                    keccak256("Tally(bytes32 tab,uint64 count,uint64 amount,bytes32 root)"),
                    id,
                    t.count,
                    t.amount,
                    t.root
                )
            )
        );
    }

    /// What an arbiter rules on in the period that is pending.
    function subjectOf(TabAgreement memory a) internal view returns (bytes32) {
        return keccak256(abi.encode(idOf(a), uint256(stateOf(a).period + 1)));
    }

    function notDisputed(bytes32 subject) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ITabEvents.NotDisputed.selector, subject);
    }

    /// Of the period that is pending, or that is next.
    function deliverableOf(TabAgreement memory a, Tally memory t) internal view returns (bytes32) {
        bytes32 id = idOf(a);
        uint64 period = tabs.tabState(id).period + 1;
        return keccak256(abi.encode(id, period, t.count, t.amount, t.root));
    }

    function tabTyped(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest tabs"),
                keccak256("1"),
                block.chainid,
                address(tabs)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function oh(TabAgreement memory a) internal pure returns (bytes32) {
        return keccak256(abi.encode(TAB_OPENING, a.opening));
    }

    function idOf(TabAgreement memory a) internal view returns (bytes32) {
        return tabTyped(keccak256(abi.encode(TAB, keccak256(abi.encode(TERMS, a.terms)), oh(a))));
    }

    /// What the buyer pays in but for the collateral.
    function paidIn(TabAgreement memory a) internal pure returns (uint256) {
        return uint256(a.terms.deposit) + a.terms.fee + uint256(a.terms.verdictFee) * a.terms.periods;
    }

    function stateOf(TabAgreement memory a) internal view returns (ITabEvents.TabView memory) {
        return tabs.tabState(idOf(a));
    }

    function assertPhase(TabAgreement memory a, ITabEvents.Phase phase) internal view {
        assertEq(uint8(stateOf(a).phase), uint8(phase), "phase");
    }

    function wrongPhase(TabAgreement memory a, ITabEvents.Phase phase) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ITabEvents.WrongPhase.selector, idOf(a), phase);
    }

    function tooLate(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IBook.TooLate.selector, limit, block.timestamp);
    }

    function tooEarly(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IBook.TooEarly.selector, limit, block.timestamp);
    }

    function badTerms(bytes32 field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ITabEvents.BadTerms.selector, field);
    }

    function badTally(bytes32 field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ITabEvents.BadTally.selector, field);
    }

    function forked() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBook.ForkedChain.selector, 1, HOME);
    }

    // ---- events whose small fields share a word

    function expectJudged(
        TabAgreement memory a,
        Outcome outcome,
        uint64 payable_,
        uint32 signers,
        uint40 ends,
        bytes32[] memory evidence
    ) internal {
        bytes32 word = bytes32(abi.encodePacked(uint96(0), uint16(1), payable_, ends, signers, outcome));
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodJudged(idOf(a), uint256(word), evidence);
    }

    function expectPosted(
        TabAgreement memory a,
        Outcome outcome,
        uint64 payable_,
        uint32 signers,
        bytes32[] memory evidence
    ) internal {
        bytes32 word = bytes32(abi.encodePacked(uint96(0), uint16(1), payable_, uint40(0), signers, outcome));
        vm.expectEmit(address(tabs));
        emit ITabEvents.AttestationsPosted(idOf(a), uint256(word), evidence);
    }

    /// Of the first period. `onTop`: to the buyer, the provider and the set.
    function expectSettled(
        TabAgreement memory a,
        Outcome outcome,
        uint64 payable_,
        uint64 paid,
        uint32 set,
        uint80[3] memory onTop
    ) internal {
        bytes32 word = bytes32(abi.encodePacked(uint72(0), paid, payable_, uint16(1), set, outcome));
        bytes32 top = bytes32(abi.encodePacked(uint16(0), onTop[2], onTop[1], onTop[0]));
        vm.expectEmit(address(tabs));
        emit ITabEvents.PeriodSettled(idOf(a), uint256(word), uint256(top));
    }

    function free(address account) internal view returns (uint256) {
        return escrow.collateralOf(account);
    }

    function reserved() internal view returns (uint256) {
        return escrow.committeeState(committee).reserved;
    }

    function feesOf(uint32 set) internal view returns (uint256) {
        return escrow.feesOf(committee, set);
    }
}
