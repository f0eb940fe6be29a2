// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, Verdict} from "../../../contracts/interfaces/Types.sol";
import {PayoutsFixture} from "../utils/PayoutsFixture.sol";

/// The payout table of docs/protocol.md, a test a row, on the real contract with real USDC. The amounts are odd, so that
/// every rounding shows: none of F, F + h', M, Z or D - A divides by the number it is split between.
contract PayoutsTest is PayoutsFixture {
    uint64 private constant G = 1_000_000_007;
    uint64 private constant B = 300_000_002;
    uint64 private constant F = 20_000_002;
    uint64 private constant U = 100_000_001;
    uint64 private constant A = 15_000_001;
    uint64 private constant Z = 100_000_003;
    uint64 private constant V = G + B;
    uint256 private constant D = 260_000_002; // a fifth of 1,300,000,009 rounded up
    uint256 private constant H = 122_500_001; // half of D - A rounded up
    uint256 private constant REST = 122_500_000; // the other half
    // What each loses: a part of M, k = 3, or of what silence costs, n = 5. All rounded up.
    uint256 private constant THIRD_V = 433_333_337;
    uint256 private constant THIRD_G = 333_333_336;
    uint256 private constant THIRD_B = 100_000_001;
    uint256 private constant FIFTH_Z = 20_000_001;
    uint256 private constant FIFTH_G = 200_000_002;
    uint256 private constant FIFTH_B = 60_000_001;
    uint256 private constant X = 777_777_777; // of G + B, to the buyer by agreement

    function defaultCommittee() internal view override returns (Committee memory c) {
        c = super.defaultCommittee();
        c.arbiterCost = A;
        c.silence = Z;
    }

    function newAgreement() internal override returns (Agreement memory a) {
        a = super.newAgreement();
        a.terms.gated = G;
        a.terms.bond = B;
        a.terms.fee = F;
        a.opening.upFront = U;
    }

    // ---- nobody disputes

    function test_pass() public {
        Agreement memory a = judgedAs(Outcome.Pass);
        settleAfterChallenge(a);
        assertRow(a, Outcome.Pass, 0, G + B, Fees(SIGNERS, F), 0, 0);
    }

    function test_fail() public {
        Agreement memory a = judgedAs(Outcome.Fail);
        settleAfterChallenge(a);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(SIGNERS, F), 0, 0);
    }

    function test_lapse_attested() public {
        Agreement memory a = judgedAs(Outcome.Lapse);
        settleAfterChallenge(a);
        assertRow(a, Outcome.Lapse, G, B, Fees(SIGNERS, F), 0, 0);
    }

    function test_noShow() public {
        Agreement memory a = notShown();
        settleAfterChallenge(a);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(MEMBERS, F), 0, 0);
    }

    function test_silence_ofAll() public {
        Agreement memory a = silencedBut(0);
        settleAfterChallenge(a);
        assertSilence(a, Outcome.Lapse, G + F, B + 5 * FIFTH_Z, MEMBERS, FIFTH_Z, 0);
    }

    function test_silence_ofThree() public {
        Agreement memory a = silencedBut(HONEST);
        settleAfterChallenge(a);
        assertSilence(a, Outcome.Lapse, G + F, B + 3 * FIFTH_Z, SILENT, FIFTH_Z, 0);
    }

    function test_silence_ofNobody() public {
        Agreement memory a = silencedBut(MEMBERS);
        settleAfterChallenge(a);
        assertSilence(a, Outcome.Lapse, G + F, B, 0, 0, 0);
    }

    // ---- disputed and upheld

    function test_pass_upheld() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, G + B + H, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_fail_upheld() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Pass);
        ruleAs(a, Outcome.Fail);
        assertRow(a, Outcome.Fail, G + B + H, 0, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_noShow_upheld() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Lapse);
        ruleAs(a, Outcome.Fail);
        assertRow(a, Outcome.Fail, G + B + H, 0, Fees(MEMBERS, F + REST), 0, A);
    }

    function test_lapse_upheld_providerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), provider, Outcome.Pass);
        ruleAs(a, Outcome.Lapse);
        assertRow(a, Outcome.Lapse, G + H, B, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_lapse_upheld_buyerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Lapse);
        assertRow(a, Outcome.Lapse, G, B + H, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_silence_upheld_providerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), provider, Outcome.Pass);
        ruleAs(a, Outcome.Lapse);
        assertSilence(a, Outcome.Lapse, G + F + D - A, B + 3 * FIFTH_Z, SILENT, FIFTH_Z, A);
    }

    function test_silence_upheld_buyerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Lapse);
        assertSilence(a, Outcome.Lapse, G + F, B + 3 * FIFTH_Z + D - A, SILENT, FIFTH_Z, A);
    }

    // ---- disputed and overturned

    function test_pass_to_fail() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Fail);
        assertRow(a, Outcome.Fail, G + B + 3 * THIRD_V + F + D - A, 0, Fees(0, 0), THIRD_V, A);
    }

    function test_pass_to_lapse() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Lapse);
        assertRow(a, Outcome.Lapse, G + 3 * THIRD_G + F + D - A, B, Fees(0, 0), THIRD_G, A);
    }

    function test_fail_to_pass() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Lapse);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, G + B + 3 * THIRD_V + F + D - A, Fees(0, 0), THIRD_V, A);
    }

    function test_fail_to_lapse() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Pass);
        ruleAs(a, Outcome.Lapse);
        assertRow(a, Outcome.Lapse, G, B + 3 * THIRD_B + F + D - A, Fees(0, 0), THIRD_B, A);
    }

    function test_lapse_to_pass_providerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), provider, Outcome.Pass);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, G + 3 * THIRD_G + B + F + D - A, Fees(0, 0), THIRD_G, A);
    }

    /// The ruling goes against the disputant even more than the verdict did: its deposit goes to the other side.
    function test_lapse_to_pass_buyerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, G + 3 * THIRD_G + B + F + D - A, Fees(0, 0), THIRD_G, A);
    }

    function test_lapse_to_fail_buyerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Fail);
        assertRow(a, Outcome.Fail, G + B + 3 * THIRD_B + F + D - A, 0, Fees(0, 0), THIRD_B, A);
    }

    function test_lapse_to_fail_providerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), provider, Outcome.Pass);
        ruleAs(a, Outcome.Fail);
        assertRow(a, Outcome.Fail, G + B + 3 * THIRD_B + F + D - A, 0, Fees(0, 0), THIRD_B, A);
    }

    function test_silence_to_pass_providerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), provider, Outcome.Pass);
        ruleAs(a, Outcome.Pass);
        assertSilence(a, Outcome.Pass, F, G + B + D - A + 3 * FIFTH_G, SILENT, FIFTH_G, A);
    }

    function test_silence_to_pass_buyerDisputed() public {
        Agreement memory a = disputed(silencedBut(0), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Pass);
        assertSilence(a, Outcome.Pass, F, G + B + D - A + 5 * FIFTH_G, MEMBERS, FIFTH_G, A);
    }

    function test_silence_to_pass_wherePriceOfSilenceIsMore() public {
        Agreement memory a = newAgreement();
        (a.terms.gated, a.opening.upFront) = (50_000_001, 0);
        (uint256 g, uint256 d) = (50_000_001, 70_000_001); // a fifth of 350,000,003 rounded up
        a = disputed(silencedBut(a, HONEST), provider, Outcome.Pass);
        ruleAs(a, Outcome.Pass);
        assertSilence(a, Outcome.Pass, F, g + B + d - A + 3 * FIFTH_Z, SILENT, FIFTH_Z, A);
    }

    function test_silence_to_fail_buyerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Fail);
        assertSilence(a, Outcome.Fail, G + B + F + D - A + 3 * FIFTH_B, 0, SILENT, FIFTH_B, A);
    }

    function test_silence_to_fail_providerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), provider, Outcome.Pass);
        ruleAs(a, Outcome.Fail);
        assertSilence(a, Outcome.Fail, G + B + F + D - A + 3 * FIFTH_B, 0, SILENT, FIFTH_B, A);
    }

    function test_silence_to_fail_wherePriceOfSilenceIsMore() public {
        Agreement memory a = newAgreement();
        (a.terms.bond, a.opening.upFront) = (50_000_001, 0);
        (uint256 b, uint256 d) = (50_000_001, 210_000_002); // a fifth of 1,050,000,008 rounded up
        a = disputed(silencedBut(a, HONEST), buyer, Outcome.Fail);
        ruleAs(a, Outcome.Fail);
        assertSilence(a, Outcome.Fail, G + b + F + d - A + 3 * FIFTH_Z, 0, SILENT, FIFTH_Z, A);
    }

    function test_noShow_to_pass() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Pass);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, G + B + D - A, Fees(MEMBERS, F), 0, A);
    }

    function test_noShow_to_lapse() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Pass);
        ruleAs(a, Outcome.Lapse);
        assertRow(a, Outcome.Lapse, G, B + D - A, Fees(MEMBERS, F), 0, A);
    }

    // ---- the arbiter is silent

    function test_arbiterSilent_pass() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Lapse);
        settleAfterRuling(a);
        assertRow(a, Outcome.Pass, D, G + B, Fees(SIGNERS, F), 0, 0);
    }

    function test_arbiterSilent_fail() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Lapse);
        settleAfterRuling(a);
        assertRow(a, Outcome.Fail, G + B, D, Fees(SIGNERS, F), 0, 0);
    }

    function test_arbiterSilent_lapse() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), provider, Outcome.Pass);
        settleAfterRuling(a);
        assertRow(a, Outcome.Lapse, G, B + D, Fees(SIGNERS, F), 0, 0);
    }

    function test_arbiterSilent_lapse_buyerDisputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Lapse), buyer, Outcome.Fail);
        settleAfterRuling(a);
        assertRow(a, Outcome.Lapse, G + D, B, Fees(SIGNERS, F), 0, 0);
    }

    function test_arbiterSilent_noShow() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Pass);
        settleAfterRuling(a);
        assertRow(a, Outcome.Fail, G + B, D, Fees(MEMBERS, F), 0, 0);
    }

    function test_arbiterSilent_silence_providerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), provider, Outcome.Pass);
        settleAfterRuling(a);
        assertSilence(a, Outcome.Lapse, G + F, B + 3 * FIFTH_Z + D, SILENT, FIFTH_Z, 0);
    }

    function test_arbiterSilent_silence_buyerDisputed() public {
        Agreement memory a = disputed(silencedBut(HONEST), buyer, Outcome.Fail);
        settleAfterRuling(a);
        assertSilence(a, Outcome.Lapse, G + F + D, B + 3 * FIFTH_Z, SILENT, FIFTH_Z, 0);
    }

    // ---- concessions

    function test_buyerConcedes_open() public {
        Agreement memory a = begun(newAgreement());
        concedeAs(a, buyer);
        assertRow(a, Outcome.Pass, 0, G + B, Fees(MEMBERS, F), 0, 0);
    }

    function test_providerConcedes_open() public {
        Agreement memory a = begun(newAgreement());
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(MEMBERS, F), 0, 0);
    }

    function test_providerConcedes_openAndDelivered() public {
        Agreement memory a = begun(newAgreement());
        deliver(a);
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(MEMBERS, F), 0, 0);
    }

    function test_buyerConcedes_judged() public {
        Agreement memory a = judgedAs(Outcome.Pass);
        concedeAs(a, buyer);
        assertRow(a, Outcome.Pass, 0, G + B, Fees(SIGNERS, F), 0, 0);
    }

    function test_providerConcedes_judged() public {
        Agreement memory a = judgedAs(Outcome.Fail);
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(SIGNERS, F), 0, 0);
    }

    function test_providerConcedes_noShow() public {
        Agreement memory a = notShown();
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(MEMBERS, F), 0, 0);
    }

    function test_buyerConcedes_disputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Fail);
        concedeAs(a, buyer);
        assertRow(a, Outcome.Pass, 0, G + B + H, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_providerConcedes_disputed() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Pass);
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B + H, 0, Fees(SIGNERS, F + REST), 0, A);
    }

    function test_providerConcedes_disputedNoShow() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Pass);
        concedeAs(a, provider);
        assertRow(a, Outcome.Fail, G + B + H, 0, Fees(MEMBERS, F + REST), 0, A);
    }

    // ---- agreements on a split

    function test_agree_open() public {
        Agreement memory a = begun(newAgreement());
        agreeOn(a, X);
        assertRow(a, Outcome.None, X, G + B - X, Fees(MEMBERS, F), 0, 0);
    }

    function test_agree_judged() public {
        Agreement memory a = judgedAs(Outcome.Fail);
        agreeOn(a, X);
        assertRow(a, Outcome.None, X, G + B - X, Fees(SIGNERS, F), 0, 0);
    }

    function test_agree_noShow() public {
        Agreement memory a = notShown();
        agreeOn(a, X);
        assertRow(a, Outcome.None, X, G + B - X, Fees(MEMBERS, F), 0, 0);
    }

    function test_agree_silence() public {
        Agreement memory a = silencedBut(HONEST);
        agreeOn(a, X);
        assertSilence(a, Outcome.None, X + F, G + B - X + 3 * FIFTH_Z, SILENT, FIFTH_Z, 0);
    }

    function test_agree_disputed_byTheBuyer() public {
        Agreement memory a = disputed(judgedAs(Outcome.Pass), buyer, Outcome.Fail);
        agreeOn(a, X);
        assertRow(a, Outcome.None, X + D - A, G + B - X, Fees(SIGNERS, F), 0, A);
    }

    function test_agree_disputed_byTheProvider() public {
        Agreement memory a = disputed(judgedAs(Outcome.Fail), provider, Outcome.Pass);
        agreeOn(a, X);
        assertRow(a, Outcome.None, X, G + B - X + D - A, Fees(SIGNERS, F), 0, A);
    }

    function test_agree_disputed_noShow() public {
        Agreement memory a = disputed(notShown(), provider, Outcome.Pass);
        agreeOn(a, X);
        assertRow(a, Outcome.None, X, G + B - X + D - A, Fees(MEMBERS, F), 0, A);
    }

    function test_agree_disputed_silence_byTheProvider() public {
        Agreement memory a = disputed(silencedBut(HONEST), provider, Outcome.Pass);
        agreeOn(a, X);
        assertSilence(a, Outcome.None, X + F, G + B - X + 3 * FIFTH_Z + D - A, SILENT, FIFTH_Z, A);
    }

    function test_agree_disputed_silence_byTheBuyer() public {
        Agreement memory a = disputed(silencedBut(HONEST), buyer, Outcome.Fail);
        agreeOn(a, X);
        assertSilence(a, Outcome.None, X + F + D - A, G + B - X + 3 * FIFTH_Z, SILENT, FIFTH_Z, A);
    }

    function test_agree_onEverythingForOneSide() public {
        Agreement memory a = judgedAs(Outcome.Pass);
        agreeOn(a, V);
        assertRow(a, Outcome.None, V, 0, Fees(SIGNERS, F), 0, 0);
    }

    function test_agree_onNothingForTheBuyer() public {
        Agreement memory a = judgedAs(Outcome.Fail);
        agreeOn(a, 0);
        assertRow(a, Outcome.None, 0, V, Fees(SIGNERS, F), 0, 0);
    }

    // ---- what is not in a row

    /// A verdict on a job without a challenge period closes it at once, by the same rows.
    function test_unsecured() public {
        Outcome[3] memory all = [Outcome.Pass, Outcome.Fail, Outcome.Lapse];
        for (uint256 i; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            Agreement memory a = newAgreement();
            a.terms.challenge = 0;
            begun(a);
            deliver(a);
            Verdict memory v = verdictOn(a, all[i], SIGNERS);
            vm.prank(relayer);
            escrow.judge(v, true);
            uint256 toBuyer = all[i] == Outcome.Pass ? 0 : all[i] == Outcome.Fail ? V : G;
            assertRow(a, all[i], toBuyer, V - toBuyer, Fees(SIGNERS, F), 0, 0);
            vm.revertToState(snapshot);
        }
    }

    /// Where A is more than a fifth of V it is the whole deposit.
    function test_depositThatIsAllTheArbiters() public {
        Agreement memory a = newAgreement();
        (a.terms.gated, a.terms.bond, a.opening.upFront) = (50_000_001, 3, 0);
        begun(a);
        deliver(a);
        judge(a, Outcome.Pass);
        disputed(a, buyer, Outcome.Fail);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, 50_000_004, Fees(SIGNERS, F), 0, A);
    }

    /// The smallest job there is: one unit, no bond.
    function test_oneUnit() public {
        Agreement memory a = newAgreement();
        (a.terms.gated, a.terms.bond, a.opening.upFront) = (1, 0, 0);
        begun(a);
        deliver(a);
        judge(a, Outcome.Fail);
        disputed(a, provider, Outcome.Pass);
        ruleAs(a, Outcome.Pass);
        assertRow(a, Outcome.Pass, 0, 1 + 3 + F, Fees(0, 0), 1, A);
    }

    /// Its members share the fee of a job that nobody judged: those at its opening, not those of today.
    function test_noShow_membersAreThoseAtOpening() public {
        vm.prank(evaluators[4]);
        escrow.leave(committee, 4);
        Agreement memory a = begun(newAgreement());
        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        vm.warp(a.opening.deliverBy);
        lapse(a);
        settleAfterChallenge(a);
        assertRow(a, Outcome.Fail, G + B, 0, Fees(15, F), 0, 0);
    }
}
