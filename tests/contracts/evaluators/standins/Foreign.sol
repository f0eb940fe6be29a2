// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IToken {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

interface IHook {
    function beforeAction(uint256 jobId, bytes4 selector, bytes calldata data) external;
}

/// Stand-ins for other people's ERC-8183 escrows, written from the forms and manners that are on record for them; none of
/// their bytecode could be had here. What differs between them is in the heirs: arguments, the tuple of getJob, where the
/// token is, what happens after expiry.
abstract contract Foreign {
    enum Status {
        Open,
        Funded,
        Submitted,
        Completed,
        Rejected,
        Expired
    }

    struct Stored {
        address client;
        Status status;
        address provider;
        uint48 expiredAt;
        address evaluator;
        uint48 submittedAt;
        uint256 budget;
        address hook;
        address token;
        uint256 agentId;
        string description;
        uint256 settled;
        bytes32 deliverable;
    }

    event JobSubmitted(uint256 indexed jobId, address indexed provider, bytes32 deliverable);
    event JobCompleted(uint256 indexed jobId, address indexed evaluator, bytes32 reason);
    event JobRejected(uint256 indexed jobId, address indexed rejector, bytes32 reason);

    error Unauthorized();
    error WrongStatus();
    error Paused();

    uint256 public jobCounter;
    uint256 public evaluatorFeeBP;
    bool public paused;
    bytes public lastParams;
    mapping(uint256 => Stored) internal _jobs;

    function submit(uint256 jobId, bytes32 deliverable, bytes calldata) external {
        Stored storage j = _jobs[jobId];
        if (msg.sender != j.provider) revert Unauthorized();
        if (j.status != Status.Funded || block.timestamp >= j.expiredAt) revert WrongStatus();
        j.status = Status.Submitted;
        j.submittedAt = uint48(block.timestamp);
        j.deliverable = deliverable;
        emit JobSubmitted(jobId, msg.sender, deliverable);
    }

    function complete(uint256 jobId, bytes32 reason, bytes calldata optParams) external virtual {
        _pass(jobId, reason, optParams);
    }

    function reject(uint256 jobId, bytes32 reason, bytes calldata optParams) external virtual {
        _fail(jobId, reason, optParams);
    }

    function _pass(uint256 jobId, bytes32 reason, bytes calldata optParams) internal {
        Stored storage j = _jobs[jobId];
        if (paused) revert Paused();
        if (j.status != Status.Submitted) revert WrongStatus();
        if (msg.sender != j.evaluator) revert Unauthorized();
        _hook(j, jobId, this.complete.selector, reason, optParams);
        j.status = Status.Completed;
        lastParams = optParams;
        uint256 rest = j.budget - j.settled;
        uint256 fee = rest * evaluatorFeeBP / 10_000;
        if (fee != 0) IToken(j.token).transfer(j.evaluator, fee);
        IToken(j.token).transfer(j.provider, rest - fee);
        emit JobCompleted(jobId, msg.sender, reason);
    }

    function _fail(uint256 jobId, bytes32 reason, bytes calldata optParams) internal {
        Stored storage j = _jobs[jobId];
        if (paused) revert Paused();
        if (j.status == Status.Open) {
            if (msg.sender != j.client) revert Unauthorized();
        } else if (j.status == Status.Funded || j.status == Status.Submitted) {
            if (msg.sender != j.evaluator) revert Unauthorized();
        } else {
            revert WrongStatus();
        }
        _hook(j, jobId, this.reject.selector, reason, optParams);
        lastParams = optParams;
        bool held = j.status != Status.Open;
        j.status = Status.Rejected;
        if (held) IToken(j.token).transfer(j.client, j.budget - j.settled);
        emit JobRejected(jobId, msg.sender, reason);
    }

    // ---- what tests do to them

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setEvaluatorFee(uint256 bp) external {
        evaluatorFeeBP = bp;
    }

    /// An upgrade, or an admin, may write anything.
    function rewrite(uint256 jobId, Stored calldata job) external {
        _jobs[jobId] = job;
    }

    function stored(uint256 jobId) external view returns (Stored memory) {
        return _jobs[jobId];
    }

    // ---- for heirs

    function _create(address provider, address evaluator, uint256 expiredAt, string memory text, address hook)
        internal
        returns (uint256 jobId)
    {
        jobId = ++jobCounter;
        Stored storage j = _jobs[jobId];
        (j.client, j.provider, j.evaluator, j.expiredAt) =
        (msg.sender, provider, evaluator, uint48(expiredAt));
        (j.description, j.hook) = (text, hook);
    }

    function _budget(uint256 jobId, address token, uint256 amount) internal {
        Stored storage j = _jobs[jobId];
        if (msg.sender != j.provider && msg.sender != j.client) revert Unauthorized();
        if (j.status != Status.Open) revert WrongStatus();
        (j.token, j.budget) = (token, amount);
    }

    function _fund(uint256 jobId, uint256 expected) internal {
        Stored storage j = _jobs[jobId];
        if (msg.sender != j.client) revert Unauthorized();
        if (j.status != Status.Open || j.budget != expected) revert WrongStatus();
        j.status = Status.Funded;
        IToken(j.token).transferFrom(msg.sender, address(this), j.budget);
    }

    function _refund(uint256 jobId, uint256 grace) internal {
        Stored storage j = _jobs[jobId];
        if (paused) revert Paused();
        if (j.status != Status.Funded && j.status != Status.Submitted) revert WrongStatus();
        uint256 from = j.expiredAt + (j.status == Status.Submitted ? grace : 0);
        if (block.timestamp < from) revert WrongStatus();
        j.status = Status.Expired;
        IToken(j.token).transfer(j.client, j.budget - j.settled);
    }

    function _hook(Stored storage j, uint256 jobId, bytes4 selector, bytes32 reason, bytes calldata params)
        internal
    {
        if (j.hook != address(0)) {
            IHook(j.hook).beforeAction(jobId, selector, abi.encode(msg.sender, reason, params));
        }
    }
}

