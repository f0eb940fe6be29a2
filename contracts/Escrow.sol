// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Annex} from "./Annex.sol";
import {Docket} from "./base/Docket.sol";
import {Ledger} from "./base/Ledger.sol";
import {Collateral} from "./parts/Collateral.sol";
import {Jobs} from "./parts/Jobs.sol";
import {Silence} from "./parts/Silence.sol";

/// @title Earnest's escrow
/// @notice Holds buyers' money, providers' bonds and evaluators' stakes, and moves them by signed verdicts.
/// It has no owner, cannot be paused and cannot be changed: see docs/threat-model.md for what that leaves open.
/// What is called at every job is here; the rest of `IEscrow` is in the annex, which this contract creates itself and
/// can never exchange.
contract Escrow is Collateral, Jobs, Silence {
    address private immutable ANNEX;

    /// @param usdc_ The USDC token.
    /// @param minChallenge_ Shortest challenge period that is not zero, in seconds.
    /// @param lapseChallenge_ Shortest challenge period after a lapse, in seconds: a day, less on test chains.
    /// @param minDelivery_ Shortest time from `openBy` to `deliverBy`, in seconds.
    constructor(address usdc_, uint256 minChallenge_, uint256 lapseChallenge_, uint256 minDelivery_)
        Ledger(usdc_, address(this))
        Docket(minChallenge_, lapseChallenge_, minDelivery_)
    {
        ANNEX = address(new Annex(usdc_, minChallenge_, lapseChallenge_, minDelivery_));
    }

    /// @dev Everything else of `IEscrow` is in the annex and runs on this contract's storage.
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
