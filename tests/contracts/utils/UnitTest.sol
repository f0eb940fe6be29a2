// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICoverage} from "../../../contracts/interfaces/ICoverage.sol";
import {IDocket} from "../../../contracts/interfaces/IDocket.sol";
import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {IViews} from "../../../contracts/interfaces/IViews.sol";
import {Agreement, Funding, Outcome, State, Verdict} from "../../../contracts/interfaces/Types.sol";
import {EscrowFixture} from "./EscrowFixture.sol";

/// What unit tests share: calls that must be refused with one exact error, and signatures gone wrong. The interfaces
/// that hold errors and events are inherited so that tests can name them.
abstract contract UnitTest is EscrowFixture, IDocket, ILedger, ICoverage {
    bytes4 private constant ERROR = bytes4(keccak256("Error(string)"));
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    bytes internal constant BAD_USDC_SIGNATURE =
        abi.encodeWithSignature("Error(string)", "FiatTokenV2: invalid signature");
    bytes internal constant USED_USDC_AUTHORIZATION =
        abi.encodeWithSignature("Error(string)", "FiatTokenV2: authorization is used or canceled");
    bytes internal constant EXPIRED_USDC_AUTHORIZATION =
        abi.encodeWithSignature("Error(string)", "FiatTokenV2: authorization is expired");
    bytes internal constant BLACKLISTED =
        abi.encodeWithSignature("Error(string)", "Blacklistable: account is blacklisted");
    bytes internal constant PAUSED = abi.encodeWithSignature("Error(string)", "Pausable: paused");
    bytes internal constant NO_BALANCE =
        abi.encodeWithSignature("Error(string)", "ERC20: transfer amount exceeds balance");

    // ---- events whose small fields share words, packed here by Solidity from the highest field down

    function expectOpened(Agreement memory a, uint32 members, uint8 epoch) internal {
        bytes memory amounts = abi.encodePacked(a.opening.upFront, a.terms.fee, a.terms.bond, a.terms.gated);
        bytes memory times = abi.encodePacked(
            uint32(0),
            epoch,
            members,
            a.terms.ruling,
            a.terms.challenge,
            a.opening.deliverBy,
            a.opening.openBy,
            a.terms.judgeBy
        );
        vm.expectEmit(address(escrow));
        emit JobOpened(
            idOf(a),
            a.terms.buyer,
            a.terms.provider,
            a.terms.committee,
            a.opening.pact,
            a.opening.offchain,
            a.opening.agentId,
            a.opening.salt,
            uint256(bytes32(amounts)),
            uint256(bytes32(times))
        );
    }

    function expectJudged(
        Agreement memory a,
        Outcome outcome,
        uint32 signers,
        uint256 challengeEnds,
        bytes32[] memory evidence
    ) internal {
        bytes memory verdict = abi.encodePacked(uint176(0), uint40(challengeEnds), signers, uint8(outcome));
        vm.expectEmit(address(escrow));
        emit Judged(idOf(a), uint256(bytes32(verdict)), evidence);
    }

    /// `paid`: bit 0, the buyer's part went to its wallet; bit 1, the provider's.
    function expectClosed(
        Agreement memory a,
        Outcome outcome,
        Ending how,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toEvaluators,
        uint32 set,
        uint8 paid
    ) internal {
        uint256 amounts = toBuyer + toProvider * 2 ** 72 + toEvaluators * 2 ** 144;
        uint256 rest = set + uint256(outcome) * 2 ** 32 + uint256(how) * 2 ** 34 + uint256(paid) * 2 ** 37;
        vm.expectEmit(address(escrow));
        emit JobClosed(idOf(a), amounts + rest * 2 ** 216);
    }

    // ---- calls

    /// `call` by `caller` must revert with exactly `reason`.
    function refused(address caller, bytes memory call, bytes memory reason) internal {
        vm.prank(caller);
        (bool ok, bytes memory data) = address(escrow).call(call);
        assertFalse(ok, "should have been refused");
        // USDC pads some of its messages with rubbish.
        if (bytes4(data) == ERROR && bytes4(reason) == ERROR) {
            assertEq(message(data), message(reason), "refused for another reason");
        } else {
            assertEq(data, reason, "refused for another reason");
        }
    }

    /// `call` by `caller` must go through.
    function done(address caller, bytes memory call) internal returns (bytes memory data) {
        bool ok;
        vm.prank(caller);
        (ok, data) = address(escrow).call(call);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
    }

    function message(bytes memory reason) private pure returns (string memory) {
        bytes memory data = new bytes(reason.length - 4);
        for (uint256 i; i < data.length; ++i) {
            data[i] = reason[i + 4];
        }
        return abi.decode(data, (string));
    }

    function openCall(Agreement memory a) internal view returns (bytes memory) {
        bytes32 job = idOf(a);
        return abi.encodeCall(escrow.open, (a, Funding.Authorization, signFunding(a), sign(providerKey, job)));
    }

    function judgeCall(Agreement memory a, Outcome outcome, uint32 signers)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(escrow.judge, (verdictOn(a, outcome, signers), false));
    }

    function lapseCall(Agreement memory a) internal view returns (bytes memory) {
        return abi.encodeCall(escrow.lapse, (a.terms, openingHash(a.opening)));
    }

    function settleCall(Agreement memory a, bool payOut) internal view returns (bytes memory) {
        return abi.encodeCall(escrow.settle, (a.terms, openingHash(a.opening), payOut));
    }

    function disputeCall(Agreement memory a, address party, Outcome sought)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            escrow.dispute, (a.terms, openingHash(a.opening), party, sought, 0, Funding.Allowance, "")
        );
    }

    function ruleCall(Agreement memory a, Outcome outcome) internal view returns (bytes memory) {
        return abi.encodeCall(escrow.rule, (a.terms, openingHash(a.opening), outcome, false));
    }

    function concedeCall(Agreement memory a, address party) internal view returns (bytes memory) {
        return abi.encodeCall(escrow.concede, (a.terms, openingHash(a.opening), party, 0, "", false));
    }

    // ---- jobs brought to a state

    function opened() internal returns (Agreement memory a) {
        a = newAgreement();
        open(a);
    }

    function delivered() internal returns (Agreement memory a) {
        a = opened();
        deliver(a);
    }

    function judged(Outcome outcome) internal returns (Agreement memory a) {
        a = delivered();
        judge(a, outcome);
    }

    /// Lapse by silence.
    function silenced() internal returns (Agreement memory a) {
        a = delivered();
        vm.warp(a.terms.judgeBy);
        lapse(a);
    }

    function noShow() internal returns (Agreement memory a) {
        a = opened();
        vm.warp(a.opening.deliverBy);
        lapse(a);
    }

    function viewOf(Agreement memory a) internal view returns (IViews.JobView memory) {
        return escrow.jobState(idOf(a));
    }

    function assertState(Agreement memory a, State state) internal view {
        assertEq(uint8(stateOf(a)), uint8(state), "state");
    }

    function wrongState(Agreement memory a, State state) internal view returns (bytes memory) {
        return abi.encodeWithSelector(WrongState.selector, idOf(a), state);
    }

    function free(address account) internal view returns (uint256) {
        return escrow.collateralOf(account);
    }

    // ---- signatures gone wrong

    /// The same signature with s in the upper half of the order: valid for ecrecover, malleable.
    function highS(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = parts(signature);
        return abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }

    /// EIP-2098.
    function compact(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = parts(signature);
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function parts(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }

    function slice(bytes memory data, uint256 length) internal pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i; i < length && i < data.length; ++i) {
            out[i] = data[i];
        }
    }

    /// `call` with the 32-byte word at `offset` (after the selector) replaced.
    function patched(bytes memory call, uint256 offset, uint256 word)
        internal
        pure
        returns (bytes memory out)
    {
        out = bytes.concat(call);
        assembly ("memory-safe") {
            mstore(add(add(out, 36), offset), word)
        }
    }

    function notSigned(address signer, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(NotSignedBy.selector, signer, digest);
    }

    function badTerms(string memory field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(BadTerms.selector, field);
    }

    function tooLate(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(TooLate.selector, limit, block.timestamp);
    }

    function tooEarly(uint256 limit) internal view returns (bytes memory) {
        return abi.encodeWithSelector(TooEarly.selector, limit, block.timestamp);
    }
}
