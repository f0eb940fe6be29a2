// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITabEvents} from "./ITabEvents.sol";
import {TabTerms, TabVerdict, Tally} from "./TabTypes.sol";

/// @title Tabs: what happens in every period
interface ITabPeriods is ITabEvents {
    /// @notice What became of one call of a batch.
    struct Result {
        bool ok;
        bytes data;
    }

    /// @notice Anchors a tally as the next period, from `from` on or where `due` is owed or a party gave notice, and before
    /// `end`. Each party signs it, or calls.
    /// @dev It can be judged at once only where the provider itself presents it under both signatures, and it is not the
    /// last one: both have signed every tally there ever was, so both signatures do not say that both want this one. Else the
    /// window opens. It is the last one after a notice or a default, from `endBy` on, and where no other was paid for.
    function present(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external;

    /// @notice Puts a tally with a higher count in the place of the presented one, within the window. Each party signs it,
    /// or calls.
    /// @dev Where it is not the provider that calls, at least `minChallenge` of the window is left, so that it can hand over
    /// what it has of this tally. In what that adds to the window only the provider replaces.
    function replace(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata higher,
        bytes calldata buyerSignature,
        bytes calldata providerSignature
    ) external;

    /// @notice A verdict on the presented period: exactly k attestations, from the end of the window on.
    function judge(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external;

    /// @notice Posts attestations short of a verdict, so that their signers do not count as silent.
    function attest(
        TabTerms calldata terms,
        bytes32 openingHash,
        Tally calldata tally,
        TabVerdict calldata verdict
    ) external;

    /// @notice From the end of the time for a verdict: provisionally Lapse, nothing payable. Anyone may call.
    function lapse(TabTerms calldata terms, bytes32 openingHash, Tally calldata tally) external;

    /// @notice Carries out what is final: from the end of the challenge or of the ruling period, or once ruled. In Owing:
    /// pays what the balance allows, and from the end of the grace period the rest out of the collateral; unless the period was the
    /// last one, another may then be presented before `notice` has passed. Anyone may call.
    /// @param payOut Pay what is owed out to the parties' wallets; what cannot be paid is credited.
    function settle(TabTerms calldata terms, bytes32 openingHash, bool payOut) external;

    /// @notice Runs many calls of this contract as the caller; one that fails does not sink the others. What settlings that
    /// follow one another owe to the same account is handed over together.
    function batch(bytes[] calldata calls) external returns (Result[] memory results);
}
