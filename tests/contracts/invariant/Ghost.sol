// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Agreement, Basis, Committee, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {EscrowFixture} from "../utils/EscrowFixture.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {Wallet} from "../utils/Wallets.sol";

/// What everyone should have: a second set of books, kept by account, by seat and by job from docs/protocol.md alone. It
/// never reads the escrow; sums over the escrow would be blind to theft between jobs.
abstract contract Ghost is EscrowFixture {
    /// Signs with `key`; a wallet (ERC-1271) by its owner's.
    struct Person {
        uint256 key;
        bool wallet;
    }

    /// An evaluator's place in one committee.
    struct Seat {
        ICoverage.Standing standing;
        bool expelled;
        uint256 stake;
        uint256 owed;
        uint256 notice; // what was opened before this still binds it
        uint256[] keys; // the last is current
        uint256[] retired; // when each was replaced
    }

    struct Bench {
        bytes32 id;
        Committee terms;
        uint256 reserved;
        uint32[] sets; // that have ever earned a fee
    }

    struct Job {
        Agreement a;
        bytes32 id;
        bytes32 opening;
        uint256 bench;
        uint256 order;
        State state;
        bool delivered;
        bytes32 deliverable;
        uint256 openedAt;
        uint32 members;
        uint32 attested;
        Outcome outcome;
        Basis basis;
        uint32 set; // signers, or the silent
        uint256 deadline;
        bool byBuyer;
        uint256 deposit;
        int256 buyerNet; // measured
        int256 providerNet; // measured, with the advance
    }

    /// What a book has reserved.
    struct Hold {
        uint256 bench;
        address book;
        bytes32 subject;
        uint256 order;
        uint256 at;
        uint256 share;
        uint32 members;
        bool open;
    }

    /// For a contradiction.
    struct Debt {
        uint256 bench;
        uint256 seat;
        bytes32 subject;
        address shownBy;
        uint256 owed;
        address buyer; // zero: all to `shownBy`
        address provider;
    }

    uint256 internal constant BENCHES = 2;

    address[] internal people;
    mapping(address account => Person) internal persons;
    Bench[BENCHES] internal benches;
    mapping(uint256 bench => mapping(uint256 seat => Seat)) internal seats;
    mapping(uint256 bench => mapping(uint32 set => uint256)) internal fees;
    mapping(uint256 bench => mapping(address book => uint32)) internal consents;
    Job[] internal jobs;
    Hold[] internal holds;
    Debt[] internal debts;
    mapping(bytes32 debt => bool) internal shown;

    mapping(address account => uint256) internal freeOf;
    mapping(address account => uint256) internal walletOf;
    uint256 internal accident; // sent to the escrow without a word
    uint256 internal orders; // counts openings, reservations and notices
    uint256 internal clock;

    // ---- who

    function _accepts(address account) internal view returns (bool) {
        return !persons[account].wallet || Wallet(account).manner() == Wallet.Manner.Good;
    }

    /// USDC would move `account`'s money.
    function _moves(address account) internal view returns (bool) {
        return !usdc.paused() && !usdc.isBlacklisted(account);
    }

    // ---- committees

    function _size(uint256 bench) internal view returns (uint256) {
        return benches[bench].terms.evaluators.length;
    }

    function _active(uint256 bench) internal view returns (uint32 set) {
        for (uint256 i; i < _size(bench); ++i) {
            Seat storage s = seats[bench][i];
            bool stays = s.standing == ICoverage.Standing.Joined && !s.expelled;
            if (stays && s.stake == benches[bench].terms.stake) set |= uint32(1 << i);
        }
    }

    function _share(uint256 bench, uint256 value) internal view returns (uint256) {
        Committee storage c = benches[bench].terms;
        return PayoutTable.up(PayoutTable.larger(value, c.silence), c.threshold);
    }

    function _covers(uint256 bench, uint32 members, uint256 share) internal view returns (bool) {
        Bench storage b = benches[bench];
        return _count(members) >= b.terms.threshold && b.reserved + share <= b.terms.stake;
    }

    /// Whether something opened before its notice still binds a seat.
    function _liable(uint256 bench, uint256 seat) internal view returns (bool) {
        uint256 notice = seats[bench][seat].notice;
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[i];
            if (j.bench == bench && j.state != State.Closed && j.order < notice) return true;
        }
        for (uint256 i; i < holds.length; ++i) {
            Hold storage h = holds[i];
            if (h.bench == bench && h.open && h.order < notice) return true;
        }
        return false;
    }

    function _mayWithdraw(uint256 bench, uint256 seat) internal view returns (bool) {
        Seat storage s = seats[bench][seat];
        bool outgoing = s.standing == ICoverage.Standing.Leaving
            || (s.standing == ICoverage.Standing.Joined && s.expelled);
        return outgoing && !_liable(bench, seat);
    }

    /// The seat serves for the last time what is open now.
    function _notice(uint256 bench, uint256 seat) internal {
        seats[bench][seat].notice = orders;
    }

    function _earn(uint256 bench, uint32 set, uint256 amount) internal {
        if (amount == 0) return;
        if (fees[bench][set] == 0) {
            bool known;
            for (uint256 i; i < benches[bench].sets.length; ++i) {
                if (benches[bench].sets[i] == set) known = true;
            }
            if (!known) benches[bench].sets.push(set);
        }
        fees[bench][set] += amount;
    }

    function _slash(uint256 bench, uint32 set, uint256 each) internal {
        unchecked {
            for (uint256 i; i < _size(bench); ++i) {
                if (set & (1 << i) != 0) seats[bench][i].stake -= each;
            }
        }
    }

    /// A debt paid as far as `available` goes: half to who showed the contradiction, half to the job's parties.
    function _payDebt(Debt storage d, uint256 available) internal {
        uint256 paid = d.owed < available ? d.owed : available;
        d.owed -= paid;
        Seat storage s = seats[d.bench][d.seat];
        unchecked {
            s.owed -= paid;
            s.stake -= paid;
        }
        if (d.buyer == address(0)) {
            freeOf[d.shownBy] += paid;
        } else {
            uint256 half = paid / 2;
            freeOf[d.shownBy] += half;
            freeOf[d.buyer] += (paid - half + 1) / 2;
            freeOf[d.provider] += (paid - half) / 2;
        }
    }

    // ---- jobs

    function _value(Job storage j) internal view returns (uint256) {
        return uint256(j.a.terms.gated) + j.a.terms.bond;
    }

    function _depositFor(Job storage j) internal view returns (uint256) {
        return PayoutTable.larger(PayoutTable.up(_value(j), 5), benches[j.bench].terms.arbiterCost);
    }

    function _figures(Job storage j) internal view returns (PayoutTable.Figures memory x) {
        Committee storage c = benches[j.bench].terms;
        x.g = j.a.terms.gated;
        x.b = j.a.terms.bond;
        x.f = j.a.terms.fee;
        x.d = j.deposit;
        x.a = c.arbiterCost;
        x.z = c.silence;
        x.k = c.threshold;
        x.n = _count(j.members);
        x.silent = j.basis == Basis.Silence ? _count(j.set) : 0;
    }

    /// Everyone gets what the row of the payout table says.
    function _close(Job storage j, Outcome outcome, PayoutTable.Row memory r, bool payOut) internal {
        Bench storage b = benches[j.bench];
        b.reserved -= _share(j.bench, _value(j));
        if (r.each != 0) _slash(j.bench, j.set, r.each);
        _earn(j.bench, j.basis == Basis.NoShow ? j.members : j.set, r.evaluators);
        freeOf[b.terms.arbiter] += r.arbiter;
        _hand(j.a.terms.buyer, r.buyer, payOut);
        _hand(j.a.terms.provider, r.provider, payOut);
        j.state = State.Closed;
        j.outcome = outcome;
        j.delivered = false;
    }

    function _hand(address to, uint256 amount, bool payOut) internal {
        if (payOut && _moves(to)) walletOf[to] += amount;
        else freeOf[to] += amount;
    }

    function _count(uint32 set) internal pure returns (uint256 n) {
        for (; set != 0; set &= set - 1) {
            ++n;
        }
    }
}
