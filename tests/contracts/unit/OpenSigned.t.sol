// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Funding, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";

/// A job is opened with what its parties signed, and USDC takes: with nothing else.
contract OpenSignedTest is UnitTest {
    // ---- what USDC refuses

    function test_buyerWithoutBalance() public {
        Agreement memory a = newAgreement();
        bytes memory call = openCall(a);
        vm.prank(buyer);
        usdc.transfer(relayer, 1_000_000e6 - GATED - FEE + 1);
        refused(relayer, call, NO_BALANCE);
        vm.prank(relayer);
        usdc.transfer(buyer, 1);
        done(relayer, call);
    }

    function test_blacklistedBuyer() public {
        Agreement memory a = newAgreement();
        blacklistUSDC(buyer);
        refused(relayer, openCall(a), BLACKLISTED);
        unBlacklistUSDC(buyer);
        done(relayer, openCall(a));
    }

    function test_pausedUSDC() public {
        Agreement memory a = newAgreement();
        pauseUSDC();
        refused(relayer, openCall(a), PAUSED);
        assertState(a, State.None);
        assertEq(free(provider), 10_000e6, "bond is not taken");
    }

    function test_authorizationsThatAreNotThisOne() public {
        Agreement memory a = newAgreement();
        bytes32 job = idOf(a);
        bytes memory accepts = sign(providerKey, job);
        uint256 price = GATED + FEE;
        uint40 by = a.opening.openBy;
        bytes[6] memory pays = [
            signReceiveUSDC(buyerKey, address(escrow), price, 0, by, keccak256("nonce")),
            signReceiveUSDC(buyerKey, address(escrow), price - 1, 0, by, job),
            signReceiveUSDC(buyerKey, address(escrow), price, 0, by + 1, job),
            signReceiveUSDC(buyerKey, address(escrow), price, 1, by, job),
            signReceiveUSDC(buyerKey, relayer, price, 0, by, job),
            signReceiveUSDC(providerKey, address(escrow), price, 0, by, job)
        ];
        for (uint256 i; i < pays.length; ++i) {
            refused(
                relayer,
                abi.encodeCall(escrow.open, (a, Funding.Authorization, pays[i], accepts)),
                BAD_USDC_SIGNATURE
            );
        }
        vm.chainId(1);
        bytes memory foreign = signFunding(a);
        vm.chainId(31337);
        bytes memory good = signFunding(a);
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Authorization, foreign, accepts)),
            BAD_USDC_SIGNATURE
        );
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Authorization, highS(good), accepts)),
            abi.encodeWithSignature("Error(string)", "ECRecover: invalid signature 's' value")
        );
        done(relayer, abi.encodeCall(escrow.open, (a, Funding.Authorization, good, accepts)));
    }

    function test_canceledAuthorization() public {
        Agreement memory a = newAgreement();
        bytes memory call = openCall(a);
        bytes32 hash = keccak256(
            abi.encode(keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"), buyer, idOf(a))
        );
        usdc.cancelAuthorization(
            buyer,
            idOf(a),
            sign(buyerKey, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), hash)))
        );
        refused(relayer, call, USED_USDC_AUTHORIZATION);
    }

    function test_theAuthorizationServesNothingElse() public {
        Agreement memory a = newAgreement();
        bytes memory pays = signFunding(a);
        refused(
            relayer,
            abi.encodeCall(escrow.depositWithAuthorization, (buyer, GATED + FEE, a.opening.openBy, 0, pays)),
            BAD_USDC_SIGNATURE
        );
        vm.prank(relayer);
        vm.expectRevert("FiatTokenV2: caller must be the payee");
        usdc.receiveWithAuthorization(buyer, address(escrow), GATED + FEE, 0, a.opening.openBy, idOf(a), pays);
    }

    // ---- the provider's signature

    function test_acceptancesThatAreNotThisOne() public {
        Agreement memory a = newAgreement();
        Agreement memory other = newAgreement();
        bytes32 job = idOf(a);
        bytes memory pays = signFunding(a);
        vm.chainId(1);
        bytes memory foreign = sign(providerKey, idOf(a));
        vm.chainId(31337);
        bytes memory good = sign(providerKey, job);
        bytes[4] memory wrong =
            [sign(buyerKey, job), sign(providerKey, idOf(other)), foreign, slice(bytes.concat(good), 65)];
        wrong[3][64] = 0x1d;
        for (uint256 i; i < wrong.length; ++i) {
            refused(
                relayer,
                abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, wrong[i])),
                notSigned(provider, job)
            );
        }
        for (uint256 length; length < 70; ++length) {
            if (length == 64 || length == 65) continue;
            refused(
                relayer,
                abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, slice(good, length))),
                abi.encodeWithSelector(MalformedSignature.selector, length)
            );
        }
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, highS(good))),
            abi.encodeWithSelector(HighS.selector)
        );
        done(relayer, abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, compact(good))));
    }

    function test_theSignatureCoversEveryField() public {
        Agreement memory signed = newAgreement();
        bytes memory accepts = sign(providerKey, idOf(signed));
        for (uint256 i; i < 12; ++i) {
            Agreement memory a = copy(signed);
            if (i == 0) a.terms.gated += 1;
            if (i == 1) a.terms.bond -= 1;
            if (i == 2) a.terms.fee += 1;
            if (i == 3) a.terms.judgeBy += 1;
            if (i == 4) a.terms.challenge += 1;
            if (i == 5) a.terms.ruling += 1;
            if (i == 6) a.opening.pact = bytes32(uint256(1));
            if (i == 7) a.opening.offchain = bytes32(uint256(1));
            if (i == 8) a.opening.agentId += 1;
            if (i == 9) a.opening.upFront += 1;
            if (i == 10) a.opening.deliverBy += 1;
            if (i == 11) a.opening.salt += 1_000_000;
            refused(
                relayer,
                abi.encodeCall(escrow.open, (a, Funding.Authorization, signFunding(a), accepts)),
                notSigned(provider, idOf(a))
            );
        }
    }

    function test_dirtyWordsAndUnknownFundingAreRefused() public {
        Agreement memory a = newAgreement();
        bytes memory call = openCall(a);
        // Terms are words 0 to 8, the opening words 9 to 15; those left out fill their word.
        uint8[2][11] memory widths = [
            [0, 160],
            [1, 160],
            [3, 64],
            [4, 64],
            [5, 64],
            [6, 40],
            [7, 32],
            [8, 32],
            [12, 64],
            [13, 40],
            [14, 40]
        ];
        for (uint256 i; i < widths.length; ++i) {
            uint256 at = uint256(widths[i][0]) * 32;
            for (uint256 bit = widths[i][1]; bit < 256; bit += 13) {
                bytes memory broken = patched(call, at, word(call, at) | (1 << bit));
                refused(relayer, broken, badTerms("width"));
            }
        }
        // Word 16 is the funding.
        refused(relayer, patched(call, 16 * 32, 3), "");
        done(relayer, call);
        // Later steps hash the terms as they stand in calldata: dirty ones name no job.
        vm.warp(a.opening.deliverBy);
        bytes memory lapses = lapseCall(a);
        bytes memory dirty = patched(lapses, 3 * 32, uint256(GATED) | (1 << 64));
        vm.prank(relayer);
        (bool ok,) = address(escrow).call(dirty);
        assertFalse(ok, "dirty terms name no job");
        done(relayer, lapses);
    }

    /// The word at `position` behind the selector.
    function word(bytes memory data, uint256 position) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 36), position))
        }
    }

    function copy(Agreement memory a) private pure returns (Agreement memory) {
        return abi.decode(abi.encode(a), (Agreement));
    }
}
