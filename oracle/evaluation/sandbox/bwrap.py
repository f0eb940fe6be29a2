"""Start programs under bubblewrap and watch them: time, memory, processes, output.

What a sandboxed program gets: its own mount, pid, net, ipc, uts and user world; a read-only runtime; what the
caller mounts, read-only; a small scratch directory; no network, no host files, no new privileges.

Two ways in, with the same result. An ordinary user gets a fresh user namespace. Root does not use one,
because the kernel exempts root's own processes from the process limit: there the launcher changes to a
user id that no one else has before any foreign code runs.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, Final

from oracle.evaluation.sandbox import runtime, seccomp
from oracle.evaluation.sandbox.errors import SandboxUnavailableError
from oracle.evaluation.sandbox.processes import tree_usage

_WATCH_SECONDS: Final = 0.05
_PRIVATE_USERS: Final = 2_000_000_000  # first of the user ids used when the oracle runs as root
_MIB: Final = 1_048_576
# paths inside the sandbox, both small and its own
_SCRATCH: Final = "/tmp"  # noqa: S108
_SHARED: Final = "/dev/shm"  # noqa: S108


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use.

    Args:
        seconds: wall time.
        memory_bytes: memory of all processes together, scratch files not counted.
        processes: processes and threads together.
        output_bytes: standard output and error together; beyond it the sandbox is killed.
        scratch_bytes: size of /tmp, which is memory; each file at most as large.
        address_space: whether memory is limited by address space too (not for node, which reserves
            terabytes).
        cpu_seconds: CPU time of each process; None: as the wall time.
        niceness: how far it stands back for others, 0 to 19.
    """

    seconds: int
    memory_bytes: int
    processes: int = 64
    output_bytes: int = _MIB
    scratch_bytes: int = 64 * _MIB
    address_space: bool = True
    cpu_seconds: int | None = None
    niceness: int = 0


class Ending(StrEnum):
    """Why a sandbox came to its end."""

    EXITED = "exited"
    TIME = "time limit"
    MEMORY = "memory limit"
    PROCESSES = "process limit"
    OUTPUT = "output limit"
    STOPPED = "stopped"


@dataclass
class Running:
    """A started sandbox. Kill it with `kill`, which takes every process inside with it."""

    process: subprocess.Popen[bytes]
    limits: Limits
    name: str
    started: float
    output: bytearray = field(default_factory=bytearray)
    ending: Ending | None = None

    @property
    def returncode(self) -> int | None:
        """Exit status as subprocess gives it; None while it runs."""
        return self.process.poll()

    def kill(self, ending: Ending) -> None:
        """End it at once. Killing bubblewrap ends its pid namespace, whatever was started inside."""
        if self.ending is None:
            self.ending = ending
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)

    def text(self, cap: int = 20_000) -> str:
        """The end of what it printed, as text; undecodable bytes are replaced."""
        return bytes(self.output[-cap:]).decode("utf-8", "replace")


def _binary() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailableError(
            "bubblewrap (bwrap) is not installed, and foreign code runs nowhere else; "
            "install it, for instance with: apt-get install bubblewrap"
        )
    if platform.machine() not in seccomp.supported_machines():
        raise SandboxUnavailableError(f"there is no system call filter for {platform.machine()} machines")
    return found


@lru_cache(maxsize=1)
def sandbox_version() -> str:
    """`bubblewrap 0.8.0`.

    Raises:
        SandboxUnavailableError: it is not installed.
    """
    answer = subprocess.run([_binary(), "--version"], capture_output=True, text=True, timeout=20, check=False)
    return answer.stdout.strip() or "bubblewrap of unknown version"


def _launch_limits(limits: Limits) -> dict[str, int]:
    chosen = {
        "RLIMIT_CPU": (limits.cpu_seconds or limits.seconds) + 1,
        "RLIMIT_FSIZE": limits.scratch_bytes,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_DATA": limits.memory_bytes,
        "nice": limits.niceness,
    }
    if limits.address_space:
        chosen["RLIMIT_AS"] = limits.memory_bytes + 64 * _MIB  # shared libraries are mapped, not used up
    if os.geteuid() == 0:
        chosen["uid"] = _PRIVATE_USERS + secrets.randbelow(100_000_000)
    return chosen


def _arguments(
    base: runtime.Runtime, mounts: Sequence[tuple[str, str]], limits: Limits, workdir: str, filter_fd: int
) -> list[str]:
    # bubblewrap keeps the order: later mounts lie on top of earlier ones
    words = [_binary(), "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        words[1:2] = [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try")]
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]
    words += ["--hostname", "sandbox", "--clearenv"]
    words += ["--setenv", "HOME", _SCRATCH, "--setenv", "TMPDIR", _SCRATCH, "--setenv", "LANG", "C.UTF-8"]
    words += ["--setenv", "PATH", "/rt/bin", "--setenv", "TZ", "UTC"]
    for name, value in base.environment:
        words += ["--setenv", name, value]
    every = (*base.mounts, (str(runtime.GUEST_FILES), runtime.GUEST), *mounts)
    for directory in sorted({str(parent) for _, target in every for parent in PurePosixPath(target).parents}):
        if directory != "/":  # made here because bubblewrap makes missing parents for their owner alone
            words += ["--perms", "0755", "--dir", directory]
    for source, target in every:
        words += ["--ro-bind", source, target]
    for target in base.masks:
        words += ["--tmpfs", target, "--remount-ro", target]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(_MIB), "--tmpfs", _SHARED, "--remount-ro", "/dev"]
    words += [
        "--perms",
        "1777",
        "--size",
        str(limits.scratch_bytes),
        "--tmpfs",
        _SCRATCH,
        "--remount-ro",
        "/",
    ]
    return [*words, "--chdir", workdir, "--seccomp", str(filter_fd), "--"]


