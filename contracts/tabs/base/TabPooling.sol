// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabPeriods} from "../interfaces/ITabPeriods.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Results} from "../libraries/Results.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabEnds} from "./TabEnds.sol";

/// @dev What settlings that follow one another in a batch owe to the same account is handed over at once. Until then it is
/// still free collateral of this contract, where it was before. Whatever else is called in a batch finds everything paid.
///
/// The pool is empty outside of `batch`. It lives in transient storage, so a call of the batch that fails takes its part
/// out again.
abstract contract TabPooling is ITabPeriods, TabEnds {
    uint256 private constant _MAX_BATCH = 256;

    /// @dev Bit 255: a batch is running. Then: for whom (bits 0-159), whether to its wallet (bit 160), and how much (bits
    /// 161-254; every amount is of USDC that is here).
    uint256 private constant _POOLING = 1 << 255;
    uint256 private constant _WHOM = (1 << 161) - 1;

    uint256 private transient _pool;

    /// @inheritdoc ITabPeriods
    function batch(bytes[] calldata calls) external returns (Result[] memory) {
        uint256 n = calls.length;
        if (n == 0 || n > _MAX_BATCH) revert BadLength(n, _MAX_BATCH);
        uint256 results = Results.make(n);
        _pool = _POOLING;
        bool settled;
        for (uint256 i; i < n; ++i) {
            bytes calldata call = calls[i];
            bool settles = bytes4(call) == this.settle.selector;
            if (settled && !settles) _empty();
            settled = settles;
            // Its own code and the caller's own rights: what fails is undone alone. No function takes ETH.
            Results.run(results, i, call);
        }
        _empty();
        _pool = 0;
        Results.give(results);
    }

    /// @dev As `_handOver`; within a batch, later.
    function _handOverPooled(TabTerms calldata t, Flow memory flow) internal {
        uint256 pool = _pool;
        if (pool == 0) {
            _handOver(t, flow);
        } else {
            pool = _with(pool, TabFields.provider(t), flow.toProvider, flow.payOut);
            _pool = _with(pool, TabFields.buyer(t), flow.toBuyer, flow.payOut);
        }
    }

    /// @dev The pool with `amount` in it, which the caller stores. What is in it for another is handed over.
    function _with(uint256 pool, address to, uint256 amount, bool payOut) private returns (uint256) {
        if (amount == 0) return pool;
        uint256 whom = uint256(uint160(to)) | (payOut ? 1 << 160 : 0);
        if (pool & _WHOM != whom) {
            _handOverPool(pool);
            pool = _POOLING | whom;
        }
        return pool + (amount << 161);
    }

    function _empty() private {
        _handOverPool(_pool);
    }

    /// @dev Before the call outward nothing is in the pool any more.
    function _handOverPool(uint256 pool) private {
        uint256 amount = (pool & ~_POOLING) >> 161;
        if (amount == 0) return;
        _pool = _POOLING;
        _pay(address(uint160(pool)), amount, pool & (1 << 160) != 0);
    }
}
