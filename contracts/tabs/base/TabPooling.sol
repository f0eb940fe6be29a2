// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabPeriods} from "../interfaces/ITabPeriods.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
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
    function batch(bytes[] calldata calls) external returns (Result[] memory results) {
        uint256 n = calls.length;
        if (n == 0 || n > _MAX_BATCH) revert BadLength(n, _MAX_BATCH);
        results = new Result[](n);
        _pool = _POOLING;
        for (uint256 i; i < n; ++i) {
            bytes calldata call = calls[i];
            if (bytes4(call) != this.settle.selector) _empty();
            // Its own code and the caller's own rights: what fails is undone alone. No function takes ETH.
            (bool ok, bytes memory data) = address(this).delegatecall(call);
            results[i] = Result(ok, data);
            if (!ok) emit CallFailed(i, data);
        }
        _empty();
        _pool = 0;
    }

    /// @dev As `_handOver`; within a batch, later.
    function _handOverPooled(TabTerms calldata t, Flow memory flow) internal {
        if (_pool == 0) {
            _handOver(t, flow);
        } else {
            _add(TabFields.provider(t), flow.toProvider, flow.payOut);
            _add(TabFields.buyer(t), flow.toBuyer, flow.payOut);
        }
    }

    function _add(address to, uint256 amount, bool payOut) private {
        if (amount == 0) return;
        uint256 whom = uint256(uint160(to)) | (payOut ? 1 << 160 : 0);
        uint256 pool = _pool;
        if (pool & _WHOM != whom) {
            _empty();
            pool = _POOLING | whom;
        }
        _pool = pool + (amount << 161);
    }

    /// @dev Hands over what is in the pool, if anything is.
    function _empty() private {
        uint256 pool = _pool;
        uint256 amount = (pool & ~_POOLING) >> 161;
        if (amount == 0) return;
        _pool = _POOLING;
        _pay(address(uint160(pool)), amount, pool & (1 << 160) != 0);
    }
}
