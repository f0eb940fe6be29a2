// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Committee} from "./Types.sol";

/// @title What can go wrong with, and what happens to, committees, their stake and their coverage
/// @notice Evaluators are named by their index in the committee. Amounts are USDC base units (6 decimals), times in
/// seconds.
interface ICoverage {
    /// @notice What was wrong with a committee's terms, by the field's name.
    error BadCommittee(string field);
    /// @notice A committee with these terms exists.
    error CommitteeExists(bytes32 committee);
    /// @notice No committee has this id.
    error UnknownCommittee(bytes32 committee);
    /// @notice The caller is not the account of evaluator `index`.
    error NotTheEvaluator(bytes32 committee, uint256 index, address caller);
    /// @notice The evaluator has joined already, or has not joined, or is leaving or expelled, or has withdrawn.
    error WrongStanding(bytes32 committee, uint256 index, Standing standing);
    /// @notice The stake is full already.
    error StakeFull(bytes32 committee, uint256 index);
    /// @notice The key is zero or belongs, or once belonged, to an evaluator of this committee.
    error KeyTaken(bytes32 committee, address key);
    /// @notice Fewer evaluators than the threshold hold full stake and are not leaving.
    error TooFewMembers(bytes32 committee, uint256 members, uint256 threshold);
    /// @notice Each member's part of all reservations would exceed its stake.
    error CoverageExhausted(bytes32 committee, uint256 reserved, uint256 share, uint256 stake);
    /// @notice Subjects reserved before the notice are still open.
    error StillLiable(bytes32 committee, uint256 index, uint256 epoch, uint256 reserved);
    /// @notice Nothing to draw for this set of evaluators.
    error NothingToDraw(bytes32 committee, uint32 set);
    /// @notice The number of signers or of attestations is not exactly the threshold.
    error NotAQuorum(uint256 signers, uint256 attestations, uint256 threshold);
    /// @notice The number of attestations is not the number of signers.
    error SignerCount(uint256 signers, uint256 attestations);
    /// @notice Evaluator `index` is no member for this subject.
    error NotAMember(uint256 index);
    /// @notice Evaluator `index` was expelled.
    error IsExpelled(uint256 index);
    /// @notice The signature recovers to `recovered`, not to the current key of evaluator `index`.
    error NotTheKey(uint256 index, address recovered, address key);
    /// @notice None, or a number that names no outcome.
    error BadOutcome();
    /// @notice The two statements agree, so they prove nothing.
    error NoContradiction();
    /// @notice The key that signed does not bind a member for this subject.
    error KeyDoesNotBind(address key);
    /// @notice This contradiction has been shown before.
    error AlreadyShown(bytes32 committee, uint256 index, bytes32 subject);
    /// @notice The evaluator owes nothing over this subject, or nothing of its stake is left.
    error NothingOwed(bytes32 committee, uint256 index, bytes32 subject);
    /// @notice Debts must be collected before what is left of the stake is paid back.
    error InDebt(bytes32 committee, uint256 index, uint256 owed);
    /// @notice The book slashes more than the share it gives back.
    error BeyondReservation(bytes32 committee, uint256 share, uint256 asked);
    /// @notice The book holds a reservation for this subject already, or the subject is a job.
    error SubjectReserved(bytes32 committee, address book, bytes32 subject);
    /// @notice The book holds no reservation for this subject.
    error NotReserved(bytes32 committee, address book, bytes32 subject);
    /// @notice The reservation ends at `end`; until then only its book gives it back.
    error NotStale(bytes32 committee, address book, bytes32 subject, uint256 end);

    /// @notice Where an evaluator stands in its committee.
    enum Standing {
        Absent, // has not joined
        Joined,
        Leaving, // has given notice
        Withdrawn // stake paid back
    }

    /// @notice A committee came to be.
    event CommitteeCreated(bytes32 indexed committee, Committee terms);
    /// @notice Evaluator `index` put in its stake and named its key.
    event Joined(bytes32 indexed committee, uint256 indexed index, address key, uint256 stake);
    /// @notice A slashed evaluator filled its stake up again.
    event ToppedUp(bytes32 indexed committee, uint256 indexed index, uint256 amount);
    /// @notice Evaluator `index` gave notice; `epoch` is the last one it is liable for.
    event Left(bytes32 indexed committee, uint256 indexed index, uint256 epoch);
    /// @notice What was left of a stake became free collateral of the evaluator.
    event Withdrawn(bytes32 indexed committee, uint256 indexed index, uint256 amount);
    /// @notice Evaluator `index` signs with `key` from now on.
    event KeyRotated(bytes32 indexed committee, uint256 indexed index, address key, address oldKey);
    /// @notice Evaluator `index` agrees that `book` may reserve and slash its stake within coverage.
    event Consented(bytes32 indexed committee, uint256 indexed index, address indexed book);
    /// @notice `share` of each member's stake is reserved for a subject of `book`.
    event Reserved(
        bytes32 indexed committee,
        address indexed book,
        bytes32 indexed subject,
        uint256 share,
        uint32 members,
        uint256 epoch
    );
    /// @notice What `book` held for `subject` is no longer reserved.
    event Released(bytes32 indexed committee, address indexed book, bytes32 indexed subject);
    /// @notice Each evaluator of the set `slashed` lost `each` over `subject`.
    event Slashed(bytes32 indexed committee, bytes32 indexed subject, uint32 slashed, uint256 each);
    /// @notice A set of evaluators earned `amount`, to be drawn in equal parts.
    event FeesEarned(bytes32 indexed committee, uint32 indexed set, uint256 amount);
    /// @notice Each evaluator of the set was credited `each`.
    event FeesDrawn(bytes32 indexed committee, uint32 indexed set, uint256 each);
    /// @notice Evaluator `index` contradicted itself on `subject`: it is expelled and owes `share`.
    event Expelled(bytes32 indexed committee, uint256 indexed index, bytes32 indexed subject, uint256 share);
    /// @notice A part of what an evaluator owed over `subject` was paid out of its stake.
    event DebtPaid(
        bytes32 indexed committee,
        uint256 indexed index,
        bytes32 indexed subject,
        uint256 amount,
        uint256 left
    );
}
