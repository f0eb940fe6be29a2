// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {
    Agreement,
    Attested,
    Committee,
    Funding,
    Opening,
    Outcome,
    State,
    Statement,
    Terms,
    Verdict
} from "../../../contracts/interfaces/Types.sol";
import {USDCFixture} from "./USDC.sol";

/// An escrow over real USDC, a committee of five with threshold three, a buyer and a provider, and the signing of
/// everything that is signed. Type strings are written out anew here, so that a slip in the contract's shows.
abstract contract EscrowFixture is USDCFixture {
    uint256 internal constant MIN_CHALLENGE = 1 hours;
    uint256 internal constant LAPSE_CHALLENGE = 1 days;
    uint256 internal constant MIN_DELIVERY = 10 minutes;
    uint256 internal constant N = 5;
    uint256 internal constant K = 3;
    uint64 internal constant STAKE = 10_000e6;
    uint64 internal constant SILENCE = 100e6;
    uint64 internal constant ARBITER_COST = 15e6;
    uint64 internal constant GATED = 1000e6;
    uint64 internal constant BOND = 300e6;
    uint64 internal constant FEE = 20e6;
    uint64 internal constant UP_FRONT = 100e6;

    IEscrow internal escrow;
    bytes32 internal committee;
    Committee internal committeeTerms;
    address internal arbiter = makeAddr("arbiter");
    address internal relayer = makeAddr("relayer");
    uint256 internal buyerKey = uint256(keccak256("buyer"));
    uint256 internal providerKey = uint256(keccak256("provider"));
    address internal buyer = vm.addr(buyerKey);
    address internal provider = vm.addr(providerKey);
    address[] internal evaluators; // ascending
    uint256[] internal keys; // keys[i] signs for evaluators[i]
    uint256 private _salt;

    bytes32 private constant TERMS = keccak256(
        "Terms(address buyer,address provider,bytes32 committee,uint64 gated,uint64 bond,uint64 fee,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 private constant OPENING = keccak256(
        "Opening(bytes32 pact,bytes32 offchain,uint256 agentId,uint64 upFront,uint40 openBy,uint40 deliverBy,uint256 salt)"
    );
    bytes32 private constant AGREEMENT = keccak256(
        "Agreement(Terms terms,Opening opening)Opening(bytes32 pact,bytes32 offchain,uint256 agentId,uint64 upFront,uint40 openBy,uint40 deliverBy,uint256 salt)Terms(address buyer,address provider,bytes32 committee,uint64 gated,uint64 bond,uint64 fee,uint40 judgeBy,uint32 challenge,uint32 ruling)"
    );
    bytes32 private constant ATTESTATION = keccak256(
        "Attestation(bytes32 subject,bytes32 deliverable,uint8 outcome,uint256 payable,bytes32 evidence)"
    );

    function deployEscrow() internal virtual returns (IEscrow) {
        return IEscrow(
            vm.deployCode("Escrow.sol:Escrow", abi.encode(usdc, MIN_CHALLENGE, LAPSE_CHALLENGE, MIN_DELIVERY))
        );
    }

    function setUp() public virtual {
        deployUSDC();
        escrow = deployEscrow();
        vm.label(address(escrow), "escrow");
        _makeEvaluators();
        committeeTerms = defaultCommittee();
        committee = escrow.createCommittee(committeeTerms);
        for (uint256 i; i < N; ++i) {
            joinCommittee(committee, i);
        }
        mintUSDC(buyer, 1_000_000e6);
        mintUSDC(provider, 1_000_000e6);
        mintUSDC(relayer, 1_000_000e6);
        for (uint256 i; i < 3; ++i) {
            address a = [buyer, provider, relayer][i];
            vm.prank(a);
            usdc.approve(address(escrow), type(uint256).max);
        }
        vm.prank(provider);
        escrow.deposit(provider, 10_000e6);
    }

    function defaultCommittee() internal view virtual returns (Committee memory c) {
        c.evaluators = evaluators;
        c.threshold = uint8(K);
        c.stake = STAKE;
        c.methodology = keccak256("methodology");
        c.arbiter = arbiter;
        c.arbiterCost = ARBITER_COST;
        c.feeFlat = 1e6;
        c.feeRate = 100;
        c.maxValue = 100_000e6;
        c.minVerdict = 1 hours;
        c.minRuling = 1 hours;
        c.maxChallenge = 7 days;
        c.silence = SILENCE;
    }

    function joinCommittee(bytes32 id, uint256 i) internal {
        mintUSDC(evaluators[i], STAKE);
        vm.startPrank(evaluators[i]);
        usdc.approve(address(escrow), STAKE);
        escrow.deposit(evaluators[i], STAKE);
        address key = vm.addr(keys[i]);
        escrow.join(id, i, key, keyProof(id, evaluators[i], keys[i]));
        vm.stopPrank();
    }

    /// A fresh agreement between buyer and provider.
    function newAgreement() internal virtual returns (Agreement memory a) {
        a.terms = Terms({
            buyer: buyer,
            provider: provider,
            committee: committee,
            gated: GATED,
            bond: BOND,
            fee: FEE,
            judgeBy: uint40(block.timestamp + 3 days),
            challenge: uint32(1 days),
            ruling: uint32(2 days)
        });
        a.opening = Opening({
            pact: keccak256("pact"),
            offchain: keccak256("offchain"),
            agentId: 42,
            upFront: 0,
            openBy: uint40(block.timestamp + 1 hours),
            deliverBy: uint40(block.timestamp + 2 days),
            salt: ++_salt
        });
    }

    // ---- acts

    function open(Agreement memory a) internal returns (bytes32 job) {
        job = idOf(a);
        bytes memory pays = signFunding(a);
        bytes memory accepts = sign(providerKey, job);
        vm.prank(relayer);
        bytes32 opened = escrow.open(a, Funding.Authorization, pays, accepts);
        assertEq(opened, job, "job id");
    }

    function deliver(Agreement memory a) internal returns (bytes32 deliverable) {
        deliverable = keccak256(abi.encode("deliverable", a.opening.salt));
        vm.prank(a.terms.provider);
        escrow.deliver(idOf(a), deliverable);
    }

    function judge(Agreement memory a, Outcome outcome) internal {
        Verdict memory v = verdictOn(a, outcome, 7);
        vm.prank(relayer);
        escrow.judge(v, false);
    }

    function settle(Agreement memory a, bool payOut) internal {
        vm.prank(relayer);
        escrow.settle(a.terms, openingHash(a.opening), payOut);
    }

    function lapse(Agreement memory a) internal {
        vm.prank(relayer);
        escrow.lapse(a.terms, openingHash(a.opening));
    }

    function dispute(Agreement memory a, address party, Outcome sought) internal {
        vm.prank(party);
        escrow.dispute(a.terms, openingHash(a.opening), party, sought, 0, Funding.Allowance, "");
    }

    function rule(Agreement memory a, Outcome outcome, bool payOut) internal {
        vm.prank(arbiter);
        escrow.rule(a.terms, openingHash(a.opening), outcome, payOut);
    }

    // ---- signatures

    function verdictOn(Agreement memory a, Outcome outcome, uint32 signers)
        internal
        view
        returns (Verdict memory v)
    {
        v.terms = a.terms;
        v.openingHash = openingHash(a.opening);
        v.deliverable = keccak256(abi.encode("deliverable", a.opening.salt));
        v.outcome = outcome;
        v.signers = signers;
        v.attested = attest(idOf(a), v.deliverable, outcome, 0, signers);
        // Every other one names the keys of those who did not sign, so that both ways are walked everywhere.
        if (uint256(v.deliverable) % 2 == 1) v.others = keysOfOthers(signers);
    }

    /// The keys of the committee of five that `signers` leaves out.
    function keysOfOthers(uint32 signers) internal view returns (address[] memory others) {
        others = new address[](N);
        uint256 n;
        for (uint256 i; i < N; ++i) {
            if (signers & (1 << i) == 0) others[n++] = vm.addr(keys[i]);
        }
        assembly ("memory-safe") {
            mstore(others, n)
        }
    }

    function attest(bytes32 subject, bytes32 deliverable, Outcome outcome, uint256 pay, uint32 signers)
        internal
        view
        returns (Attested[] memory attested)
    {
        uint256 n;
        for (uint256 i; i < 32; ++i) {
            if (signers & (1 << i) != 0) ++n;
        }
        attested = new Attested[](n);
        uint256 at;
        for (uint256 i; i < 32; ++i) {
            if (signers & (1 << i) == 0) continue;
            bytes32 evidence = keccak256(abi.encode("evidence", i, subject));
            (bytes32 r, bytes32 vs) =
                signCompact(keys[i], attestationDigest(subject, deliverable, outcome, pay, evidence));
            attested[at++] = Attested(r, vs, evidence);
        }
    }

    function statement(uint256 key, bytes32 subject, bytes32 deliverable, Outcome outcome, uint256 pay)
        internal
        view
        returns (Statement memory s)
    {
        s.outcome = outcome;
        s.payable_ = pay;
        s.evidence = keccak256(abi.encode("statement", outcome, pay));
        (s.r, s.vs) = signCompact(key, attestationDigest(subject, deliverable, outcome, pay, s.evidence));
    }

    function attestationDigest(
        bytes32 subject,
        bytes32 deliverable,
        Outcome outcome,
        uint256 pay,
        bytes32 evidence
    ) internal view returns (bytes32) {
        return typed(keccak256(abi.encode(ATTESTATION, subject, deliverable, uint8(outcome), pay, evidence)));
    }

    function signFunding(Agreement memory a) internal view returns (bytes memory) {
        uint256 total = uint256(a.terms.gated) + a.opening.upFront + a.terms.fee;
        return signReceiveUSDC(buyerKey, address(escrow), total, 0, a.opening.openBy, idOf(a));
    }

    function keyProof(bytes32 id, address account, uint256 key) internal view returns (bytes memory) {
        return sign(
            key,
            typed(
                keccak256(
                    abi.encode(
                        keccak256("Key(bytes32 committee,address evaluator,address key)"),
                        id,
                        account,
                        vm.addr(key)
                    )
                )
            )
        );
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signCompact(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        (r, vs) = vm.signCompact(key, digest);
    }

    // ---- hashes

    function typed(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function openingHash(Opening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPENING, o));
    }

    function idOf(Agreement memory a) internal view returns (bytes32) {
        return typed(
            keccak256(abi.encode(AGREEMENT, keccak256(abi.encode(TERMS, a.terms)), openingHash(a.opening)))
        );
    }

    // ---- figures

    function stakeOf(uint256 i) internal view returns (uint256) {
        return escrow.evaluator(committee, i).stake;
    }

    function stateOf(Agreement memory a) internal view returns (State) {
        return escrow.jobState(idOf(a)).state;
    }

    function _makeEvaluators() private {
        for (uint256 i; i < N; ++i) {
            evaluators.push(makeAddr(string.concat("evaluator", vm.toString(i))));
            keys.push(uint256(keccak256(abi.encode("key", i))));
        }
        for (uint256 i; i < N; ++i) {
            for (uint256 j = i + 1; j < N; ++j) {
                if (evaluators[j] < evaluators[i]) {
                    (evaluators[i], evaluators[j]) = (evaluators[j], evaluators[i]);
                }
            }
        }
    }
}
