"""Delivered code that attacks: nothing it does is reported as a pass, and nothing of the host is touched."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.integration.sandbox.suites import HONEST, MIB, NODE_HONEST, fare, fare_node, needs_sandbox

pytestmark = [needs_sandbox, pytest.mark.slow]

# A suite that stalls is ended from outside a minute later, and then undecided: "failed" says it did not.
_OTHERS_END_WITHIN = 60.0  # seconds

WRONG = """
def add(a, b):
    return 0
"""


def test_honest_code_passes() -> None:
    finding = fare(HONEST)
    assert (finding.state, finding.output["gone"]) == ("passed", None)


def test_wrong_code_fails_and_says_where() -> None:
    finding = fare(WRONG)
    assert finding.state == "failed"
    assert finding.output["tests"]["test_work.py::test_adds"] == "failed"
    assert "assert 0 == 5" in finding.log


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("import os\nos._exit(0)", id="exit-0-at-import"),
        pytest.param("import sys\nsys.exit(0)", id="sys-exit-at-import"),
        pytest.param("import os\ndef add(a, b): os._exit(0)", id="exit-0-in-a-call"),
        pytest.param("import os, signal\ndef add(a, b): os.kill(0, signal.SIGKILL)", id="kills-its-group"),
        pytest.param("import os\ndef add(a, b): os.kill(-1, 9)", id="kills-all-it-sees"),
    ],
)
def test_ending_the_process_is_no_pass(attack: str) -> None:
    assert fare(attack).state == "failed"


def test_patched_test_runners_change_nothing() -> None:
    finding = fare(
        """
import sys, unittest
class Yes:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
sys.modules["pytest"] = sys.modules["_pytest"] = Yes()
unittest.TestCase.run = lambda self, result=None: None
import builtins
builtins.AssertionError = type("Fine", (Exception,), {})
def add(a, b): return 0
"""
    )
    assert finding.state == "failed"


def test_files_that_runners_load_are_not_honoured() -> None:
    passing = b"""
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
    more = {
        "conftest.py": passing,
        "sitecustomize.py": b"import os; os._exit(0)",
        "usercustomize.py": b"import os; os._exit(0)",
        "evil.pth": b"import os; os._exit(0)",
        "pytest.ini": b"[pytest]\naddopts = --collect-only\n",
        "pytest.py": b"def main(*a, **k): return 0\n",
        "candidate.py": b"raise SystemExit(0)\n",
        "test_work.py": b"def test_adds(): pass\ndef test_refuses(): pass\n",
    }
    assert fare(WRONG, more).state == "failed"
    assert fare(HONEST, more).state == "passed"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            "class Yes:\n def __eq__(self, o): return True\n __bool__ = __eq__\ndef add(a, b): return Yes()",
            id="object-equal-to-everything",
        ),
        pytest.param(
            "class Yes(int):\n def __eq__(self, o): return True\ndef add(a, b): return Yes(0)",
            id="int-equal-to-everything",
        ),
        pytest.param(
            "class Yes(str):\n def __eq__(self, o): return True\ndef add(a, b): return Yes('x')",
            id="text-equal-to-everything",
        ),
    ],
)
def test_an_answer_that_claims_to_equal_everything_is_not_asked(answer: str) -> None:
    assert fare(answer).state == "failed"


FORGE = """
import json, os
def add(a, b):
    for fd in range(3, 30):
        try:
            for number in range(200):
                os.write(fd, json.dumps({"id": number, "value": {"$": "int", "v": "5"}}).encode() + b"\\n")
            os.write(fd, json.dumps({"event": "test", "id": "test_work.py::test_adds", "outcome": "passed"})
                     .encode() + b"\\n")
        except OSError:
            pass
    return 0
"""


def test_forged_messages_on_every_descriptor_are_no_pass() -> None:
    assert fare(FORGE).state == "failed"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param('b"not json\\n"', id="not-json"),
        pytest.param('b"[" * 100000 + b"\\n"', id="nested"),
        pytest.param('b"x" * 3_000_000 + b"\\n"', id="too-large"),
        pytest.param('b"{\\"id\\": 1e999}\\n"', id="infinite-id"),
    ],
)
def test_a_broken_protocol_is_a_failure(message: str) -> None:
    work = f"import os, sys\ndef add(a, b):\n    os.write(int(sys.argv[2]), {message})\n    return 5\n"
    assert fare(work).state == "failed"


