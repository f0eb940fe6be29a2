// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobs} from "../../../contracts/interfaces/IJobs.sol";
import {Agreement, Committee, Funding, State} from "../../../contracts/interfaces/Types.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {Acts} from "./Acts.sol";

/// Opening jobs: alone and together, paid in every way, by callers and with terms of every kind.
abstract contract ActsOpening is Acts {
    uint256 internal constant MOST_JOBS = 24;

    address[] internal buyers;
    address[] internal providers;
    uint256 private _salts;

    /// What goes wrong with an opening, if anything does.
    enum Twist {
        None,
        ForgedProvider,
        ForgedBuyer,
        StrangersAllowance,
        LowFee,
        TooLate,
        Again
    }

    struct Offer {
        Agreement[] list;
        bytes32[] ids;
        Funding funding;
        Twist twist;
        address caller;
        bytes32 digest; // what both sign
        uint256 total;
        uint256 openBy;
    }

    function opens(uint256 seed) external turn(seed) {
        if (jobs.length < MOST_JOBS) _open(1, false);
    }

    function opensTogether(uint256 seed) external turn(seed) {
        if (jobs.length + 3 <= MOST_JOBS) _open(1 + _roll(3), true);
    }

    function _open(uint256 n, bool together) private {
        Offer memory o;
        o.funding = Funding(_roll(3));
        o.twist = _slip(2) ? Twist(1 + _roll(6)) : Twist.None;
        if (o.twist == Twist.Again && (together || jobs.length == 0)) o.twist = Twist.ForgedProvider;
        _draft(o, n);
        o.digest = together ? milestonesDigest(o.ids) : o.ids[0];
        string memory bar = _barToOpening(o);
        Measure memory before = _measure();
        bool ok = _send(o.caller, _openingCall(o, together), true);
        if (!_judged(together ? "openTogether" : "open", bar, ok)) return;
        (int256 buyerNet, int256 providerNet) = _checkOpening(o, before, _measure());
        _opened(o);
        if (n != 1) return; // together they cannot be told apart
        Job storage j = jobs[jobs.length - 1];
        (j.buyerNet, j.providerNet) = (buyerNet, providerNet);
    }

    // ---- terms

    function _draft(Offer memory o, uint256 n) private {
        uint256 bench = _roll(BENCHES);
        address buyer_ = buyers[_roll(buyers.length)];
        address provider_ = providers[_roll(providers.length)];
        o.list = new Agreement[](n);
        o.ids = new bytes32[](n);
        o.openBy = type(uint40).max;
        for (uint256 i; i < n; ++i) {
            Agreement memory a = o.twist == Twist.Again ? _again() : _terms(bench, buyer_, provider_);
            if (o.twist == Twist.LowFee) a.terms.fee = uint64(_leastFee(benches[bench].terms, a) - 1);
            if (o.twist == Twist.TooLate) a.opening.openBy = uint40(clock);
            (o.list[i], o.ids[i]) = (a, idOf(a));
            o.total += uint256(a.terms.gated) + a.opening.upFront + a.terms.fee;
            if (a.opening.openBy < o.openBy) o.openBy = a.opening.openBy;
        }
        bool itself = o.funding != Funding.Authorization && (o.funding == Funding.Allowance || _chance(2));
        o.caller = itself ? o.list[0].terms.buyer : _anyone();
        if (o.twist == Twist.StrangersAllowance) {
            o.funding = Funding.Allowance;
            o.caller = o.list[0].terms.provider;
        }
        if (o.twist == Twist.ForgedBuyer) {
            if (o.funding == Funding.Allowance) o.funding = Funding.Collateral;
            o.caller = o.list[0].terms.provider;
        }
    }

    /// The terms of a job that was opened, if there is one that could still be.
    function _again() private returns (Agreement memory) {
        uint256 start = _roll(jobs.length);
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[(start + i) % jobs.length];
            if (j.a.opening.openBy > clock) return j.a;
        }
        return jobs[start].a;
    }

    /// Within what the committee accepts, odd amounts, sometimes tiny, the fee at or just above the least.
    function _terms(uint256 bench, address buyer_, address provider_) private returns (Agreement memory a) {
        Committee storage c = benches[bench].terms;
        a.terms.buyer = buyer_;
        a.terms.provider = provider_;
        a.terms.committee = benches[bench].id;
        a.terms.gated = uint64(1 + (_chance(5) ? _roll(9) : _roll(1500e6)));
        a.terms.bond = uint64(_chance(5) ? _roll(9) : _roll(500e6));
        if (_chance(3)) a.opening.upFront = uint64(_roll(200e6));
        a.opening.openBy = uint40(clock + 1 + _roll(6 hours));
        a.opening.deliverBy = uint40(a.opening.openBy + MIN_DELIVERY + _roll(3 days));
        a.terms.judgeBy = uint40(a.opening.deliverBy + c.minVerdict + _roll(3 days));
        a.terms.challenge = uint32(_chance(4) ? 0 : MIN_CHALLENGE + _roll(2 days));
        a.terms.ruling = uint32(c.minRuling + _roll(1 days));
        a.terms.fee = uint64(_leastFee(c, a) + (_chance(2) ? 0 : _roll(5e6)));
        a.opening.salt = ++_salts;
    }

    function _leastFee(Committee storage c, Agreement memory a) private view returns (uint256) {
        uint256 value = uint256(a.terms.gated) + a.terms.bond;
        uint256 worth = value * c.feeRate * (a.terms.judgeBy - clock);
        uint256 fee = c.feeFlat + PayoutTable.up(worth, 1e6 * 1 days);
        return fee;
    }

    // ---- may it be opened

    function _barToOpening(Offer memory o) private view returns (string memory bar) {
        Agreement memory a = o.list[0];
        if (o.twist == Twist.Again) return REOPENED;
        if (o.twist == Twist.TooLate || o.twist == Twist.LowFee) bar = STATUS;
        bool forged = o.twist == Twist.ForgedProvider || o.twist == Twist.StrangersAllowance;
        bar = _or(bar, !forged && o.twist != Twist.ForgedBuyer, PERMISSION);
        bool byProvider = o.caller == a.terms.provider && o.twist == Twist.None;
        bar = _or(bar, byProvider || _accepts(a.terms.provider), PERMISSION);
        bar = _or(bar, _consents(o, a.terms.buyer), PERMISSION);
        bar = _or(bar, _coversAll(o), COVERAGE);
        return _or(bar, _hasMoney(o), MONEY);
    }

    function _consents(Offer memory o, address buyer_) private view returns (bool) {
        if (o.funding != Funding.Authorization && o.caller == buyer_) return true;
        return o.funding != Funding.Allowance && _accepts(buyer_);
    }

    function _coversAll(Offer memory o) private view returns (bool) {
        uint256 bench = _benchOf(o.list[0]);
        uint256 sum;
        for (uint256 i; i < o.list.length; ++i) {
            sum += _share(bench, uint256(o.list[i].terms.gated) + o.list[i].terms.bond);
        }
        return _covers(bench, _active(bench), sum);
    }

    function _hasMoney(Offer memory o) private view returns (bool) {
        Agreement memory a = o.list[0];
        uint256 bonds;
        for (uint256 i; i < o.list.length; ++i) {
            bonds += o.list[i].terms.bond;
        }
        if (freeOf[a.terms.provider] < bonds) return false;
        if (o.funding == Funding.Collateral) return freeOf[a.terms.buyer] >= o.total;
        return _moves(a.terms.buyer) && walletOf[a.terms.buyer] >= o.total;
    }

    function _benchOf(Agreement memory a) internal view returns (uint256) {
        return a.terms.committee == benches[0].id ? 0 : 1;
    }

    // ---- the call

    function _openingCall(Offer memory o, bool together) private view returns (bytes memory) {
        bytes memory pays = _payment(o);
        bytes memory accepts = _acceptance(o);
        if (together) return abi.encodeCall(IJobs.openMilestones, (o.list, o.funding, pays, accepts));
        return abi.encodeCall(IJobs.open, (o.list[0], o.funding, pays, accepts));
    }

    function _payment(Offer memory o) private view returns (bytes memory) {
        address buyer_ = o.list[0].terms.buyer;
        uint256 key = persons[o.twist == Twist.ForgedBuyer ? o.list[0].terms.provider : buyer_].key;
        if (o.funding == Funding.Authorization) {
            return signReceive(buyer_, key, o.total, o.openBy, o.digest);
        }
        if (o.caller == buyer_ || o.funding == Funding.Allowance) return "";
        return sign(key, o.digest);
    }

    function _acceptance(Offer memory o) private view returns (bytes memory) {
        address provider_ = o.list[0].terms.provider;
        if (o.caller == provider_ && o.twist == Twist.None) return "";
        address by = o.twist == Twist.ForgedProvider ? o.list[0].terms.buyer : provider_;
        return sign(persons[by].key, o.digest);
    }

    /// USDC's authorization, also where `from` is a wallet and `key` its owner's.
    function signReceive(address from, uint256 key, uint256 value, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, address(escrow), value, 0, validBefore, nonce
            )
        );
        return sign(key, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), structHash)));
    }

    // ---- afterwards

    /// Price, fee and bond came in, less the advance; nobody else's money moved.
    function _checkOpening(Offer memory o, Measure memory a, Measure memory b)
        private
        returns (int256 buyerNet, int256 providerNet)
    {
        for (uint256 i; i < people.length; ++i) {
            int256 gain = _gain(a, b, i);
            if (people[i] == o.list[0].terms.buyer) buyerNet = gain;
            else if (people[i] == o.list[0].terms.provider) providerNet = gain;
            else if (gain != 0) _flag(CONSERVATION, "a stranger's money at opening");
        }
        uint256 due;
        for (uint256 i; i < o.list.length; ++i) {
            due += uint256(o.list[i].terms.gated) + o.list[i].terms.bond + o.list[i].terms.fee;
        }
        if (-buyerNet - providerNet != int256(due)) _flag(CONSERVATION, "an opening");
    }

    function _opened(Offer memory o) private {
        address buyer_ = o.list[0].terms.buyer;
        uint256 bench = _benchOf(o.list[0]);
        uint32 members = _active(bench);
        if (o.funding == Funding.Collateral) freeOf[buyer_] -= o.total;
        else walletOf[buyer_] -= o.total;
        for (uint256 i; i < o.list.length; ++i) {
            _record(o.list[i], o.ids[i], bench, members);
        }
    }

    function _record(Agreement memory a, bytes32 id, uint256 bench, uint32 members) private {
        Job storage j = jobs.push();
        j.a = a;
        j.id = id;
        j.opening = openingHash(a.opening);
        j.bench = bench;
        j.order = orders++;
        j.state = State.Open;
        j.openedAt = clock;
        j.members = members;
        j.buyerNet = -int256(uint256(a.terms.gated) + a.opening.upFront + a.terms.fee);
        j.providerNet = int256(uint256(a.opening.upFront)) - int256(uint256(a.terms.bond));
        benches[bench].reserved += _share(bench, _value(j));
        freeOf[a.terms.provider] -= a.terms.bond;
        if (_moves(a.terms.provider)) walletOf[a.terms.provider] += a.opening.upFront;
        else freeOf[a.terms.provider] += a.opening.upFront;
    }
}
