// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";

/// The payout table written down a second time, cell by cell as docs/protocol has it, so that a slip in the contracts'
/// arithmetic shows. Nothing is shared with contracts/libraries/Payouts.sol.
library PayoutTable {
    /// A job's figures. `silent` of `n` members were silent; it counts only in rows of silence.
    struct Figures {
        uint256 g;
        uint256 b;
        uint256 f;
        uint256 d;
        uint256 a;
        uint256 z;
        uint256 k;
        uint256 n;
        uint256 silent;
    }

    /// What each gets. `each` is taken from every signer of the verdict, or from every silent member.
    struct Row {
        uint256 buyer;
        uint256 provider;
        uint256 evaluators;
        uint256 arbiter;
        uint256 each;
    }

    function up(uint256 x, uint256 y) internal pure returns (uint256) {
        return x / y + (x % y == 0 ? 0 : 1);
    }

    function larger(uint256 x, uint256 y) internal pure returns (uint256) {
        return x < y ? y : x;
    }

    /// The provisional outcome is final and nobody disputed it.
    function plain(Figures memory x, Outcome o, Basis basis) internal pure returns (Row memory r) {
        if (basis == Basis.Silence) {
            r.each = up(x.z, x.n);
            r.buyer = x.g + x.f;
            r.provider = x.b + r.each * x.silent;
        } else if (o == Outcome.Pass) {
            (r.provider, r.evaluators) = (x.g + x.b, x.f);
        } else if (o == Outcome.Fail) {
            (r.buyer, r.evaluators) = (x.g + x.b, x.f);
        } else {
            (r.buyer, r.provider, r.evaluators) = (x.g, x.b, x.f);
        }
    }

    /// The arbiter was silent: the plain row, and the deposit goes back.
    function arbiterSilent(Figures memory x, Outcome o, Basis basis, bool buyerDisputed)
        internal
        pure
        returns (Row memory r)
    {
        r = plain(x, o, basis);
        if (buyerDisputed) r.buyer += x.d;
        else r.provider += x.d;
    }

    function upheld(Figures memory x, Outcome o, Basis basis, bool buyerDisputed)
        internal
        pure
        returns (Row memory r)
    {
        uint256 h = up(x.d - x.a, 2);
        r.arbiter = x.a;
        if (basis == Basis.Silence) {
            r.each = up(x.z, x.n);
            r.buyer = x.g + x.f + (buyerDisputed ? 0 : x.d - x.a);
            r.provider = x.b + r.each * x.silent + (buyerDisputed ? x.d - x.a : 0);
            return r;
        }
        r.evaluators = x.f + (x.d - x.a - h);
        if (o == Outcome.Pass) {
            r.provider = x.g + x.b + h;
        } else if (o == Outcome.Fail) {
            r.buyer = x.g + x.b + h;
        } else {
            r.buyer = x.g + (buyerDisputed ? 0 : h);
            r.provider = x.b + (buyerDisputed ? h : 0);
        }
    }

    /// Who disputed makes no difference here: what is left of D goes where the ruling does.
    function overturned(Figures memory x, Outcome from, Outcome to, Basis basis)
        internal
        pure
        returns (Row memory r)
    {
        r.arbiter = x.a;
        uint256 rest = x.d - x.a;
        if (basis == Basis.Silence) {
            if (to == Outcome.Pass) {
                r.each = up(larger(x.z, x.g), x.n);
                r.buyer = x.f;
                r.provider = x.g + x.b + rest + r.each * x.silent;
            } else {
                r.each = up(larger(x.z, x.b), x.n);
                r.buyer = x.g + x.b + x.f + rest + r.each * x.silent;
            }
        } else if (basis == Basis.NoShow) {
            r.evaluators = x.f;
            if (to == Outcome.Pass) {
                r.provider = x.g + x.b + rest;
            } else {
                r.buyer = x.g;
                r.provider = x.b + rest;
            }
        } else if (from == Outcome.Pass && to == Outcome.Fail) {
            r.each = up(x.g + x.b, x.k);
            r.buyer = x.g + x.b + r.each * x.k + x.f + rest;
        } else if (from == Outcome.Pass) {
            r.each = up(x.g, x.k);
            r.buyer = x.g + r.each * x.k + x.f + rest;
            r.provider = x.b;
        } else if (from == Outcome.Fail && to == Outcome.Pass) {
            r.each = up(x.g + x.b, x.k);
            r.provider = x.g + x.b + r.each * x.k + x.f + rest;
        } else if (from == Outcome.Fail) {
            r.each = up(x.b, x.k);
            r.buyer = x.g;
            r.provider = x.b + r.each * x.k + x.f + rest;
        } else if (to == Outcome.Pass) {
            r.each = up(x.g, x.k);
            r.provider = x.g + r.each * x.k + x.b + x.f + rest;
        } else {
            r.each = up(x.b, x.k);
            r.buyer = x.g + x.b + r.each * x.k + x.f + rest;
        }
    }

    function agreed(Figures memory x, uint256 toBuyer, Basis basis, bool disputed, bool buyerDisputed)
        internal
        pure
        returns (Row memory r)
    {
        r.buyer = toBuyer;
        r.provider = x.g + x.b - toBuyer;
        if (basis == Basis.Silence) {
            r.each = up(x.z, x.n);
            r.buyer += x.f;
            r.provider += r.each * x.silent;
        } else {
            r.evaluators = x.f;
        }
        if (disputed) {
            r.arbiter = x.a;
            if (buyerDisputed) r.buyer += x.d - x.a;
            else r.provider += x.d - x.a;
        }
    }
}
