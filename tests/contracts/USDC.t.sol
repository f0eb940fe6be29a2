// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {USDCFixture} from "./utils/USDC.sol";

/// The token under the tests is Circle's: its own rules hold, so tests above it meet the real thing.
contract USDCTest is USDCFixture {
    uint256 private constant BUYER_KEY = 0xB0B;
    address private buyer = vm.addr(BUYER_KEY);
    address private provider = makeAddr("provider");

    function setUp() public {
        deployUSDC();
        mintUSDC(buyer, 100e6);
    }

    function test_identity() public view {
        assertEq(usdc.name(), "USD Coin");
        assertEq(usdc.symbol(), "USDC");
        assertEq(usdc.version(), "2");
        assertEq(usdc.decimals(), 6);
        assertEq(usdc.totalSupply(), 100e6);
        assertEq(
            usdc.DOMAIN_SEPARATOR(),
            keccak256(
                abi.encode(
                    keccak256(
                        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                    ),
                    keccak256("USD Coin"),
                    keccak256("2"),
                    block.chainid,
                    address(usdc)
                )
            )
        );
    }

    function test_authorizationMovesMoneyOnce() public {
        bytes memory signature = signReceiveUSDC(BUYER_KEY, provider, 7e6, 0, block.timestamp + 1, "job");
        vm.startPrank(provider);
        usdc.receiveWithAuthorization(buyer, provider, 7e6, 0, block.timestamp + 1, "job", signature);
        assertEq(usdc.balanceOf(provider), 7e6);
        assertEq(usdc.balanceOf(buyer), 93e6);
        vm.expectRevert("FiatTokenV2: authorization is used or canceled");
        usdc.receiveWithAuthorization(buyer, provider, 7e6, 0, block.timestamp + 1, "job", signature);
    }

    function test_onlyThePayeeUsesAnAuthorization() public {
        bytes memory signature = signReceiveUSDC(BUYER_KEY, provider, 7e6, 0, block.timestamp + 1, "job");
        vm.expectRevert("FiatTokenV2: caller must be the payee");
        usdc.receiveWithAuthorization(buyer, provider, 7e6, 0, block.timestamp + 1, "job", signature);
    }

    function test_blacklistStopsTransfers() public {
        blacklistUSDC(provider);
        vm.prank(buyer);
        vm.expectRevert("Blacklistable: account is blacklisted");
        usdc.transfer(provider, 1);
        unBlacklistUSDC(provider);
        vm.prank(buyer);
        usdc.transfer(provider, 1);
        assertEq(usdc.balanceOf(provider), 1);
    }

    function test_pauseStopsTransfers() public {
        pauseUSDC();
        vm.prank(buyer);
        vm.expectRevert("Pausable: paused");
        usdc.transfer(provider, 1);
        unpauseUSDC();
        vm.prank(buyer);
        usdc.transfer(provider, 1);
        assertEq(usdc.balanceOf(provider), 1);
    }
}
