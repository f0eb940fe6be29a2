// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The identity registry of ERC-8004 as far as tests need it: ids, their owners and wallets.
contract IdentityHarness {
    error NoSuchAgent(uint256 agentId);

    mapping(uint256 agentId => address) private _owners;
    mapping(uint256 agentId => address) private _wallets;
    uint256 private _last;

    function register() external returns (uint256 agentId) {
        agentId = ++_last;
        _owners[agentId] = msg.sender;
        _wallets[agentId] = msg.sender;
    }

    function setWallet(uint256 agentId, address wallet) external {
        if (_owners[agentId] != msg.sender) revert NoSuchAgent(agentId);
        _wallets[agentId] = wallet;
    }

    function ownerOf(uint256 agentId) external view returns (address owner) {
        owner = _owners[agentId];
        if (owner == address(0)) revert NoSuchAgent(agentId);
    }

    function getAgentWallet(uint256 agentId) external view returns (address) {
        return _wallets[agentId];
    }
}

/// @notice The reputation registry of ERC-8004 (int128 values with decimals) as far as tests need it. Like the
/// deployed one it refuses an agent's own feedback and a summary over nobody; unlike it, it averages only
/// values of the same decimals, which is all that is written here.
contract ReputationHarness {
    error SelfFeedback(uint256 agentId);
    error NoClients();
    error TooManyDecimals(uint8 decimals);

    struct Feedback {
        int128 value;
        uint8 decimals;
        bytes32 tag1;
        bytes32 tag2;
    }

    event NewFeedback(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        int128 value,
        uint8 valueDecimals,
        string indexed indexedTag1,
        string tag1,
        string tag2,
        string endpoint,
        string feedbackURI,
        bytes32 feedbackHash
    );

    IdentityHarness private immutable _identity;
    mapping(uint256 agentId => mapping(address client => Feedback[])) private _given;

    constructor(IdentityHarness identity) {
        _identity = identity;
    }

    function getIdentityRegistry() external view returns (address) {
        return address(_identity);
    }

    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string memory tag1,
        string memory tag2,
        string memory endpoint,
        string memory feedbackURI,
        bytes32 feedbackHash
    ) external {
        Feedback memory one = Feedback(value, valueDecimals, keccak256(bytes(tag1)), keccak256(bytes(tag2)));
        emit NewFeedback(
            agentId,
            msg.sender,
            _keep(agentId, one),
            value,
            valueDecimals,
            tag1,
            tag1,
            tag2,
            endpoint,
            feedbackURI,
            feedbackHash
        );
    }

    function _keep(uint256 agentId, Feedback memory one) private returns (uint64) {
        if (one.decimals > 18) revert TooManyDecimals(one.decimals);
        if (_identity.ownerOf(agentId) == msg.sender) revert SelfFeedback(agentId);
        _given[agentId][msg.sender].push(one);
        return uint64(_given[agentId][msg.sender].length);
    }

    function getSummary(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2
    ) external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals) {
        if (clientAddresses.length == 0) revert NoClients();
        int256 sum;
        for (uint256 i = 0; i < clientAddresses.length; ++i) {
            Feedback[] storage given = _given[agentId][clientAddresses[i]];
            for (uint256 j = 0; j < given.length; ++j) {
                if (bytes(tag1).length != 0 && given[j].tag1 != keccak256(bytes(tag1))) continue;
                if (bytes(tag2).length != 0 && given[j].tag2 != keccak256(bytes(tag2))) continue;
                sum += given[j].value;
                summaryValueDecimals = given[j].decimals;
                ++count;
            }
        }
        if (count != 0) summaryValue = int128(sum / int256(uint256(count)));
    }
}
