// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/lens/ILens.sol";
import {LensFixture} from "./LensFixture.sol";

/// What the lens says is what happens: each way it names is gone, from every state, and the money compared.
contract LensTest is LensFixture {
    function test_lens_saysWhatItLooksAt() public view {
        assertEq(lens.escrow(), address(escrow));
    }

    function test_lens_codeFits() public view {
        assertLe(address(lens).code.length, 24_576);
    }

    // ---- every way from every state

    /// forge-config: default.fuzz.runs = 48
    function test_ways_open(uint64 gated, uint64 bond, uint64 fee) public {
        check(openedWith(gated, bond, fee), 7);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_open_afterDeliverBy(uint64 gated, uint64 bond, uint64 fee) public {
        Agreement memory a = openedWith(gated, bond, fee);
        vm.warp(a.opening.deliverBy);
        check(a, 3); // no-show, and either side gives in
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_delivered(uint64 gated, uint64 bond, uint64 fee, uint8 attested) public {
        Agreement memory a = openedWith(gated, bond, fee);
        deliver(a);
        // Two may say something without making a verdict.
        uint32 said = uint32(attested) & 3;
        if (said != 0) escrow.attest(verdictOn(a, Outcome.Pass, said));
        uint256 snapshot = vm.snapshotState();
        check(a, 6);
        vm.revertToState(snapshot);
        vm.warp(a.terms.judgeBy);
        check(a, 3);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_judged(uint64 gated, uint64 bond, uint64 fee, uint8 outcome) public {
        Agreement memory a = openedWith(gated, bond, fee);
        Outcome provisional = Outcome(1 + outcome % 3);
        deliver(a);
        judge(a, provisional);
        uint256 snapshot = vm.snapshotState();
        check(a, provisional == Outcome.Lapse ? 7 : 5);
        vm.revertToState(snapshot);
        vm.warp(viewOf(a).deadline);
        check(a, provisional == Outcome.Lapse ? 1 : 2);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_noShow(uint64 gated, uint64 bond, uint64 fee) public {
        Agreement memory a = openedWith(gated, bond, fee);
        vm.warp(a.opening.deliverBy);
        lapse(a);
        check(a, 5);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_silence(uint64 gated, uint64 bond, uint64 fee, uint8 attested) public {
        check(silencedWith(gated, bond, fee, attested), 7);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_disputed(uint64 gated, uint64 bond, uint64 fee, uint8 outcome, bool byBuyer) public {
        Agreement memory a = openedWith(gated, bond, fee);
        Outcome provisional = Outcome(1 + outcome % 3);
        deliver(a);
        judge(a, provisional);
        disputeAsAllowed(a, provisional, byBuyer);
        uint256 snapshot = vm.snapshotState();
        check(a, provisional == Outcome.Lapse ? 4 : 5);
        vm.revertToState(snapshot);
        vm.warp(viewOf(a).deadline);
        check(a, provisional == Outcome.Lapse ? 1 : 2);
    }

    /// forge-config: default.fuzz.runs = 48
    function test_ways_disputedSilence(uint64 gated, uint64 bond, uint64 fee, uint8 attested, bool byBuyer)
        public
    {
        Agreement memory a = silencedWith(gated, bond, fee, attested);
        disputeAsAllowed(a, Outcome.Lapse, byBuyer);
        check(a, 4);
    }

    /// A ruling may come until the ruling period is over, which runs from the dispute: at the latest from the deadline.
    function test_ways_sayUntilWhenTheArbiterMayRule() public {
        Agreement memory a = newAgreement();
        open(a);
        deliver(a);
        judge(a, Outcome.Lapse);
        uint256 limit = viewOf(a).deadline + a.terms.ruling;
        assertEq(rulingsUntil(a, limit), 6, "judged: every outcome, by each side");
        vm.warp(viewOf(a).deadline - 1);
        dispute(a, buyer, Outcome.Fail);
        assertEq(viewOf(a).deadline, limit - 1);
        assertEq(rulingsUntil(a, limit - 1), 3, "disputed: every outcome");
    }

    function rulingsUntil(Agreement memory a, uint256 limit) private view returns (uint256 n) {
        ILens.Way[] memory found = waysOf(a);
        for (uint256 i; i < found.length; ++i) {
            if (found[i].act != ILens.Act.Rule) continue;
            assertEq(found[i].until, limit, "until");
            ++n;
        }
    }

    function test_ways_closedOrNever() public {
        Agreement memory a = newAgreement();
        vm.expectRevert(abi.encodeWithSelector(ILens.NoSuchJob.selector, idOf(a)));
        lens.ways(a.terms, openingHash(a.opening));
        open(a);
        done(buyer, concedeCall(a, buyer));
        assertEq(waysOf(a).length, 0);
    }

    /// Goes every way from here, and each ends as it said.
    function check(Agreement memory a, uint256 count) private {
        ILens.Way[] memory found = waysOf(a);
        assertEq(found.length, count, "number of ways");
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < count; ++i) {
            goes(a, found[i]);
            vm.revertToState(snapshot);
        }
    }

    function goes(Agreement memory a, ILens.Way memory w) private {
        if (w.from > block.timestamp) {
            bool silence = w.act == ILens.Act.Lapse && w.outcome == Outcome.Lapse;
            if (silence && !viewOf(a).delivered) deliver(a);
            vm.warp(w.from - 1);
            if (w.act == ILens.Act.Settle) refused(relayer, settleCall(a, false), tooEarly(w.from));
            if (w.act == ILens.Act.Lapse) {
                (bool ok,) = address(escrow).call(lapseCall(a));
                assertFalse(ok, "too early");
            }
            vm.warp(w.from);
        }
        act(a, w);
        if (viewOf(a).state == State.Judged) vm.warp(viewOf(a).deadline);
        uint32 earners = w.act == ILens.Act.Judge ? 7 : w.earners;
        uint256[3] memory before = [free(buyer), free(provider), free(arbiter)];
        uint256 earned = escrow.feesOf(committee, earners);
        uint256[5] memory stakes = stakesNow();
        end(a, w);
        assertState(a, State.Closed);
        assertEq(uint8(viewOf(a).outcome), uint8(w.outcome), "outcome");
        assertEq(free(buyer) - before[0], w.buyer, "buyer");
        assertEq(free(provider) - before[1], w.provider, "provider");
        assertEq(free(arbiter) - before[2], w.arbiter, "arbiter");
        if (earners != 0) assertEq(escrow.feesOf(committee, earners) - earned, w.evaluators, "evaluators");
        else assertEq(w.evaluators, 0);
        for (uint256 i; i < N; ++i) {
            uint256 lost = w.slashed & (1 << i) != 0 ? w.slashEach : 0;
            assertEq(stakes[i] - stakeOf(i), lost, "stake");
        }
        assertEq(w.parts, w.evaluators == 0 ? 0 : w.act == ILens.Act.Judge ? K : ones(w.earners), "parts");
        // In all ways what came in goes out.
        uint256 into = uint256(a.terms.gated) + a.terms.bond + a.terms.fee + w.deposit;
        assertEq(
            w.buyer + w.provider + w.arbiter + w.evaluators,
            into + w.slashEach * ones(w.slashed),
            "conservation"
        );
    }

    /// Up to where the job waits for nothing but its end.
    function act(Agreement memory a, ILens.Way memory w) private {
        if (w.act == ILens.Act.Lapse) {
            lapse(a);
        } else if (w.act == ILens.Act.Judge) {
            if (!viewOf(a).delivered) deliver(a);
            judge(a, w.outcome);
        } else if (w.act == ILens.Act.Rule && viewOf(a).state == State.Judged) {
            uint256 wallet = usdc.balanceOf(w.disputant);
            disputeAsAllowed(a, viewOf(a).outcome, w.disputant == buyer);
            assertEq(wallet - usdc.balanceOf(w.disputant), w.deposit, "deposit");
        }
    }

    function end(Agreement memory a, ILens.Way memory w) private {
        if (w.act == ILens.Act.Rule) {
            assertEq(w.by, arbiter);
            assertLt(block.timestamp, w.until);
            rule(a, w.outcome, false);
        } else if (w.act == ILens.Act.Concede) {
            done(w.by, concedeCall(a, w.by));
        } else {
            assertEq(w.by, address(0));
            settle(a, false);
        }
    }

    function disputeAsAllowed(Agreement memory a, Outcome provisional, bool byBuyer) private {
        if (provisional == Outcome.Pass) byBuyer = true;
        if (provisional == Outcome.Fail) byBuyer = false;
        dispute(a, byBuyer ? buyer : provider, byBuyer ? Outcome.Fail : Outcome.Pass);
    }

    // ---- agreeing

    /// forge-config: default.fuzz.runs = 48
    function test_agreed(uint64 gated, uint64 bond, uint64 fee, uint256 toBuyer, uint8 where) public {
        Agreement memory a = openedWith(gated, bond, fee);
        toBuyer = bound(toBuyer, 0, uint256(a.terms.gated) + a.terms.bond);
        where = where % 5;
        if (where > 0) deliver(a);
        if (where == 2) judge(a, Outcome.Lapse);
        if (where > 2) {
            vm.warp(a.terms.judgeBy);
            lapse(a);
        }
        if (where == 4) dispute(a, provider, Outcome.Pass);
        ILens.Way memory w = lens.agreed(a.terms, openingHash(a.opening), toBuyer);
        assertEq(uint8(w.act), uint8(ILens.Act.Agree));
        assertEq(uint8(w.outcome), uint8(Outcome.None));
        uint256[3] memory before = [free(buyer), free(provider), free(arbiter)];
        uint256 earned = escrow.feesOf(committee, w.earners);
        uint256 stake = stakeOf(4);
        bytes32 digest = typed(
            keccak256(
                abi.encode(
                    keccak256("Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)"),
                    idOf(a),
                    viewOf(a).state,
                    viewOf(a).outcome,
                    toBuyer,
                    block.timestamp + 1
                )
            )
        );
        escrow.agree(
            a.terms,
            openingHash(a.opening),
            toBuyer,
            block.timestamp + 1,
            sign(buyerKey, digest),
            sign(providerKey, digest),
            false
        );
        assertEq(free(buyer) - before[0], w.buyer, "buyer");
        assertEq(free(provider) - before[1], w.provider, "provider");
        assertEq(free(arbiter) - before[2], w.arbiter, "arbiter");
        if (w.evaluators != 0) assertEq(escrow.feesOf(committee, w.earners) - earned, w.evaluators);
        assertEq(stake - stakeOf(4), w.slashed & 16 != 0 ? w.slashEach : 0, "stake");
    }

    function test_agreed_refused() public {
        Agreement memory a = newAgreement();
        bytes32 hash = openingHash(a.opening);
        vm.expectRevert(abi.encodeWithSelector(ILens.NoSuchJob.selector, idOf(a)));
        lens.agreed(a.terms, hash, 0);
        open(a);
        lens.agreed(a.terms, hash, 1300e6);
        vm.expectRevert(abi.encodeWithSelector(SplitTooLarge.selector, 1300e6 + 1, 1300e6));
        lens.agreed(a.terms, hash, 1300e6 + 1);
        done(buyer, concedeCall(a, buyer));
        vm.expectRevert(abi.encodeWithSelector(ILens.JobIsClosed.selector, idOf(a)));
        lens.agreed(a.terms, hash, 0);
    }

    // ---- quotes

    /// The escrow takes a job at the quoted fee and not below, and reserves what was quoted.
    function test_quote_isWhatOpeningAsks(uint64 gated, uint64 bond) public {
        Agreement memory a = agreementWith(gated, bond, 0);
        uint256 value = uint256(a.terms.gated) + a.terms.bond;
        (uint256 fee, uint256 deposit, uint256 share, bool covered) =
            lens.quote(committee, value, a.terms.judgeBy);
        assertTrue(covered);
        a.terms.fee = uint64(fee - 1);
        refused(relayer, openCall(a), abi.encodeWithSelector(FeeTooLow.selector, fee - 1, fee));
        a.terms.fee = uint64(fee);
        open(a);
        assertEq(escrow.committeeState(committee).reserved, share);
        assertEq(standingOf(a).deposit, deposit);
    }

    function test_quote_covered() public {
        (,,, bool covered) = lens.quote(committee, 30_000e6, block.timestamp);
        assertTrue(covered);
        (,,, covered) = lens.quote(committee, 30_000e6 + 1, block.timestamp); // k S
        assertFalse(covered);
        Committee memory c = defaultCommittee();
        c.maxValue = 1000e6;
        bytes32 small = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            joinCommittee(small, i);
        }
        (,,, covered) = lens.quote(small, 1000e6, block.timestamp);
        assertTrue(covered);
        (,,, covered) = lens.quote(small, 1000e6 + 1, block.timestamp);
        assertFalse(covered);
        // A time that has passed costs no more than the flat fee.
        (uint256 fee,,,) = lens.quote(small, 1000e6, block.timestamp - 1);
        assertEq(fee, c.feeFlat);
    }

    // ---- helpers

    function agreementWith(uint64 gated, uint64 bond, uint64 fee) private returns (Agreement memory a) {
        a = newAgreement();
        a.terms.gated = uint64(bound(gated, 1, 20_000e6));
        a.terms.bond = uint64(bound(bond, 0, 9000e6));
        a.terms.fee = uint64(bound(fee, 20e6, 1000e6));
    }

    function openedWith(uint64 gated, uint64 bond, uint64 fee) private returns (Agreement memory a) {
        a = agreementWith(gated, bond, fee);
        open(a);
    }

    function silencedWith(uint64 gated, uint64 bond, uint64 fee, uint8 attested)
        private
        returns (Agreement memory a)
    {
        a = openedWith(gated, bond, fee);
        deliver(a);
        uint32 said = uint32(attested) & 31;
        if (said != 0) escrow.attest(verdictOn(a, Outcome.Pass, said));
        vm.warp(a.terms.judgeBy);
        lapse(a);
    }

    function waysOf(Agreement memory a) private view returns (ILens.Way[] memory) {
        return lens.ways(a.terms, openingHash(a.opening));
    }

    function stakesNow() private view returns (uint256[5] memory stakes) {
        for (uint256 i; i < N; ++i) {
            stakes[i] = stakeOf(i);
        }
    }

    function ones(uint32 set) private pure returns (uint256 count) {
        for (; set != 0; set &= set - 1) {
            ++count;
        }
    }
}
