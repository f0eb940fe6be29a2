// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "solady/utils/ECDSA.sol";

import {Attested, Outcome} from "../../../contracts/interfaces/Types.sol";
import {Payouts} from "../../../contracts/libraries/Payouts.sol";
import {PayoutsHarness} from "../harness/PayoutsHarness.sol";
import {JobWordSymbolic} from "./JobWord.t.sol";
import {PayoutsSymbolic} from "./Payouts.t.sol";
import {PayoutSharesSymbolic} from "./Shares.t.sol";
import {SignaturesHarness, SignaturesSymbolic} from "./Signatures.t.sol";

// The symbolic checks on code that is wrong on purpose. Each check must be refuted here: a check that holds of anything
// proves nothing. scripts/verify/symbolic.py fails where one is not.

/// Rounds wrongly, reserves and deposits too little, moves too much, slashes otherwise than it says, and hands out a unit
/// that nobody paid in.
contract SpoiltPayouts {
    function ceilDiv(uint256 a, uint256 b) external pure returns (uint256) {
        return a % 3 == 0 ? a * b : a / b;
    }

    function share(uint256, uint256, uint256) external pure returns (uint256) {
        return 0;
    }

    function depositFor(uint256 value, uint256) external pure returns (uint256) {
        return value / 6;
    }

    function moves(Payouts.Case memory c, Outcome) external pure returns (uint256) {
        return c.gated + c.bond + 1;
    }

    function stands(Payouts.Case memory c) external pure returns (Payouts.Split memory s) {
        s = Payouts.stands(c);
        ++s.buyer;
        ++s.slashEach;
    }

    function upheld(Payouts.Case memory c) external pure returns (Payouts.Split memory s) {
        s = Payouts.upheld(c);
        s.evaluators += 2;
        ++s.slashEach;
    }

    function overturned(Payouts.Case memory c, Outcome ruling)
        external
        pure
        returns (Payouts.Split memory s)
    {
        s = Payouts.overturned(c, ruling);
        ++s.evaluators;
    }

    function agreed(Payouts.Case memory c, uint256 toBuyer) external pure returns (Payouts.Split memory s) {
        s = Payouts.agreed(c, toBuyer);
        ++s.evaluators;
        ++s.slashEach;
    }
}

contract PayoutsBroken is PayoutsSymbolic {
    function harness() internal override returns (PayoutsHarness) {
        return PayoutsHarness(address(new SpoiltPayouts()));
    }
}

contract PayoutSharesBroken is PayoutSharesSymbolic {
    function harness() internal override returns (PayoutsHarness) {
        return PayoutsHarness(address(new SpoiltPayouts()));
    }
}

contract JobWordBroken is JobWordSymbolic {
    function spoil(uint256 word) internal pure override returns (uint256) {
        return word ^ (1 << 41);
    }
}

/// Takes malleable signatures, and any signature for anybody's.
contract SpoiltSignatures is SignaturesHarness {
    constructor(address token) SignaturesHarness(token) {}

    function recover(bytes32 digest, bytes32 r, bytes32 vs) external view override returns (address) {
        return ECDSA.tryRecover(digest, r, vs);
    }

    function check(address, bytes32, bytes calldata) external view override {}

    function accept(uint32, bytes32, uint32, Attested[] calldata, address[] calldata)
        external
        view
        override
    {}
}

contract SignaturesBroken is SignaturesSymbolic {
    function setUp() public override {
        lib = new SpoiltSignatures(address(this));
    }
}
