"""Every command of `oracle`: its name, where it lives, and the line shown in the overview.

A module is imported only when its command is used, so that `oracle --help` stays fast. To add a command,
write `oracle/cli/<name>.py` with a click command and add one line here.
"""

from __future__ import annotations

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """Where a command is found: `module`, the `attribute` in it, and its one line of `help`."""

    module: str
    attribute: str
    help: str


COMMANDS: dict[str, CommandEntry] = {
    "pact": CommandEntry("oracle.cli.pact", "pact", "Write, check, read and compare pacts."),
    "evidence": CommandEntry("oracle.cli.evidence", "evidence", "Read evaluation records."),
    "verify": CommandEntry("oracle.cli.verify", "verify", "Recompute an evaluation record, offline."),
    "delivery": CommandEntry("oracle.cli.delivery", "delivery", "Pack and check what is handed over."),
    "committee": CommandEntry("oracle.cli.committee", "committee", "Create, join and look at committees."),
    "agreement": CommandEntry(
        "oracle.cli.agreement", "agreement", "Make, sign and submit the terms of a job."
    ),
    "milestones": CommandEntry(
        "oracle.cli.milestones", "milestones", "Open several jobs together, under one payment."
    ),
    "job": CommandEntry("oracle.cli.job", "job", "Follow a job, deliver, dispute, rule, agree, settle."),
    "tab": CommandEntry("oracle.cli.tab", "tab", "Open a tab for many small calls; settle it, leave it."),
    "account": CommandEntry("oracle.cli.account", "account", "Deposit, show and claim free collateral."),
    "init": CommandEntry("oracle.cli.init", "init", "Write a commented configuration for the daemon."),
    "keys": CommandEntry(
        "oracle.cli.signing_keys", "keys", "Show the daemon's keys; prove one for a committee."
    ),
    "check": CommandEntry(
        "oracle.cli.check", "check", "Look at everything the daemon needs; say how to mend it."
    ),
    "db": CommandEntry("oracle.cli.db", "db", "Make or migrate the daemon's database."),
    "run": CommandEntry("oracle.cli.run", "run", "Run the daemon: evaluate, attest, post, settle."),
    "status": CommandEntry("oracle.cli.status", "status", "Show where the daemon is."),
    "peers": CommandEntry(
        "oracle.cli.peers", "peers", "See what the other evaluators did; write proofs of equivocation."
    ),
    "jobs": CommandEntry("oracle.cli.jobs", "jobs", "Show the jobs as the daemon's store has them."),
    "score": CommandEntry(
        "oracle.cli.score", "score", "Compute an agent's trust score, and say what made it."
    ),
    "policy": CommandEntry("oracle.cli.policy", "policy", "Policies that act: check, simulate, run, admit."),
    "screening": CommandEntry(
        "oracle.cli.screening", "screening", "Attach public benchmark results; they never enter a score."
    ),
    "registry": CommandEntry(
        "oracle.cli.registry", "registry", "See what was written of agents to ERC-8004's registry."
    ),
    "webhook": CommandEntry(
        "oracle.cli.webhook",
        "webhook",
        "Have changes of scores, jobs, tabs, disputes and coverage sent to you.",
    ),
    "incident": CommandEntry(
        "oracle.cli.incident", "incident", "Replay a failed job until the broken assumption is named."
    ),
    "report": CommandEntry(
        "oracle.cli.report", "report", "Measure the program: pacts kept, disputes, confidence, incidents."
    ),
    "mcp": CommandEntry("oracle.cli.mcp", "mcp", "Let an agent ask an oracle's API before it hires."),
    "tx": CommandEntry("oracle.cli.tx", "tx", "Show transactions: queued, pending, mined, final."),
    "replay": CommandEntry("oracle.cli.replay", "replay", "Go through every decision about a job again."),
    "methodology": CommandEntry(
        "oracle.cli.methodology", "methodology", "Check, hash and publish how a committee judges."
    ),
    "jury": CommandEntry("oracle.cli.jury", "jury", "Measure jurors on probes; explain a jury's decision."),
}
