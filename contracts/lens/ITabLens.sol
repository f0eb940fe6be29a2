// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../interfaces/Types.sol";
import {ITabEvents} from "../tabs/interfaces/ITabEvents.sol";
import {TabTerms} from "../tabs/interfaces/TabTypes.sol";

/// @title What becomes of a tab if nobody acts, when, and who gets how much
/// @notice Read only; it holds nothing and nothing depends on it. Amounts are USDC base units (6 decimals), times Unix
/// timestamps in seconds.
interface ITabLens {
    /// @notice What anyone may do about a tab.
    enum Act {
        None,
        Lapse,
        Settle,
        Close
    }

    /// @notice One act, and what it hands out.
    struct Step {
        Act act;
        uint256 from; // anyone may from then on; now, where that is past
        ITabEvents.Phase next;
        Outcome outcome; // of the period that it ends; else None
        uint256 buyer; // to the buyer
        uint256 provider; // to the provider: what is payable, and its bond
        uint256 signers; // to `set`, for verdicts
        uint32 set;
        uint256 members; // to the tab's members, for readiness
        uint256 slashEach; // taken from the stake of each evaluator in `slashed`; it is in `buyer` or `provider`
        uint32 slashed;
    }

    /// @notice See `standing`.
    struct Standing {
        bytes32 tab;
        ITabEvents.TabView stored;
        Step[] steps; // in order; empty where there is no tab, or it is closed
        uint256 closesFrom; // when the last of them can be taken
        uint256 buyer; // in all steps together
        uint256 provider;
        uint256 evaluators; // signers and members
        uint256 slashed; // from all stakes together
    }

    /// @notice What follows if from now on nobody presents, judges, disputes, rules, pays or agrees, and somebody takes each
    /// step as soon as anyone may.
    /// @dev Of a tab whose coverage was given back as stale, after 300 days, nobody can be slashed: that is not seen here.
    /// @param terms The tab's terms.
    /// @param openingHash The tab's opening hash.
    function standing(TabTerms calldata terms, bytes32 openingHash) external view returns (Standing memory);

    /// @notice The contract of tabs that is looked at.
    function tabs() external view returns (address);
}
