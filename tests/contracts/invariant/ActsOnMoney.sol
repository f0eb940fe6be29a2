// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBooks} from "../../../contracts/interfaces/IBooks.sol";
import {ICollateral} from "../../../contracts/interfaces/ICollateral.sol";
import {ActsOnStake} from "./ActsOnStake.sol";

/// Free collateral in, out and between accounts.
abstract contract ActsOnMoney is ActsOnStake {
    uint256 private _deposits;

    function collateral(uint256 seed) external turn(seed) {
        uint256 what = _roll(7);
        if (what == 0) _deposit();
        else if (what < 3) _claim();
        else if (what == 3) _transfer();
        else if (what == 4) _depositSigned();
        else _pledge();
    }

    function _amount(uint256 has) private returns (uint256) {
        if (_chance(10)) return 0;
        if (_chance(10)) return has + 1;
        return _chance(4) ? has : _roll(has / 4 + 1);
    }

    function _recipient() private returns (address) {
        if (_chance(12)) return _chance(2) ? address(0) : address(escrow);
        return _anyone();
    }

    function _payable(address to, uint256 amount) private view returns (bool) {
        return amount != 0 && to != address(0) && to != address(escrow);
    }

    function _deposit() private {
        address caller = _anyone();
        address to = _recipient();
        uint256 amount = _amount(walletOf[caller] / 50);
        string memory bar = _or(NOTHING, _payable(to, amount), PERMISSION);
        bar = _or(bar, walletOf[caller] >= amount && _moves(caller), MONEY);
        bytes memory call = abi.encodeCall(ICollateral.deposit, (to, amount));
        if (!_judged("deposit", bar, _send(caller, call, false))) return;
        walletOf[caller] -= amount;
        freeOf[to] += amount;
    }

    function _claim() private {
        address caller = _anyone();
        address to = _chance(3) ? _recipient() : caller;
        uint256 amount = _amount(freeOf[caller]);
        string memory bar = _or(NOTHING, _payable(to, amount), PERMISSION);
        bar = _or(bar, freeOf[caller] >= amount && _moves(to), MONEY);
        bytes memory call = abi.encodeCall(ICollateral.claim, (to, amount));
        if (!_judged("claim", bar, _send(caller, call, false))) return;
        freeOf[caller] -= amount;
        walletOf[to] += amount;
    }

    function _transfer() private {
        address caller = _anyone();
        address to = _chance(5) ? caller : _recipient();
        uint256 amount = _amount(freeOf[caller]);
        string memory bar = _or(NOTHING, _payable(to, amount), PERMISSION);
        bar = _or(bar, freeOf[caller] >= amount, MONEY);
        bytes memory call = abi.encodeCall(ICollateral.transfer, (to, amount));
        if (!_judged("transfer", bar, _send(caller, call, false))) return;
        freeOf[caller] -= amount;
        freeOf[to] += amount;
    }

    /// Signed away from whom, to what and until when.
    struct Slip {
        address account;
        address caller;
        uint256 amount;
        uint256 expiry;
        uint256 salt;
        bool forged;
    }

    function _slip() private returns (Slip memory s) {
        s.account = _anyone();
        s.caller = _anyone();
        s.expiry = clock + (_slip(4) ? 0 : 1 + _roll(1 days));
        s.salt = ++_deposits;
        s.forged = _slip(3);
    }

    function _consented(Slip memory s) private view returns (bool) {
        return !s.forged && clock < s.expiry && _accepts(s.account);
    }

    function _depositSigned() private {
        Slip memory s = _slip();
        s.amount = _amount(walletOf[s.account] / 50);
        string memory bar = _or(NOTHING, _consented(s) && s.amount != 0, PERMISSION);
        bar = _or(bar, walletOf[s.account] >= s.amount && _moves(s.account), MONEY);
        bytes32 nonce = depositDigest(s.account, s.amount, s.expiry, s.salt);
        uint256 key = persons[s.account].key ^ (s.forged ? 1 : 0);
        bytes memory signature = signReceive(s.account, key, s.amount, s.expiry, nonce);
        bytes memory call = abi.encodeCall(
            ICollateral.depositWithAuthorization, (s.account, s.amount, s.expiry, s.salt, signature)
        );
        if (!_judged("depositWithAuthorization", bar, _send(s.caller, call, true))) return;
        walletOf[s.account] -= s.amount;
        freeOf[s.account] += s.amount;
    }

    function _pledge() private {
        Slip memory s = _slip();
        s.caller = books[_roll(books.length)];
        s.amount = _amount(freeOf[s.account] / 4);
        string memory bar = _or(NOTHING, _consented(s) && s.amount != 0, PERMISSION);
        bar = _or(bar, freeOf[s.account] >= s.amount, MONEY);
        bytes32 subject = keccak256(abi.encode("pledge", s.salt));
        uint256 key = persons[s.account].key ^ (s.forged ? 1 : 0);
        bytes memory signature = sign(key, pledgeDigest(s.account, s.caller, subject, s.amount, s.expiry));
        bytes memory call =
            abi.encodeCall(IBooks.takePledge, (s.account, subject, s.amount, s.expiry, signature));
        if (!_judged("takePledge", bar, _send(s.caller, call, true))) return;
        freeOf[s.account] -= s.amount;
        freeOf[s.caller] += s.amount;
    }
}
