// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What all books of the escrow have in common
/// @notice Amounts are USDC base units (6 decimals), times Unix timestamps.
interface IBook {
    /// @notice The act was allowed only before `limit`.
    error TooLate(uint256 limit, uint256 timestamp);
    /// @notice The act is allowed only from `limit` on.
    error TooEarly(uint256 limit, uint256 timestamp);
    /// @notice The permission ended at `expiry`.
    error PermissionExpired(uint256 expiry, uint256 timestamp);
    /// @notice The chain has forked away from the one this contract was deployed on: signatures are refused here.
    error ForkedChain(uint256 chainId, uint256 deployedOn);
    /// @notice The evaluator was not shown to contradict itself on this subject, or owes nothing more.
    error NoDebt(bytes32 subject, uint256 index);

    /// @notice Evaluator `index` contradicted itself on `subject`; `paid` was handed out.
    event Equivocated(bytes32 indexed subject, uint256 indexed index, address indexed shownBy, uint256 paid);
    /// @notice A part of what an evaluator owed for contradicting itself was handed out.
    event DebtHandedOut(bytes32 indexed subject, uint256 indexed index, uint256 amount);

    /// @notice The escrow whose committees judge.
    function earnest() external view returns (address);

    /// @notice EIP-712 domain separator: a name of the book's own, version "1", chain and contract of the deployment.
    function domainSeparator() external view returns (bytes32);
}
