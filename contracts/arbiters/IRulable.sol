// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Outcome} from "../interfaces/Types.sol";

/// @title A contract other than the escrow (a book) whose disputes a committee's arbiter rules on
/// @notice The escrow's own jobs are ruled on by `IDisputes.rule`, which names their terms. The arbiter's cost is free
/// collateral in the escrow that the book transfers to the arbiter while it takes the ruling.
interface IRulable {
    /// @notice The arbiter's final ruling on a subject.
    /// @param subject What the book names it.
    /// @param outcome Pass, Fail or Lapse.
    /// @param payable_ What the ruling says is payable, in USDC base units (6 decimals); zero where the book asks for
    /// none.
    function rule(bytes32 subject, Outcome outcome, uint256 payable_) external;

    /// @notice Who may rule on a subject, and until when. All zero unless the subject is disputed.
    /// @return arbiter The committee's arbiter.
    /// @return rulingEnds Unix time; a ruling is accepted strictly before it.
    /// @return buyer One party.
    /// @return provider The other.
    function rulingOf(bytes32 subject)
        external
        view
        returns (address arbiter, uint256 rulingEnds, address buyer, address provider);

    /// @notice Whether a ruling has to name what is payable. An arbiter that only chooses an outcome takes no such subject.
    function rulesOnSums() external view returns (bool);
}