/// A: the EIP's prose, as qntx has it. One token, by a constant's name.
contract PlainForeign is Foreign {
    struct Job {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        string description;
        uint256 budget;
        uint256 expiredAt;
        Status status;
        address hook;
        bytes32 deliverable;
    }

    address public immutable PAYMENT_TOKEN;

    constructor(address token) {
        PAYMENT_TOKEN = token;
    }

    function createJob(
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata d,
        address hook
    ) external returns (uint256) {
        return _create(provider, evaluator, expiredAt, d, hook);
    }

    function setProvider(uint256 jobId, address provider, bytes calldata) external {
        if (msg.sender != _jobs[jobId].client) revert Unauthorized();
        _jobs[jobId].provider = provider;
    }

    function setBudget(uint256 jobId, uint256 amount, bytes calldata) external {
        _budget(jobId, PAYMENT_TOKEN, amount);
    }

    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata) external {
        _fund(jobId, expectedBudget);
    }

    function claimRefund(uint256 jobId) external {
        _refund(jobId, 0);
    }

    function getJob(uint256 jobId) external view virtual returns (Job memory) {
        return _read(jobId);
    }

    function _read(uint256 jobId) internal view returns (Job memory) {
        Stored memory j = _jobs[jobId];
        return Job(
            jobId,
            j.client,
            j.provider,
            j.evaluator,
            j.description,
            j.budget,
            j.expiredAt,
            j.status,
            j.hook,
            j.deliverable
        );
    }
}

/// A as BNB's APEX has it: the hook before the description, the token by a getter.
contract KernelForeign is Foreign {
    struct Job {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        address hook;
        string description;
        uint256 budget;
        uint256 expiredAt;
        Status status;
    }

    address public paymentToken;

    constructor(address token) {
        paymentToken = token;
    }

    function createJob(
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata d,
        address hook
    ) external returns (uint256) {
        return _create(provider, evaluator, expiredAt, d, hook);
    }

    function setBudget(uint256 jobId, uint256 amount, bytes calldata) external {
        _budget(jobId, paymentToken, amount);
    }

    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata) external {
        _fund(jobId, expectedBudget);
    }

    function claimRefund(uint256 jobId) external {
        _refund(jobId, 0);
    }

    function getJob(uint256 jobId) external view returns (Job memory) {
        Stored memory j = _jobs[jobId];
        return
            Job(
                jobId,
                j.client,
                j.provider,
                j.evaluator,
                j.hook,
                j.description,
                j.budget,
                j.expiredAt,
                j.status
            );
    }
}

/// A': Virtuals on Base. A packed tuple.
contract PackedForeign is Foreign {
    struct Job {
        address client;
        Status status;
        address provider;
        uint48 expiredAt;
        address evaluator;
        address hook;
        uint256 budget;
        string description;
    }

    address public paymentToken;

    constructor(address token) {
        paymentToken = token;
    }

    function createJob(
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata d,
        address hook
    ) external returns (uint256) {
        return _create(provider, evaluator, expiredAt, d, hook);
    }

    function setProvider(uint256 jobId, address provider) external {
        if (msg.sender != _jobs[jobId].client) revert Unauthorized();
        _jobs[jobId].provider = provider;
    }

    function setBudget(uint256 jobId, uint256 amount, bytes calldata) external {
        _budget(jobId, paymentToken, amount);
    }

    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata) external {
        _fund(jobId, expectedBudget);
    }

    function claimRefund(uint256 jobId) external {
        _refund(jobId, 0);
    }

    function getJob(uint256 jobId) external view returns (Job memory) {
        Stored memory j = _jobs[jobId];
        return Job(j.client, j.status, j.provider, j.expiredAt, j.evaluator, j.hook, j.budget, j.description);
    }
}

