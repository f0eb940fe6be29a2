// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../../contracts/interfaces/Types.sol";
import {Hashes} from "../../../contracts/libraries/Hashes.sol";
import {ITabEvents} from "../../../contracts/tabs/interfaces/ITabEvents.sol";
import {Tally, TabOpening, TabTerms} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabHashes} from "../../../contracts/tabs/libraries/TabHashes.sol";
import {TabPayouts} from "../../../contracts/tabs/libraries/TabPayouts.sol";

/// @notice Shows the pure libraries of tabs: to tests in other languages and to halmos.
contract TabsHarness {
    function stands(TabPayouts.Case memory c) external pure virtual returns (TabPayouts.Split memory) {
        return TabPayouts.stands(c);
    }

    function upheld(TabPayouts.Case memory c) external pure virtual returns (TabPayouts.Split memory) {
        return TabPayouts.upheld(c);
    }

    function overturned(TabPayouts.Case memory c, Outcome outcome, uint256 payable_)
        external
        pure
        virtual
        returns (TabPayouts.Split memory)
    {
        return TabPayouts.overturned(c, outcome, payable_);
    }

    function agreed(TabPayouts.Case memory c) external pure virtual returns (TabPayouts.Split memory) {
        return TabPayouts.agreed(c);
    }

    function subject(bytes32 id, uint64 period) external pure returns (bytes32) {
        return TabHashes.subject(id, period);
    }

    function opening(TabOpening calldata o) external pure returns (bytes32) {
        return TabHashes.opening(o);
    }

    function tab(TabTerms calldata t, bytes32 openingHash) external view returns (bytes32) {
        return _digest(TabHashes.tab(t, openingHash));
    }

    function tally(bytes32 id, Tally calldata t) external view returns (bytes32) {
        return _digest(TabHashes.tally(id, t));
    }

    function deliverable(bytes32 id, uint64 period, Tally calldata t) external pure returns (bytes32) {
        return TabHashes.deliverable(id, period, t);
    }

    function topUp(bytes32 id, uint256 amount, uint256 expiry, uint256 salt) external view returns (bytes32) {
        return _digest(TabHashes.topUp(id, amount, expiry, salt));
    }

    function dispute(
        bytes32 id,
        uint64 period,
        address party,
        Outcome was,
        uint64 wasPayable,
        Outcome sought,
        uint64 soughtPayable,
        uint256 expiry
    ) external view returns (bytes32) {
        return _digest(TabHashes.dispute(id, period, party, was, wasPayable, sought, soughtPayable, expiry));
    }

    function notice(bytes32 id, address party, uint256 expiry) external view returns (bytes32) {
        return _digest(TabHashes.notice(id, party, expiry));
    }

    function split(
        bytes32 id,
        uint64 period,
        ITabEvents.Phase phase,
        uint64 payable_,
        uint256 toProvider,
        uint256 expiry
    ) external view returns (bytes32) {
        return _digest(TabHashes.split(id, period, phase, payable_, toProvider, expiry));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(Hashes.DOMAIN, keccak256("Earnest tabs"), keccak256("1"), block.chainid, address(this))
        );
        return Hashes.digest(domain, structHash);
    }
}
