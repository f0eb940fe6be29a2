// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Play} from "./Play.sol";

/// The fuzzing is not idle: in a seeded play each act goes through, and many are refused.
contract ActsTest is Play {
    uint256 private constant ROUNDS = 40;
    uint256 private constant ACTS = 150;

    string[30] private _all = [
        "open",
        "openTogether",
        "deliver",
        "attest",
        "judge",
        "lapse",
        "settle",
        "dispute",
        "rule",
        "concede",
        "agree",
        "equivocate",
        "join",
        "leave",
        "topUp",
        "rotateKey",
        "withdraw",
        "collect",
        "drawFees",
        "consent",
        "reserve",
        "release",
        "releaseStale",
        "payFees",
        "expel",
        "deposit",
        "claim",
        "transfer",
        "depositWithAuthorization",
        "takePledge"
    ];
    mapping(string act => uint256) private _done;
    mapping(string act => uint256) private _refused;

    function test_everyActGoesThrough() public {
        vm.pauseGasMetering();
        string memory missing = "all";
        for (uint256 round; bytes(missing).length != 0; ++round) {
            assertLt(round, ROUNDS, string.concat(missing, " never goes through"));
            _play(round);
            missing = _missing();
        }
        uint256 refused;
        for (uint256 i; i < _all.length; ++i) {
            emit log_named_uint(string.concat(_all[i], " went through"), _done[_all[i]]);
            emit log_named_uint(string.concat(_all[i], " was refused"), _refused[_all[i]]);
            refused += _refused[_all[i]];
        }
        assertGt(refused, 200, "few acts are hostile");
    }

    function _play(uint256 round) private {
        begin("Escrow.sol:Escrow", round % 4 == 3);
        bytes4[] memory list = acts();
        for (uint256 i; i < ACTS; ++i) {
            assertTrue(act(list, (round << 32) | i), "an act reverted");
        }
        checkEveryRule();
        checkNothingIsLocked();
        for (uint256 i; i < _all.length; ++i) {
            uint256 done = world.succeeded(_all[i]);
            _done[_all[i]] += done;
            _refused[_all[i]] += world.tried(_all[i]) - done;
        }
    }

    function _missing() private view returns (string memory) {
        for (uint256 i; i < _all.length; ++i) {
            if (_done[_all[i]] == 0) return _all[i];
        }
        return "";
    }
}
