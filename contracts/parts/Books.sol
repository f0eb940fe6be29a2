// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Docket} from "../base/Docket.sol";
import {IBooks} from "../interfaces/IBooks.sol";
import {Statement} from "../interfaces/Types.sol";
import {Core} from "../libraries/CoreWord.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Signatures} from "../libraries/Signatures.sol";

/// @dev Stake and coverage for other contracts than this one, tabs among them. See docs/decisions.
abstract contract Books is IBooks, Docket {
    /// @dev How long a book may hold a reservation: the longest job with its challenge and ruling, and a month in which
    /// to close it. So a book that never answers cannot keep a stake for ever.
    uint256 private constant MAX_RESERVATION = MAX_LENGTH + MAX_CHALLENGE + MAX_RULING + 30 days;

    /// @inheritdoc IBooks
    function reserve(bytes32 committee, bytes32 subject, uint256 value)
        external
        returns (uint32 members, uint256 share)
    {
        Record storage r = _record(committee);
        Reservation storage held = r.reservations[msg.sender][subject];
        if (held.openedAt != 0) revert SubjectReserved(committee, msg.sender, subject);
        Core core = r.core;
        members = core.active() & r.consents[msg.sender];
        share = _reserve(r, core, committee, members, value);
        r.reservations[msg.sender][subject] =
            Reservation(uint64(share), members, uint8(core.epoch()), uint40(block.timestamp));
        emit Reserved(committee, msg.sender, subject, share, members, core.epoch());
    }

    /// @inheritdoc IBooks
    function release(bytes32 committee, bytes32 subject, uint32 slashed, uint256 each)
        external
        returns (uint256 total)
    {
        Record storage r = _record(committee);
        Reservation memory held = _reservation(r, committee, msg.sender, subject);
        if (each > held.share) revert BeyondReservation(committee, held.share, each);
        uint32 strangers = slashed & ~held.members;
        if (strangers != 0) revert NotAMember(LibBit.ffs(strangers));
        delete r.reservations[msg.sender][subject];
        Core core = _release(r, r.core, held.epoch, held.share);
        (core, total) = _slash(r, core, committee, subject, slashed, each);
        r.core = core;
        _credit(msg.sender, total);
        emit Released(committee, msg.sender, subject);
    }

    /// @inheritdoc IBooks
    function releaseStale(bytes32 committee, address book, bytes32 subject) external {
        Record storage r = _record(committee);
        Reservation memory held = _reservation(r, committee, book, subject);
        uint256 end = held.openedAt + MAX_RESERVATION;
        if (block.timestamp < end) revert NotStale(committee, book, subject, end);
        delete r.reservations[book][subject];
        r.core = _release(r, r.core, held.epoch, held.share);
        emit Released(committee, book, subject);
    }

    /// @inheritdoc IBooks
    function payFees(bytes32 committee, uint32 set, uint256 amount) external {
        Record storage r = _record(committee);
        if (amount == 0) revert ZeroAmount();
        if (set == 0 || uint256(set) >> r.size != 0) revert NotAMember(LibBit.fls(set));
        _debit(msg.sender, amount);
        r.core = _earn(r, r.core, set, amount);
        emit FeesEarned(committee, set, amount);
    }

    /// @inheritdoc IBooks
    function expel(
        bytes32 committee,
        bytes32 subject,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain returns (uint256 index, uint256 taken) {
        Record storage r = _record(committee);
        Reservation memory held = _reservation(r, committee, msg.sender, subject);
        // A contradiction on a job is shown to the job, so that its parties get their half.
        if (_jobs[subject].word != JobWord.NONE) revert SubjectReserved(committee, address(this), subject);
        index = _contradiction(r, held.members, subject, held.openedAt, deliverable, a, b);
        // Books choose their subjects' names: one book's must not stand in the way of another's.
        bytes32 offence = keccak256(abi.encode(msg.sender, subject));
        taken = _expel(r, committee, index, offence, held.share, Debt(msg.sender, 0, address(0), address(0)));
    }

    /// @inheritdoc IBooks
    function takePledge(
        address account,
        bytes32 subject,
        uint256 amount,
        uint256 expiry,
        bytes calldata signature
    ) external onHomeChain {
        if (amount == 0) revert ZeroAmount();
        _requireUnexpired(expiry);
        bytes32 digest = _digest(Hashes.pledge(account, msg.sender, subject, amount, expiry));
        if (_pledgeUsed[digest]) revert PledgeUsed(digest);
        _pledgeUsed[digest] = true;
        Signatures.check(account, digest, signature);
        _debit(account, amount);
        _credit(msg.sender, amount);
        emit Pledged(account, msg.sender, subject, amount);
    }

    function _reservation(Record storage r, bytes32 committee, address book, bytes32 subject)
        private
        view
        returns (Reservation memory held)
    {
        held = r.reservations[book][subject];
        if (held.openedAt == 0) revert NotReserved(committee, book, subject);
    }
}
