// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Basis, Committee, Outcome} from "../../../contracts/interfaces/Types.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {PayoutsFixture} from "../utils/PayoutsFixture.sol";

/// The payout table over all amounts and thresholds: every ending of a job on the real contract, against the table
/// written down a second time.
contract PayoutsFuzzTest is PayoutsFixture {
    using PayoutTable for PayoutTable.Figures;

    uint256 private constant MOST = 1e14; // 100 million USDC
    uint64 private constant FULL_STAKE = type(uint48).max;

    /// A job's figures, before they are brought within bounds.
    struct Raw {
        uint64 g;
        uint64 b;
        uint64 f;
        uint64 u;
        uint64 a;
        uint64 z;
        uint8 k;
        uint32 set; // who signs, or who attests where there is no verdict
        uint8 from; // provisional outcome
        uint8 to; // ruling
        uint8 basis;
        bool byBuyer;
        bool payOut;
        uint64 x; // of G + B, agreed to go to the buyer
    }

    Agreement private _job;
    PayoutTable.Figures private _figures;
    Outcome private _from;
    Basis private _basis;
    uint32 private _silent;
    bool private _byBuyer;

    function setUp() public override {
        super.setUp();
        mintUSDC(buyer, 10 * MOST);
        mintUSDC(provider, 10 * MOST);
        vm.prank(provider);
        escrow.deposit(provider, 2 * MOST);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_stands(Raw memory raw) public {
        _begin(raw);
        settleAfterChallenge(_job);
        _assertRow(_from, _figures.plain(_from, _basis));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ruled(Raw memory raw) public {
        _begin(raw);
        _dispute();
        Outcome to = _outcome(raw.to);
        ruleAs(_job, to);
        _assertRow(
            to,
            to == _from ? _figures.upheld(_from, _basis, _byBuyer) : _figures.overturned(_from, to, _basis)
        );
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_arbiterSilent(Raw memory raw) public {
        _begin(raw);
        _dispute();
        settleAfterRuling(_job);
        _assertRow(_from, _figures.arbiterSilent(_from, _basis, _byBuyer));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_conceded(Raw memory raw, bool afterDispute) public {
        if (raw.basis % 3 == uint8(Basis.Silence)) raw.basis = 0;
        raw.from %= 2; // there is no conceding to a Lapse
        _begin(raw);
        address loser = _from == Outcome.Pass ? buyer : provider;
        if (afterDispute) {
            _dispute();
            concedeAs(_job, loser);
            _assertRow(_from, _figures.upheld(_from, _basis, _byBuyer));
        } else {
            concedeAs(_job, loser);
            _assertRow(_from, _figures.plain(_from, _basis));
        }
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_agreed(Raw memory raw, bool afterDispute) public {
        _begin(raw);
        if (afterDispute) _dispute();
        uint256 x = bound(raw.x, 0, _figures.g + _figures.b);
        agreeOn(_job, x);
        _assertRow(Outcome.None, _figures.agreed(x, _basis, afterDispute, _byBuyer));
    }

    // ----

    /// A job of a committee of its own, brought to its provisional outcome.
    function _begin(Raw memory raw) private {
        payOut = raw.payOut;
        _basis = Basis(raw.basis % 3);
        _from = _outcome(raw.from);
        if (_basis == Basis.NoShow) _from = Outcome.Fail;
        if (_basis == Basis.Silence) _from = Outcome.Lapse;
        _found(raw);
        Agreement memory a = _agreement(raw);
        signers = _setOf(raw.set, _figures.k);
        if (_basis == Basis.NoShow) {
            notShown(a);
        } else if (_basis == Basis.Silence) {
            uint32 honest = raw.set & MEMBERS;
            _silent = MEMBERS & ~honest;
            for (uint32 left = _silent; left != 0; left &= left - 1) {
                ++_figures.silent;
            }
            silencedBut(a, honest);
        } else {
            begun(a);
            deliver(a);
            judgeAs(a, _from);
        }
        _job = a;
        if (_from == Outcome.Lapse) _byBuyer = raw.byBuyer;
        else _byBuyer = _from == Outcome.Pass;
    }

    function _found(Raw memory raw) private {
        Committee memory c = defaultCommittee();
        c.threshold = uint8(bound(raw.k, 3, N));
        c.stake = FULL_STAKE;
        c.arbiterCost = uint64(_amount(raw.a, 0, MOST / 10));
        c.silence = uint64(_amount(raw.z, 0, type(uint40).max));
        (c.feeFlat, c.feeRate) = (0, 0);
        c.maxValue = type(uint64).max;
        committeeTerms = c;
        committee = escrow.createCommittee(c);
        for (uint256 i; i < N; ++i) {
            mintUSDC(evaluators[i], FULL_STAKE);
            vm.startPrank(evaluators[i]);
            usdc.approve(address(escrow), FULL_STAKE);
            escrow.deposit(evaluators[i], FULL_STAKE);
            escrow.join(committee, i, vm.addr(keys[i]), keyProof(committee, evaluators[i], keys[i]));
            vm.stopPrank();
        }
        (_figures.a, _figures.z, _figures.k, _figures.n) = (c.arbiterCost, c.silence, c.threshold, N);
    }

    function _agreement(Raw memory raw) private returns (Agreement memory a) {
        a = newAgreement();
        _figures.g = a.terms.gated = uint64(_amount(raw.g, 1, MOST));
        _figures.b = a.terms.bond = uint64(_amount(raw.b, 0, MOST));
        _figures.f = a.terms.fee = uint64(_amount(raw.f, 0, MOST / 10));
        a.opening.upFront = uint64(_amount(raw.u, 0, MOST / 10));
        uint256 fifth = PayoutTable.up(_figures.g + _figures.b, 5);
        _figures.d = PayoutTable.larger(fifth, _figures.a);
    }

    /// Amounts of every size alike, small ones too: a number with as many digits as chance has it.
    function _amount(uint256 raw, uint256 least, uint256 most) private pure returns (uint256) {
        return bound(raw >> 8, least, bound(10 ** (raw % 15), least, most));
    }

    /// The lowest `k` evaluators that are in `raw`, filled up with others.
    function _setOf(uint32 raw, uint256 k) private pure returns (uint32 set) {
        for (uint256 i; i < 2 * N && k != 0; ++i) {
            uint32 bit = uint32(1 << (i % N));
            if (set & bit != 0 || (i < N && raw & bit == 0)) continue;
            set |= bit;
            --k;
        }
    }

    function _outcome(uint8 raw) private pure returns (Outcome) {
        return Outcome(1 + raw % 3);
    }

    function _dispute() private {
        Outcome sought = _byBuyer ? Outcome.Fail : Outcome.Pass;
        disputed(_job, _byBuyer ? buyer : provider, sought);
    }

    function _assertRow(Outcome outcome, PayoutTable.Row memory r) private {
        if (_basis == Basis.Silence) {
            assertSilence(_job, outcome, r.buyer, r.provider, _silent, r.each, r.arbiter);
        } else {
            uint32 set = _basis == Basis.NoShow ? MEMBERS : signers;
            assertRow(_job, outcome, r.buyer, r.provider, Fees(set, r.evaluators), r.each, r.arbiter);
        }
    }
}
