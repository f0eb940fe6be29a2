// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";
import {and} from "./Bools.sol";
import {PayoutCases} from "./PayoutCases.sol";

/// What a solver proves of the payout table, for every value its types can hold (halmos runs `check_…`).
/// Conditions are joined by `and`, not `&&`: each is one question to the solver and no fork of the path.
contract PayoutsSymbolic is PayoutCases {
    using {and} for bool;

    // ---- conservation: what comes in goes out, to the last unit, and nothing overflows

    function check_stands_conserves(Figures memory x, Crew memory crew) public view {
        Payouts.Case memory c = _spoken(x, crew);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == 0));
    }

    function check_standsInSilence_conserves(Figures memory x, uint8 shape) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == 0));
    }

    function check_upheld_conserves(Figures memory x, Crew memory crew) public view {
        Payouts.Case memory c = _spoken(x, crew);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    function check_upheldInSilence_conserves(Figures memory x, uint8 shape) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    function check_overturned_conserves(Figures memory x, uint8 shape, uint8 ruling) public view {
        _overturnedConserves(_judged(x, shape), ruling);
    }

    function check_overturnedNoShow_conserves(Figures memory x, Crew memory crew, uint8 ruling) public view {
        vm.assume(x.noShow);
        _overturnedConserves(_spoken(x, crew), ruling);
    }

    function check_overturnedInSilence_conserves(Figures memory x, uint8 shape, uint8 ruling) public view {
        _overturnedConserves(_unspoken(x, shape), ruling);
    }

    function check_agreed_conserves(Figures memory x, Crew memory crew, uint72 toBuyer) public view {
        _agreedConserves(_spoken(x, crew), toBuyer);
    }

    function check_agreedInSilence_conserves(Figures memory x, uint8 shape, uint72 toBuyer) public view {
        _agreedConserves(_unspoken(x, shape), toBuyer);
    }

    // ---- what each side gets, to the unit, with the slash as one number

    /// A side has what the outcome gives it, and who put up a deposit has it back.
    function check_stands_gives(Figures memory x, Crew memory crew) public view {
        Payouts.Case memory c = _spoken(x, crew);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        (uint256 buyer, uint256 provider) = _due(c, c.provisional);
        unchecked {
            if (c.buyerDisputes) buyer += c.deposit;
            else provider += c.deposit;
        }
        bool parties = (s.buyer == buyer).and(s.provider == provider);
        assert(parties.and(s.evaluators == c.fee).and(s.slashEach == 0));
    }

    /// The same, of silence: the fee goes back, and of the silent's part of Z all goes to the provider.
    function check_standsInSilence_gives(Figures memory x, uint8 shape) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.stands, (c)));
        unchecked {
            uint256 buyer = c.gated + c.fee + (c.buyerDisputes ? c.deposit : 0);
            uint256 provider = c.bond + (c.buyerDisputes ? 0 : c.deposit) + s.slashEach * c.silent;
            assert((s.buyer == buyer).and(s.provider == provider).and(s.evaluators == 0));
        }
    }

    /// A dispute that fails costs its side the deposit and nothing more; the other side has at least half of what the
    /// arbiter leaves of it, and the evaluators the rest.
    function check_upheld_gives(Figures memory x, Crew memory crew) public view {
        Payouts.Case memory c = _spoken(x, crew);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        (uint256 buyer, uint256 provider) = _due(c, c.provisional);
        unchecked {
            uint256 rest = c.deposit - c.arbiterCost;
            if (c.buyerDisputes) provider += rest - rest / 2;
            else buyer += rest - rest / 2;
            bool parties = (s.buyer == buyer).and(s.provider == provider);
            assert(parties.and(s.evaluators == c.fee + rest / 2).and(s.slashEach == 0));
        }
    }

    /// The same, of silence: nobody spoke, so that the other side has all that the arbiter leaves.
    function check_upheldInSilence_gives(Figures memory x, uint8 shape) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.upheld, (c)));
        unchecked {
            uint256 rest = c.deposit - c.arbiterCost;
            uint256 buyer = c.gated + c.fee + (c.buyerDisputes ? 0 : rest);
            uint256 provider = c.bond + s.slashEach * c.silent + (c.buyerDisputes ? rest : 0);
            assert((s.buyer == buyer).and(s.provider == provider).and(s.evaluators == 0));
        }
    }

    /// Overturned, the favoured side has all that the ruling gives it, its deposit less the arbiter's cost, the fee and the
    /// slash; the other side has what the ruling leaves it, and nothing of the slash.
    function check_overturned_gives(Figures memory x, uint8 shape, uint8 ruling) public view {
        Payouts.Case memory c = _judged(x, shape);
        Outcome outcome = _other(c, ruling);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        unchecked {
            _favours(c, outcome, s, c.deposit - c.arbiterCost + (c.fee + s.slashEach * c.threshold), 0);
        }
        assert(s.evaluators == 0);
    }

    /// The same where nothing was delivered: no signer to slash, and whoever said so keeps the fee.
    function check_overturnedNoShow_gives(Figures memory x, Crew memory crew, uint8 ruling) public view {
        vm.assume(x.noShow);
        Payouts.Case memory c = _spoken(x, crew);
        Outcome outcome = _other(c, ruling);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        unchecked {
            _favours(c, outcome, s, c.deposit - c.arbiterCost, 0);
        }
        assert((s.evaluators == c.fee).and(s.slashEach == 0));
    }

    /// The same, of silence: the silent pay, and the fee goes back to the buyer.
    function check_overturnedInSilence_gives(Figures memory x, uint8 shape, uint8 ruling) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        Outcome outcome = _other(c, ruling);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        unchecked {
            _favours(c, outcome, s, c.deposit - c.arbiterCost + s.slashEach * c.silent, c.fee);
        }
        assert(s.evaluators == 0);
    }

    /// Each has what was agreed, the disputant its deposit less the arbiter's cost, and the evaluators no part of it.
    function check_agreed_gives(Figures memory x, Crew memory crew, uint72 toBuyer) public view {
        Payouts.Case memory c = _spoken(x, crew);
        vm.assume(toBuyer <= c.gated + c.bond);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c, toBuyer)));
        unchecked {
            uint256 rest = c.deposit - c.arbiterCost;
            uint256 buyer = toBuyer + (c.buyerDisputes ? rest : 0);
            uint256 provider = c.gated + c.bond - toBuyer + (c.buyerDisputes ? 0 : rest);
            bool parties = (s.buyer == buyer).and(s.provider == provider);
            assert(parties.and(s.evaluators == c.fee).and(s.slashEach == 0));
        }
    }

    /// The same, of silence: the fee goes back, and the silent's part of Z goes to the provider.
    function check_agreedInSilence_gives(Figures memory x, uint8 shape, uint72 toBuyer) public view {
        Payouts.Case memory c = _unspoken(x, shape);
        vm.assume(toBuyer <= c.gated + c.bond);
        (, Payouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c, toBuyer)));
        unchecked {
            uint256 rest = c.deposit - c.arbiterCost;
            // In the order of the contract: the solver is lost in sums of products that are ordered otherwise.
            uint256 buyer = toBuyer + (c.buyerDisputes ? rest : 0) + c.fee;
            uint256 provider =
                c.gated + c.bond - toBuyer + (c.buyerDisputes ? 0 : rest) + s.slashEach * c.silent;
            assert((s.buyer == buyer).and(s.provider == provider).and(s.evaluators == 0));
        }
    }

    // ----

    function _overturnedConserves(Payouts.Case memory c, uint8 ruling) private view {
        Outcome outcome = _other(c, ruling);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.overturned, (c, outcome)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    function _agreedConserves(Payouts.Case memory c, uint72 toBuyer) private view {
        vm.assume(toBuyer <= c.gated + c.bond);
        (bool ok, Payouts.Split memory s) = _ask(abi.encodeCall(lib.agreed, (c, toBuyer)));
        assert(ok.and(_conserves(c, s)).and(s.arbiter == c.arbiterCost));
    }

    /// `gain` goes to the side that the ruling is better for: Pass is best for the provider, then Lapse, then Fail.
    function _favours(
        Payouts.Case memory c,
        Outcome ruling,
        Payouts.Split memory s,
        uint256 gain,
        uint256 refund
    ) private pure {
        (uint256 buyer, uint256 provider) = _due(c, ruling);
        unchecked {
            buyer += refund;
            if (ruling == Outcome.Pass || c.provisional == Outcome.Fail) provider += gain;
            else buyer += gain;
        }
        assert((s.buyer == buyer).and(s.provider == provider));
    }

    /// What an outcome gives buyer and provider of gated amount and bond.
    function _due(Payouts.Case memory c, Outcome outcome) private pure returns (uint256, uint256) {
        if (outcome == Outcome.Pass) return (0, c.gated + c.bond);
        if (outcome == Outcome.Fail) return (c.gated + c.bond, 0);
        return (c.gated, c.bond);
    }

    function _conserves(Payouts.Case memory c, Payouts.Split memory s) private pure returns (bool) {
        unchecked {
            uint256 slashed = s.slashEach * (c.basis == Basis.Silence ? c.silent : c.threshold);
            uint256 income = c.gated + c.bond + c.fee + c.deposit + slashed;
            return s.buyer + s.provider + s.evaluators + s.arbiter == income;
        }
    }
}
