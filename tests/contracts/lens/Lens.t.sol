// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Committee, Outcome, State, Terms} from "../../../contracts/interfaces/Types.sol";
import {ILens} from "../../../contracts/lens/ILens.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// What the lens says is what happens: each way it names is gone, from every state, and the money compared.
contract LensTest is UnitTest {
    ILens private lens;

    function setUp() public override {
        super.setUp();
        lens = ILens(vm.deployCode("Lens.sol:Lens", abi.encode(escrow)));
        vm.prank(provider);
        escrow.deposit(provider, 100_000e6);
    }

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

    // ---- where a job stands

    function test_standing_throughAJobsLife() public {
        Agreement memory a = newAgreement();
        ILens.Standing memory s = standingOf(a);
        assertEq(s.job, idOf(a));
        assertEq(uint8(s.act), uint8(ILens.Act.None));
        assertEq(s.closesBy, 0);
        open(a);
        s = standingOf(a);
        expect(s, ILens.Act.Lapse, a.opening.deliverBy, Outcome.Fail);
        assertEq(s.closesFrom, a.opening.deliverBy + LAPSE_CHALLENGE);
        assertEq(s.closesBy, a.terms.judgeBy + LAPSE_CHALLENGE + 2 days);
        assertEq(s.value, 1300e6);
        assertEq(s.deposit, 260e6);
        deliver(a);
        s = standingOf(a);
        expect(s, ILens.Act.Lapse, a.terms.judgeBy, Outcome.Lapse);
        assertEq(s.closesFrom, a.terms.judgeBy + LAPSE_CHALLENGE);
        assertEq(s.closesBy, a.terms.judgeBy + LAPSE_CHALLENGE + 2 days);
        judge(a, Outcome.Pass);
        s = standingOf(a);
        uint256 deadline = block.timestamp + 1 days;
        expect(s, ILens.Act.Settle, deadline, Outcome.Pass);
        assertEq(s.closesFrom, deadline);
        assertEq(s.closesBy, deadline + 2 days);
        dispute(a, buyer, Outcome.Fail);
        s = standingOf(a);
        expect(s, ILens.Act.Settle, block.timestamp + 2 days, Outcome.Pass);
        assertEq(s.closesBy, s.closesFrom);
        rule(a, Outcome.Lapse, false);
        s = standingOf(a);
        expect(s, ILens.Act.None, 0, Outcome.Lapse);
        assertEq(s.closesBy, 0);
        assertEq(s.deposit, 0);
    }

    /// A lapse nobody called starts its challenge only when somebody does.
    function test_standing_overdue() public {
        Agreement memory a = opened();
        vm.warp(a.opening.deliverBy + 5 days);
        assertEq(standingOf(a).closesFrom, block.timestamp + LAPSE_CHALLENGE);
        assertEq(standingOf(a).closesBy, block.timestamp + LAPSE_CHALLENGE + 2 days);
        Agreement memory b = delivered();
        vm.warp(b.terms.judgeBy + 1);
        assertEq(standingOf(b).closesFrom, block.timestamp + LAPSE_CHALLENGE);
        assertEq(standingOf(b).closesBy, block.timestamp + LAPSE_CHALLENGE + 2 days);
        lapse(b);
        uint256 deadline = viewOf(b).deadline;
        vm.warp(deadline);
        assertEq(standingOf(b).closesBy, deadline);
        settle(b, false);
    }

    /// A challenge longer than that of a lapse counts for a lapse too.
    function test_standing_longChallenge() public {
        Agreement memory a = newAgreement();
        a.terms.challenge = 5 days;
        open(a);
        assertEq(standingOf(a).closesFrom, a.opening.deliverBy + 5 days);
    }

    // ---- what an evaluator has at stake

    function test_exposure() public {
        Agreement memory a = judged(Outcome.Pass);
        Agreement memory b = opened();
        ILens.Exposure memory e = exposureOf(0, a, b);
        uint256 share = 433_333_334; // 1300 / 3 rounded up
        assertEq(e.stored.stake, STAKE);
        assertTrue(e.active);
        assertEq(e.reserved, 2 * share);
        assertEq(e.listed, 2 * share);
        assertEq(e.atStake, 2 * share);
        assertEq(e.clearBy, b.terms.judgeBy + LAPSE_CHALLENGE + 2 days);

        vm.prank(evaluators[0]);
        escrow.leave(committee, 0);
        Agreement memory c = opened();
        e = exposureOf(0, a, c);
        assertFalse(e.active);
        assertEq(e.stored.liable, 2 * share);
        assertFalse(e.stored.mayWithdraw);
        assertEq(e.reserved, 3 * share);
        assertEq(e.atStake, share); // it does not serve in the newer one
        assertEq(e.listed, 2 * share);

        // Disputed at the last moment, with a silent arbiter: the bound holds, and is met.
        e = exposureOf(0, a, b);
        vm.warp(viewOf(a).deadline);
        settle(a, false);
        vm.warp(b.opening.deliverBy - 1);
        deliver(b);
        vm.warp(b.terms.judgeBy);
        lapse(b);
        vm.warp(viewOf(b).deadline - 1);
        dispute(b, buyer, Outcome.Fail);
        vm.warp(viewOf(b).deadline);
        assertEq(block.timestamp, e.clearBy - 1);
        settle(b, false);
        e = exposureOf(0, a, b);
        assertTrue(e.stored.mayWithdraw);
        assertEq(e.clearBy, 0);
        assertEq(e.atStake, 0);
        escrow.withdraw(committee, 0);
    }

    function test_exposure_passesOverOtherCommittees() public {
        Agreement memory a = opened();
        Committee memory other = defaultCommittee();
        other.salt = 3;
        bytes32 ours = committee;
        committee = escrow.createCommittee(other);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        Agreement memory b = opened();
        committee = ours;
        ILens.Exposure memory e = exposureOf(1, a, b);
        assertEq(e.listed, e.reserved);
        assertEq(e.atStake, e.reserved);
    }

    function test_exposure_refused() public {
        Terms[] memory terms = new Terms[](1);
        vm.expectRevert(abi.encodeWithSelector(ILens.LengthsDiffer.selector, 1, 0));
        lens.exposure(committee, 0, terms, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(NotAMember.selector, 5));
        lens.exposure(committee, 5, new Terms[](0), new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(UnknownCommittee.selector, bytes32("x")));
        lens.exposure("x", 0, new Terms[](0), new bytes32[](0));
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

    function standingOf(Agreement memory a) private view returns (ILens.Standing memory) {
        return lens.standing(a.terms, openingHash(a.opening));
    }

    function exposureOf(uint256 index, Agreement memory a, Agreement memory b)
        private
        view
        returns (ILens.Exposure memory)
    {
        Terms[] memory terms = new Terms[](2);
        bytes32[] memory hashes = new bytes32[](2);
        (terms[0], terms[1]) = (a.terms, b.terms);
        (hashes[0], hashes[1]) = (openingHash(a.opening), openingHash(b.opening));
        return lens.exposure(committee, index, terms, hashes);
    }

    function expect(ILens.Standing memory s, ILens.Act act_, uint256 from, Outcome outcome) private pure {
        assertEq(uint8(s.act), uint8(act_), "act");
        assertEq(s.from, from, "from");
        assertEq(uint8(s.outcome), uint8(outcome), "outcome");
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
