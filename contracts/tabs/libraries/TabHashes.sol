// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../../interfaces/Types.sol";
import {ITabEvents} from "../interfaces/ITabEvents.sol";
import {Tally, TabOpening, TabTerms} from "../interfaces/TabTypes.sol";

/// @title Typed hashes (EIP-712) of everything that is signed for tabs
library TabHashes {
    bytes32 internal constant TERMS = keccak256(
        "TabTerms(address buyer,address provider,bytes32 committee,uint64 deposit,uint64 credit,uint64 bond,uint64 ceiling,uint64 fee,uint64 verdictFee,uint64 due,uint40 endBy,uint32 period,uint32 window,uint32 verdict,uint32 challenge,uint32 ruling,uint32 grace,uint32 notice,uint16 periods)"
    );
    bytes32 internal constant OPENING =
        keccak256("TabOpening(bytes32 pact,bytes32 offchain,uint256 agentId,uint40 openBy,uint256 salt)");
    bytes32 internal constant TAB = keccak256(
        "Tab(TabTerms terms,TabOpening opening)TabOpening(bytes32 pact,bytes32 offchain,uint256 agentId,uint40 openBy,uint256 salt)TabTerms(address buyer,address provider,bytes32 committee,uint64 deposit,uint64 credit,uint64 bond,uint64 ceiling,uint64 fee,uint64 verdictFee,uint64 due,uint40 endBy,uint32 period,uint32 window,uint32 verdict,uint32 challenge,uint32 ruling,uint32 grace,uint32 notice,uint16 periods)"
    );
    bytes32 internal constant TALLY = keccak256("Tally(bytes32 tab,uint64 count,uint64 amount,bytes32 root)");
    bytes32 internal constant TOP_UP =
        keccak256("TopUp(bytes32 tab,uint256 amount,uint256 expiry,uint256 salt)");
    bytes32 internal constant DISPUTE = keccak256(
        "TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)"
    );
    bytes32 internal constant NOTICE = keccak256("Notice(bytes32 tab,address party,uint256 expiry)");
    bytes32 internal constant SPLIT = keccak256(
        "TabSplit(bytes32 tab,uint64 period,uint8 phase,uint64 payable,uint256 toProvider,uint256 expiry)"
    );

    /// @dev Hashed as it stands in calldata: a word with dirty upper bits gives an id that no clean terms have, and opening
    /// reads, and so checks, every field.
    function opening(TabOpening calldata o) internal pure returns (bytes32 result) {
        bytes32 typeHash = OPENING;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            calldatacopy(add(m, 32), o, 160)
            result := keccak256(m, 192)
        }
    }

    /// @dev As `opening`.
    function tab(TabTerms calldata t, bytes32 openingHash) internal pure returns (bytes32 result) {
        bytes32 termsType = TERMS;
        bytes32 tabType = TAB;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, termsType)
            calldatacopy(add(m, 32), t, 608)
            result := keccak256(m, 640)
            mstore(m, tabType)
            mstore(add(m, 32), result)
            mstore(add(m, 64), openingHash)
            result := keccak256(m, 96)
        }
    }

    /// @dev Hashed as it stands in calldata, and so is `deliverable`: presenting, and every act on what is presented, reads
    /// count and amount, and that refuses dirty upper bits.
    function tally(bytes32 tab_, Tally calldata t) internal pure returns (bytes32 result) {
        bytes32 typeHash = TALLY;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 32), tab_)
            calldatacopy(add(m, 64), t, 96)
            result := keccak256(m, 160)
        }
    }

    /// @dev What the attestations of a period name as deliverable.
    function deliverable(bytes32 tab_, uint256 period, Tally calldata t)
        internal
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, tab_)
            mstore(add(m, 32), period)
            calldatacopy(add(m, 64), t, 96)
            result := keccak256(m, 160)
        }
    }

    /// @dev What the arbiter rules on: another in every period, since an arbiter may take one ruling for each subject.
    function subject(bytes32 tab_, uint256 period) internal pure returns (bytes32) {
        return keccak256(abi.encode(tab_, period));
    }

    function topUp(bytes32 tab_, uint256 amount, uint256 expiry, uint256 salt)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(TOP_UP, tab_, amount, expiry, salt));
    }

    function dispute(
        bytes32 tab_,
        uint256 period,
        address party,
        Outcome provisional,
        uint256 provisionalPayable,
        Outcome sought,
        uint256 soughtPayable,
        uint256 expiry
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                DISPUTE, tab_, period, party, provisional, provisionalPayable, sought, soughtPayable, expiry
            )
        );
    }

    function notice(bytes32 tab_, address party, uint256 expiry) internal pure returns (bytes32) {
        return keccak256(abi.encode(NOTICE, tab_, party, expiry));
    }

    function split(
        bytes32 tab_,
        uint256 period,
        ITabEvents.Phase phase,
        uint256 payable_,
        uint256 toProvider,
        uint256 expiry
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(SPLIT, tab_, period, phase, payable_, toProvider, expiry));
    }
}
