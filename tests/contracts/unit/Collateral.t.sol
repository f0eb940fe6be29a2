// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {UnitTest} from "../utils/UnitTest.sol";

/// deposit, depositWithAuthorization, claim, transfer and takePledge.
contract CollateralTest is UnitTest {
    address private book = makeAddr("book");

    function test_deposit() public {
        vm.expectEmit(address(escrow));
        emit Deposited(buyer, 5, relayer);
        done(relayer, abi.encodeCall(escrow.deposit, (buyer, 5)));
        assertEq(free(buyer), 5);
        assertEq(free(relayer), 0);
    }

    function test_deposit_refused() public {
        refused(
            relayer, abi.encodeCall(escrow.deposit, (buyer, 0)), abi.encodeWithSelector(ZeroAmount.selector)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.deposit, (address(0), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(0))
        );
        refused(
            relayer,
            abi.encodeCall(escrow.deposit, (address(escrow), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(escrow))
        );
        refused(relayer, abi.encodeCall(escrow.deposit, (buyer, 1_000_000e6 + 1)), NO_BALANCE);
        blacklistUSDC(relayer);
        refused(relayer, abi.encodeCall(escrow.deposit, (buyer, 1)), BLACKLISTED);
        unBlacklistUSDC(relayer);
        pauseUSDC();
        refused(relayer, abi.encodeCall(escrow.deposit, (buyer, 1)), PAUSED);
    }

    function test_depositWithAuthorization() public {
        uint256 expiry = block.timestamp + 100;
        bytes32 nonce = depositDigest(buyer, 7, expiry, 1);
        bytes memory pays = signReceiveUSDC(buyerKey, address(escrow), 7, 0, expiry, nonce);
        bytes memory call = abi.encodeCall(escrow.depositWithAuthorization, (buyer, 7, expiry, 1, pays));
        refused(
            relayer,
            abi.encodeCall(escrow.depositWithAuthorization, (buyer, 7, expiry, 2, pays)),
            BAD_USDC_SIGNATURE
        );
        refused(
            relayer,
            abi.encodeCall(escrow.depositWithAuthorization, (buyer, 8, expiry, 1, pays)),
            BAD_USDC_SIGNATURE
        );
        uint256 snapshot = vm.snapshotState();
        vm.warp(expiry);
        refused(relayer, call, EXPIRED_USDC_AUTHORIZATION);
        vm.revertToState(snapshot);
        vm.chainId(2);
        refused(relayer, call, abi.encodeWithSelector(WrongChain.selector, 2, 31337));
        vm.chainId(31337);
        vm.expectEmit(address(escrow));
        emit Deposited(buyer, 7, buyer);
        done(relayer, call);
        assertEq(free(buyer), 7);
        refused(relayer, call, USED_USDC_AUTHORIZATION);
    }

    function test_depositWithAuthorization_ofNothing() public {
        uint256 expiry = block.timestamp + 100;
        bytes memory pays =
            signReceiveUSDC(buyerKey, address(escrow), 0, 0, expiry, depositDigest(buyer, 0, expiry, 1));
        refused(
            relayer,
            abi.encodeCall(escrow.depositWithAuthorization, (buyer, 0, expiry, 1, pays)),
            abi.encodeWithSelector(ZeroAmount.selector)
        );
    }

    function test_claim() public {
        address wallet = makeAddr("wallet");
        vm.expectEmit(address(escrow));
        emit Claimed(provider, wallet, 10_000e6);
        done(provider, abi.encodeCall(escrow.claim, (wallet, 10_000e6)));
        assertEq(usdc.balanceOf(wallet), 10_000e6);
        refused(
            provider,
            abi.encodeCall(escrow.claim, (wallet, 1)),
            abi.encodeWithSelector(InsufficientCollateral.selector, provider, 0, 1)
        );
    }

    function test_claim_refused() public {
        refused(
            relayer,
            abi.encodeCall(escrow.claim, (relayer, 1)),
            abi.encodeWithSelector(InsufficientCollateral.selector, relayer, 0, 1)
        );
        refused(
            provider,
            abi.encodeCall(escrow.claim, (provider, 10_000e6 + 1)),
            abi.encodeWithSelector(InsufficientCollateral.selector, provider, 10_000e6, 10_000e6 + 1)
        );
        refused(
            provider, abi.encodeCall(escrow.claim, (provider, 0)), abi.encodeWithSelector(ZeroAmount.selector)
        );
        refused(
            provider,
            abi.encodeCall(escrow.claim, (address(0), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(0))
        );
        refused(
            provider,
            abi.encodeCall(escrow.claim, (address(escrow), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(escrow))
        );
    }

    function test_transfer() public {
        vm.expectEmit(address(escrow));
        emit Transferred(provider, relayer, 4);
        done(provider, abi.encodeCall(escrow.transfer, (relayer, 4)));
        assertEq(free(relayer), 4);
        assertEq(free(provider), 10_000e6 - 4);
        done(relayer, abi.encodeCall(escrow.transfer, (relayer, 4)));
        assertEq(free(relayer), 4, "to oneself changes nothing");
        refused(
            relayer,
            abi.encodeCall(escrow.transfer, (buyer, 5)),
            abi.encodeWithSelector(InsufficientCollateral.selector, relayer, 4, 5)
        );
        refused(
            relayer, abi.encodeCall(escrow.transfer, (buyer, 0)), abi.encodeWithSelector(ZeroAmount.selector)
        );
        refused(
            relayer,
            abi.encodeCall(escrow.transfer, (address(escrow), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(escrow))
        );
        refused(
            relayer,
            abi.encodeCall(escrow.transfer, (address(0), 1)),
            abi.encodeWithSelector(BadRecipient.selector, address(0))
        );
    }

    // ---- pledges

    function test_takePledge() public {
        uint256 expiry = block.timestamp + 50;
        bytes memory call = pledging(book, "tab", 9, expiry, providerKey);
        vm.warp(expiry - 1);
        vm.expectEmit(address(escrow));
        emit Pledged(provider, book, "tab", 9);
        done(book, call);
        assertEq(free(book), 9);
        assertEq(free(provider), 10_000e6 - 9);
        refused(book, call, abi.encodeWithSelector(PledgeUsed.selector, pledgeDigest(book, "tab", 9, expiry)));
    }

    function test_takePledge_refused() public {
        uint256 expiry = block.timestamp + 50;
        bytes memory call = pledging(book, "tab", 9, expiry, providerKey);
        // By another book than the one it names.
        refused(relayer, call, notSigned(provider, pledgeDigest(relayer, "tab", 9, expiry)));
        refused(
            book,
            pledging(book, "tab", 9, expiry, buyerKey),
            notSigned(provider, pledgeDigest(book, "tab", 9, expiry))
        );
        bytes memory signature = sign(providerKey, pledgeDigest(book, "tab", 9, expiry));
        refused(
            book,
            abi.encodeCall(escrow.takePledge, (provider, "other", 9, expiry, signature)),
            notSigned(provider, pledgeDigest(book, "other", 9, expiry))
        );
        refused(
            book,
            abi.encodeCall(escrow.takePledge, (provider, "tab", 10, expiry, signature)),
            notSigned(provider, pledgeDigest(book, "tab", 10, expiry))
        );
        refused(
            book,
            abi.encodeCall(escrow.takePledge, (provider, "tab", 9, expiry, highS(signature))),
            abi.encodeWithSelector(HighS.selector)
        );
        // Of a compact signature the top bit is no part of s; what remains can still be high.
        bytes memory compact = abi.encodePacked(bytes32(uint256(1)), type(uint256).max);
        refused(
            book,
            abi.encodeCall(escrow.takePledge, (provider, "tab", 9, expiry, compact)),
            abi.encodeWithSelector(HighS.selector)
        );
        refused(
            book, pledging(book, "tab", 0, expiry, providerKey), abi.encodeWithSelector(ZeroAmount.selector)
        );
        refused(
            book,
            pledging(book, "tab", 10_000e6 + 1, expiry, providerKey),
            abi.encodeWithSelector(InsufficientCollateral.selector, provider, 10_000e6, 10_000e6 + 1)
        );
        vm.chainId(4);
        refused(book, call, abi.encodeWithSelector(WrongChain.selector, 4, 31337));
        vm.chainId(31337);
        vm.warp(expiry);
        refused(book, call, abi.encodeWithSelector(Expired.selector, expiry, expiry));
        assertEq(free(book), 0);
    }

    /// The same pledge in its compact form is the same pledge.
    function test_takePledge_onceInWhateverForm() public {
        uint256 expiry = block.timestamp + 50;
        bytes32 digest = pledgeDigest(book, "tab", 9, expiry);
        bytes memory signature = sign(providerKey, digest);
        done(book, abi.encodeCall(escrow.takePledge, (provider, "tab", 9, expiry, compact(signature))));
        refused(
            book,
            abi.encodeCall(escrow.takePledge, (provider, "tab", 9, expiry, signature)),
            abi.encodeWithSelector(PledgeUsed.selector, digest)
        );
    }

    function pledging(address to, bytes32 subject, uint256 amount, uint256 expiry, uint256 key)
        private
        view
        returns (bytes memory)
    {
        bytes memory signature = sign(key, pledgeDigest(to, subject, amount, expiry));
        return abi.encodeCall(escrow.takePledge, (provider, subject, amount, expiry, signature));
    }

    function pledgeDigest(address to, bytes32 subject, uint256 amount, uint256 expiry)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)"
        );
        return typed(keccak256(abi.encode(typeHash, provider, to, subject, amount, expiry)));
    }

    function depositDigest(address account, uint256 amount, uint256 expiry, uint256 salt)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256("Deposit(address account,uint256 amount,uint256 expiry,uint256 salt)");
        return typed(keccak256(abi.encode(typeHash, account, amount, expiry, salt)));
    }
}
