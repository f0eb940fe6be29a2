// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Handover: which documents a party hands to a tab's evaluators
/// @notice Evaluators agree on what is payable only if all of them read the same bytes. So the hash of what is handed to
/// them, the export of a party's receipts or a buyer's list of complaints, stands on chain before the draw. No storage, no
/// rules, no owner: a log says who named what, and the oracle looks only at those of the tab's two parties.
contract Handover {
    /// @notice `by` hands over a document.
    /// @param document keccak-256 of its bytes.
    event Handed(bytes32 indexed tab, address indexed by, bytes32 document);

    /// @notice Names a document, as the caller.
    function hand(bytes32 tab, bytes32 document) external {
        emit Handed(tab, msg.sender, document);
    }
}
