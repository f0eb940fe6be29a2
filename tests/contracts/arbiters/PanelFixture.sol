// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPanel} from "../../../contracts/arbiters/IPanel.sol";
import {Agreement, Attested, Committee, Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// A panel of nine with threshold five as arbiter of the jobs' committee of five.
abstract contract PanelFixture is UnitTest {
    uint256 internal constant MEMBERS = 9;
    uint256 internal constant QUORUM = 5;
    uint64 internal constant PANEL_STAKE = 2000e6;
    uint64 internal constant PANEL_SILENCE = 500e6;
    uint256 internal constant COST = 10e6;
    uint256 internal constant MIN_RULING = 1 days;
    uint256 internal constant PROOF = 7 days;
    uint256 internal constant SHARE = 260e6; // 1300 / 5
    uint32 internal constant FIVE = 31;
    uint32 internal constant ALL = 511;

    IPanel internal panel;
    bytes32 internal panelCommittee;
    address[] internal members; // ascending
    uint256[] internal memberKeys; // memberKeys[i] signs for members[i]
    address internal finder = makeAddr("finder");

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i; i < MEMBERS; ++i) {
            members.push(makeAddr(string.concat("member", vm.toString(i))));
            memberKeys.push(uint256(keccak256(abi.encode("member key", i))));
        }
        for (uint256 i; i < MEMBERS; ++i) {
            for (uint256 j = i + 1; j < MEMBERS; ++j) {
                if (members[j] < members[i]) (members[i], members[j]) = (members[j], members[i]);
            }
        }
        panelCommittee = escrow.createCommittee(panelTerms());
        panel = deployPanel(panelCommittee, COST, MIN_RULING);
        vm.label(address(panel), "panel");
        for (uint256 i; i < MEMBERS; ++i) {
            joinPanel(i);
        }
        Committee memory served = defaultCommittee();
        served.arbiter = address(panel);
        committee = foundCommittee(served);
    }

    function panelTerms() internal view returns (Committee memory c) {
        c = defaultCommittee();
        c.evaluators = members;
        c.threshold = uint8(QUORUM);
        c.stake = PANEL_STAKE;
        c.silence = PANEL_SILENCE;
        c.feeFlat = type(uint64).max;
    }

    function deployPanel(bytes32 id, uint256 cost, uint256 minRuling) internal returns (IPanel) {
        return IPanel(vm.deployCode("Panel.sol:Panel", abi.encode(escrow, id, cost, minRuling)));
    }

    function foundCommittee(Committee memory terms) internal returns (bytes32 id) {
        id = escrow.createCommittee(terms);
        for (uint256 i; i < N; ++i) {
            joinCommittee(id, i);
        }
    }

    function joinPanel(uint256 i) internal {
        mintUSDC(members[i], PANEL_STAKE);
        bytes memory proof = keyProof(panelCommittee, members[i], memberKeys[i]);
        vm.startPrank(members[i]);
        usdc.approve(address(escrow), PANEL_STAKE);
        escrow.deposit(members[i], PANEL_STAKE);
        escrow.join(panelCommittee, i, vm.addr(memberKeys[i]), proof);
        escrow.consent(panelCommittee, i, address(panel));
        vm.stopPrank();
    }

    // ---- jobs and rulings

    /// A job whose verdict Pass the buyer disputes.
    function disputed() internal returns (Agreement memory a) {
        a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
    }

    function summoned() internal returns (Agreement memory a) {
        a = disputed();
        summon(a);
    }

    function summon(Agreement memory a) internal {
        vm.prank(relayer);
        panel.summon(a.terms, openingHash(a.opening));
    }

    /// Written out anew, so that a slip in the contract's shows.
    function caseOf(address docket, bytes32 subject) internal view returns (bytes32) {
        return keccak256(abi.encode("Earnest Panel", address(panel), docket, subject));
    }

    function rulings(address docket, bytes32 subject, Outcome outcome, uint256 pay, uint32 signers)
        internal
        view
        returns (Attested[] memory attested)
    {
        uint256 n;
        for (uint256 i; i < 32; ++i) {
            if (signers & (1 << i) != 0) ++n;
        }
        attested = new Attested[](n);
        uint256 at;
        for (uint256 i; i < MEMBERS; ++i) {
            if (signers & (1 << i) == 0) continue;
            bytes32 reasons = keccak256(abi.encode("reasons", i));
            bytes32 digest = attestationDigest(caseOf(docket, subject), subject, outcome, pay, reasons);
            (bytes32 r, bytes32 vs) = signCompact(memberKeys[i], digest);
            attested[at++] = Attested(r, vs, reasons);
        }
    }

    function rulings(Agreement memory a, Outcome outcome, uint32 signers)
        internal
        view
        returns (Attested[] memory)
    {
        return rulings(address(escrow), idOf(a), outcome, 0, signers);
    }

    function panelRule(Agreement memory a, Outcome outcome, uint32 signers) internal {
        Attested[] memory attested = rulings(a, outcome, signers);
        vm.prank(relayer);
        panel.rule(a.terms, openingHash(a.opening), outcome, false, signers, attested);
    }

    function answers(Agreement memory a, Outcome outcome, uint32 signers) internal {
        Attested[] memory attested = rulings(a, outcome, signers);
        vm.prank(relayer);
        panel.answer(idOf(a), outcome, signers, attested);
    }

    function ruling(uint256 key, address docket, bytes32 subject, Outcome outcome, uint256 pay)
        internal
        view
        returns (Statement memory)
    {
        return statement(key, caseOf(docket, subject), subject, outcome, pay);
    }

    function contradict(Agreement memory a, uint256 index) internal {
        bytes32 job = idOf(a);
        Statement memory pass = ruling(memberKeys[index], address(escrow), job, Outcome.Pass, 0);
        Statement memory fail = ruling(memberKeys[index], address(escrow), job, Outcome.Fail, 0);
        vm.prank(finder);
        panel.proveEquivocation(address(escrow), job, pass, fail);
    }

    /// `call` of the panel by anyone must revert with exactly `reason`.
    function panelRefuses(bytes memory call, bytes memory reason) internal {
        (bool ok, bytes memory data) = address(panel).call(call);
        assertFalse(ok, "should have been refused");
        assertEq(data, reason, "refused for another reason");
    }

    function wrongStage(Agreement memory a, IPanel.Stage stage) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IPanel.WrongStage.selector, caseOf(address(escrow), idOf(a)), stage);
    }

    function panelStake(uint256 i) internal view returns (uint256) {
        return escrow.evaluator(panelCommittee, i).stake;
    }

    function reservedShares() internal view returns (uint256) {
        return escrow.committeeState(panelCommittee).reserved;
    }

    function stageOf(Agreement memory a) internal view returns (IPanel.Stage) {
        return panel.caseOf(address(escrow), idOf(a)).stage;
    }

    function assertStage(Agreement memory a, IPanel.Stage stage) internal view {
        assertEq(uint8(stageOf(a)), uint8(stage), "stage");
    }
}
