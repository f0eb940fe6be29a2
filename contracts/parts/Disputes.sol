// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Docket} from "../base/Docket.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {Basis, Funding, Outcome, State, Statement, Terms} from "../interfaces/Types.sol";
import {CommitteeId} from "../libraries/CommitteeId.sol";
import {Fields} from "../libraries/Fields.sol";
import {Hashes} from "../libraries/Hashes.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Payouts} from "../libraries/Payouts.sol";

/// @dev What parties and arbiter may do about a job, and proofs against its evaluators.
abstract contract Disputes is IDisputes, Docket {
    using JobWord for uint256;

    /// @inheritdoc IDisputes
    function dispute(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        Outcome sought,
        uint256 expiry,
        Funding funding,
        bytes calldata signature
    ) external onHomeChain {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        if (word.phase() != JobWord.JUDGED) revert WrongState(job, word.state());
        _requireBefore(word.deadline());
        Outcome provisional = word.outcome();
        bool byBuyer = _seeks(terms, party, provisional, sought);
        uint256 rulingEnds = block.timestamp + terms.ruling;
        entry.word = word.disputed(rulingEnds, sought, byBuyer);
        uint256 amount = _deposit(terms, _known(terms.committee));
        bytes32 digest = _digest(Hashes.dispute(job, party, provisional, sought, expiry));
        emit Disputed(job, party, sought, amount, uint40(rulingEnds));
        if (funding != Funding.Authorization && (msg.sender != party || signature.length != 0)) {
            _requireUnexpired(expiry);
            _requireConsent(party, digest, signature);
        }
        address payer = funding == Funding.Allowance ? msg.sender : party;
        _take(funding, payer, amount, digest, expiry, signature);
    }

    /// @inheritdoc IDisputes
    function rule(Terms calldata terms, bytes32 openingHash, Outcome outcome, bool payOut) external {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        if (word.phase() != JobWord.DISPUTED) revert WrongState(job, word.state());
        Record storage r = _known(terms.committee);
        if (msg.sender != r.arbiter) revert NotTheArbiter(msg.sender, r.arbiter);
        _requireBefore(word.deadline());
        if (outcome == Outcome.None) revert BadOutcome();
        Payouts.Case memory c = _case(terms, r, word, _deposit(terms, r));
        Payouts.Split memory s = outcome == c.provisional ? Payouts.upheld(c) : Payouts.overturned(c, outcome);
        _close(terms, job, entry, word, r, outcome, Ending.Ruled, s, payOut);
    }

    /// @inheritdoc IDisputes
    function concede(
        Terms calldata terms,
        bytes32 openingHash,
        address party,
        uint256 expiry,
        bytes calldata signature,
        bool payOut
    ) external onHomeChain {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        bool byBuyer = _isBuyer(terms, party);
        State state = word.state();
        Outcome outcome = byBuyer ? Outcome.Pass : Outcome.Fail;
        uint256 amount;
        Record storage r = _known(terms.committee);
        if (state == State.Judged) {
            if (word.outcome() != outcome) revert NotAllowed(party);
        } else if (state == State.Disputed) {
            // The disputant gives in to the outcome that goes against it.
            if (word.buyerDisputes() != byBuyer || word.outcome() != outcome) revert NotAllowed(party);
            amount = _deposit(terms, r);
        } else if (state != State.Open) {
            revert WrongState(job, state);
        }
        if (msg.sender != party || signature.length != 0) {
            _requireUnexpired(expiry);
            _requireConsent(party, _digest(Hashes.concession(job, party, state, outcome, expiry)), signature);
        }
        if (state == State.Open) word = word.judged(word.members(), 0, outcome, Basis.NoShow);
        Payouts.Case memory c = _case(terms, r, word, amount);
        Payouts.Split memory s = state == State.Disputed ? Payouts.upheld(c) : Payouts.stands(c);
        _close(terms, job, entry, word, r, outcome, Ending.Conceded, s, payOut);
    }

    /// @inheritdoc IDisputes
    function agree(
        Terms calldata terms,
        bytes32 openingHash,
        uint256 toBuyer,
        uint256 expiry,
        bytes calldata buyerSignature,
        bytes calldata providerSignature,
        bool payOut
    ) external onHomeChain {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        State state = word.state();
        if (state == State.None || state == State.Closed) revert WrongState(job, state);
        uint256 held = uint256(terms.gated) + terms.bond;
        if (toBuyer > held) revert SplitTooLarge(toBuyer, held);
        _requireUnexpired(expiry);
        Outcome provisional = state == State.Open ? Outcome.None : word.outcome();
        bytes32 digest = _digest(Hashes.split(job, state, provisional, toBuyer, expiry));
        _requireConsent(terms.buyer, digest, buyerSignature);
        _requireConsent(terms.provider, digest, providerSignature);
        Record storage r = _known(terms.committee);
        if (state == State.Open) word = word.judged(word.members(), 0, Outcome.None, Basis.NoShow);
        Payouts.Case memory c = _case(terms, r, word, state == State.Disputed ? _deposit(terms, r) : 0);
        _close(terms, job, entry, word, r, Outcome.None, Ending.Agreed, Payouts.agreed(c, toBuyer), payOut);
    }

    /// @inheritdoc IDisputes
    function proveEquivocation(
        Terms calldata terms,
        bytes32 openingHash,
        bytes32 deliverable,
        Statement calldata a,
        Statement calldata b
    ) external onHomeChain {
        (bytes32 job,, uint256 word) = _load(terms, openingHash);
        if (word == JobWord.NONE) revert WrongState(job, State.None);
        Record storage r = _known(terms.committee);
        uint256 index = _contradiction(r, word.members(), job, word.openedAt(), deliverable, a, b);
        uint256 share = Payouts.ceilDiv(Fields.value(terms), CommitteeId.threshold(terms.committee));
        _expel(r, terms.committee, index, job, share, Debt(msg.sender, 0, terms.buyer, terms.provider));
    }

    /// @dev Whether the disputant is the buyer; reverts unless `sought` is better for `party` than `provisional`.
    function _seeks(Terms calldata terms, address party, Outcome provisional, Outcome sought)
        private
        pure
        returns (bool byBuyer)
    {
        byBuyer = _isBuyer(terms, party);
        if (sought == Outcome.None) revert BadOutcome();
        bool better = sought != provisional && Payouts.favoursProvider(provisional, sought) != byBuyer;
        if (!better) revert NotAllowed(party);
    }

    function _isBuyer(Terms calldata terms, address party) private pure returns (bool) {
        if (party == terms.buyer) return true;
        if (party == terms.provider) return false;
        revert NotAllowed(party);
    }
}
