// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {ISilence} from "../../../contracts/interfaces/ISilence.sol";
import {IJobs} from "../../../contracts/interfaces/IJobs.sol";
import {Attested, Basis, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {ActsOpening} from "./ActsOpening.sol";

/// A job's ordinary life: deliver, attest, judge, lapse, settle.
abstract contract ActsOnJobs is ActsOpening {
    using PayoutTable for PayoutTable.Figures;

    function delivers(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _delivers();
    }

    function _delivers() internal {
        Job storage j = _jobIn(State.Open, false);
        bytes32 deliverable = keccak256(abi.encode("delivered", j.id, _roll(2)));
        uint256 manner = _honest ? 5 * _roll(2) : _roll(8);
        address caller = manner < 3 ? j.a.terms.provider : _anyone();
        bytes memory call = abi.encodeCall(IJobs.deliver, (j.id, deliverable));
        bool consent = caller == j.a.terms.provider;
        string memory bar;
        if (manner > 4) {
            uint256 expiry = clock + (_slip(4) ? 0 : 1 + _roll(2 hours));
            address signer = manner == 7 ? j.a.terms.buyer : j.a.terms.provider;
            bytes memory signature = sign(persons[signer].key, deliveryDigest(j.id, deliverable, expiry));
            call = abi.encodeCall(IJobs.deliverFor, (j.id, deliverable, expiry, signature));
            consent = signer == j.a.terms.provider && _accepts(signer) && clock < expiry;
        }
        bar = _or(bar, j.state == State.Open && !j.delivered && clock < j.a.opening.deliverBy, STATUS);
        bar = _or(bar, consent, PERMISSION);
        if (!_judged("deliver", bar, _send(caller, call, manner > 4))) return;
        (j.delivered, j.deliverable) = (true, deliverable);
    }

    // ---- attestations

    /// Who signs, and with what key.
    struct Bench_ {
        uint32 signers;
        bool old; // one signs with a key it has replaced, or a stranger's
        bool other; // for another deliverable
    }

    function attests(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _attests();
    }

    /// Some attest, the others are silent.
    function _silence(Job storage j) internal {
        _attests();
        if (clock < j.a.terms.judgeBy) vm.warp(clock = j.a.terms.judgeBy);
        _lapses();
    }

    function _attests() private {
        Job storage j = _jobIn(State.Open, true);
        Bench_ memory p = _signers(j, 1 + _roll(3));
        Outcome outcome = _outcome();
        Verdict memory v = _verdict(j, p, outcome);
        string memory bar = _or(_barToVerdict(j, p, outcome), p.signers != 0, PERMISSION);
        // Posted again they change nothing, so they are not kept for playing them again.
        bool ok = _send(_anyone(), abi.encodeCall(ISilence.attest, (v)), false);
        if (_judged("attest", bar, ok)) j.attested |= p.signers;
    }

    function judges(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _judges();
    }

    function _judges() internal {
        Job storage j = _jobIn(State.Open, true);
        uint256 k = benches[j.bench].terms.threshold;
        _judge(j, _signers(j, _slip(4) ? k - 1 + 2 * _roll(2) : k));
    }

    /// By a quorum that one who was expelled belongs to.
    function _judgesWith(Job storage j, uint256 expelled) internal {
        Bench_ memory p;
        p.signers = uint32(1 << expelled);
        for (uint256 i; i < _size(j.bench); ++i) {
            bool fine = j.members & (1 << i) != 0 && !seats[j.bench][i].expelled;
            if (fine && _count(p.signers) < benches[j.bench].terms.threshold) p.signers |= uint32(1 << i);
        }
        _judge(j, p);
    }

    function _judge(Job storage j, Bench_ memory p) private {
        uint256 k = benches[j.bench].terms.threshold;
        Outcome outcome = _outcome();
        bool payOut = _chance(2);
        string memory bar = _or(_barToVerdict(j, p, outcome), _count(p.signers) == k, PERMISSION);
        Measure memory before = _measure();
        bytes memory call = abi.encodeCall(IJobs.judge, (_verdict(j, p, outcome), payOut));
        if (!_judged("judge", bar, _send(_anyone(), call, true))) return;
        j.set = p.signers;
        j.outcome = outcome;
        j.basis = Basis.Verdict;
        j.delivered = false;
        if (j.a.terms.challenge != 0) {
            (j.state, j.deadline) = (State.Judged, clock + j.a.terms.challenge);
        } else {
            _checkClosing(j, before, _measure());
            _close(j, outcome, _figures(j).plain(outcome, Basis.Verdict), payOut);
        }
    }

    function _signers(Job storage j, uint256 n) private returns (Bench_ memory p) {
        uint256 size = _size(j.bench);
        uint256 mischief = _slip(2) ? 1 + _roll(2) : 0; // 1: any evaluator, 2: who was expelled
        uint256 start = _roll(size);
        // An expelled one first, if there is one.
        for (uint256 i; mischief == 2 && i < size; ++i) {
            if (seats[j.bench][i].expelled) start = i;
        }
        for (uint256 i; i < size && n != 0; ++i) {
            uint256 at = (start + i) % size;
            if (mischief != 1 && j.members & (1 << at) == 0) continue;
            if (mischief == 0 && seats[j.bench][at].expelled) continue;
            if (seats[j.bench][at].keys.length == 0) continue;
            p.signers |= uint32(1 << at);
            --n;
        }
        p.old = _slip(5);
        p.other = _slip(6);
    }

    function _barToVerdict(Job storage j, Bench_ memory p, Outcome outcome)
        private
        view
        returns (string memory bar)
    {
        bar = _or(bar, j.state == State.Open && j.delivered && clock < j.a.terms.judgeBy, STATUS);
        bar = _or(bar, outcome != Outcome.None, STATUS);
        bar = _or(bar, !p.other, PERMISSION);
        bar = _or(bar, p.signers & ~j.members == 0, PERMISSION);
        bar = _or(bar, !p.old || p.signers == 0, PERMISSION);
        for (uint256 i; i < _size(j.bench); ++i) {
            if (p.signers & (1 << i) != 0) bar = _or(bar, !seats[j.bench][i].expelled, PERMISSION);
        }
    }

    function _verdict(Job storage j, Bench_ memory p, Outcome outcome)
        private
        view
        returns (Verdict memory v)
    {
        v.terms = j.a.terms;
        v.openingHash = j.opening;
        v.deliverable = p.other ? keccak256("another") : j.deliverable;
        v.outcome = outcome;
        v.signers = p.signers;
        v.attested = new Attested[](_count(p.signers));
        uint256 at;
        for (uint256 i; i < _size(j.bench); ++i) {
            if (p.signers & (1 << i) == 0) continue;
            v.attested[at] = _attested(j, v, i, p.old && at == 0);
            ++at;
        }
    }

    function _attested(Job storage j, Verdict memory v, uint256 seat, bool old)
        private
        view
        returns (Attested memory a)
    {
        uint256[] storage own = seats[j.bench][seat].keys;
        uint256 key = own[own.length - 1];
        if (old) key = own.length > 1 ? own[own.length - 2] : persons[j.a.terms.provider].key;
        a.evidence = keccak256(abi.encode("evidence", seat, v.outcome));
        (a.r, a.vs) = signCompact(key, attestationDigest(j.id, v.deliverable, v.outcome, 0, a.evidence));
    }

    // ---- by time alone

    function lapses(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _lapses();
    }

    function _lapses() internal {
        Job storage j = _jobIn(State.Open, _chance(2));
        uint256 limit = j.delivered ? j.a.terms.judgeBy : j.a.opening.deliverBy;
        string memory bar = _or(NOTHING, j.state == State.Open && clock >= limit, STATUS);
        bytes memory call = abi.encodeCall(ISilence.lapse, (j.a.terms, j.opening));
        if (!_judged("lapse", bar, _send(_anyone(), call, false))) return;
        uint256 period = PayoutTable.larger(j.a.terms.challenge, LAPSE_CHALLENGE);
        (j.state, j.deadline) = (State.Judged, clock + period);
        (j.outcome, j.basis) = (Outcome.Fail, Basis.NoShow);
        if (j.delivered) {
            (j.outcome, j.basis, j.set) = (Outcome.Lapse, Basis.Silence, j.members & ~j.attested);
        }
        j.delivered = false;
    }

    function settles(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _settles();
    }

    function _settles() internal {
        Job storage j = _jobIn(_chance(3) ? State.Disputed : State.Judged, false);
        bool payOut = _chance(2);
        bool running = j.state == State.Judged || j.state == State.Disputed;
        string memory bar = _or(NOTHING, running && clock >= j.deadline, STATUS);
        Measure memory before = _measure();
        bytes memory call = abi.encodeCall(IJobs.settle, (j.a.terms, j.opening, payOut));
        if (!_judged("settle", bar, _send(_anyone(), call, false))) return;
        _checkClosing(j, before, _measure());
        PayoutTable.Row memory r = j.state == State.Judged
            ? _figures(j).plain(j.outcome, j.basis)
            : _figures(j).arbiterSilent(j.outcome, j.basis, j.byBuyer);
        _close(j, j.outcome, r, payOut);
    }
}
