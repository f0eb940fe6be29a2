// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IDocket} from "../../../contracts/interfaces/IDocket.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IJobs} from "../../../contracts/interfaces/IJobs.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {Basis, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {PayoutTable} from "../utils/PayoutTable.sol";
import {Deeds} from "./Deeds.sol";
import {Ghost} from "./Ghost.sol";

/// How an act is sent, what the rules say of it, and what is measured around it. Every act is tried whether or not the
/// rules allow it: what they forbid must fail, what they allow must go through.
abstract contract Acts is Ghost, Deeds {
    /// A call that was accepted, for playing it again.
    struct Sent {
        address caller;
        bytes data;
    }

    // The rules of docs/protocol.md that an act can break.
    string internal constant NOTHING = "";
    string internal constant STATUS = "status"; // wrong state or time
    string internal constant PERMISSION = "permission"; // not by this caller, or not signed
    string internal constant MONEY = "money"; // more than there is
    string internal constant COVERAGE = "coverage"; // not covered by stake
    string internal constant REPLAY = "replay";
    string internal constant REOPENED = "reopened";
    string internal constant ADMIN = "admin";
    string internal constant CONSERVATION = "conservation";
    string internal constant DOWNSIDE = "downside";
    string internal constant REFUSED = "refused"; // the rules allow it, the escrow does not

    uint256 private constant GAS = 20_000_000;

    IEscrow internal twin; // another deployment, where nothing signed for the first may work
    Sent[] internal sent;
    mapping(string rule => string) internal broken;
    mapping(string act => uint256) public tried;
    mapping(string act => uint256) public succeeded;
    mapping(bytes32 job => State) internal seen;
    uint256 public turns;
    uint256 internal salt; // so that two worlds go different ways by the same seeds
    uint256 private _random;
    bool internal _honest;

    /// One act: nothing but it happens at this time, and afterwards every job is where the rules let it be.
    modifier turn(uint256 seed) {
        _random = uint256(keccak256(abi.encode(seed, salt)));
        _honest = _chance(2);
        if (_chance(4)) _pass();
        vm.warp(clock);
        _;
        _watch();
        ++turns;
    }

    // ---- chance

    function _roll(uint256 sides) internal returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % sides;
    }

    function _chance(uint256 in_) internal returns (bool) {
        return _roll(in_) == 0;
    }

    /// A chance of malice or error. Half of all acts are honest, or few jobs would get far.
    function _slip(uint256 in_) internal returns (bool) {
        return !_honest && _chance(in_);
    }

    function _anyone() internal returns (address) {
        return people[_roll(people.length)];
    }

    function _outcome() internal returns (Outcome) {
        return Outcome(_slip(8) ? 0 : 1 + _roll(3));
    }

    function _job() internal returns (Job storage) {
        // The later ones more often: they have more before them.
        uint256 back = _roll(jobs.length);
        return jobs[jobs.length - 1 - (_chance(3) ? back : back / 3)];
    }

    /// Mostly one that is where the act asks for it, else any.
    function _jobIn(State state, bool delivered) internal returns (Job storage) {
        if (_slip(4)) return _job();
        uint256 start = _roll(jobs.length);
        for (uint256 i; i < jobs.length; ++i) {
            Job storage j = jobs[(start + i) % jobs.length];
            if (j.state == state && j.delivered == delivered) return j;
        }
        return _job();
    }

    /// Time goes on: often to the very moment something changes, or to a second beside it.
    function _pass() internal {
        uint256 to = clock + _roll(30 minutes);
        if (jobs.length != 0 && _chance(4)) {
            Job storage j = _chance(2) ? _jobIn(State.Judged, false) : _job();
            uint256 limit = j.deadline;
            if (j.state == State.Open) limit = j.delivered ? j.a.terms.judgeBy : j.a.opening.deliverBy;
            if (limit > clock && limit < clock + 3 days) to = limit + _roll(3) - 1;
        }
        if (to > clock) clock = to;
    }

    // ---- sending

    function _send(address caller, bytes memory data, bool signed) internal returns (bool ok) {
        if (signed && _chance(8)) _rehearse(caller, data);
        if (_chance(6)) return _sendInBatch(caller, data);
        vm.prank(caller);
        (ok,) = address(escrow).call{gas: GAS}(data);
        if (!ok || !signed) return ok;
        sent.push(Sent(caller, data));
        if (_chance(2)) _again(caller, data);
    }

    /// At once: nothing that was signed serves twice.
    function _again(address caller, bytes memory data) private {
        vm.prank(caller);
        (bool ok,) = address(escrow).call{gas: GAS}(data);
        if (ok) _flag(REPLAY, "at once");
    }

    /// Between rows that fail and cannot sink it.
    function _sendInBatch(address caller, bytes memory data) private returns (bool ok) {
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(IJobs.deliver, (bytes32(uint256(1)), bytes32(uint256(1))));
        calls[1] = data;
        calls[2] = hex"00000000";
        vm.prank(caller);
        (bool sane, bytes memory result) =
            address(escrow).call{gas: GAS}(abi.encodeCall(IJobs.batch, (calls)));
        if (!sane) {
            _flag(REFUSED, "batch");
            return false;
        }
        IDocket.Result[] memory results = abi.decode(result, (IDocket.Result[]));
        if (results[0].ok || results[2].ok) _flag(STATUS, "a senseless row of a batch");
        return results[1].ok;
    }

    /// What is signed for this chain and contract does nothing on another.
    function _rehearse(address caller, bytes memory data) private {
        uint256 home = block.chainid;
        vm.chainId(home + 1);
        vm.prank(caller);
        (bool ok,) = address(escrow).call{gas: GAS}(data);
        vm.chainId(home);
        if (ok) _flag(REPLAY, "on another chain");
        vm.prank(caller);
        (ok,) = address(twin).call{gas: GAS}(data);
        if (ok) _flag(REPLAY, "on another contract");
    }

    /// Holds what happened against what the rules say; `bar` names the rule in the way, if one is.
    function _judged(string memory act, string memory bar, bool ok) internal returns (bool) {
        ++tried[act];
        bool may = bytes(bar).length == 0;
        if (ok && !may) _flag(bar, act);
        if (!ok && may) _flag(REFUSED, act);
        if (ok && may) ++succeeded[act];
        return ok && may;
    }

    function _flag(string memory rule, string memory what) internal {
        if (bytes(broken[rule]).length == 0) broken[rule] = what;
    }

    function _or(string memory bar, bool fine, string memory rule) internal pure returns (string memory) {
        return bytes(bar).length != 0 || fine ? bar : rule;
    }

    // ---- measuring

    struct Measure {
        uint256[] worths; // wallet and free collateral of each person
        uint256[][] stakes;
        uint256 fees;
    }

    function _measure() internal view returns (Measure memory m) {
        m.worths = new uint256[](people.length);
        for (uint256 i; i < people.length; ++i) {
            m.worths[i] = usdc.balanceOf(people[i]) + escrow.collateralOf(people[i]);
        }
        m.stakes = new uint256[][](BENCHES);
        for (uint256 b; b < BENCHES; ++b) {
            m.stakes[b] = new uint256[](_size(b));
            for (uint256 i; i < _size(b); ++i) {
                m.stakes[b][i] = escrow.evaluator(benches[b].id, i).stake;
            }
            m.fees += _feesAt(b);
        }
    }

    function _feesAt(uint256 bench) private view returns (uint256 sum) {
        for (uint32 set = 1; set < uint32(1 << _size(bench)); ++set) {
            sum += escrow.feesOf(benches[bench].id, set);
        }
    }

    function _gain(Measure memory a, Measure memory b, uint256 i) internal pure returns (int256) {
        return int256(b.worths[i]) - int256(a.worths[i]);
    }

    /// A closing moves what the job holds and what stakes lose to the parties, the arbiter and fees, to the unit.
    function _checkClosing(Job storage j, Measure memory a, Measure memory b) internal {
        int256 out;
        address judge = benches[j.bench].terms.arbiter;
        for (uint256 i; i < people.length; ++i) {
            int256 gain = _gain(a, b, i);
            out += gain;
            if (people[i] == j.a.terms.buyer) j.buyerNet += gain;
            else if (people[i] == j.a.terms.provider) j.providerNet += gain;
            else if (gain < 0 || (gain != 0 && people[i] != judge)) _flag(CONSERVATION, "a stranger's money");
        }
        out += int256(b.fees) - int256(a.fees);
        int256 held = int256(_value(j) + j.a.terms.fee + j.deposit);
        if (out != held + _lost(j, a, b)) _flag(CONSERVATION, "a closing");
        _checkParties(j);
    }

    /// What stakes lost, each no more than its evaluator signed for.
    function _lost(Job storage j, Measure memory a, Measure memory b) private returns (int256 sum) {
        uint256 most = _mostSlashed(j);
        for (uint256 n; n < BENCHES; ++n) {
            for (uint256 i; i < _size(n); ++i) {
                int256 loss = int256(a.stakes[n][i]) - int256(b.stakes[n][i]);
                sum += loss;
                bool liable = n == j.bench && j.set & (1 << i) != 0;
                if (loss < 0 || loss > int256(liable ? most : 0)) _flag(DOWNSIDE, "evaluator");
            }
        }
    }

    /// M/k, or a part of Z or M, by the outcome the job was closed with.
    function _mostSlashed(Job storage j) private view returns (uint256) {
        PayoutTable.Figures memory x = _figures(j);
        Outcome last = escrow.jobState(j.id).outcome;
        uint256 moved = last == j.outcome || last == Outcome.None ? 0 : _moved(x, j.outcome, last);
        if (j.basis == Basis.Verdict) return PayoutTable.up(moved, x.k);
        if (j.basis == Basis.NoShow) return 0;
        return PayoutTable.up(PayoutTable.larger(moved, x.z), x.n);
    }

    function _moved(PayoutTable.Figures memory x, Outcome from, Outcome to) private pure returns (uint256) {
        if (from != Outcome.Lapse && to != Outcome.Lapse) return x.g + x.b;
        return from == Outcome.Pass || to == Outcome.Pass ? x.g : x.b;
    }

    function _checkParties(Job storage j) private {
        uint256 most = uint256(j.a.terms.gated) + j.a.opening.upFront + j.a.terms.fee;
        if (j.byBuyer) most += j.deposit;
        if (j.buyerNet < -int256(most)) _flag(DOWNSIDE, "buyer");
        most = j.a.terms.bond + (j.byBuyer ? 0 : j.deposit);
        if (j.providerNet < int256(uint256(j.a.opening.upFront)) - int256(most)) _flag(DOWNSIDE, "provider");
    }

    /// The status graph: which state may follow which, for every job after every act.
    function _watch() private {
        for (uint256 i; i < jobs.length; ++i) {
            bytes32 id = jobs[i].id;
            State was = seen[id];
            State now_ = escrow.jobState(id).state;
            if (now_ == was) continue;
            bool fine = was == State.None
                ? now_ == State.Open
                : was == State.Open
                    ? now_ == State.Judged || now_ == State.Closed
                    : was == State.Judged
                        ? now_ == State.Disputed || now_ == State.Closed
                        : was == State.Disputed && now_ == State.Closed;
            if (!fine) _flag(was == State.Closed ? REOPENED : STATUS, "status graph");
            seen[id] = now_;
        }
    }

    function _view(Job storage j) internal view returns (IViews.JobView memory) {
        return escrow.jobState(j.id);
    }
}
