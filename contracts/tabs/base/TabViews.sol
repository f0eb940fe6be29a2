// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Basis} from "../../interfaces/Types.sol";
import {ITabLife} from "../interfaces/ITabLife.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Pending} from "../libraries/PendingWord.sol";
import {Standing} from "../libraries/StandingWord.sol";
import {TabHashes} from "../libraries/TabHashes.sol";
import {TabStore} from "./TabStore.sol";

/// @dev What is stored, for others to read.
abstract contract TabViews is ITabLife, TabStore {
    /// @inheritdoc ITabLife
    function tabId(TabTerms calldata t, bytes32 openingHash) external view returns (bytes32) {
        return _digest(TabHashes.tab(t, openingHash));
    }

    /// @inheritdoc ITabLife
    function tabState(bytes32 id) external view returns (TabView memory v) {
        Tab memory tab;
        _read(tab, id);
        Standing s = tab.s;
        Pending p = tab.p;
        v.phase = _phase(tab);
        v.closing = s.closing();
        v.last = p.last();
        v.defaulted = s.defaulted();
        v.members = s.members();
        v.balance = uint64(s.balance());
        v.settledCount = uint64(s.settledCount());
        v.settledAmount = uint64(s.settledAmount());
        v.period = uint16(s.period());
        v.end = uint40(s.end());
        v.from = uint40(p.from());
        v.deadline = uint40(p.deadline());
        v.mark = bytes32(p.mark() << 197);
        v.set = p.set();
        v.count = uint64(p.count());
        v.amount = uint64(p.amount());
        v.outcome = p.outcome();
        v.basis = p.silent() ? Basis.Silence : Basis.Verdict;
        v.payable_ = uint64(p.payable_());
        v.unpaid = uint16(s.unpaid());
    }

    /// @inheritdoc ITabLife
    function defaultsOf(address buyer) external view returns (uint64 times, uint64 amount) {
        Defaults memory d = _defaults[buyer];
        return (d.times, d.amount);
    }
}
