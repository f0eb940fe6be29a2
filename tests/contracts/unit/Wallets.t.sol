// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Agreement, Funding, Outcome, State} from "../../../contracts/interfaces/Types.sol";
import {UnitTest} from "../utils/UnitTest.sol";
import {Wallet} from "../utils/Wallets.sol";

/// Parties that are contracts: ERC-1271 wallets, good and hostile, and accounts that delegate their code (EIP-7702).
contract WalletsTest is UnitTest {
    Wallet private rich; // the buyer's key
    Wallet private maker; // the provider's key

    function setUp() public override {
        super.setUp();
        rich = new Wallet(buyer);
        maker = new Wallet(provider);
        mintUSDC(address(rich), 100_000e6);
        rich.act(address(usdc), abi.encodeCall(usdc.approve, (address(escrow), type(uint256).max)));
        vm.prank(provider);
        escrow.transfer(address(maker), 5000e6);
        vm.prank(buyer);
        escrow.deposit(address(rich), 5000e6);
    }

    function between(address b, address p) private returns (Agreement memory a) {
        a = newAgreement();
        a.terms.buyer = b;
        a.terms.provider = p;
    }

    /// With an authorization by the buyer's wallet.
    function openingFor(Agreement memory a) private view returns (bytes memory) {
        bytes32 job = idOf(a);
        bytes32 hash = keccak256(
            abi.encode(
                RECEIVE_WITH_AUTHORIZATION_TYPEHASH,
                a.terms.buyer,
                address(escrow),
                GATED + FEE,
                0,
                a.opening.openBy,
                job
            )
        );
        bytes memory pays =
            sign(buyerKey, keccak256(abi.encodePacked(hex"1901", usdc.DOMAIN_SEPARATOR(), hash)));
        return abi.encodeCall(escrow.open, (a, Funding.Authorization, pays, sign(providerKey, job)));
    }

    function test_walletsOnBothSides() public {
        Agreement memory a = between(address(rich), address(maker));
        // USDC puts the authorization to the wallet itself.
        done(relayer, openingFor(a));
        assertEq(usdc.balanceOf(address(rich)), 100_000e6 - GATED - FEE);
        a = between(address(rich), address(maker));
        bytes32 job = idOf(a);
        done(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Collateral, sign(buyerKey, job), sign(providerKey, job)))
        );
        assertEq(free(address(rich)), 5000e6 - GATED - FEE);
        a = between(address(rich), address(maker));
        bytes memory call =
            abi.encodeCall(escrow.open, (a, Funding.Allowance, "", sign(providerKey, idOf(a))));
        (bool ok,) = rich.act(address(escrow), call);
        assertTrue(ok, "a wallet may call");
        assertState(a, State.Open);
    }

    function test_signatureForAWalletMayHaveAnyLength() public {
        Agreement memory a = between(address(rich), address(maker));
        bytes32 job = idOf(a);
        for (uint256 length; length < 100; length += 33) {
            refused(
                relayer,
                abi.encodeCall(escrow.open, (a, Funding.Collateral, sign(buyerKey, job), new bytes(length))),
                notSigned(address(maker), job)
            );
        }
        // High s: the wallet judges.
        done(
            relayer,
            abi.encodeCall(
                escrow.open, (a, Funding.Collateral, sign(buyerKey, job), highS(sign(providerKey, job)))
            )
        );
    }

    function test_hostileWalletsAcceptNothing() public {
        Agreement memory a = between(buyer, address(maker));
        bytes memory call = openCall(a);
        Wallet.Manner[5] memory manners = [
            Wallet.Manner.Refuses,
            Wallet.Manner.Reverts,
            Wallet.Manner.Empty,
            Wallet.Manner.Short,
            Wallet.Manner.Shouts
        ];
        for (uint256 i; i < manners.length; ++i) {
            maker.behave(manners[i]);
            refused(relayer, call, notSigned(address(maker), idOf(a)));
        }
        maker.behave(Wallet.Manner.Burns);
        vm.prank(relayer);
        (bool ok,) = address(escrow).call{gas: 1_000_000}(call);
        assertFalse(ok);
        assertEq(free(address(maker)), 5000e6);
        maker.behave(Wallet.Manner.Good);
        done(relayer, call);
    }

    /// ERC-1271 is asked by static call: a wallet that calls back cannot change anything.
    function test_reenteringWallets() public {
        Agreement memory a = between(buyer, address(maker));
        bytes memory call = openCall(a);
        maker.plan(address(escrow), abi.encodeCall(escrow.claim, (address(maker), 1)));
        refused(relayer, call, notSigned(address(maker), idOf(a)));
        maker.plan(address(escrow), call);
        refused(relayer, call, notSigned(address(maker), idOf(a)));
        // Reading is allowed and harmless.
        maker.plan(address(escrow), abi.encodeCall(escrow.collateralOf, (address(maker))));
        done(relayer, call);
        Agreement memory b = between(address(rich), provider);
        rich.plan(address(escrow), abi.encodeCall(escrow.claim, (address(rich), 1)));
        call = abi.encodeCall(
            escrow.open, (b, Funding.Collateral, sign(buyerKey, idOf(b)), sign(providerKey, idOf(b)))
        );
        refused(relayer, call, notSigned(address(rich), idOf(b)));
        refused(relayer, openingFor(b), BAD_USDC_SIGNATURE);
    }

    /// In a batch, a wallet that burns all its gas takes its own row with it, and no other.
    function test_hostileWalletInABatch() public {
        Agreement memory bad = between(buyer, address(maker));
        Agreement memory good = newAgreement();
        maker.behave(Wallet.Manner.Reverts);
        bytes[] memory calls = new bytes[](2);
        calls[0] = openCall(bad);
        calls[1] = openCall(good);
        done(relayer, abi.encodeCall(escrow.batch, (calls)));
        assertState(bad, State.None);
        assertState(good, State.Open);
    }

    function test_walletsThatStopAnsweringBlockNobody() public {
        Agreement memory a = between(address(rich), address(maker));
        done(relayer, openingFor(a));
        rich.behave(Wallet.Manner.Reverts);
        maker.behave(Wallet.Manner.Reverts);
        vm.warp(a.opening.deliverBy);
        done(relayer, lapseCall(a));
        vm.warp(block.timestamp + 1 days);
        uint256 before = usdc.balanceOf(address(rich));
        done(relayer, settleCall(a, true));
        assertEq(usdc.balanceOf(address(rich)) - before, GATED + BOND);
    }

    // ---- EIP-7702: code 0xef0100 and an address, while the key still signs

    function test_delegatedAccountStillSigns() public {
        Wallet refuses = new Wallet(relayer);
        refuses.behave(Wallet.Manner.Refuses);
        vm.etch(provider, abi.encodePacked(hex"ef0100", address(refuses)));
        assertGt(provider.code.length, 0);
        Agreement memory a = newAgreement();
        done(relayer, openCall(a));
        // In its compact form too.
        a = newAgreement();
        done(
            relayer,
            abi.encodeCall(
                escrow.open, (a, Funding.Authorization, signFunding(a), compact(sign(providerKey, idOf(a))))
            )
        );
        // What neither key nor code accepts is refused.
        a = newAgreement();
        refused(
            relayer,
            abi.encodeCall(escrow.open, (a, Funding.Authorization, signFunding(a), sign(buyerKey, idOf(a)))),
            notSigned(provider, idOf(a))
        );
    }

    function test_delegatedAccountDeliversConcedesAndIsPaid() public {
        vm.etch(provider, abi.encodePacked(hex"ef0100", address(maker)));
        Agreement memory a = delivered();
        judge(a, Outcome.Pass);
        vm.warp(block.timestamp + 1 days);
        uint256 before = usdc.balanceOf(provider);
        settle(a, true);
        assertEq(usdc.balanceOf(provider) - before, GATED + BOND);
    }
}
