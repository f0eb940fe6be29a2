"""Three evaluators, each `oracle run` in a process of its own with its own key, database and evidence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from oracle.evidence.store import ContentStore, DirectoryLocation
from scripts.demo.plan import Bench
from scripts.demo.town import ROOT, SIZE, DemoError, Town
from scripts.local.anvil import CHAIN_ID, Anvil, account
from scripts.local.ports import free_ports

_FIRST_SENDER = 7  # accounts from here on pay the evaluators' gas
_STOP_SECONDS = 30
ADMISSION = ROOT / "examples/policies/admission.toml"
SERVING = 0
"""Which of them also closes the jobs of the committees that do not do it themselves."""


@dataclass
class Site:
    """One evaluator: its folder, and its process while it runs."""

    index: int
    folder: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers, on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """Its configuration, as an operator would write it."""
        return self.folder / "oracle.toml"

    @property
    def evidence(self) -> Path:
        """Its evidence."""
        return self.folder / "evidence"

    def kill(self) -> None:
        """End it as a power cut would: `kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def configure(
    town: Town, chain: Anvil, folder: Path, handover: Path, *, jury: Path | None, calibrations: Path
) -> list[Site]:
    """Write each evaluator's configuration; keys come through the environment.

    Args:
        handover: Where pacts and deliveries are put; all evaluators read there.
    """
    sites = []
    ports = free_ports(SIZE)
    for index, member in enumerate(town.evaluators[Bench.DILIGENT]):
        place = folder / f"evaluator-{index}"
        place.mkdir()
        environment = {
            "DEMO_SENDER": "0x" + bytes(account(_FIRST_SENDER + index).key).hex(),
            "DEMO_EVALUATOR": "0x" + bytes(member.key.key).hex(),
        }
        site = Site(index, place, ports[index], environment)
        site.config.write_text(
            _text(town, chain, folder, handover, index, ports, jury, calibrations), encoding="utf-8"
        )
        sites.append(site)
    return sites


def _text(
    town: Town,
    chain: Anvil,
    folder: Path,
    handover: Path,
    index: int,
    ports: list[int],
    jury: Path | None,
    calibrations: Path,
) -> str:
    room = "" if jury is None else f'[jury]\nproviders = "{jury}"\ncalibrations = "{calibrations}"\n'
    served = (
        f'[committees."{town.committees[Bench.CARELESS]}"]\nserve = true\n'
        f'[committees."{town.committees[Bench.SILENT]}"]\nabstain = true\nserve = true\n'
    )
    # One of them answers the public; it believes the committee that looks, and says whom that takes on.
    public = (
        f'[api]\nkey = "api.key"\n[score]\nroots = ["{town.committees[Bench.DILIGENT]}"]\n'
        f'[policies]\nfiles = ["{ADMISSION}"]\nevery = 2.0\n'
    )
    others = "\n".join(
        f'[[peers.others]]\nevaluator = "{member.account.address}"\nurl = "http://127.0.0.1:{ports[other]}"'
        for other, member in enumerate(town.evaluators[Bench.DILIGENT])
        if other != index
    )
    return f"""# Written by the demo.
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "{folder / f"{CHAIN_ID}.json"}"
poll = 0.3

[policy]
work_at = "latest"
sign_at = "latest"
attest_before = 4
stagger = 2

{served if index == SERVING else ""}
[evidence]
directory = "evidence"
others = ["{handover}"]

[evaluation]
workers = 2
tries = 2
wait = 1.0
drand = []

[tabs]
poll = 0.5

{room}
[web]
port = {ports[index]}

{public if index == SERVING else ""}
[peers]
{others}

[keys.sender]
env = "DEMO_SENDER"

[[keys.evaluators]]
env = "DEMO_EVALUATOR"
"""


@contextmanager
def running(sites: list[Site]) -> Iterator[None]:
    """Make the databases and run the evaluators until the context ends.

    Raises:
        DemoError: a database could not be made.
    """
    oracle = str(Path(sys.executable).parent / "oracle")
    upgrades = [
        subprocess.Popen(
            [oracle, "db", "upgrade", "--config", str(site.config)],
            env=os.environ | site.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for site in sites
    ]
    for upgrade in upgrades:
        _, said = upgrade.communicate()
        if upgrade.returncode != 0:
            raise DemoError(f"`oracle db upgrade` failed: {said.decode()}")
    with ExitStack() as stack:
        for site in sites:
            with (site.folder / "daemon.log").open("wb") as output:
                site.process = subprocess.Popen(
                    [oracle, "run", "--config", str(site.config)],
                    env=os.environ | site.environment,
                    stdout=output,
                    stderr=output,
                )
            stack.callback(_end, site)
        yield


def evidence_of(sites: list[Site], handover: Path) -> ContentStore:
    """What a stranger reads from: the hand-over place and every evaluator's evidence."""
    return ContentStore(handover, [DirectoryLocation(site.evidence) for site in sites])


def _end(site: Site) -> None:
    process = site.process
    if process is None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        site.kill()
