// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Opening, Outcome, State, Terms} from "../../../contracts/interfaces/Types.sol";
import {Hashes} from "../../../contracts/libraries/Hashes.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";

/// @notice Shows the pure libraries to tests in other languages, which compare them with their own arithmetic.
contract LibrariesHarness {
    function stands(Payouts.Case calldata c) external pure returns (Payouts.Split memory) {
        return Payouts.stands(c);
    }

    function upheld(Payouts.Case calldata c) external pure returns (Payouts.Split memory) {
        return Payouts.upheld(c);
    }

    function overturned(Payouts.Case calldata c, Outcome ruling)
        external
        pure
        returns (Payouts.Split memory)
    {
        return Payouts.overturned(c, ruling);
    }

    function agreed(Payouts.Case calldata c, uint256 toBuyer) external pure returns (Payouts.Split memory) {
        return Payouts.agreed(c, toBuyer);
    }

    function depositFor(uint256 value, uint256 arbiterCost) external pure returns (uint256) {
        return Payouts.depositFor(value, arbiterCost);
    }

    function share(uint256 value, uint256 silence, uint256 threshold) external pure returns (uint256) {
        return Payouts.share(value, silence, threshold);
    }

    function domainSeparator() external view returns (bytes32) {
        return Hashes.domainSeparator(address(this));
    }

    function openingHash(Opening calldata opening) external pure returns (bytes32) {
        return Hashes.openingHash(opening);
    }

    function job(Terms calldata terms, bytes32 opening) external view returns (bytes32) {
        return Hashes.job(Hashes.domainSeparator(address(this)), terms, opening);
    }

    function milestones(bytes32[] calldata jobs) external view returns (bytes32) {
        return _digest(Hashes.milestones(jobs));
    }

    function attestation(
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        bytes32 evidence
    ) external view returns (bytes32) {
        bytes32 domain = Hashes.domainSeparator(address(this));
        return Hashes.attestation(domain, subject, deliverable, outcome, payable_, evidence);
    }

    function delivery(bytes32 job_, bytes32 deliverable, uint256 expiry) external view returns (bytes32) {
        return _digest(Hashes.delivery(job_, deliverable, expiry));
    }

    function dispute(bytes32 job_, address party, Outcome provisional, Outcome sought, uint256 expiry)
        external
        view
        returns (bytes32)
    {
        return _digest(Hashes.dispute(job_, party, provisional, sought, expiry));
    }

    function concession(bytes32 job_, address party, State state, Outcome outcome, uint256 expiry)
        external
        view
        returns (bytes32)
    {
        return _digest(Hashes.concession(job_, party, state, outcome, expiry));
    }

    function split(bytes32 job_, State state, Outcome outcome, uint256 toBuyer, uint256 expiry)
        external
        view
        returns (bytes32)
    {
        return _digest(Hashes.split(job_, state, outcome, toBuyer, expiry));
    }

    function deposit(address account, uint256 amount, uint256 expiry, uint256 salt)
        external
        view
        returns (bytes32)
    {
        return _digest(Hashes.deposit(account, amount, expiry, salt));
    }

    function pledge(address account, address book, bytes32 subject, uint256 amount, uint256 expiry)
        external
        view
        returns (bytes32)
    {
        return _digest(Hashes.pledge(account, book, subject, amount, expiry));
    }

    function key(bytes32 committee, address evaluator, address key_) external view returns (bytes32) {
        return _digest(Hashes.key(committee, evaluator, key_));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return Hashes.digest(Hashes.domainSeparator(address(this)), structHash);
    }
}
