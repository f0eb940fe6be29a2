// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {TabAnnex} from "./TabAnnex.sol";
import {TabPeriods} from "./base/TabPeriods.sol";
import {TabSettling} from "./base/TabSettling.sol";
import {TabStore} from "./base/TabStore.sol";

/// @title A book of the escrow: tabs
/// @notice No owner, no setter, nothing to upgrade. See docs/tabs.md. What is called in every period is here; the rest of
/// `ITabs` is in the annex, which this contract creates itself and can never exchange.
/// @dev Each act checks, then writes, then moves money. The only calls outward are to the escrow and USDC, and static ones
/// to ERC-1271 wallets.
contract Tabs is TabPeriods, TabSettling {
    address private immutable ANNEX;

    /// @param escrow_ The escrow whose committees judge.
    constructor(IEscrow escrow_) TabStore(escrow_, address(this)) {
        ANNEX = address(new TabAnnex(escrow_));
    }

    /// @dev Everything else of `ITabs` is in the annex and runs on this contract's storage.
    fallback() external {
        address code = ANNEX;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let ok := delegatecall(gas(), code, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if ok { return(m, returndatasize()) }
            revert(m, returndatasize())
        }
    }
}