def start(
    command: Sequence[str],
    *,
    name: str,
    base: runtime.Runtime,
    mounts: Sequence[tuple[str, str]],
    limits: Limits,
    workdir: str = _SCRATCH,
    environment: Mapping[str, str] | None = None,
    keep_fds: Sequence[int] = (),
) -> Running:
    """Start `command` in a new sandbox.

    Args:
        command: Program and arguments, as seen inside.
        name: For messages.
        base: The runtime to mount.
        mounts: Further read-only mounts, pairs of host path and path inside.
        limits: What it may use.
        workdir: Its working directory, as seen inside.
        environment: Variables besides the few every sandbox has.
        keep_fds: Open descriptors that the program inherits, under their own numbers.

    Raises:
        SandboxUnavailableError: there is no bubblewrap, or this machine has no system call filter.
    """
    reader, writer = os.pipe()
    try:
        os.write(writer, seccomp.filter_program())
        os.close(writer)
        words = _arguments(base, mounts, limits, workdir, reader)
        at = words.index("--chdir")
        for key, value in (environment or {}).items():
            words[at:at] = ["--setenv", key, value]
        words += [
            runtime.PYTHON,
            "-I",
            "-S",
            f"{runtime.GUEST}/launch.py",
            json.dumps(_launch_limits(limits)),
        ]
        process = subprocess.Popen(
            [*words, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(reader, *keep_fds),
            env={},
        )
    finally:
        os.close(reader)
    return Running(process, limits, name, time.monotonic())


def _check(running: Running, now: float) -> None:
    if now - running.started > running.limits.seconds:
        running.kill(Ending.TIME)
        return
    processes, memory = tree_usage(running.process.pid, running.limits.memory_bytes)
    if memory > running.limits.memory_bytes:
        running.kill(Ending.MEMORY)
    elif processes > running.limits.processes + 4:  # bubblewrap's own
        running.kill(Ending.PROCESSES)


def _drain(stream: IO[bytes], running: Running) -> bool:
    """Read what is there; True at the end of the stream."""
    chunk = os.read(stream.fileno(), 65_536)
    room = running.limits.output_bytes - len(running.output)
    running.output += chunk[:room]
    if len(chunk) > room:
        running.kill(Ending.OUTPUT)
    return not chunk


def supervise(leading: Running, *others: Running) -> None:
    """Wait until `leading` has ended, holding all to their limits; then stop the others and collect
    everything.

    Afterwards each has an `ending` and a return code, and no process of any of them is alive.
    """
    every = (leading, *others)
    selector = selectors.DefaultSelector()
    for running in every:
        if running.process.stdout is not None:
            selector.register(running.process.stdout, selectors.EVENT_READ, running)
    try:
        next_look = 0.0
        while leading.process.poll() is None:
            for key, _ in selector.select(_WATCH_SECONDS):
                if _drain(key.fileobj, key.data):  # type: ignore[arg-type]  # registered as a stream above
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _WATCH_SECONDS
                for running in every:
                    if running.process.poll() is None:
                        _check(running, now)
            if not selector.get_map():
                time.sleep(_WATCH_SECONDS)
    finally:
        for running in every:
            if running.process.poll() is None:
                running.kill(Ending.STOPPED)
            running.ending = running.ending or Ending.EXITED
            running.process.wait()
            if running.process.stdout is not None:
                while running.process.stdout in selector.get_map() and not _drain(
                    running.process.stdout, running
                ):
                    pass
                running.process.stdout.close()
        selector.close()


def run(
    command: Sequence[str],
    *,
    base: runtime.Runtime,
    mounts: Sequence[tuple[str, str]] = (),
    limits: Limits,
    name: str = "program",
) -> Running:
    """Start a program and wait for its end."""
    running = start(command, name=name, base=base, mounts=mounts, limits=limits)
    supervise(running)
    return running


@lru_cache(maxsize=1)
def require_working_sandbox() -> str:
    """Prove once that the sandbox works here and keeps what it promises; gives its version.

    Raises:
        SandboxUnavailableError: it is missing, refused by the kernel, or lets network or host files be seen.
    """
    base = runtime.python_runtime()
    probe = (
        "import os,socket\n"
        "assert [i for _, i in socket.if_nameindex()] in ([], ['lo']), 'network'\n"
        "assert not os.path.exists('/etc/passwd') and not os.path.exists('/home'), 'host files'\n"
        "assert os.getuid() != 0, 'root'\n"
        "print('contained')\n"
    )
    limits = Limits(seconds=20, memory_bytes=256 * _MIB, processes=16)
    result = run([runtime.PYTHON, "-I", "-c", probe], base=base, limits=limits, name="self-test")
    if result.returncode != 0 or "contained" not in result.text():
        raise SandboxUnavailableError(
            f"bubblewrap does not work on this machine ({result.ending}, status {result.returncode}): "
            f"{result.text(500).strip()!r}. Allow unprivileged user namespaces, or run as root"
        )
    return sandbox_version()
