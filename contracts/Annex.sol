// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Docket} from "./base/Docket.sol";
import {Ledger} from "./base/Ledger.sol";
import {Books} from "./parts/Books.sol";
import {Committees} from "./parts/Committees.sol";
import {Disputes} from "./parts/Disputes.sol";
import {Views} from "./parts/Views.sol";

/// @title The second half of the escrow's code
/// @notice Runs only within the escrow that created it, on the escrow's storage; called by itself it has none.
/// It exists because one contract may hold no more than 24,576 bytes of code (EIP-170).
contract Annex is Committees, Books, Disputes, Views {
    address private immutable SELF = address(this);

    constructor(address usdc_, uint256 minChallenge_, uint256 lapseChallenge_, uint256 minDelivery_)
        Ledger(usdc_, msg.sender)
        Docket(minChallenge_, lapseChallenge_, minDelivery_)
    {}

    /// @notice Where this code stands, asked through the escrow: `address(this)` is the escrow then.
    function annex() external view returns (address) {
        return SELF;
    }
}
