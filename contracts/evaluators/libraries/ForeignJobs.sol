// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobEvaluator, Variant} from "../interfaces/IJobEvaluator.sol";

/// @notice What all variants of ERC-8183 let an evaluator do.
interface IERC8183 {
    function complete(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
    function reject(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
}

/// @title Reading jobs of foreign escrows
/// @dev Answers are hostile: only as many words as are needed are copied, whatever the length of the description, and
/// each is checked before it is used.
library ForeignJobs {
    uint256 internal constant FUNDED = 1;
    uint256 internal constant SUBMITTED = 2;
    uint256 internal constant COMPLETED = 3;
    uint256 internal constant REJECTED = 4;
    uint256 internal constant EXPIRED = 5;

    bytes4 private constant GET_JOB = bytes4(keccak256("getJob(uint256)"));
    bytes4 private constant PAYMENT_TOKEN = bytes4(keccak256("paymentToken()"));
    bytes4 private constant PAYMENT_TOKEN_CONSTANT = bytes4(keccak256("PAYMENT_TOKEN()"));
    bytes4 private constant GRACE = bytes4(keccak256("EVALUATION_GRACE_PERIOD()"));

    /// @dev No grace that a foreign escrow claims is believed beyond this.
    uint256 private constant MAX_GRACE = 1 days;

    /// @dev Words of `getJob`'s tuple, after the offset that a dynamic tuple begins with; a byte each, from the lowest:
    /// client, status, provider, expiry, evaluator, budget, hook, token, settled, number of words that must be there.
    /// ff: the tuple has none.
    uint256 private constant PLAIN = 0x09_ff_ff_08_05_03_06_02_07_01;
    uint256 private constant KERNEL = 0x09_ff_ff_04_06_03_07_02_08_01;
    uint256 private constant PACKED = 0x08_ff_ff_05_06_04_03_02_01_00;
    uint256 private constant GRACED = 0x0c_ff_09_08_05_03_06_02_07_01;
    uint256 private constant CLAIMS = 0x0d_0b_08_07_06_04_03_02_01_00;
    uint256 private constant NO_WORD = 0xff;

    /// @param client Pays.
    /// @param status Open 0, Funded 1, Submitted 2, Completed 3, Rejected 4, Expired 5.
    /// @param provider Is paid.
    /// @param expiredAt When anyone may have it refunded.
    /// @param evaluator Decides.
    /// @param budget Base units of the token.
    /// @param hook Zero for none.
    /// @param token What it is paid in.
    /// @param settled Paid out before; zero where the variant knows no such thing.
    struct Job {
        address client;
        uint256 status;
        address provider;
        uint256 expiredAt;
        address evaluator;
        uint256 budget;
        address hook;
        address token;
        uint256 settled;
    }

    /// @dev Reverts unless the escrow answers in the form of its variant.
    function read(address escrow, uint256 jobId, Variant variant) internal view returns (Job memory job) {
        uint256 layout = _layout(variant);
        uint256[14] memory words;
        uint256 size = (1 + (layout >> 72)) * 32;
        bytes memory input = abi.encodePacked(GET_JOB, jobId);
        uint256 returned;
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), escrow, add(input, 32), mload(input), words, size)
            returned := returndatasize()
        }
        if (!ok || returned < size || words[0] != 32) {
            revert IJobEvaluator.BadAnswer(escrow, GET_JOB);
        }
        job.client = _address(escrow, _word(words, layout, 0));
        job.status = _word(words, layout, 1);
        job.provider = _address(escrow, _word(words, layout, 2));
        job.expiredAt = _word(words, layout, 3);
        job.evaluator = _address(escrow, _word(words, layout, 4));
        job.budget = _word(words, layout, 5);
        job.hook = _address(escrow, _word(words, layout, 6));
        if ((layout >> 56) & 0xff != NO_WORD) job.token = _address(escrow, _word(words, layout, 7));
        else job.token = _token(escrow);
        if ((layout >> 64) & 0xff != NO_WORD) job.settled = _word(words, layout, 8);
        if (job.status > EXPIRED || job.settled > job.budget) {
            revert IJobEvaluator.BadAnswer(escrow, GET_JOB);
        }
    }

    /// @dev How long after its expiry only the evaluator can end a submitted job, in seconds.
    function grace(address escrow, Variant variant) internal view returns (uint256 period) {
        if (variant != Variant.Graced && variant != Variant.Claims) return 0;
        bool ok;
        (ok, period) = _ask(escrow, GRACE);
        if (!ok) revert IJobEvaluator.BadAnswer(escrow, GRACE);
        if (period > MAX_GRACE) period = MAX_GRACE;
    }

    function _token(address escrow) private view returns (address) {
        (bool ok, uint256 word) = _ask(escrow, PAYMENT_TOKEN);
        if (!ok) (ok, word) = _ask(escrow, PAYMENT_TOKEN_CONSTANT);
        if (!ok) revert IJobEvaluator.BadAnswer(escrow, PAYMENT_TOKEN);
        return _address(escrow, word);
    }

    /// @dev A getter's first word.
    function _ask(address escrow, bytes4 selector) private view returns (bool ok, uint256 word) {
        assembly ("memory-safe") {
            mstore(0, selector)
            ok := staticcall(gas(), escrow, 0, 4, 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            word := mload(0)
        }
    }

    function _layout(Variant variant) private pure returns (uint256) {
        if (variant == Variant.Plain) return PLAIN;
        if (variant == Variant.Kernel) return KERNEL;
        if (variant == Variant.Packed) return PACKED;
        if (variant == Variant.Graced) return GRACED;
        return CLAIMS;
    }

    function _word(uint256[14] memory words, uint256 layout, uint256 field) private pure returns (uint256) {
        return words[1 + ((layout >> (field * 8)) & 0xff)];
    }

    function _address(address escrow, uint256 word) private pure returns (address) {
        if (word > type(uint160).max) revert IJobEvaluator.BadAnswer(escrow, GET_JOB);
        return address(uint160(word));
    }
}
