"""A daemon with keys of three kinds does a job, fails at things, and is crashed: no secret is anywhere."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eth_account import Account
from fastapi import APIRouter, Request, Response
from sqlalchemy import inspect, text

from oracle.domain.types import State
from oracle.store.database import Database
from oracle.web.app import make_app
from oracle.web.host import Host
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.integration.daemon.conftest import POLL, World, until, write_config
from tests.unit.signing.fake_web3signer import FakeWeb3Signer

PASSWORD = "correct-horse-battery"
URL_SECRET = "hunter2hunter2"
RPC_SECRET = "rpc-api-key-0123456789"


@pytest.fixture
def remote(world: World) -> Iterator[Host]:
    """web3signer, with the third evaluator's key."""
    fake = FakeWeb3Signer([bytes(world.market.evaluators[2].key.key)])
    router = APIRouter()

    @router.api_route("/{path:path}", methods=["GET", "POST"])
    async def any_path(path: str, request: Request) -> Response:
        status, body = fake.answer(request.method, "/" + path, await request.body())
        return Response(body, status)

    host = Host(make_app([router], limits=Limits()), "127.0.0.1", 0)
    host.start()
    with closing(host):
        yield host


def _configure(world: World, remote: Host) -> dict[str, bytes]:
    """A keystore that pays, a variable, another keystore and web3signer that sign. The secrets by name."""
    keys = [bytes(evaluator.key.key) for evaluator in world.market.evaluators[:3]]
    sender = bytes(world.market.deployer.key)
    private = world.folder / "private"
    private.mkdir()
    for name, key in (("sender", sender), ("second", keys[1])):
        (private / f"{name}.json").write_text(
            json.dumps(Account.encrypt(key, PASSWORD, kdf="pbkdf2", iterations=2))
        )
    (private / "password").write_text(PASSWORD)
    (private / "password").chmod(0o600)
    write_config(world.folder, world.chain, world.market, keys=1)
    text = world.config.read_text()
    text = text.replace(f'rpc = "{world.chain.url}"', f'rpc = "{world.chain.url}/?key={RPC_SECRET}"')
    text = text.replace(
        'env = "TEST_SENDER"', 'keystore = "private/sender.json"\npassword_file = "private/password"'
    )
    text += f"""
[[keys.evaluators]]
keystore = "private/second.json"
password_file = "private/password"
[[keys.evaluators]]
web3signer = {{ url = "http://user:{URL_SECRET}@127.0.0.1:{remote.port}", \
address = "{world.market.evaluators[2].key.address}" }}
[log]
level = "debug"
[operator]
port = 0
"""
    (private / "oracle.toml").write_text(
        text.replace('"private/', '"').replace("deployment.json", "../deployment.json")
    )
    world.config.unlink()
    return {f"evaluator {i}": key for i, key in enumerate(keys)} | {"sender": sender}


def _forms(secrets: dict[str, bytes]) -> dict[str, bytes]:
    """Every form in which a secret could show."""
    found = {
        "password": PASSWORD.encode(),
        "password of web3signer": URL_SECRET.encode(),
        "key of the node": RPC_SECRET.encode(),
    }
    for name, key in secrets.items():
        found |= {
            f"{name} raw": key,
            f"{name} hex": key.hex().encode(),
            f"{name} HEX": key.hex().upper().encode(),
            f"{name} base64": base64.b64encode(key),
            f"{name} number": str(int.from_bytes(key, "big")).encode(),
            f"{name} repr": repr(key)[2:-1].encode(),
        }
    return found


def _tables(url: str) -> dict[Path, bytes]:
    """Every row of every table there is, and SQLite's files as they lie on the disk."""
    found: dict[Path, bytes] = {}
    with closing(Database(url)) as database, database.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).all()
            found[Path(f"table {name}")] = b"".join(
                value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
            )
    if url.startswith("sqlite"):
        file = Path(url.partition("///")[2])
        found |= {path: path.read_bytes() for path in file.parent.glob(file.name + "*")}
    return found


@pytest.mark.timeout(600)
def test_run__job_failures_and_a_crash__no_secret_is_anywhere(
    world: World, remote: Host, databases: Databases
) -> None:
    secrets = _configure(world, remote)
    forms = _forms(secrets)
    config = world.folder / "private" / "oracle.toml"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEST_EVALUATOR_", "TEST_SENDER"))
    }
    environment |= {
        "TEST_EVALUATOR_0": "0x" + secrets["evaluator 0"].hex(),
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "ORACLE_DATABASE__URL": databases.made(),
        "ORACLE_EVIDENCE__DIRECTORY": str(world.folder / "evidence"),
    }
    program = [sys.executable, "-c", "from oracle.cli.main import main; main()"]
    subprocess.run(
        [*program, "db", "upgrade", "--config", str(config)],
        env=environment,
        check=True,
        capture_output=True,
        timeout=240,
    )
    _, job = world.real_job()
    world.deliver_example(job, "careful")

    def allow_cores() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    log = world.folder / "daemon.log"
    with log.open("ab") as output:
        daemon = subprocess.Popen(
            [*program, "run", "--config", str(config)],
            cwd=world.folder,
            env=environment,
            preexec_fn=allow_cores,  # noqa: PLW1509 - one call of the kernel
            stdout=output,
            stderr=output,
        )
    try:
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            seconds=150,
            each=world.mine,
            every=POLL,
        )
        process = Path(f"/proc/{daemon.pid}")
        shown = b"".join((process / name).read_bytes() for name in ("cmdline", "comm", "status"))
        limits = (process / "limits").read_text().splitlines()
        # The signer goes away under it: its error is logged, with the address of the signer in it.
        remote.close()
        _, second = world.real_job()
        world.deliver_example(second, "careful")
        until(lambda: "cannot be reached" in log.read_text(), seconds=150, each=world.mine, every=POLL)
        daemon.send_signal(signal.SIGABRT)
        daemon.wait(120)
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait(120)

    core_limit = next(line for line in limits if line.startswith("Max core file size"))
    assert core_limit.split()[4:6] == ["0", "0"]
    assert not list(world.folder.rglob("core*"))
    places = {
        path.relative_to(world.folder): path.read_bytes()
        for path in world.folder.rglob("*")
        if path.is_file() and "private" not in path.parts
    }
    assert Path("daemon.log") in places
    assert any(path.parts[0] == "evidence" for path in places)
    places[Path("process")] = shown
    places |= _tables(environment["ORACLE_DATABASE__URL"])
    assert places[Path("table signing_journal")] != b""
    assert [
        (str(place), name) for place, data in places.items() for name, form in forms.items() if form in data
    ] == []