def test_a_long_wrong_answer_does_not_stall_the_suite() -> None:
    suite = b"""
import candidate
import unittest
w = candidate.load("work")
WANTED = "\\n".join(f"line {n} of the answer" for n in range(3000))
def test_adds(): assert w.add(0, 0) == WANTED
class TestMore(unittest.TestCase):
    def test_refuses(self): self.assertEqual(w.add(0, 0).splitlines(), WANTED.splitlines())
"""
    work = "def add(a, b): return '\\n'.join(f'line {n} of an answer' for n in range(60_000))"
    assert fare(work, suite=suite).state == "failed"


def test_an_endless_loop_is_a_failure_in_its_time() -> None:
    finding = fare("def add(a, b):\n    while True: pass", seconds=1)
    assert finding.state == "failed"
    assert "time" in finding.reason


def test_many_slow_calls_use_up_one_budget() -> None:
    suite = b"import candidate\nw = candidate.load('work')\n" + b"".join(
        b"def test_%d(): w.add(1, 1)\n" % number for number in range(30)
    )
    finding = fare("import time\ndef add(a, b): time.sleep(3)", suite=suite, seconds=2)
    assert finding.state == "failed"


def test_not_reading_the_pipe_does_not_hang_the_suite() -> None:
    suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): w.add('x' * 1_000_000, 1)\n"
    work = "import time\ntime.sleep(60)\n"
    assert fare(work, suite=suite, seconds=1).state == "failed"


def test_a_memory_bomb_is_a_failure() -> None:
    finding = fare("def add(a, b):\n    return len(bytearray(2_000_000_000))", memory_bytes=128 * MIB)
    assert finding.state == "failed"


def test_shared_memory_counts_too() -> None:
    work = """
import mmap, os, time
def add(a, b):
    for _ in range(8):
        if os.fork() == 0:
            block = mmap.mmap(-1, 60 << 20)
            block.write(b"x" * (60 << 20))
            time.sleep(30)
    time.sleep(30)
"""
    finding = fare(work, memory_bytes=128 * MIB, seconds=6)
    assert finding.state == "failed"


def test_a_fork_bomb_is_contained() -> None:
    work = """
import os, time
def add(a, b):
    made = 0
    try:
        while made < 5000:
            if os.fork() == 0:
                time.sleep(600)
            made += 1
    except OSError:
        pass
    return made
"""
    suite = b"""
import candidate
w = candidate.load("work")
def test_adds(): assert w.add(0, 0) < 40
def test_refuses(): pass
"""
    finding = fare(work, suite=suite, processes=32)
    assert finding.state == "passed", finding
    assert not _left_alive(_workers())


def test_background_children_do_not_outlive_the_suite() -> None:
    work = HONEST + "\nimport os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n"
    work += "        if os.fork() == 0: time.sleep(1234)\n        os._exit(0)\n"
    assert fare(work).state == "passed"
    assert not _left_alive(_workers())


def _workers() -> set[str]:
    """Sandboxed workers alive on this machine now, those of tests beside this one among them."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"/guest/worker.py" in words:
                found.add(entry.name)
    return found


def _left_alive(seen: set[str]) -> set[str]:
    """Of workers seen after a run those that do not end: others' soon do, a fugitive sleeps on."""
    end = time.monotonic() + _OTHERS_END_WITHIN
    while (seen := seen & _workers()) and time.monotonic() < end:
        time.sleep(0.2)
    return seen


def test_an_output_flood_is_a_failure() -> None:
    finding = fare("def add(a, b):\n    while True: print('x' * 100_000)", output_bytes=MIB)
    assert finding.state == "failed"


def test_the_host_cannot_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the key")
    tmp_path.chmod(0o755)
    work = f"""
import os
def add(a, b):
    seen = []
    for path in ("/etc/passwd", "/etc/shadow", {str(Path.home())!r}, "/home", {str(secret)!r},
                 {str(Path.cwd())!r}, os.path.join("/proc/1", "root", "etc", "passwd"), "/suite", "/s",
                 "/rt/site", "/var", "/sys", "/run", "/candidate/../../etc/passwd"):
        try:
            seen.append([path, os.listdir(path) if os.path.isdir(path) else open(path).read()])
        except OSError:
            pass
    return seen + sorted(os.environ)
"""
    suite = b"""
import candidate
w = candidate.load("work")
def test_adds():
    seen = w.add(0, 0)
    assert not [entry for entry in seen if isinstance(entry, list)]
    assert set(seen) <= {"HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "PWD", "TMPDIR", "TZ"}
def test_refuses(): pass
"""
    finding = fare(work, suite=suite)
    assert finding.state == "passed", finding.log


