// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Basis, Outcome} from "../../../contracts/interfaces/Types.sol";
import {JobWord} from "../../../contracts/libraries/JobWord.sol";
import {and} from "./Bools.sol";

/// What a solver proves of the one word that is kept of a job: every field comes back as it went in, whatever stands in
/// the others.
contract JobWordSymbolic is Test {
    using {and} for bool;

    using JobWord for uint256;

    struct Head {
        uint8 epoch;
        uint32 members;
        uint32 openedAt;
    }

    struct Tail {
        uint32 set;
        uint40 deadline;
        uint8 outcome;
        uint8 basis;
        uint8 sought;
        bool buyer;
    }

    function check_opened_keepsEveryField(Head memory h, address provider, uint24 length) public {
        uint256 word = _opened(h, provider, length);
        assert(
            (word.phase() == JobWord.OPEN).and(_sameHead(word, h)).and(word.provider() == provider)
                .and(word.deliverBy() == uint256(h.openedAt) + length)
        );
    }

    function check_judged_keepsEveryField(Head memory h, address provider, uint24 length, Tail memory t)
        public
    {
        _valid(t);
        uint256 word = _opened(h, provider, length);
        word = word.judged(t.set, t.deadline, Outcome(t.outcome), Basis(t.basis));
        bool tail = _sameTail(word, t).and(!word.buyerDisputes()).and(uint8(word.sought()) == 0);
        assert((word.phase() == JobWord.JUDGED).and(_sameHead(word, h)).and(tail));
    }

    function check_disputed_keepsEveryField(Head memory h, Tail memory t, uint40 first) public {
        _valid(t);
        uint256 word = _opened(h, address(1), 1).judged(t.set, first, Outcome(t.outcome), Basis(t.basis));
        word = word.disputed(t.deadline, Outcome(t.sought), t.buyer);
        bool tail =
            _sameTail(word, t).and(word.buyerDisputes() == t.buyer).and(uint8(word.sought()) == t.sought);
        assert((word.phase() == JobWord.DISPUTED).and(_sameHead(word, h)).and(tail));
    }

    function check_closed_keepsOutcomeAlone(Head memory h, uint32 set, uint40 deadline, uint8 outcome)
        public
    {
        vm.assume(outcome <= 3);
        uint256 judged = _opened(h, address(1), 1).judged(set, deadline, Outcome.Fail, Basis.NoShow);
        uint256 word = judged.closed(Outcome(outcome));
        assert(
            (word.phase() == JobWord.CLOSED).and(_sameHead(word, h)).and(uint8(word.outcome()) == outcome)
                .and(word.set() == 0).and(word.deadline() == 0)
        );
    }

    /// Broken copies change a bit here.
    function spoil(uint256 word) internal pure virtual returns (uint256) {
        return word;
    }

    function _opened(Head memory h, address provider, uint24 length) private returns (uint256) {
        vm.assume(h.epoch < 32);
        vm.warp(h.openedAt);
        return spoil(JobWord.opened(h.epoch, h.members, provider, uint256(h.openedAt) + length));
    }

    function _sameHead(uint256 word, Head memory h) private pure returns (bool) {
        return (word.epoch() == h.epoch).and(word.members() == h.members).and(word.openedAt() == h.openedAt);
    }

    function _valid(Tail memory t) private pure {
        vm.assume((t.outcome <= 3).and(t.basis <= 2).and(t.sought <= 3));
    }

    function _sameTail(uint256 word, Tail memory t) private pure returns (bool) {
        return (word.set() == t.set).and(word.deadline() == t.deadline)
            .and(uint8(word.outcome()) == t.outcome).and(uint8(word.basis()) == t.basis);
    }
}
