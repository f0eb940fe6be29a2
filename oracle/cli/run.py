"""`oracle run`: the daemon."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import rich_click as click

from oracle.config import load_settings
from oracle.daemon.assembly import assembled
from oracle.daemon.collector import postponed, settle
from oracle.daemon.logs import configure_logs
from oracle.daemon.metrics import Metrics
from oracle.daemon.notify import Notifier
from oracle.opening.keys import forget_environment, secrets_of

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("oracle.toml"),
    show_default=True,
    envvar="ORACLE_CONFIG",
    help="The configuration file.",
)


@click.command()
@config_option
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="With --once: seconds to wait for evaluations.",
)
@click.option("--dry-run", is_flag=True, help="Evaluate and say what would be done; sign and send nothing.")
@postponed()  # until all is loaded; or the start has failed
def run(config: Path, *, once: bool, patience: float, dry_run: bool) -> None:
    """Follow the escrow, evaluate what is delivered, attest, post verdicts and settle.

    Ends cleanly on SIGTERM and SIGINT: the turn and running steps end first; a second signal ends it at once.
    After a kill it goes on where it was.
    """
    settings = load_settings(config)
    metrics = Metrics()
    configure_logs(
        level=settings.log.level,
        output=settings.log.format,
        secrets=secrets_of(settings),
        count=metrics.count,
    )
    notifier = Notifier()
    with assembled(settings, dry_run=dry_run, metrics=metrics, beat=notifier.alive) as service:
        forget_environment(settings)
        settle()
        asked = False

        def stop(number: int, _frame: FrameType | None) -> None:
            nonlocal asked
            if asked:
                # What is cut off goes on after the next start; no handler of ours may stand in the way now.
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            asked = True
            notifier.stopping()
            service.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if once:
            service.run_once(patience=patience)
        else:
            service.run()
