// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Committee} from "../../../contracts/interfaces/Types.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// createCommittee: what a committee may be.
contract CommitteesTest is UnitTest {
    function test_create() public {
        Committee memory c = defaultCommittee();
        c.salt = 9;
        bytes32 id = escrow.committeeId(c);
        uint256 hash = uint256(keccak256(abi.encode(block.chainid, address(escrow), c)));
        uint256 said = 3 + 1 hours * 2 ** 8 + 7 days * 2 ** 32 + 100 * 2 ** 56 + 100 * 2 ** 72;
        assertEq(id, bytes32(hash - hash % 2 ** 96 + said), "the lower bits say what it takes");
        vm.expectEmit(address(escrow));
        emit CommitteeCreated(id, c);
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        refused(
            relayer,
            abi.encodeCall(escrow.createCommittee, (c)),
            abi.encodeWithSelector(CommitteeExists.selector, id)
        );
        IViews.CommitteeView memory v = escrow.committeeState(id);
        assertEq(v.threshold, 3);
        assertEq(v.evaluators, 5);
        assertEq(v.epoch, 0);
        assertEq(v.active, 0);
        assertEq(v.stake, STAKE);
        assertEq(v.silence, SILENCE);
        assertEq(v.reserved, 0);
        assertEq(v.free, 0, "nobody has joined");
        assertEq(v.arbiter, arbiter);
        assertEq(v.arbiterCost, ARBITER_COST);
        assertEq(v.methodology, keccak256("methodology"));
        assertEq(v.feeFlat, 1e6);
        assertEq(v.feeRate, 100);
        assertEq(v.maxValue, 100_000e6);
        assertEq(v.minVerdict, 1 hours);
        assertEq(v.minRuling, 1 hours);
        assertEq(v.maxChallenge, 7 days);
    }

    /// What the committee's words cannot hold in full has a pattern of its own.
    function test_create_withoutBounds() public {
        Committee memory c = defaultCommittee();
        c.maxValue = type(uint64).max;
        c.feeFlat = type(uint64).max;
        bytes32 id = escrow.createCommittee(c);
        assertEq(escrow.committeeState(id).maxValue, type(uint64).max);
        assertEq(escrow.committeeState(id).feeFlat, type(uint64).max);
        c.maxValue = uint64(uint256(type(uint32).max - 1) * 1e6);
        c.feeFlat = uint64(uint256(type(uint24).max - 1) * 1e4);
        c.feeRate = type(uint16).max;
        c.minVerdict = type(uint24).max;
        id = escrow.createCommittee(c);
        assertEq(escrow.committeeState(id).maxValue, c.maxValue);
        assertEq(escrow.committeeState(id).feeFlat, c.feeFlat);
        assertEq(escrow.committeeState(id).feeRate, c.feeRate);
        assertEq(escrow.committeeState(id).minVerdict, c.minVerdict);
    }

    function test_create_theIdCoversEveryField() public view {
        bytes32 id = escrow.committeeId(committeeTerms);
        for (uint256 i; i < 14; ++i) {
            Committee memory c = defaultCommittee();
            if (i == 0) c.evaluators[0] = address(1);
            if (i == 1) c.threshold = 4;
            if (i == 2) c.stake += 1;
            if (i == 3) c.methodology = 0;
            if (i == 4) c.arbiter = relayer;
            if (i == 5) c.arbiterCost += 1;
            if (i == 6) c.feeFlat += 1e4;
            if (i == 7) c.feeRate += 1;
            if (i == 8) c.maxValue += 1;
            if (i == 9) c.minVerdict += 1;
            if (i == 10) c.minRuling += 1;
            if (i == 11) c.maxChallenge += 1;
            if (i == 12) c.silence += 1;
            if (i == 13) c.salt += 1;
            assertNotEq(escrow.committeeId(c), id);
        }
    }

    function test_create_evaluators() public {
        Committee memory c = defaultCommittee();
        c.evaluators = new address[](0);
        c.threshold = 0;
        bad(c, "evaluators");
        c.evaluators = new address[](33);
        c.threshold = 17;
        for (uint160 i; i < 33; ++i) {
            c.evaluators[i] = address(i + 1);
        }
        bad(c, "evaluators");
        c = defaultCommittee();
        (c.evaluators[0], c.evaluators[1]) = (c.evaluators[1], c.evaluators[0]);
        bad(c, "evaluators");
        c = defaultCommittee();
        c.evaluators[1] = c.evaluators[0];
        bad(c, "evaluators");
        c = defaultCommittee();
        c.evaluators[0] = address(0);
        bad(c, "evaluators");
        c = defaultCommittee();
        c.evaluators = new address[](1);
        c.evaluators[0] = address(escrow);
        c.threshold = 1;
        bad(c, "evaluators");
        c.evaluators = new address[](32);
        c.threshold = 17;
        for (uint160 i; i < 32; ++i) {
            c.evaluators[i] = address(i + 1);
        }
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
    }

    function test_create_threshold() public {
        Committee memory c = defaultCommittee();
        c.threshold = 6;
        bad(c, "threshold");
        c.threshold = 2;
        bad(c, "threshold");
        c.threshold = 0;
        bad(c, "threshold");
        c.threshold = 5;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        address[] memory four = new address[](4);
        for (uint256 i; i < 4; ++i) {
            four[i] = evaluators[i];
        }
        c.evaluators = four;
        c.threshold = 2;
        bad(c, "threshold");
        c.threshold = 3;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        address[] memory one = new address[](1);
        one[0] = evaluators[0];
        c.evaluators = one;
        c.threshold = 1;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
    }

    function test_create_figures() public {
        Committee memory c = defaultCommittee();
        c.stake = 0;
        bad(c, "stake");
        c.stake = uint64(type(uint48).max) + 1;
        bad(c, "stake");
        c.stake = type(uint48).max;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        c = defaultCommittee();
        c.arbiter = address(0);
        bad(c, "arbiter");
        c.arbiter = address(escrow);
        bad(c, "arbiter");
        c = defaultCommittee();
        c.maxValue = 0;
        bad(c, "maxValue");
        c.maxValue = 100_000e6 + 1;
        bad(c, "maxValue");
        c.maxValue = uint64(uint256(type(uint32).max) * 1e6);
        bad(c, "maxValue");
        c.maxValue = 100_000e6;
        c.feeFlat = 1e6 + 1;
        bad(c, "feeFlat");
        c.feeFlat = uint64(uint256(type(uint24).max) * 1e4);
        bad(c, "feeFlat");
        c.feeFlat = 1e6;
        c.feeRate = 2 ** 16;
        bad(c, "feeRate");
        c.feeRate = 100;
        c.minVerdict = 2 ** 24;
        bad(c, "minVerdict");
        c.minVerdict = 1 hours;
        c.minRuling = 2 ** 24;
        bad(c, "minRuling");
        c.minRuling = 1 hours;
        c.maxChallenge = 2 ** 24;
        bad(c, "maxChallenge");
        c = defaultCommittee();
        c.maxChallenge = 30 days + 1;
        bad(c, "maxChallenge");
        c.maxChallenge = 30 days;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        c = defaultCommittee();
        c.minRuling = 0;
        bad(c, "minRuling");
        c.minRuling = 60 days + 1;
        bad(c, "minRuling");
        c.minRuling = 60 days;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        c = defaultCommittee();
        c.silence = 3 * STAKE + 1;
        bad(c, "silence");
        c.silence = 3 * STAKE;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
        c = defaultCommittee();
        c.stake = type(uint48).max;
        c.silence = uint64(type(uint40).max) + 1;
        bad(c, "silence");
        c.silence = type(uint40).max;
        done(relayer, abi.encodeCall(escrow.createCommittee, (c)));
    }

    function bad(Committee memory c, string memory field) private {
        refused(
            relayer,
            abi.encodeCall(escrow.createCommittee, (c)),
            abi.encodeWithSelector(BadCommittee.selector, field)
        );
    }
}
