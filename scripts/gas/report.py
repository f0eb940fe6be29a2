"""The gas page: our figures, where the gas of each step goes, and what others need."""

from __future__ import annotations

from scripts.gas.breakdown import Breakdown
from scripts.gas.scenarios import Measured

# What others need on the same token: total gas of one job, warm balances, no approval counted. Measured once,
# with each peer's own code and compiler settings; not measured again by `make gas`.
PEERS = (
    ("commerce-payments: escrow and capture, nobody evaluates", 212_062),
    ("x402 batch settlement: a channel, nobody evaluates", 224_433),
    ("RefundProtocol: an arbiter may refund", 292_335),
    ("ERC-8183, qntx: one evaluator without a stake", 501_620),
    ("ERC-8183, Demsys: staked evaluators that are never slashed", 509_824),
    ("ERC-8183, base-contracts, latest: one evaluator without a stake", 531_119),
    ("agent bonds", 564_148),
    ("ERC-8183, base-contracts, c67e160: one evaluator without a stake", 576_851),
    ("BNB APEX: an optimistic router with voters", 853_746),
)
PEERS_DISPUTED = (
    ("agent bonds, disputed and slashed", 1_051_567),
    ("BNB APEX, disputed and rejected", 1_184_577),
)
TRANSFER_IN, TRANSFER_OUT = 85_707, 45_059  # receiveWithAuthorization by itself, and a plain transfer

TARGETS = {
    "job": 290_000,
    "job_credited": 265_000,
    "job_no_challenge": 255_000,
    "batch_row": 90_000,
    "job_overturned": 450_000,
    "tab_settle": 150_000,
    "tab_batch_row": 60_000,
}
_MEANING = {
    "open": "the buyer's authorization and the provider's signature; bond locked, coverage reserved",
    "deliver": "the delivery's hash anchored",
    "judge": "a verdict by three of five",
    "settle": "after the challenge, paid to the provider's wallet",
    "job": "open + deliver + judge + settle",
    "job_credited": "the same, left as free collateral",
    "job_no_challenge": "open + deliver + judge, which then closes and pays",
    "refund": "settle after Fail, paid to the buyer's wallet",
    "dispute": "with the deposit from free collateral",
    "rule": "overturned: three stakes slashed, the buyer paid to its wallet",
    "job_overturned": "open + deliver + judge + dispute + rule",
    "batch_row": "judge + settle, twenty jobs at a time, for each job",
    "up_front": "what an up-front part adds to open",
    "tab_open": "a tab: the buyer's authorization, the provider's bond pledged, coverage reserved",
    "tab_present": "a period's tally under both signatures",
    "tab_judge": "its verdict by three of five",
    "tab_pay": "its settling after the challenge, paid to the provider's wallet, the signers' fee kept",
    "tab_settle": "tab_judge + tab_pay: a period of ten interactions settled, with verdict and payment",
    "tab_settle_credited": "the same, left as free collateral",
    "tab_period": "tab_present + tab_judge + tab_pay",
    "tab_settle_1000000": "tab_settle for a period of a million interactions",
    "tab_batch_present": "tab_present, thirty tabs at a time, for each",
    "tab_batch_row": "verdict and payment (credited), thirty tabs at a time, for each",
}
_CAUSES = {
    "base": "every transaction",
    "calldata": "16 for a byte, 4 for a zero byte",
    "usdc": "inside Circle's token: moving money, checking the authorization",
    "signatures": "recovering signers",
    "storage": "reading and writing slots",
    "events": "logs, from which every job can be rebuilt",
    "rest": "hashing the agreement, checking the rules, memory",
}


def render(measured: Measured) -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            "# Gas",
            "",
            "Written by `make gas WRITE=1`; a test measures again and compares. Receipts' gas on anvil",
            "(cancun), with Circle's USDC behind its proxy, warm balances, three attestations of a committee",
            "of five, bond, challenge, fee and coverage on. Base's fee for L1 data is not in it.",
            "",
            *_figures(measured.figures),
            "",
            "## Where it goes",
            "",
            *_causes(measured.causes),
            "",
            "Before refunds: `settle` and `rule` get back a part for slots that are cleared.",
            "",
            "## Beside others",
            "",
            *_peers(measured.figures),
            "",
        ]
    )


def _figures(figures: dict[str, int]) -> list[str]:
    rows = ["| figure | gas | target | what |", "| --- | ---: | ---: | --- |"]
    for name, meaning in _MEANING.items():
        target = f"{TARGETS[name]:,}" if name in TARGETS else ""
        rows.append(f"| `{name}` | {figures[name]:,} | {target} | {meaning} |")
    missed = [
        f"`{name}` by {figures[name] - target:,}"
        for name, target in TARGETS.items()
        if figures[name] > target
    ]
    if missed:
        rows += ["", f"Above their targets: {', '.join(missed)}. No rule was given up for one."]
    return rows


def _causes(causes: dict[str, Breakdown]) -> list[str]:
    rows = [f"| step | {' | '.join(_CAUSES)} |", "| --- |" + " ---: |" * len(_CAUSES)]
    for name, parts in causes.items():
        rows.append(f"| `{name}` | " + " | ".join(f"{parts.named()[cause]:,}" for cause in _CAUSES) + " |")
    return [*rows, "", *(f"- {cause}: {what}" for cause, what in _CAUSES.items())]


def _peers(figures: dict[str, int]) -> list[str]:
    floor = TRANSFER_IN + TRANSFER_OUT
    job, overturned = figures["job"], figures["job_overturned"]
    rows = [
        "One job, money in the provider's wallet. The peers' figures were measured once, with their own code",
        "and compiler settings on the same token; they are quoted here, not run again.",
        "",
        "| who | gas | over ours |",
        "| --- | ---: | ---: |",
        f"| floor: an authorized transfer in, a transfer out | {floor:,} | {floor / job:.2f} |",
        f"| **Earnest** | **{job:,}** | 1.00 |",
    ]
    rows += [f"| {who} | {gas:,} | {gas / job:.2f} |" for who, gas in PEERS]
    rows += [f"| **Earnest, overturned, three stakes slashed** | **{overturned:,}** | 1.00 |"]
    rows += [f"| {who} | {gas:,} | {gas / overturned:.2f} |" for who, gas in PEERS_DISPUTED]
    return rows
