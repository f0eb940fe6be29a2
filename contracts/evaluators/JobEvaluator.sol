// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Outcome} from "../interfaces/Types.sol";
import {Finding, ForeignStatus, IAdapter, Mandate} from "./interfaces/IAdapter.sol";
import {ForeignJob, IJobEvaluator} from "./interfaces/IJobEvaluator.sol";
import {IVerdictBook} from "./interfaces/IVerdictBook.sol";
import {ForeignJobs, IERC8183} from "./libraries/ForeignJobs.sol";

/// @title The committee as the evaluator of any ERC-8183 job
/// @notice No owner, no setter, nothing to upgrade. See docs/evaluators.md.
contract JobEvaluator is IJobEvaluator, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant JOB = keccak256(
        "ForeignJob(address escrow,uint256 jobId,uint8 variant,uint256 budget,uint256 expiredAt,address hook,bytes32 optParams)"
    );

    IVerdictBook private immutable BOOK;
    IEscrow private immutable ESCROW;
    IERC20 private immutable USDC;

    mapping(bytes32 subject => Carriage) private _carriages;

    /// @param escrow_ The escrow whose committees judge.
    /// @param book_ Its book, whose verdicts are carried out.
    constructor(IEscrow escrow_, IVerdictBook book_) {
        if (book_.earnest() != address(escrow_)) revert NotItsBook(address(escrow_), address(book_));
        BOOK = book_;
        ESCROW = escrow_;
        USDC = IERC20(ESCROW.usdc());
        USDC.forceApprove(address(ESCROW), type(uint256).max);
    }

    /// @inheritdoc IJobEvaluator
    function carryOut(Mandate calldata mandate, ForeignJob calldata job, bytes calldata optParams)
        external
        nonReentrant
    {
        (bytes32 subject, IVerdictBook.Record memory r) = _load(mandate, job);
        if (r.stage != IVerdictBook.Stage.Final) {
            BOOK.settle(mandate);
            r = BOOK.recordOf(subject);
        }
        _requireWaiting(subject);
        if (keccak256(optParams) != job.optParams) revert WrongParams(job.optParams, keccak256(optParams));
        (ForeignJobs.Job memory found, bytes32 field) = _compare(mandate, job);
        if (field != 0) revert ForeignChanged(field);
        bool pass = r.outcome == Outcome.Pass;
        bool ready = found.status == ForeignJobs.SUBMITTED || (!pass && found.status == ForeignJobs.FUNDED);
        if (!ready) revert WrongForeignStatus(found.status);
        _carriages[subject] = Carriage.Carried;
        uint256 before = USDC.balanceOf(address(this));
        if (pass) IERC8183(job.escrow).complete(job.jobId, subject, optParams);
        else IERC8183(job.escrow).reject(job.jobId, subject, optParams);
        // That the call went through proves nothing: a fallback answers any selector.
        uint256 status = ForeignJobs.read(job.escrow, job.jobId, job.variant).status;
        if (status != (pass ? ForeignJobs.COMPLETED : ForeignJobs.REJECTED)) revert NotCarriedOut(status);
        uint256 evaluatorFee = USDC.balanceOf(address(this)) - before;
        emit CarriedOut(subject, job.escrow, job.jobId, status, evaluatorFee);
        _passOn(mandate, r.set, evaluatorFee);
    }

    /// @inheritdoc IJobEvaluator
    function noteOvertaken(Mandate calldata mandate, ForeignJob calldata job) external nonReentrant {
        (bytes32 subject, IVerdictBook.Record memory r) = _load(mandate, job);
        if (r.stage != IVerdictBook.Stage.Final) revert NotWaiting(subject, Carriage.Waiting);
        _requireWaiting(subject);
        (ForeignJobs.Job memory found, bytes32 field) = _compare(mandate, job);
        if (_statusOf(found) != ForeignStatus.Ended && field == 0) {
            revert NotOvertaken(subject);
        }
        _carriages[subject] = Carriage.Overtaken;
        emit Overtaken(subject, job.escrow, job.jobId, found.status, field);
    }

    /// @inheritdoc IAdapter
    function inspect(Mandate calldata mandate, bytes calldata job_) external view returns (Finding memory f) {
        ForeignJob memory job = abi.decode(job_, (ForeignJob));
        ForeignJobs.Job memory found;
        (found, f.changed) = _compare(mandate, job);
        f.foreign = _hashOf(job);
        f.key = keyOf(job.escrow, job.jobId);
        f.held = found.budget - found.settled;
        f.lastMoment = found.expiredAt + ForeignJobs.grace(job.escrow, job.variant);
        f.status = _statusOf(found);
    }

    /// @inheritdoc IJobEvaluator
    function carriageOf(bytes32 subject) external view returns (Carriage) {
        return _carriages[subject];
    }

    /// @inheritdoc IJobEvaluator
    function book() external view returns (address) {
        return address(BOOK);
    }

    /// @inheritdoc IJobEvaluator
    function hashOf(ForeignJob calldata job) external pure returns (bytes32) {
        return _hashOf(job);
    }

    /// @inheritdoc IJobEvaluator
    function keyOf(address escrow, uint256 jobId) public pure returns (bytes32) {
        return keccak256(abi.encode(escrow, jobId));
    }

    /// @dev What some escrows pay their evaluator, at completion, goes to those who earned the fee here. Where a verdict
    /// was overturned or missing nobody did: it is the provider's, out of whose price it was taken.
    function _passOn(Mandate calldata mandate, uint32 set, uint256 amount) private {
        if (amount == 0) return;
        ESCROW.deposit(address(this), amount);
        if (set != 0) ESCROW.payFees(mandate.committee, set, amount);
        else ESCROW.transfer(mandate.provider, amount);
    }

    function _load(Mandate calldata mandate, ForeignJob calldata job)
        private
        view
        returns (bytes32 subject, IVerdictBook.Record memory r)
    {
        if (mandate.adapter != address(this) || mandate.foreign != _hashOf(job)) {
            revert NotOurs(mandate.adapter, mandate.foreign);
        }
        subject = BOOK.subjectOf(mandate);
        r = BOOK.recordOf(subject);
    }

    /// @dev The foreign job as it is, and the first field that is not as agreed. The hook may change to none: an admin
    /// may take it off, which only removes an obstacle.
    function _compare(Mandate calldata mandate, ForeignJob memory job)
        private
        view
        returns (ForeignJobs.Job memory found, bytes32 field)
    {
        found = ForeignJobs.read(job.escrow, job.jobId, job.variant);
        if (found.evaluator != address(this)) field = "evaluator";
        else if (found.client != mandate.buyer) field = "client";
        else if (found.provider != mandate.provider) field = "provider";
        else if (found.token != address(USDC)) field = "token";
        else if (found.budget != job.budget) field = "budget";
        else if (found.expiredAt != job.expiredAt) field = "expiredAt";
        else if (found.hook != job.hook && found.hook != address(0)) field = "hook";
    }

    function _requireWaiting(bytes32 subject) private view {
        Carriage carriage = _carriages[subject];
        if (carriage != Carriage.Waiting) revert NotWaiting(subject, carriage);
    }

    function _statusOf(ForeignJobs.Job memory found) private pure returns (ForeignStatus) {
        if (found.status == ForeignJobs.SUBMITTED) return ForeignStatus.Submitted;
        if (found.status == ForeignJobs.FUNDED) return ForeignStatus.Funded;
        return found.status < ForeignJobs.FUNDED ? ForeignStatus.Unready : ForeignStatus.Ended;
    }

    function _hashOf(ForeignJob memory job) private pure returns (bytes32) {
        return keccak256(abi.encode(JOB, job));
    }
}
