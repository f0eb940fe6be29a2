// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {Committee, State} from "../../../contracts/interfaces/Types.sol";
import {Wallet} from "../utils/Wallets.sol";
import {Rules} from "./Rules.sol";

/// An escrow on real USDC and everyone who could want something of it: parties with keys and with wallets, two committees
/// that share evaluators, arbiters, books and strangers. Time, USDC's moods and hostile calls are acts like any other.
contract World is Rules {
    uint64 private constant STAKE_A = 1_000e6 + 1;
    uint64 private constant STAKE_B = 1_300e6;
    uint256 private constant TWIN_MONEY = 1_000e6;

    string private _artifact;

    /// @param artifact What to deploy: the escrow, or one broken on purpose.
    /// @param wallets Most parties are ERC-1271 wallets.
    constructor(string memory artifact, bool wallets) {
        _artifact = artifact;
        salt = wallets ? 1 : 0;
        clock = block.timestamp;
        deployUSDC();
        escrow = deployEscrow();
        twin = deployEscrow();
        (escrowHash, annexHash) = (address(escrow).codehash, escrow.annex().codehash);
        _populate(wallets);
        _makeBench(0, 5, 3, STAKE_A, 100_000_003, 15_000_001);
        _makeBench(1, 3, 2, STAKE_B, 0, 0);
        for (uint256 i; i < people.length; ++i) {
            _endow(people[i]);
        }
        for (uint256 i; i < 4; ++i) {
            _seat(0, i);
            if (i < 3) _seat(1, i);
        }
    }

    function deployEscrow() internal override returns (IEscrow) {
        return
            IEscrow(vm.deployCode(_artifact, abi.encode(usdc, MIN_CHALLENGE, LAPSE_CHALLENGE, MIN_DELIVERY)));
    }

    // ---- everyone

    function _populate(bool wallets) private {
        for (uint256 i; i < 3; ++i) {
            buyers.push(_person(string.concat("buyer", vm.toString(i)), i == 2 || (wallets && i == 1)));
            providers.push(_person(string.concat("provider", vm.toString(i)), i == 2 || (wallets && i == 1)));
        }
        books.push(_person("book0", false));
        books.push(_person("book1", false));
        _person("stranger", false);
        address[] memory five = new address[](5);
        for (uint256 i; i < 5; ++i) {
            five[i] = _person(string.concat("evaluator", vm.toString(i)), false);
        }
        uint256[] memory order = new uint256[](5);
        for (uint256 i; i < 5; ++i) {
            order[i] = uint160(five[i]);
        }
        order = vm.sort(order);
        for (uint256 i; i < 5; ++i) {
            evaluators.push(address(uint160(order[i])));
        }
    }

    function _person(string memory name, bool wallet) private returns (address account) {
        uint256 key = uint256(keccak256(bytes(name)));
        account = wallet ? address(new Wallet(vm.addr(key))) : vm.addr(key);
        vm.label(account, name);
        people.push(account);
        persons[account] = Person(key, wallet);
    }

    function _makeBench(uint256 bench, uint256 n, uint8 k, uint64 stake, uint64 silence, uint64 cost)
        private
    {
        Committee memory c;
        c.evaluators = new address[](n);
        for (uint256 i; i < n; ++i) {
            c.evaluators[i] = evaluators[i];
        }
        (c.threshold, c.stake, c.silence, c.arbiterCost) = (k, stake, silence, cost);
        c.methodology = keccak256("methodology");
        c.arbiter = _person(string.concat("arbiter", vm.toString(bench)), false);
        (c.feeFlat, c.feeRate, c.maxValue) = (1e6, 100, 5_000e6);
        (c.minVerdict, c.minRuling, c.maxChallenge) = (1 hours, 1 hours, 7 days);
        benches[bench].terms = c;
        benches[bench].id = escrow.createCommittee(c);
    }

    function _endow(address account) private {
        mintUSDC(account, 60_000e6);
        vm.startPrank(account);
        usdc.approve(address(escrow), type(uint256).max);
        usdc.approve(address(twin), TWIN_MONEY);
        escrow.deposit(account, 20_000e6);
        twin.deposit(account, TWIN_MONEY);
        vm.stopPrank();
        freeOf[account] = 20_000e6;
        walletOf[account] = 40_000e6 - TWIN_MONEY;
    }

    function _seat(uint256 bench, uint256 i) private {
        bytes32 id = benches[bench].id;
        address account = benches[bench].terms.evaluators[i];
        uint256 key = uint256(keccak256(abi.encode("key", i))); // the same in both committees
        vm.startPrank(account);
        escrow.join(id, i, vm.addr(key), keyProof(id, account, key));
        escrow.consent(id, i, books[0]);
        vm.stopPrank();
        consents[bench][books[0]] |= uint32(1 << i);
        Seat storage s = seats[bench][i];
        (s.standing, s.stake) = (ICoverage.Standing.Joined, benches[bench].terms.stake);
        s.keys.push(key);
        freeOf[account] -= s.stake;
    }

    // ---- time and moods

    function waits(uint256 seed) external turn(seed) {
        _pass();
        if (_chance(8)) clock += _roll(60 days);
    }

    /// Nobody does anything for a long time; then what is left is swept up.
    function sleeps(uint256 seed) external turn(seed) {
        if (!_chance(4)) return;
        _honest = true;
        vm.warp(clock += 301 days);
        for (uint256 i; i < jobs.length; ++i) {
            _lapses();
        }
        vm.warp(clock += 61 days);
        for (uint256 i; i < jobs.length; ++i) {
            _settles();
        }
        _releaseStale();
        _collect();
        _withdrawAny(_roll(BENCHES), 0);
    }

    function mood(uint256 seed) external turn(seed) {
        if (_honest) return _heal();
        if (_chance(3)) {
            if (usdc.paused()) unpauseUSDC();
            else if (_chance(3)) pauseUSDC();
            return;
        }
        address account = _anyone();
        if (usdc.isBlacklisted(account)) unBlacklistUSDC(account);
        else if (_chance(2)) blacklistUSDC(account);
        if (persons[account].wallet) _behave(Wallet(account));
    }

    function _heal() private {
        if (usdc.paused()) unpauseUSDC();
        for (uint256 i; i < people.length; ++i) {
            if (usdc.isBlacklisted(people[i])) unBlacklistUSDC(people[i]);
            if (persons[people[i]].wallet) Wallet(people[i]).behave(Wallet.Manner.Good);
        }
    }

    /// A wallet that accepted may lie later, revert, answer garbage or call back.
    function _behave(Wallet wallet) private {
        uint256 manner = _roll(12);
        if (manner == uint256(Wallet.Manner.Burns) || manner > uint256(Wallet.Manner.Shouts)) manner = 0;
        wallet.behave(Wallet.Manner(manner));
        if (manner == uint256(Wallet.Manner.Reenters)) {
            wallet.plan(address(escrow), abi.encodeCall(escrow.claim, (_anyone(), 1)));
        }
    }

    // ---- hostile calls

    /// What was accepted once is sent again, by anyone.
    function replays(uint256 seed) external turn(seed) {
        if (sent.length == 0) return;
        uint256 back = _roll(sent.length);
        Sent storage s = sent[sent.length - 1 - (_chance(2) ? back : back % 4)];
        address caller = _chance(2) ? s.caller : _anyone();
        vm.prank(caller);
        (bool ok,) = address(escrow).call(s.data);
        _judged("replay", REPLAY, ok);
    }

    /// Functions that other contracts have for their owners, and garbage.
    function administers(uint256 seed) external turn(seed) {
        string[12] memory names = [
            "transferOwnership(address)",
            "upgradeTo(address)",
            "setArbiter(address)",
            "rescue(address,uint256)",
            "sweep(address)",
            "withdrawAll(address)",
            "setFee(uint256)",
            "initialize(address)",
            "pause()",
            "setUSDC(address)",
            "mint(address,uint256)",
            "kill()"
        ];
        bytes4 selector = _chance(3) ? bytes4(bytes32(seed)) : bytes4(keccak256(bytes(names[_roll(12)])));
        address caller = _anyone();
        bytes memory call = abi.encodePacked(selector, abi.encode(caller, uint256(1e6), uint256(1e6)));
        vm.prank(caller);
        (bool ok,) = address(escrow).call(call);
        _judged("administer", ADMIN, ok);
    }

    /// USDC sent to the escrow by accident is nobody's.
    function sendsByAccident(uint256 seed) external turn(seed) {
        address caller = _anyone();
        uint256 amount = _roll(50e6);
        if (!_moves(caller) || walletOf[caller] < amount) return;
        vm.prank(caller);
        usdc.transfer(address(escrow), amount);
        walletOf[caller] -= amount;
        accident += amount;
        ++tried["sendByAccident"];
        ++succeeded["sendByAccident"];
    }
}
