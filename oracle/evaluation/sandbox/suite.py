"""Run a hidden suite against delivered code: two sandboxes joined by a pipe, and a report nobody can forge.

What each runner guarantees. Suite, runner and report live in one sandbox, delivered code in another; the
two share two pipes and nothing else: no files, no processes, no memory. Delivered code can answer calls
with values of its choice, and it can stop answering. It cannot see the suite, end the runner, patch it, or
write the report. Only plain data crosses the pipe, so no delivered object is ever asked whether it equals
the expected one. When delivered code dies, hangs, floods or breaks the protocol at any moment of the
suite, the suite has not been passed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from oracle.evaluation.sandbox import bwrap, runtime
from oracle.evaluation.sandbox.errors import SandboxUnavailableError

_MIB: Final = 1_048_576
_HARNESS_SECONDS: Final = 60  # what the suite itself may take beyond the delivered code's time
_HARNESS_MEMORY: Final = 1024 * _MIB
_REPORT_BYTES: Final = 8 * _MIB
_NODE_MEMORY: Final = 192 * _MIB  # what node itself needs before it runs anything

Runner = Literal["python", "node"]


@dataclass(frozen=True)
class SuiteLimits:
    """What delivered code may use: seconds of all calls together, bytes, processes, bytes of output."""

    seconds: int
    memory_bytes: int
    processes: int
    output_bytes: int


@dataclass(frozen=True)
class SuiteReport:
    """What a suite run showed.

    Args:
        outcomes: each reported test's outcome: passed, failed or skipped; the worst where two share a name.
        collected: every test the runner found (python), or that reported (node).
        uncollected: files of the suite that could not be imported.
        messages: why tests failed, by test.
        gone: why delivered code was no longer there, or None.
        errors: exceptions that delivered code raised.
        ended: whether the runner came to its end and said so.
        worker: how the delivered code's sandbox ended.
        harness: how the suite's sandbox ended, with its exit status.
        log: the end of what both printed.
    """

    outcomes: Mapping[str, str]
    collected: tuple[str, ...]
    uncollected: tuple[str, ...]
    messages: Mapping[str, str]
    gone: str | None
    errors: int
    ended: bool
    worker: str
    harness: str
    log: str


def write_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Lay files out below `root`, readable by everyone: in the sandbox another user reads them.

    Paths are those of checked documents: relative, without `..`; the files are new, so no link is followed.
    """
    root.mkdir(mode=0o755)
    for path, data in files.items():
        target = root.joinpath(*path.split("/"))
        if not target.resolve().is_relative_to(root.resolve()):
            raise SandboxUnavailableError(f"the path {path!r} leaves the tree", field=path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for place, _, names in os.walk(root):
        Path(place).chmod(0o755)
        for name in names:
            Path(place, name).chmod(0o644)


def versions(runner: Runner) -> str:
    """Everything that runs a suite, for the record.

    Raises:
        SandboxUnavailableError: a part is missing.
    """
    sandbox = bwrap.require_working_sandbox()
    if runner == "node":
        return f"{runtime.node_runtime().version}, {sandbox}"
    return f"{runtime.python_runtime().version}, pytest {runtime.pytest_mounts()[1]}, {sandbox}"


@dataclass(frozen=True)
class _Pipes:
    """Descriptors: calls to the delivered code, answers from it."""

    calls_out: int
    calls_in: int
    answers_out: int
    answers_in: int


def _open_pipes() -> _Pipes:
    calls_in, calls_out = os.pipe()
    answers_in, answers_out = os.pipe()
    return _Pipes(calls_out, calls_in, answers_out, answers_in)


def _start_worker(runner: Runner, tree: Path, pipes: _Pipes, limits: SuiteLimits) -> bwrap.Running:
    is_node = runner == "node"
    fds = (str(pipes.calls_in), str(pipes.answers_out))
    memory = limits.memory_bytes + (_NODE_MEMORY if is_node else 0)
    heap = f"--max-old-space-size={limits.memory_bytes // _MIB}"
    command = (
        (runtime.NODE, heap, f"{runtime.GUEST}/worker.mjs", *fds)
        if is_node
        else (runtime.PYTHON, "-I", "-B", f"{runtime.GUEST}/worker.py", *fds)
    )
    return bwrap.start(
        command,
        name="delivered code",
        base=runtime.node_runtime() if is_node else runtime.python_runtime(),
        mounts=[(str(tree), "/candidate")],
        limits=bwrap.Limits(
            seconds=limits.seconds + _HARNESS_SECONDS,
            cpu_seconds=limits.seconds,
            memory_bytes=memory,
            processes=limits.processes,
            output_bytes=limits.output_bytes,
            address_space=not is_node,
            niceness=10,  # what it burns in the background must not slow the suite down
        ),
        workdir="/candidate",
        keep_fds=(pipes.calls_in, pipes.answers_out),
    )


def _start_harness(
    runner: Runner, suite: Path, pipes: _Pipes, report: IO[bytes], seconds: int
) -> bwrap.Running:
    fds = (pipes.answers_in, pipes.calls_out, report.fileno())
    limits = bwrap.Limits(
        seconds=seconds + _HARNESS_SECONDS - 5,  # before the worker's, so that its end is not the suite's
        memory_bytes=_HARNESS_MEMORY,
        output_bytes=4 * _MIB,
        address_space=runner == "python",
    )
    if runner == "python":
        words = [str(number) for number in (*fds, seconds)]
        return bwrap.start(
            [runtime.PYTHON, "-I", "-B", f"{runtime.GUEST}/harness.py", *words],
            name="suite",
            base=runtime.python_runtime(),
            mounts=[*runtime.pytest_mounts()[0], (str(suite), "/suite")],
            limits=limits,
            workdir="/suite",
            keep_fds=fds,
        )
    reporter = [f"--test-reporter={runtime.GUEST}/reporter.mjs", "--test-reporter-destination=stdout"]
    return bwrap.start(
        [runtime.NODE, *reporter, f"{runtime.GUEST}/harness.mjs"],
        name="suite",
        base=runtime.node_runtime(),
        mounts=[
            (str(suite), "/s/suite"),
            (str(runtime.GUEST_FILES / "candidate"), "/s/node_modules/candidate"),
        ],
        limits=limits,
        workdir="/s/suite",
        keep_fds=fds,
        environment={
            "EARNEST_CANDIDATE": f"{fds[0]},{fds[1]},0,{seconds}",
            "EARNEST_REPORT": str(fds[2]),
        },
    )


def run_suite(
    runner: Runner, suite: Mapping[str, bytes], tree: Mapping[str, bytes], limits: SuiteLimits
) -> SuiteReport:
    """Run `suite` against the delivered `tree`.

    Raises:
        SandboxUnavailableError: nothing was run, because it could not be run safely.
    """
    bwrap.require_working_sandbox()
    with tempfile.TemporaryDirectory(prefix="earnest-") as folder, tempfile.TemporaryFile() as report:
        Path(folder).chmod(0o711)
        suite_root, tree_root = Path(folder, "suite"), Path(folder, "tree")
        write_tree(suite_root, suite)
        write_tree(tree_root, tree)
        pipes = _open_pipes()
        started: list[bwrap.Running] = []
        try:
            try:
                started.append(_start_worker(runner, tree_root, pipes, limits))
                started.insert(0, _start_harness(runner, suite_root, pipes, report, limits.seconds))
            finally:  # each end now lives in one sandbox only, so the other's death is seen as an end of file
                for fd in (pipes.calls_in, pipes.calls_out, pipes.answers_in, pipes.answers_out):
                    os.close(fd)
            harness, worker = started
            bwrap.supervise(harness, worker)
        finally:
            for running in started:
                running.kill(bwrap.Ending.STOPPED)
                running.process.wait()
        report.seek(0)
        return _read_report(report.read(_REPORT_BYTES), harness, worker)


def _read_report(data: bytes, harness: bwrap.Running, worker: bwrap.Running) -> SuiteReport:
    outcomes: dict[str, str] = {}
    messages: dict[str, str] = {}
    collected: list[str] = []
    uncollected: list[str] = []
    end: dict[str, Any] = {}
    for line in data.splitlines():
        try:
            fact = json.loads(line)
        except ValueError:  # cut off in the middle by a limit
            continue
        event, name = fact.get("event"), str(fact.get("id", ""))
        if event == "test":
            outcomes[name] = _worse(outcomes.get(name), str(fact["outcome"]))
        elif event == "message":
            messages[name] = str(fact["message"])
        elif event == "collected":
            collected += [str(each) for each in fact["ids"]]
        elif event == "uncollected":
            uncollected.append(name)
            messages[name] = str(fact["message"])
        elif event == "end":
            end = fact
    gone = end.get("gone")
    if gone is None and worker.ending not in (bwrap.Ending.EXITED, bwrap.Ending.STOPPED):
        gone = f"the delivered code was stopped: {worker.ending}"
    log = f"{harness.text(2_000)}\n--- delivered code ---\n{worker.text(1_500)}"
    return SuiteReport(
        outcomes=outcomes,
        collected=tuple(collected) or tuple(outcomes),
        uncollected=tuple(uncollected),
        messages=messages,
        gone=gone,
        errors=int(end.get("errors", 0)),
        ended=bool(end) and harness.ending == bwrap.Ending.EXITED,
        worker=str(worker.ending),
        harness=f"{harness.ending}, status {harness.returncode}",
        log=log,
    )


def _worse(one: str | None, other: str) -> str:
    ranks = ("passed", "skipped", "failed")
    return other if one is None or ranks.index(other) > ranks.index(one) else one