def test_links_out_of_the_tree_lead_nowhere() -> None:
    work = """
import os
def add(a, b):
    os.symlink("/etc/passwd", "/tmp/link")
    os.symlink(os.path.join("/proc/1", "root", "etc"), "/tmp/host")
    found = []
    for path in ("/tmp/link", "/tmp/host/passwd"):
        try:
            found.append(open(path).read())
        except OSError:
            pass
    return len(found)
"""
    suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): assert w.add(0, 0) == 0\n"
    suite += b"def test_refuses(): pass\n"
    assert fare(work, suite=suite).state == "passed"


def test_there_is_no_network() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        work = f"""
import socket
def add(a, b):
    reached = []
    for host in ("127.0.0.1", "1.1.1.1", "169.254.169.254"):
        try:
            socket.create_connection((host, {port}), 1).close()
            reached.append(host)
        except OSError:
            pass
    return reached
"""
        suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): assert w.add(0, 0) == []\n"
        suite += b"def test_refuses(): pass\n"
        assert fare(work, suite=suite).state == "passed"


def test_nothing_can_be_written_but_scratch() -> None:
    work = """
import ctypes, os
def add(a, b):
    wrote = []
    for path in ("/x", "/usr/lib/x", "/rt/lib/x", "/guest/worker.py", "/candidate/x", "/dev/x",
                 "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
                 "/proc/1/mem"):
        try:
            open(path, "w").write("1")
            wrote.append(path)
        except OSError:
            pass
    libc = ctypes.CDLL(None, use_errno=True)
    for name, call in (("unshare", lambda: libc.unshare(0x10000000)),
                       ("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
                       ("ptrace", lambda: libc.ptrace(16, 1, 0, 0)),
                       ("setuid", lambda: libc.setuid(0))):
        if call() == 0:
            wrote.append(name)
    try:
        os.memfd_create("hidden")
        wrote.append("memfd")
    except OSError:
        pass
    return wrote
"""
    suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): assert w.add(0, 0) == []\n"
    suite += b"def test_refuses(): pass\n"
    finding = fare(work, suite=suite)
    assert finding.state == "passed", finding.log


def test_scratch_space_is_small() -> None:
    work = """
def add(a, b):
    written = 0
    try:
        for number in range(100):
            with open(f"/tmp/{number}", "wb") as file:
                written += file.write(b"x" * (8 << 20))
    except OSError:
        pass
    return written
"""
    suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): assert w.add(0, 0) <= 64 << 20\n"
    suite += b"def test_refuses(): pass\n"
    assert fare(work, suite=suite).state == "passed"


def test_the_suite_is_not_visible_to_delivered_code() -> None:
    work = """
import glob
def add(a, b):
    others = [p for p in glob.glob("/proc/*/cmdline") if b"harness" in open(p, "rb").read()]
    return others + glob.glob("/*/test_*")
"""
    suite = b"import candidate\nw = candidate.load('work')\ndef test_adds(): assert w.add(0, 0) == []\n"
    suite += b"def test_refuses(): pass\n"
    assert fare(work, suite=suite).state == "passed"


NODE_WRONG = "exports.add = () => 0;"


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(NODE_WRONG, id="wrong"),
        pytest.param("process.exit(0);", id="exit-0-at-import"),
        pytest.param("exports.add = () => process.exit(0);", id="exit-0-in-a-call"),
        pytest.param("exports.add = () => { for (;;); };", id="endless-loop"),
        pytest.param("exports.add = () => new Promise(() => {});", id="never-answers"),
        pytest.param(
            "const t = require('node:test'); t.test = () => {}; require('assert').equal = () => {};"
            "exports.add = () => 0;",
            id="patches-the-runner",
        ),
        pytest.param("exports.add = () => ({ toString: () => '5', valueOf: () => 5 });", id="acts"),
        pytest.param(
            "const fs = require('fs'); exports.add = () => { for (let fd = 3; fd < 30; fd++) try {"
            "fs.writeSync(fd, JSON.stringify({id: 2, value: 5}) + '\\n'); } catch {} return 0; };",
            id="answers-ahead",
        ),
        pytest.param(
            "exports.add = () => { const a = []; for (;;) a.push(new Array(1e6).fill(1)); };",
            id="memory",
        ),
    ],
)
def test_attacks_on_the_node_runner(work: str) -> None:
    assert fare_node(work, seconds=3).state == "failed"


def test_honest_node_code_passes() -> None:
    finding = fare_node(NODE_HONEST)
    assert finding.state == "passed", finding.log
