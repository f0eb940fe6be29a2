// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {Basis, Funding, Outcome, State, Statement} from "../../../contracts/interfaces/Types.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {ActsOnJobs} from "./ActsOnJobs.sol";

/// Dispute, rule, concede, agree, and proofs of equivocation.
abstract contract ActsInDispute is ActsOnJobs {
    using PayoutTable for PayoutTable.Figures;

    /// A permission by signature, or a call.
    struct Leave {
        address party;
        address caller;
        bool signed;
        bool forged;
        uint256 expiry;
    }

    function _leave(Job storage j) private returns (Leave memory l) {
        bool buyer_ = _chance(2);
        if (_honest && j.outcome == Outcome.Pass) buyer_ = true;
        if (_honest && j.outcome == Outcome.Fail) buyer_ = false;
        l.party = _slip(4) ? _anyone() : buyer_ ? j.a.terms.buyer : j.a.terms.provider;
        l.signed = _chance(2);
        l.caller = l.signed || _slip(4) ? _anyone() : l.party;
        l.forged = l.signed && _slip(3);
        l.expiry = clock + (_slip(5) ? 0 : 1 + _roll(1 days));
    }

    function _given(Leave memory l) private view returns (bool) {
        if (!l.signed) return l.caller == l.party;
        return !l.forged && clock < l.expiry && _accepts(l.party);
    }

    function _signature(Job storage j, Leave memory l, bytes32 digest) private view returns (bytes memory) {
        if (!l.signed) return "";
        if (!l.forged) return sign(persons[l.party].key, digest);
        bool buyer_ = l.party == j.a.terms.buyer;
        return sign(persons[buyer_ ? j.a.terms.provider : j.a.terms.buyer].key, digest);
    }

    // ---- dispute

    struct Plea {
        Leave leave;
        Outcome sought;
        Funding funding;
        uint256 amount;
        address payer;
    }

    function disputes(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _disputes();
    }

    function _disputes() private {
        Job storage j = _jobIn(State.Judged, false);
        Plea memory p;
        p.leave = _leave(j);
        p.sought = _outcome();
        if (_honest) p.sought = p.leave.party == j.a.terms.buyer ? Outcome.Fail : Outcome.Pass;
        p.funding = Funding(_roll(3));
        if (p.funding == Funding.Authorization) p.leave.signed = true;
        p.amount = _depositFor(j);
        p.payer = p.funding == Funding.Allowance ? p.leave.caller : p.leave.party;
        string memory bar = _barToDispute(j, p);
        Measure memory before = _measure();
        if (!_judged("dispute", bar, _send(p.leave.caller, _disputeCall(j, p), p.leave.signed))) return;
        _disputed(j, p, before, _measure());
    }

    function _barToDispute(Job storage j, Plea memory p) private view returns (string memory bar) {
        bar = _or(bar, j.state == State.Judged && clock < j.deadline, STATUS);
        bar = _or(bar, _better(j, p.leave.party, p.sought), PERMISSION);
        bar = _or(bar, _given(p.leave), PERMISSION);
        bool has = p.funding == Funding.Collateral
            ? freeOf[p.payer] >= p.amount
            : walletOf[p.payer] >= p.amount && _moves(p.payer);
        return _or(bar, has, MONEY);
    }

    /// The outcome goes against the party, and what it seeks is better for it.
    function _better(Job storage j, address party, Outcome sought) private view returns (bool) {
        if (sought == Outcome.None || sought == j.outcome) return false;
        if (party == j.a.terms.buyer) return j.outcome == Outcome.Pass || sought == Outcome.Fail;
        if (party != j.a.terms.provider) return false;
        return j.outcome == Outcome.Fail || sought == Outcome.Pass;
    }

    function _disputeCall(Job storage j, Plea memory p) private view returns (bytes memory) {
        Leave memory l = p.leave;
        bytes32 digest = disputeDigest(j.id, l.party, j.outcome, p.sought, l.expiry);
        bytes memory signature = _signature(j, l, digest);
        if (p.funding == Funding.Authorization) {
            uint256 key = persons[l.party].key;
            if (l.forged) key ^= 1;
            signature = signReceive(l.party, key, p.amount, l.expiry, digest);
        }
        return abi.encodeCall(
            IDisputes.dispute, (j.a.terms, j.opening, l.party, p.sought, l.expiry, p.funding, signature)
        );
    }

    function _disputed(Job storage j, Plea memory p, Measure memory a, Measure memory b) private {
        for (uint256 i; i < people.length; ++i) {
            int256 due = people[i] == p.payer ? -int256(p.amount) : int256(0);
            if (_gain(a, b, i) != due) _flag(CONSERVATION, "a dispute");
        }
        if (p.funding == Funding.Collateral) freeOf[p.payer] -= p.amount;
        else walletOf[p.payer] -= p.amount;
        j.byBuyer = p.leave.party == j.a.terms.buyer;
        if (j.byBuyer) j.buyerNet -= int256(p.amount);
        else j.providerNet -= int256(p.amount);
        (j.state, j.deposit, j.deadline) = (State.Disputed, p.amount, clock + j.a.terms.ruling);
    }

    // ---- rule

    function rules(uint256 seed) external turn(seed) {
        if (jobs.length != 0) _rules();
    }

    function _rules() private {
        Job storage j = _jobIn(State.Disputed, false);
        address judge_ = benches[j.bench].terms.arbiter;
        address caller = _slip(2) ? _anyone() : judge_;
        Outcome to = _outcome();
        bool payOut = _chance(2);
        string memory bar = _or(NOTHING, j.state == State.Disputed && clock < j.deadline, STATUS);
        bar = _or(bar, to != Outcome.None, STATUS);
        bar = _or(bar, caller == judge_, PERMISSION);
        Measure memory before = _measure();
        bytes memory call = abi.encodeCall(IDisputes.rule, (j.a.terms, j.opening, to, payOut));
        if (!_judged("rule", bar, _send(caller, call, false))) return;
        _checkClosing(j, before, _measure());
        PayoutTable.Row memory r = to == j.outcome
            ? _figures(j).upheld(to, j.basis, j.byBuyer)
            : _figures(j).overturned(j.outcome, to, j.basis);
        _close(j, to, r, payOut);
    }

    // ---- concede

    function concedes(uint256 seed) external turn(seed) {
        // Rarely: it ends jobs that could go further.
        if (jobs.length != 0 && (!_honest || _chance(3))) _concedes();
    }

    function _concedes() private {
        Job storage j = _jobIn(_honest ? State(1 + _roll(3)) : State.Judged, false);
        Leave memory l = _leave(j);
        bool payOut = _chance(2);
        Outcome to = l.party == j.a.terms.buyer ? Outcome.Pass : Outcome.Fail;
        string memory bar = _barToConceding(j, l.party, to);
        bar = _or(bar, _given(l), PERMISSION);
        bytes memory signature = _signature(j, l, concessionDigest(j.id, l.party, j.state, to, l.expiry));
        bytes memory call =
            abi.encodeCall(IDisputes.concede, (j.a.terms, j.opening, l.party, l.expiry, signature, payOut));
        Measure memory before = _measure();
        if (!_judged("concede", bar, _send(l.caller, call, l.signed))) return;
        _checkClosing(j, before, _measure());
        if (j.state == State.Open) j.basis = Basis.NoShow;
        PayoutTable.Row memory r = j.state == State.Disputed
            ? _figures(j).upheld(to, j.basis, j.byBuyer)
            : _figures(j).plain(to, j.basis);
        _close(j, to, r, payOut);
    }

    function _barToConceding(Job storage j, address party, Outcome to)
        private
        view
        returns (string memory bar)
    {
        bool isParty = party == j.a.terms.buyer || party == j.a.terms.provider;
        bar = _or(bar, j.state != State.Closed, STATUS);
        bar = _or(bar, isParty, PERMISSION);
        if (j.state == State.Open) return bar;
        bar = _or(bar, j.outcome == to, PERMISSION);
        bool disputant = party == (j.byBuyer ? j.a.terms.buyer : j.a.terms.provider);
        return _or(bar, j.state == State.Judged || disputant, PERMISSION);
    }

    // ---- agree

    struct Deal {
        uint256 toBuyer;
        uint256 expiry;
        uint256 forged; // 0: the buyer's signature, 1: the provider's
        bool payOut;
    }

    function agrees(uint256 seed) external turn(seed) {
        if (jobs.length != 0 && (!_honest || _chance(3))) _agrees();
    }

    function _agrees() private {
        Job storage j = _job();
        Deal memory d;
        d.toBuyer = _roll(_value(j) + 1) + (_slip(5) ? _value(j) : 0);
        d.expiry = clock + (_slip(5) ? 0 : 1 + _roll(1 days));
        d.forged = _honest ? 2 : _roll(3);
        d.payOut = _chance(2);
        string memory bar = _barToAgreeing(j, d);
        Measure memory before = _measure();
        if (!_judged("agree", bar, _send(_anyone(), _agreeCall(j, d), true))) return;
        _checkClosing(j, before, _measure());
        if (j.state == State.Open) j.basis = Basis.NoShow;
        PayoutTable.Row memory r =
            _figures(j).agreed(d.toBuyer, j.basis, j.state == State.Disputed, j.byBuyer);
        _close(j, Outcome.None, r, d.payOut);
    }

    function _barToAgreeing(Job storage j, Deal memory d) private view returns (string memory bar) {
        bar = _or(bar, j.state != State.Closed, STATUS);
        bar = _or(bar, d.toBuyer <= _value(j), MONEY);
        bar = _or(bar, d.forged > 1 && clock < d.expiry, PERMISSION);
        return _or(bar, _accepts(j.a.terms.buyer) && _accepts(j.a.terms.provider), PERMISSION);
    }

    function _agreeCall(Job storage j, Deal memory d) private view returns (bytes memory) {
        uint256 buyer_ = persons[j.a.terms.buyer].key;
        uint256 provider_ = persons[j.a.terms.provider].key;
        Outcome provisional = j.state == State.Open ? Outcome.None : j.outcome;
        bytes32 digest = splitDigest(j.id, j.state, provisional, d.toBuyer, d.expiry);
        bytes memory one = sign(d.forged == 0 ? provider_ : buyer_, digest);
        bytes memory two = sign(d.forged == 1 ? buyer_ : provider_, digest);
        return
            abi.encodeCall(IDisputes.agree, (j.a.terms, j.opening, d.toBuyer, d.expiry, one, two, d.payOut));
    }

    // ---- whatever comes next

    /// The next step in some job's life, by who may take it.
    function proceeds(uint256 seed) external turn(seed) {
        if (jobs.length == 0) return;
        _honest = !_chance(4);
        uint256 start = _roll(jobs.length);
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[(start + i) % jobs.length];
            if (j.state == State.Closed) continue;
            if (j.state == State.Open) {
                if (clock >= (j.delivered ? j.a.terms.judgeBy : j.a.opening.deliverBy)) return _lapses();
                if (!j.delivered) return _delivers();
                if (_chance(20)) return _equivocates(j);
                return _chance(6) ? _silence(j) : _judges();
            }
            if (clock >= j.deadline) return _settles();
            if (!_honest && _chance(2)) return _chance(2) ? _concedes() : _agrees();
            return j.state == State.Judged ? _disputes() : _rules();
        }
    }

    // ---- equivocation

    struct Proof {
        uint256 seat;
        uint256 key;
        uint256 retired;
        bool same; // the statements do not contradict
        address caller;
    }

    function equivocates(uint256 seed) external turn(seed) {
        // Rarely: a committee without members opens nothing any more.
        if (jobs.length != 0 && _chance(6)) _equivocates(_jobIn(State.Open, true));
    }

    function _equivocates(Job storage j) private {
        Proof memory p;
        p.seat = _roll(_size(j.bench));
        p.caller = _anyone();
        Seat storage s = seats[j.bench][p.seat];
        if (s.keys.length == 0) return;
        uint256 which = _roll(s.keys.length);
        (p.key, p.retired) = (s.keys[which], which < s.retired.length ? s.retired[which] : 0);
        p.same = _slip(4);
        uint256 had = escrow.evaluator(benches[j.bench].id, p.seat).stake;
        string memory bar = _barToProof(j, p, s);
        if (!_judged("equivocate", bar, _send(p.caller, _proofCall(j, p), true))) return;
        uint256 share = PayoutTable.up(_value(j), benches[j.bench].terms.threshold);
        uint256 has = escrow.evaluator(benches[j.bench].id, p.seat).stake;
        if (has > had || had - has > share) _flag(DOWNSIDE, "evaluator, by equivocation");
        _expel(j.bench, p.seat, j.id, share, p.caller);
        Debt storage d = debts[debts.length - 1];
        (d.buyer, d.provider) = (j.a.terms.buyer, j.a.terms.provider);
        _payAbove(d);
        if (j.delivered && _chance(2)) _judgesWith(j, p.seat);
    }

    function _barToProof(Job storage j, Proof memory p, Seat storage s)
        private
        view
        returns (string memory bar)
    {
        bar = _or(bar, !p.same, PERMISSION);
        bar = _or(bar, p.retired == 0 || j.openedAt < p.retired, PERMISSION);
        bar = _or(bar, j.members & (1 << p.seat) != 0, PERMISSION);
        bar = _or(bar, s.standing != ICoverage.Standing.Withdrawn, STATUS);
        return _or(bar, !shown[keccak256(abi.encode(j.bench, p.seat, j.id))], REPLAY);
    }

    function _proofCall(Job storage j, Proof memory p) private returns (bytes memory) {
        bytes32 thing = keccak256(abi.encode("twice", _roll(2)));
        Statement memory one = statement(p.key, j.id, thing, Outcome.Pass, 0);
        Statement memory two = statement(p.key, j.id, thing, p.same ? Outcome.Pass : Outcome.Fail, 0);
        return abi.encodeCall(IDisputes.proveEquivocation, (j.a.terms, j.opening, thing, one, two));
    }

    function _expel(uint256 bench, uint256 seat, bytes32 subject, uint256 share, address by) internal {
        Seat storage s = seats[bench][seat];
        if (!s.expelled && s.standing == ICoverage.Standing.Joined) _notice(bench, seat);
        s.expelled = true;
        s.owed += share;
        shown[keccak256(abi.encode(bench, seat, subject))] = true;
        Debt storage d = debts.push();
        (d.bench, d.seat, d.subject, d.shownBy, d.owed) = (bench, seat, subject, by, share);
    }

    /// From what the stake holds above its part of every reservation.
    function _payAbove(Debt storage d) internal {
        uint256 stake = seats[d.bench][d.seat].stake;
        uint256 reserved = benches[d.bench].reserved;
        _payDebt(d, stake > reserved ? stake - reserved : 0);
    }
}
