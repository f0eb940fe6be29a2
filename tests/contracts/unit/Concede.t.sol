// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// concede and agree: one side gives in, or both agree on a split. Amounts are checked in Payouts.t.sol.
contract ConcedeTest is UnitTest {
    // ---- concede

    function test_concede_open() public {
        Agreement memory a = opened();
        refused(relayer, concedeCall(a, relayer), abi.encodeWithSelector(NotAllowed.selector, relayer));
        refused(relayer, concedeCall(a, buyer), abi.encodeWithSelector(Expired.selector, 0, block.timestamp));
        expectClosed(a, Outcome.Pass, Ending.Conceded, 0, GATED + BOND, FEE, 31, 0);
        done(buyer, concedeCall(a, buyer));
        refused(buyer, concedeCall(a, buyer), wrongState(a, State.Closed));
        a = delivered();
        expectClosed(a, Outcome.Fail, Ending.Conceded, GATED + BOND, 0, FEE, 31, 0);
        done(provider, concedeCall(a, provider));
        a = newAgreement();
        refused(buyer, concedeCall(a, buyer), wrongState(a, State.None));
    }

    function test_concede_judged_onlyTheLosingSide() public {
        Agreement memory a = judged(Outcome.Pass);
        refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
        done(buyer, concedeCall(a, buyer));
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Pass));
        a = judged(Outcome.Fail);
        refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
        done(provider, concedeCall(a, provider));
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.Fail));
        a = judged(Outcome.Lapse);
        refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
        refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
    }

    function test_concede_silenceAndNoShow() public {
        Agreement memory a = silenced();
        refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
        refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
        a = noShow();
        refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
        done(provider, concedeCall(a, provider));
    }

    function test_concede_disputed_onlyTheDisputant() public {
        Agreement memory a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
        done(buyer, concedeCall(a, buyer));
        a = judged(Outcome.Fail);
        dispute(a, provider, Outcome.Lapse);
        refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
        done(provider, concedeCall(a, provider));
        for (uint256 i; i < 2; ++i) {
            a = judged(Outcome.Lapse);
            dispute(a, i == 0 ? buyer : provider, i == 0 ? Outcome.Fail : Outcome.Pass);
            refused(buyer, concedeCall(a, buyer), abi.encodeWithSelector(NotAllowed.selector, buyer));
            refused(provider, concedeCall(a, provider), abi.encodeWithSelector(NotAllowed.selector, provider));
        }
    }

    function test_concede_bySignature() public {
        Agreement memory a = opened();
        uint256 expiry = block.timestamp + 10 days;
        bytes memory signature = sign(buyerKey, concession(a, buyer, State.Open, Outcome.Pass, expiry));
        refused(
            relayer,
            conceding(a, buyer, expiry + 1, signature),
            notSigned(buyer, concession(a, buyer, State.Open, Outcome.Pass, expiry + 1))
        );
        refused(
            relayer,
            conceding(a, provider, expiry, signature),
            notSigned(provider, concession(a, provider, State.Open, Outcome.Fail, expiry))
        );
        // Given in Open it does not serve in Judged.
        deliver(a);
        judge(a, Outcome.Pass);
        bytes memory call = conceding(a, buyer, expiry, signature);
        refused(relayer, call, notSigned(buyer, concession(a, buyer, State.Judged, Outcome.Pass, expiry)));
        a = opened();
        signature = sign(buyerKey, concession(a, buyer, State.Open, Outcome.Pass, expiry));
        call = conceding(a, buyer, expiry, signature);
        uint256 snapshot = vm.snapshotState();
        vm.warp(expiry);
        refused(relayer, call, abi.encodeWithSelector(Expired.selector, expiry, expiry));
        vm.warp(expiry - 1);
        done(relayer, call);
        vm.revertToState(snapshot);
        vm.chainId(2);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 2, 31337));
    }

    // ---- agree

    function test_agree_inEveryState() public {
        Agreement memory a = newAgreement();
        refused(relayer, agreeing(a, 1, State.None, Outcome.None), wrongState(a, State.None));
        open(a);
        expectClosed(a, Outcome.None, Ending.Agreed, 1, GATED + BOND - 1, FEE, 31, 0);
        done(relayer, agreeing(a, 1, State.Open, Outcome.None));
        assertEq(uint8(viewOf(a).outcome), uint8(Outcome.None));
        refused(relayer, agreeing(a, 1, State.Closed, Outcome.None), wrongState(a, State.Closed));
        a = delivered();
        done(relayer, agreeing(a, GATED + BOND, State.Open, Outcome.None));
        a = judged(Outcome.Pass);
        done(relayer, agreeing(a, 0, State.Judged, Outcome.Pass));
        a = judged(Outcome.Pass);
        dispute(a, buyer, Outcome.Fail);
        done(relayer, agreeing(a, 5, State.Disputed, Outcome.Pass));
        a = silenced();
        done(relayer, agreeing(a, 5, State.Judged, Outcome.Lapse));
    }

    function test_agree_byCalling() public {
        Agreement memory a = opened();
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = split(a, State.Open, Outcome.None, 7, expiry);
        bytes memory call = abi.encodeCall(
            escrow.agree, (a.terms, openingHash(a.opening), 7, expiry, sign(buyerKey, digest), "", false)
        );
        refused(relayer, call, abi.encodeWithSelector(MalformedSignature.selector, 0));
        refused(buyer, call, abi.encodeWithSelector(MalformedSignature.selector, 0));
        done(provider, call);
    }

    function test_agree_tooMuch() public {
        Agreement memory a = opened();
        refused(
            relayer,
            agreeing(a, GATED + BOND + 1, State.Open, Outcome.None),
            abi.encodeWithSelector(SplitTooLarge.selector, GATED + BOND + 1, GATED + BOND)
        );
    }

    function test_agree_oneSignatureDoesNotDoForBoth() public {
        Agreement memory a = opened();
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = split(a, State.Open, Outcome.None, 7, expiry);
        bytes memory one = sign(buyerKey, digest);
        bytes memory two = sign(providerKey, digest);
        refused(relayer, agreeingBy(a, 7, expiry, one, one), notSigned(provider, digest));
        refused(relayer, agreeingBy(a, 7, expiry, two, two), notSigned(buyer, digest));
        refused(relayer, agreeingBy(a, 7, expiry, two, one), notSigned(buyer, digest));
    }

    function test_agree_signaturesAreForOneSplitAndTime() public {
        Agreement memory a = opened();
        uint256 expiry = block.timestamp + 100;
        bytes32 digest = split(a, State.Open, Outcome.None, 7, expiry);
        bytes memory one = sign(buyerKey, digest);
        bytes memory two = sign(providerKey, digest);
        refused(
            relayer,
            agreeingBy(a, 8, expiry, one, two),
            notSigned(buyer, split(a, State.Open, Outcome.None, 8, expiry))
        );
        refused(
            relayer,
            agreeingBy(a, 7, expiry + 1, one, two),
            notSigned(buyer, split(a, State.Open, Outcome.None, 7, expiry + 1))
        );
        bytes memory call = agreeingBy(a, 7, expiry, one, two);
        vm.chainId(2);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 2, 31337));
        vm.chainId(31337);
        uint256 snapshot = vm.snapshotState();
        vm.warp(expiry);
        refused(relayer, call, abi.encodeWithSelector(Expired.selector, expiry, expiry));
        vm.revertToState(snapshot);
        // Agreed on in Open, it does not hold in Judged.
        deliver(a);
        judge(a, Outcome.Fail);
        digest = split(a, State.Judged, Outcome.Fail, 7, expiry);
        refused(relayer, call, notSigned(buyer, digest));
    }

    // ---- helpers

    function conceding(Agreement memory a, address party, uint256 expiry, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(
            escrow.concede, (a.terms, openingHash(a.opening), party, expiry, signature, false)
        );
    }

    function agreeing(Agreement memory a, uint256 toBuyer, State state, Outcome outcome)
        private
        view
        returns (bytes memory)
    {
        uint256 expiry = block.timestamp + 1;
        bytes32 digest = split(a, state, outcome, toBuyer, expiry);
        bytes memory one = sign(buyerKey, digest);
        bytes memory two = sign(providerKey, digest);
        return
            abi.encodeCall(escrow.agree, (a.terms, openingHash(a.opening), toBuyer, expiry, one, two, false));
    }

    function agreeingBy(
        Agreement memory a,
        uint256 toBuyer,
        uint256 expiry,
        bytes memory one,
        bytes memory two
    ) private view returns (bytes memory) {
        return abi.encodeCall(
            escrow.agree, (a.terms, openingHash(a.opening), toBuyer, expiry, one, two, false)
        );
    }

    function concession(Agreement memory a, address party, State state, Outcome outcome, uint256 expiry)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash =
            keccak256("Concession(bytes32 job,address party,uint8 state,uint8 outcome,uint256 expiry)");
        return typed(keccak256(abi.encode(typeHash, idOf(a), party, state, outcome, expiry)));
    }

    function split(Agreement memory a, State state, Outcome outcome, uint256 toBuyer, uint256 expiry)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash =
            keccak256("Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)");
        return typed(keccak256(abi.encode(typeHash, idOf(a), state, outcome, toBuyer, expiry)));
    }
}
