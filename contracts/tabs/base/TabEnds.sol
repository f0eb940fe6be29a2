// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";

import {Outcome} from "../../interfaces/Types.sol";
import {TabTerms} from "../interfaces/TabTypes.sol";
import {Pending} from "../libraries/PendingWord.sol";
import {Standing} from "../libraries/StandingWord.sol";
import {TabFields} from "../libraries/TabFields.sol";
import {TabPayouts} from "../libraries/TabPayouts.sol";
import {TabStore} from "./TabStore.sol";

/// @dev Who gets what when a period or a tab ends.
abstract contract TabEnds is TabStore {
    /// @dev What is handed to the parties at the end of a transaction, together.
    struct Flow {
        uint256 toBuyer;
        uint256 toProvider;
        bool payOut;
    }

    /// @dev Closes a tab: what is left of balance and `collateral` to the buyer, the bond to whom it belongs.
    function _end(TabTerms calldata t, Tab memory tab, Flow memory flow, Ending how, uint256 collateral)
        internal
    {
        uint256 toBuyer = tab.s.balance() + collateral;
        if (tab.p.outcome() == Outcome.Fail) {
            _close(t, tab, flow, how, toBuyer + TabFields.bond(t), 0, 0);
        } else {
            _close(t, tab, flow, how, toBuyer, TabFields.bond(t), 0);
        }
    }

    /// @dev Hands back what the caller has split, with the fees of verdicts that are not needed any more.
    /// @param toMembers On top of the fee for readiness.
    function _close(
        TabTerms calldata t,
        Tab memory tab,
        Flow memory flow,
        Ending how,
        uint256 toBuyer,
        uint256 toProvider,
        uint256 toMembers
    ) internal {
        toBuyer += (TabFields.periods(t) - tab.s.period()) * TabFields.verdictFee(t);
        flow.toBuyer += toBuyer;
        flow.toProvider += toProvider;
        bool covered = !tab.p.silent();
        if (covered) toMembers += TabFields.fee(t);
        _tabs[tab.id] = Entry(Standing.wrap(0), Pending.wrap(uint256(Phase.Closed)));
        emit TabClosed(tab.id, how, toBuyer, toProvider, toMembers);
        if (covered) _release(TabFields.committee(t), tab.id, 0, 0);
        if (toMembers != 0) ESCROW.payFees(TabFields.committee(t), tab.s.members(), toMembers);
        _paySigners(t, tab, 0);
    }

    /// @dev The verdict fees that are kept for one set of signers, and `more`, become its own in the escrow. The caller stores
    /// that they have.
    function _paySigners(TabTerms calldata t, Tab memory tab, uint256 more) internal {
        uint256 amount = tab.s.unpaid() * TabFields.verdictFee(t) + more;
        tab.s = tab.s.withoutUnpaid();
        if (amount == 0) return;
        uint32 set = tab.p.set();
        emit SignersPaid(tab.id, set, amount);
        ESCROW.payFees(TabFields.committee(t), set, amount);
    }

    /// @dev Gives the coverage back and hands on what was slashed.
    function _slash(TabTerms calldata t, Tab memory tab, TabPayouts.Split memory x, Flow memory flow)
        internal
    {
        uint32 set = x.slashEach == 0 ? 0 : tab.p.set();
        uint256 taken = _release(TabFields.committee(t), tab.id, set, x.slashEach);
        if (x.slashedToProvider) flow.toProvider += taken;
        else flow.toBuyer += taken;
    }

    /// @dev The period that is pending and judged, as far as its split depends on the terms and on what is provisional.
    function _case(TabTerms calldata t, Tab memory tab) internal view returns (TabPayouts.Case memory c) {
        Pending p = tab.p;
        c.bond = TabFields.bond(t);
        c.verdictFee = TabFields.verdictFee(t);
        c.fee = TabFields.fee(t);
        c.provisional = p.outcome();
        c.payable_ = p.payable_();
        if (p.silent()) {
            c.bySilence = true;
            c.silence = _committee(t).silence;
            c.members = LibBit.popCount(tab.s.members());
        }
    }

    /// @dev And on its dispute.
    function _appealed(Tab memory tab, TabPayouts.Case memory c) internal view returns (Appeal memory a) {
        a = _appeals[_subject(tab)];
        c.deposit = a.deposit;
        c.arbiterCost = a.cost;
        c.buyerDisputes = a.buyerDisputes;
    }

    /// @dev `silent` in a pending period that is settled says that coverage is gone.
    function _endingOf(Tab memory tab, bool silence) internal pure returns (Ending) {
        if (tab.p.silent()) return silence ? Ending.Silence : Ending.Overturned;
        if (tab.p.outcome() == Outcome.Fail) return Ending.Failed;
        return tab.s.defaulted() ? Ending.Defaulted : Ending.Left;
    }

    function _handOver(TabTerms calldata t, Flow memory flow) internal {
        _pay(TabFields.provider(t), flow.toProvider, flow.payOut);
        _pay(TabFields.buyer(t), flow.toBuyer, flow.payOut);
    }

    /// @dev To the wallet where asked and possible, else as free collateral.
    function _pay(address to, uint256 amount, bool payOut) internal {
        if (amount == 0) return;
        if (payOut) {
            try ESCROW.claim(to, amount) {
                return;
            } catch {} // USDC refuses: it stays a claim of the party's
        }
        _give(to, amount);
    }
}
