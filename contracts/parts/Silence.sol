// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Docket} from "../base/Docket.sol";
import {ISilence} from "../interfaces/ISilence.sol";
import {Attested, Basis, Outcome, Terms, Verdict} from "../interfaces/Types.sol";
import {Fields} from "../libraries/Fields.sol";
import {JobWord} from "../libraries/JobWord.sol";
import {Logs} from "../libraries/Logs.sol";

/// @dev What happens when somebody does not do its part.
abstract contract Silence is ISilence, Docket {
    using JobWord for uint256;

    /// @inheritdoc ISilence
    function attest(Verdict calldata verdict) external onHomeChain {
        (bytes32 job,, uint256 word) = _awaiting(verdict);
        if (verdict.signers == 0) revert BadLength(0, MAX_EVALUATORS);
        _checkAttestations(
            _known(verdict.terms.committee),
            word.members(),
            job,
            verdict.deliverable,
            verdict.outcome,
            0,
            verdict.signers,
            verdict.attested,
            verdict.others
        );
        _attested[job] |= verdict.signers;
        Logs.attestationsPosted(job, verdict);
    }

    /// @inheritdoc ISilence
    function lapse(Terms calldata terms, bytes32 openingHash) external {
        (bytes32 job, Entry storage entry, uint256 word) = _load(terms, openingHash);
        uint256 period = Fields.challenge(terms);
        if (period < LAPSE_CHALLENGE) period = LAPSE_CHALLENGE;
        uint256 challengeEnds = block.timestamp + period;
        Outcome outcome = Outcome.Fail;
        Basis basis = Basis.NoShow;
        uint32 silent;
        if (word.phase() == JobWord.OPEN) {
            _requireFrom(word.deliverBy());
        } else if (word.phase() == JobWord.DELIVERED) {
            _requireFrom(Fields.judgeBy(terms));
            outcome = Outcome.Lapse;
            basis = Basis.Silence;
            silent = word.members() & ~uint32(_attested[job]);
        } else {
            revert WrongState(job, word.state());
        }
        entry.word = word.judged(silent, challengeEnds, outcome, basis);
        emit Lapsed(job, outcome, basis, silent, uint40(challengeEnds));
    }

    /// @inheritdoc ISilence
    function checkAttestations(
        bytes32 committee,
        uint32 members,
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 payable_,
        uint32 signers,
        Attested[] calldata attested
    ) external view onHomeChain {
        Record storage r = _record(committee);
        address[] calldata others;
        assembly ("memory-safe") {
            others.length := 0
        }
        _checkAttestations(r, members, subject, deliverable, outcome, payable_, signers, attested, others);
    }
}
