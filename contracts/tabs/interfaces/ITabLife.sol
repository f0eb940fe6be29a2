// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRulable} from "../../arbiters/IRulable.sol";
import {Funding, Outcome, Statement} from "../../interfaces/Types.sol";
import {ITabEvents} from "./ITabEvents.sol";
import {TabAgreement, TabTerms} from "./TabTypes.sol";

/// @title Tabs: opening, leaving, disputes, and what is asked of them
interface ITabLife is ITabEvents, IRulable {
    /// @notice Opens a tab. Anyone may relay it. The buyer pays deposit + fee + periods * verdictFee.
    /// @dev `Authorization`: `payment` is USDC's ReceiveWithAuthorization to this contract with the tab's id as nonce, valid
    /// from 0 to `openBy`. `Allowance`: the buyer calls. `Collateral`: `payment` is the escrow's Pledge to this contract
    /// with the tab's id as subject and `openBy` as expiry; the credit is added to its amount. By the other two ways a
    /// credit is pledged apart, by `collateral`: a Pledge of just the credit.
    /// @param collateral See above; empty where there is no credit.
    /// @param providerSignature The provider's Pledge of the bond with the tab's id as subject and `openBy` as expiry;
    /// without a bond, its signature over the tab's id, or empty where it calls.
    /// @return tab The tab's id.
    function open(
        TabAgreement calldata agreement,
        Funding funding,
        bytes calldata payment,
        bytes calldata collateral,
        bytes calldata providerSignature
    ) external returns (bytes32 tab);

    /// @notice Adds to the balance, up to the deposit and what is owed. Anyone may call.
    /// @dev `Authorization` and `Collateral` take the buyer's money: the nonce, or the pledge's subject, is the digest of
    /// `TopUp(bytes32 tab,uint256 amount,uint256 expiry,uint256 salt)`. `Allowance` takes the caller's.
    function topUp(
        TabTerms calldata terms,
        bytes32 openingHash,
        uint256 amount,
        Funding funding,
        uint256 expiry,
        uint256 salt,
        bytes calldata signature
    ) external;

    /// @notice Disputes what is provisional, once a period, during the challenge, with the deposit D: the larger of a fifth
    /// of (amount of the period + bond), rounded up, and the arbiter's cost.
    /// @dev Typed hash: `TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)`.
    /// `Authorization`: the party's signature is USDC's ReceiveWithAuthorization of the deposit with that hash as nonce,
    /// valid from 0 to `expiry`. `Collateral`: the escrow's Pledge with that hash as subject. `Allowance`: the caller pays,
    /// and is the party or shows its signature over that hash.
    /// @param party Whoever gets more by what it seeks than by what is provisional.
    function dispute(
        TabTerms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint64 soughtPayable,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external;

    /// @notice A party leaves: the last tally may be presented before `notice` has passed.
    /// @dev The party calls, or signs `Notice(bytes32 tab,address party,uint256 expiry)`.
    function giveNotice(
        TabTerms calldata terms,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature
    ) external;

    /// @notice Ends a tab with no period pending, from `end` on: everybody gets back what is its own. Anyone may call.
    function close(TabTerms calldata terms, bytes32 openingHash, bool payOut) external;

    /// @notice Both parties split balance, collateral and bond as they like and end the tab, in any phase but Ruled. Of a
    /// pending dispute's deposit the arbiter keeps its cost and the disputant gets the rest; signers are paid, and the silent
    /// pay their parts of Z to the provider.
    /// @dev Each calls or signs
    /// `TabSplit(bytes32 tab,uint64 period,uint8 phase,uint64 payable,uint256 toProvider,uint256 expiry)`
    /// where period is the number of those settled, and payable what `tabState` says: so a split that was signed while
    /// something was owed is void once a part of it is paid.
    function agree(
        TabTerms calldata terms,
        bytes32 openingHash,
        uint256 toProvider,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external;

    /// @notice Hands over the verdict fees that are kept here for one set of signers. It happens by itself when another set
    /// signs or the tab is over; anyone may call before.
    function payEvaluators(TabTerms calldata terms, bytes32 openingHash) external;

    /// @notice Expels an evaluator that signed two contradicting attestations on one period of a tab that is not closed, and
    /// takes one share of its stake: half to the caller, half to buyer and provider.
    function proveEquivocation(
        TabTerms calldata terms,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external;

    /// @notice Collects and hands out what an evaluator still owes for contradicting itself, once nothing it answers for is
    /// open. Anyone may call.
    function collect(TabTerms calldata terms, bytes32 openingHash, uint256 index) external;

    /// @notice The id of a tab with these terms.
    function tabId(TabTerms calldata terms, bytes32 openingHash) external view returns (bytes32);

    /// @notice What is stored of a tab.
    function tabState(bytes32 tab) external view returns (TabView memory);

    /// @notice The dispute that has this subject; all zero where there was none.
    function appealOf(bytes32 subject) external view returns (Appeal memory);

    /// @notice How often, and for how much in all, a buyer's collateral had to be drawn.
    function defaultsOf(address buyer) external view returns (uint64 times, uint64 amount);

    /// @notice The second half of this contract's code, created and fixed with it.
    function annex() external view returns (address);
}
