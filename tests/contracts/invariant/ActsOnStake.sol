// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBooks} from "../../../contracts/interfaces/IBooks.sol";
import {ICommittees} from "../../../contracts/interfaces/ICommittees.sol";
import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {Outcome, Statement} from "../../../contracts/interfaces/Types.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {ActsInDispute} from "./ActsInDispute.sol";

/// Evaluators' stake, keys and fees; and books, which settle other things on the same stake.
abstract contract ActsOnStake is ActsInDispute {
    uint256 private constant ABSENT = 4; // of the first committee, at first

    address[] internal books;
    uint256 private _keys;
    uint256 private _subjects;

    function staking(uint256 seed) external turn(seed) {
        uint256 bench = _roll(BENCHES);
        uint256 seat = _roll(_size(bench));
        if (_chance(6)) (bench, seat) = (0, ABSENT);
        address account = benches[bench].terms.evaluators[seat];
        address caller = _slip(3) ? _anyone() : account;
        uint256 what = _roll(9);
        if (what == 0) _join(bench, seat, caller);
        else if (what == 1 && _chance(2)) _leave_(bench, seat, caller);
        else if (what == 2) _topUp(bench, seat, caller);
        else if (what == 8) _topUpAll(bench);
        else if (what == 3) _rotate(bench, seat, caller);
        else if (what == 4) _withdrawAny(bench, seat);
        else if (what == 5) _collect();
        else _drawFees(bench);
    }

    function _isOwn(uint256 bench, uint256 seat, address caller) private view returns (bool) {
        return benches[bench].terms.evaluators[seat] == caller;
    }

    function _newKey() private returns (uint256) {
        return uint256(keccak256(abi.encode("new key", ++_keys)));
    }

    function _join(uint256 bench, uint256 seat, address caller) private {
        Seat storage s = seats[bench][seat];
        uint256 key = _newKey();
        uint256 stake = benches[bench].terms.stake;
        string memory bar = _or(NOTHING, _isOwn(bench, seat, caller), PERMISSION);
        bar = _or(bar, s.standing == ICoverage.Standing.Absent, STATUS);
        bar = _or(bar, freeOf[caller] >= stake, MONEY);
        bytes32 id = benches[bench].id;
        bytes memory call =
            abi.encodeCall(ICommittees.join, (id, seat, vm.addr(key), keyProof(id, caller, key)));
        if (!_judged("join", bar, _send(caller, call, true))) return;
        freeOf[caller] -= stake;
        (s.standing, s.stake) = (ICoverage.Standing.Joined, stake);
        s.keys.push(key);
    }

    function _leave_(uint256 bench, uint256 seat, address caller) private {
        Seat storage s = seats[bench][seat];
        bool stays = s.standing == ICoverage.Standing.Joined && !s.expelled;
        string memory bar = _or(NOTHING, _isOwn(bench, seat, caller), PERMISSION);
        bar = _or(bar, stays, STATUS);
        bytes memory call = abi.encodeCall(ICommittees.leave, (benches[bench].id, seat));
        if (!_judged("leave", bar, _send(caller, call, false))) return;
        s.standing = ICoverage.Standing.Leaving;
        _notice(bench, seat);
        if (_chance(2)) _withdraw(bench, seat); // at once, which it may only where nothing is open
    }

    function _topUp(uint256 bench, uint256 seat, address caller) private {
        Seat storage s = seats[bench][seat];
        bool stays = s.standing == ICoverage.Standing.Joined && !s.expelled;
        uint256 stake = benches[bench].terms.stake;
        string memory bar = _or(NOTHING, _isOwn(bench, seat, caller), PERMISSION);
        bar = _or(bar, stays && s.stake != stake, STATUS);
        bar = _or(bar, freeOf[caller] + s.stake >= stake, MONEY);
        bytes memory call = abi.encodeCall(ICommittees.topUp, (benches[bench].id, seat));
        if (!_judged("topUp", bar, _send(caller, call, false))) return;
        freeOf[caller] -= stake - s.stake;
        s.stake = stake;
    }

    function _topUpAll(uint256 bench) private {
        for (uint256 i; i < _size(bench); ++i) {
            if (seats[bench][i].stake == benches[bench].terms.stake) continue;
            _topUp(bench, i, benches[bench].terms.evaluators[i]);
        }
    }

    function _rotate(uint256 bench, uint256 seat, address caller) private {
        Seat storage s = seats[bench][seat];
        bool serves = (s.standing == ICoverage.Standing.Joined || s.standing == ICoverage.Standing.Leaving)
            && !s.expelled;
        bool taken = _slip(3) && s.keys.length != 0;
        uint256 key = taken ? s.keys[_roll(s.keys.length)] : _newKey();
        string memory bar = _or(NOTHING, _isOwn(bench, seat, caller), PERMISSION);
        bar = _or(_or(bar, serves, STATUS), !taken, REPLAY);
        bytes32 id = benches[bench].id;
        bytes memory call =
            abi.encodeCall(ICommittees.rotateKey, (id, seat, vm.addr(key), keyProof(id, caller, key)));
        if (!_judged("rotateKey", bar, _send(caller, call, true))) return;
        s.keys.push(key);
        s.retired.push(clock);
    }

    function _withdrawAny(uint256 bench, uint256 seat) internal {
        for (uint256 i; i < _size(bench); ++i) {
            bool outgoing = seats[bench][i].expelled || seats[bench][i].standing == ICoverage.Standing.Leaving;
            if (_honest ? _mayWithdraw(bench, i) : outgoing) seat = i;
        }
        _withdraw(bench, seat);
    }

    function _withdraw(uint256 bench, uint256 seat) private {
        Seat storage s = seats[bench][seat];
        string memory bar = _or(NOTHING, _mayWithdraw(bench, seat), STATUS);
        bar = _or(bar, s.owed == 0 || s.stake == 0, MONEY);
        bytes memory call = abi.encodeCall(ICommittees.withdraw, (benches[bench].id, seat));
        if (!_judged("withdraw", bar, _send(_anyone(), call, false))) return;
        freeOf[benches[bench].terms.evaluators[seat]] += s.stake;
        (s.standing, s.stake) = (ICoverage.Standing.Withdrawn, 0);
    }

    function _collect() internal {
        if (debts.length == 0) return;
        uint256 at = _roll(debts.length);
        for (uint256 i; _honest && i < debts.length; ++i) {
            Debt storage open_ = debts[i];
            if (open_.owed != 0 && _mayWithdraw(open_.bench, open_.seat)) at = i;
        }
        Debt storage d = debts[at];
        Seat storage s = seats[d.bench][d.seat];
        string memory bar = _or(NOTHING, _mayWithdraw(d.bench, d.seat), STATUS);
        bar = _or(bar, d.owed != 0 && s.stake != 0, MONEY);
        bytes32 id = benches[d.bench].id;
        bytes memory call = abi.encodeCall(ICommittees.collect, (id, d.seat, d.subject));
        if (_judged("collect", bar, _send(_anyone(), call, false))) _payDebt(d, s.stake);
    }

    function _drawFees(uint256 bench) private {
        uint32 set = uint32(_roll(1 << _size(bench)));
        uint32[] storage sets = benches[bench].sets;
        if (sets.length != 0 && !_slip(3)) set = sets[_roll(sets.length)];
        uint256 count = _count(set);
        uint256 each = count == 0 ? 0 : fees[bench][set] / count;
        string memory bar = _or(NOTHING, each != 0, MONEY);
        bytes memory call = abi.encodeCall(ICommittees.drawFees, (benches[bench].id, set));
        if (!_judged("drawFees", bar, _send(_anyone(), call, false))) return;
        fees[bench][set] -= each * count;
        for (uint256 i; i < _size(bench); ++i) {
            if (set & (1 << i) != 0) freeOf[benches[bench].terms.evaluators[i]] += each;
        }
    }

    // ---- books

    function booking(uint256 seed) external turn(seed) {
        uint256 what = _roll(8);
        if (what < 2) _consent();
        else if (what < 4) _reserve();
        else if (what == 4) _release();
        else if (what == 5) _releaseStale();
        else if (what == 6) _payFees();
        else if (_chance(4)) _expelByBook();
    }

    function _consent() private {
        uint256 bench = _roll(BENCHES);
        uint256 seat = _roll(_size(bench));
        address book = books[_roll(books.length)];
        address caller = _slip(3) ? _anyone() : benches[bench].terms.evaluators[seat];
        string memory bar = _or(NOTHING, _isOwn(bench, seat, caller), PERMISSION);
        bytes memory call = abi.encodeCall(ICommittees.consent, (benches[bench].id, seat, book));
        if (!_judged("consent", bar, _send(caller, call, false))) return;
        consents[bench][book] |= uint32(1 << seat);
    }

    function _reserve() private {
        uint256 bench = _roll(BENCHES);
        address book = books[_roll(books.length)];
        // Sometimes a job's id, which is another book's name for something else.
        bytes32 subject = jobs.length != 0 && _slip(2) ? _job().id : keccak256(abi.encode("tab", ++_subjects));
        uint256 value = _roll(1000e6);
        uint32 members = _active(bench) & consents[bench][book];
        uint256 share = _share(bench, value);
        string memory bar = _or(NOTHING, _covers(bench, members, share), COVERAGE);
        bar = _or(bar, _holdOf(bench, book, subject) == 0, REPLAY);
        bytes memory call = abi.encodeCall(IBooks.reserve, (benches[bench].id, subject, value));
        if (!_judged("reserve", bar, _send(book, call, false))) return;
        benches[bench].reserved += share;
        holds.push(Hold(bench, book, subject, orders++, clock, share, members, true));
    }

    function _holdOf(uint256 bench, address book, bytes32 subject) private view returns (uint256) {
        for (uint256 i; i < holds.length; ++i) {
            Hold storage h = holds[i];
            if (h.bench == bench && h.book == book && h.subject == subject && h.open) return i + 1;
        }
        return 0;
    }

    function _release() private {
        if (holds.length == 0) return;
        Hold storage h = holds[_roll(holds.length)];
        uint32 set = uint32(_roll(1 << _size(h.bench)));
        if (!_slip(3)) set &= h.members;
        uint256 each = _roll(h.share + 1) + (_slip(4) ? h.share : 0);
        address caller = _slip(3) ? _anyone() : h.book;
        string memory bar = _or(NOTHING, h.open, REPLAY);
        bar = _or(bar, caller == h.book, PERMISSION);
        bar = _or(bar, each <= h.share && set & ~h.members == 0, COVERAGE);
        bytes memory call = abi.encodeCall(IBooks.release, (benches[h.bench].id, h.subject, set, each));
        if (!_judged("release", bar, _send(caller, call, false))) return;
        _letGo(h);
        if (each == 0) return;
        _slash(h.bench, set, each);
        freeOf[h.book] += each * _count(set);
    }

    function _letGo(Hold storage h) private {
        h.open = false;
        benches[h.bench].reserved -= h.share;
    }

    function _releaseStale() internal {
        if (holds.length == 0) return;
        uint256 at = _roll(holds.length);
        for (uint256 i; _honest && i < holds.length; ++i) {
            if (holds[i].open) at = i;
        }
        Hold storage h = holds[at];
        string memory bar = _or(NOTHING, h.open && clock >= h.at + 300 days, STATUS);
        bytes memory call = abi.encodeCall(IBooks.releaseStale, (benches[h.bench].id, h.book, h.subject));
        if (_judged("releaseStale", bar, _send(_anyone(), call, false))) _letGo(h);
    }

    function _payFees() private {
        uint256 bench = _roll(BENCHES);
        address caller = _chance(3) ? _anyone() : books[_roll(books.length)];
        uint32 set = uint32(_roll(2 << _size(bench)));
        uint256 amount = _chance(8) ? 0 : 1 + _roll(20e6);
        string memory bar = _or(NOTHING, set != 0 && set < 1 << _size(bench), PERMISSION);
        bar = _or(bar, amount != 0 && freeOf[caller] >= amount, MONEY);
        bytes memory call = abi.encodeCall(IBooks.payFees, (benches[bench].id, set, amount));
        if (!_judged("payFees", bar, _send(caller, call, false))) return;
        freeOf[caller] -= amount;
        _earn(bench, set, amount);
    }

    function _expelByBook() private {
        if (holds.length == 0) return;
        Hold storage h = holds[_roll(holds.length)];
        uint256 seat = _roll(_size(h.bench));
        Seat storage s = seats[h.bench][seat];
        if (s.keys.length == 0) return;
        // Whoever is shown twice by one book over one subject was shown before.
        bytes32 offence = keccak256(abi.encode(h.book, h.subject));
        string memory bar = _or(NOTHING, h.open, STATUS);
        bar = _or(bar, h.members & (1 << seat) != 0 && !_isJob(h.subject), PERMISSION);
        bar = _or(bar, !shown[keccak256(abi.encode(h.bench, seat, offence))], REPLAY);
        bar = _or(bar, s.standing != ICoverage.Standing.Withdrawn, STATUS);
        bytes memory call = _expelCall(h, s.keys[s.keys.length - 1]);
        if (!_judged("expel", bar, _send(h.book, call, true))) return;
        _expel(h.bench, seat, offence, h.share, h.book);
        _payAbove(debts[debts.length - 1]);
    }

    function _isJob(bytes32 subject) private view returns (bool) {
        for (uint256 i; i < jobs.length; ++i) {
            if (jobs[i].id == subject) return true;
        }
        return false;
    }

    function _expelCall(Hold storage h, uint256 key) private view returns (bytes memory) {
        Statement memory one = statement(key, h.subject, "receipts", Outcome.Pass, 5);
        Statement memory two = statement(key, h.subject, "receipts", Outcome.Pass, 6);
        return abi.encodeCall(IBooks.expel, (benches[h.bench].id, h.subject, "receipts", one, two));
    }
}