/// C: a token a job, an agent id, an hour of grace for the evaluator after expiry.
contract GracedForeign is Foreign {
    struct Job {
        uint256 id;
        address client;
        address provider;
        address evaluator;
        string description;
        uint256 budget;
        uint256 expiredAt;
        Status status;
        address hook;
        address paymentToken;
        uint256 providerAgentId;
        uint256 submittedAt;
    }

    uint256 public constant EVALUATION_GRACE_PERIOD = 1 hours;

    function createJob(
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata d,
        address hook,
        uint256 agentId
    ) external returns (uint256 jobId) {
        jobId = _create(provider, evaluator, expiredAt, d, hook);
        _jobs[jobId].agentId = agentId;
    }

    function setProvider(uint256 jobId, address provider, uint256 agentId) external {
        if (msg.sender != _jobs[jobId].client) revert Unauthorized();
        (_jobs[jobId].provider, _jobs[jobId].agentId) = (provider, agentId);
    }

    function setBudget(uint256 jobId, address token, uint256 amount, bytes calldata) external {
        _budget(jobId, token, amount);
    }

    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata) external {
        _fund(jobId, expectedBudget);
    }

    function claimRefund(uint256 jobId) external {
        _refund(jobId, EVALUATION_GRACE_PERIOD);
    }

    function getJob(uint256 jobId) external view returns (Job memory) {
        Stored memory j = _jobs[jobId];
        return Job(
            jobId,
            j.client,
            j.provider,
            j.evaluator,
            j.description,
            j.budget,
            j.expiredAt,
            j.status,
            j.hook,
            j.token,
            j.agentId,
            j.submittedAt
        );
    }
}

/// D: packed, the expiry in 48 bits, the expected token named when funding, partial settlement by the client.
contract ClaimsForeign is Foreign {
    struct Job {
        address client;
        Status status;
        address provider;
        uint48 expiredAt;
        address evaluator;
        uint48 submittedAt;
        uint256 budget;
        address hook;
        address paymentToken;
        uint256 providerAgentId;
        string description;
        uint256 settledAmount;
        address payoutReceiver;
    }

    uint256 public constant EVALUATION_GRACE_PERIOD = 1 hours;

    function createJob(
        address provider,
        address evaluator,
        uint48 expiredAt,
        string calldata d,
        address hook,
        uint256 agentId
    ) external returns (uint256 jobId) {
        jobId = _create(provider, evaluator, expiredAt, d, hook);
        _jobs[jobId].agentId = agentId;
    }

    function setProvider(uint256 jobId, address provider, uint256 agentId, bytes calldata) external {
        if (msg.sender != _jobs[jobId].client) revert Unauthorized();
        (_jobs[jobId].provider, _jobs[jobId].agentId) = (provider, agentId);
    }

    function setBudget(uint256 jobId, address token, uint256 amount, bytes calldata) external {
        _budget(jobId, token, amount);
    }

    function fund(uint256 jobId, address expectedToken, uint256 expectedBudget, bytes calldata) external {
        if (_jobs[jobId].token != expectedToken) revert WrongStatus();
        _fund(jobId, expectedBudget);
    }

    function settleClaim(uint256 jobId, uint256 cumulative, bytes32, bytes calldata) external {
        Stored storage j = _jobs[jobId];
        if (msg.sender != j.client) revert Unauthorized();
        if (j.status != Status.Funded || cumulative <= j.settled || cumulative > j.budget) {
            revert WrongStatus();
        }
        IToken(j.token).transfer(j.provider, cumulative - j.settled);
        j.settled = cumulative;
    }

    function claimRefund(uint256 jobId, bytes calldata) external {
        _refund(jobId, EVALUATION_GRACE_PERIOD);
    }

    function getJob(uint256 jobId) external view returns (Job memory) {
        Stored memory j = _jobs[jobId];
        return Job(
            j.client,
            j.status,
            j.provider,
            j.expiredAt,
            j.evaluator,
            j.submittedAt,
            j.budget,
            j.hook,
            j.token,
            j.agentId,
            j.description,
            j.settled,
            address(0)
        );
    }
}
