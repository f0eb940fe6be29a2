// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Funding, Outcome} from "../../../contracts/interfaces/Types.sol";
import {TabAgreement, Tally} from "../../../contracts/tabs/interfaces/TabTypes.sol";
import {TabEndings} from "./TabEndings.sol";

/// Paid out to wallets, and credited where USDC refuses.
contract TabPaidOutTest is TabEndings {
    function settleOutCall(TabAgreement memory a) private view returns (bytes memory) {
        return abi.encodeCall(tabs.settle, (a.terms, oh(a), true));
    }

    function test_paidOutToTheWallets() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 50e6);
        skip(a.terms.challenge);
        uint256 ofBuyer = usdc.balanceOf(buyer);
        uint256 ofProvider = usdc.balanceOf(provider);
        done(relayer, settleOutCall(a));
        assertEq(usdc.balanceOf(buyer) - ofBuyer, 139e6);
        assertEq(usdc.balanceOf(provider) - ofProvider, 50e6);
        assertClosed(a);
    }

    function test_whatBothAgreeOnIsPaidOutToo() public {
        TabAgreement memory a = opened();
        uint256 ofBuyer = usdc.balanceOf(buyer);
        uint256 ofProvider = usdc.balanceOf(provider);
        done(relayer, splitCall(a, 75e6, block.timestamp + 1, 1, true));
        assertEq(usdc.balanceOf(buyer) - ofBuyer, DEPOSIT + CREDIT + TAB_BOND - 75e6 + 10e6);
        assertEq(usdc.balanceOf(provider) - ofProvider, 75e6);
        assertClosed(a);
    }

    function test_whoUsdcRefusesIsCreditedAndBlocksNobody() public {
        (TabAgreement memory a,) = judged(90e6, Outcome.Fail, 50e6);
        skip(a.terms.challenge);
        blacklistUSDC(provider);
        uint256 ofBuyer = usdc.balanceOf(buyer);
        remember();
        done(relayer, settleOutCall(a));
        assertEq(usdc.balanceOf(buyer) - ofBuyer, 139e6);
        assertGot(0, 50e6);
        assertClosed(a);
    }

    function test_aPausedUsdcStopsNothing() public {
        (TabAgreement memory a, Tally memory t) = presented(90e6);
        pauseUSDC();
        judge(a, t, Outcome.Pass, 60e6);
        dispute_fromCollateral(a, 90e6);
        rule(a, Outcome.Pass, 60e6);
        remember();
        done(relayer, settleOutCall(a));
        assertGot(HALF, 60e6);
        notice(a, buyer);
        skip(a.terms.notice);
        done(relayer, abi.encodeCall(tabs.close, (a.terms, oh(a), true)));
        assertClosed(a);
    }

    uint256 private constant HALF = 4_500_000; // of what is left of a deposit of 24 after the arbiter's 15

    function dispute_fromCollateral(TabAgreement memory a, uint64 seeks) private {
        uint256 expiry = block.timestamp + 1;
        bytes32 digest = tabTyped(
            keccak256(
                abi.encode(
                    keccak256(
                        "TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,uint8 sought,uint64 soughtPayable,uint256 expiry)"
                    ),
                    idOf(a),
                    uint64(1),
                    provider,
                    uint8(Outcome.Pass),
                    uint64(60e6),
                    uint8(Outcome.Pass),
                    seeks,
                    expiry
                )
            )
        );
        bytes memory pledged = pledge(providerKey, digest, 24e6, expiry);
        done(
            relayer,
            abi.encodeCall(
                tabs.dispute,
                (a.terms, oh(a), provider, Outcome.Pass, seeks, expiry, Funding.Collateral, pledged)
            )
        );
    }
}
