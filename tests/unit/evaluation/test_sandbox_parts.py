"""The parts of the sandbox that can be read without starting one."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from oracle.evaluation.sandbox import bwrap, seccomp
from oracle.evaluation.sandbox.errors import SandboxUnavailableError
from oracle.evaluation.sandbox.processes import tree_usage
from oracle.evaluation.sandbox.runtime import Runtime
from oracle.evaluation.sandbox.suite import write_tree

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X86, ARM = 0xC000003E, 0xC00000B7
NEW_USER = 0x10000000


def answer(program: bytes, arch: int, number: int, arg0: int = 0) -> int:
    """What the kernel's classic BPF machine would answer: the four kinds of instruction the filter uses."""
    data = struct.pack("<IIQ6Q", number, arch, 0, arg0, 0, 0, 0, 0, 0)
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("<HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            holds = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize(
    ("machine", "arch", "number", "arg0", "expected"),
    [
        pytest.param("x86_64", X86, 257, 0, ALLOW, id="openat"),
        pytest.param("x86_64", X86, 319, 0, ERRNO | errno.EPERM, id="memfd_create"),
        pytest.param("x86_64", X86, 101, 0, ERRNO | errno.EPERM, id="ptrace"),
        pytest.param("x86_64", X86, 425, 0, ERRNO | errno.EPERM, id="io_uring_setup"),
        pytest.param("x86_64", X86, 435, 0, ERRNO | errno.ENOSYS, id="clone3"),
        pytest.param("x86_64", X86, 56, 0x11, ALLOW, id="fork"),
        pytest.param("x86_64", X86, 56, NEW_USER, ERRNO | errno.EPERM, id="clone-new-user"),
        pytest.param("x86_64", X86, 257 | 0x40000000, 0, KILL, id="x32"),
        pytest.param("x86_64", 0x40000003, 5, 0, KILL, id="32-bit-calls"),
        pytest.param("aarch64", ARM, 56, 0, ALLOW, id="arm-openat"),
        pytest.param("aarch64", ARM, 279, 0, ERRNO | errno.EPERM, id="arm-memfd_create"),
        pytest.param("aarch64", ARM, 220, NEW_USER, ERRNO | errno.EPERM, id="arm-clone-new-user"),
        pytest.param("aarch64", ARM, 220, 0x11, ALLOW, id="arm-fork"),
        pytest.param("aarch64", X86, 257, 0, KILL, id="arm-foreign-calls"),
    ],
)
def test_the_filter_answers(machine: str, arch: int, number: int, arg0: int, expected: int) -> None:
    assert answer(seccomp.filter_program(machine), arch, number, arg0) == expected


def test_a_machine_without_a_filter_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    base = Runtime((), (), (), "test")
    with pytest.raises(SandboxUnavailableError, match="riscv64"):
        bwrap._arguments(base, (), bwrap.Limits(1, 1), "/tmp", 3)


@pytest.mark.parametrize("is_root", [True, False])
def test_what_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch, is_root: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if is_root else 1000)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    base = Runtime((("/opt/python", "/rt/bin/python3"),), ("/rt/mask",), (("A", "B"),), "test")
    limits = bwrap.Limits(seconds=5, memory_bytes=100, processes=7, scratch_bytes=4096)
    words = bwrap._arguments(base, [("/tmp/tree", "/candidate")], limits, "/candidate", 9)
    assert {"--die-with-parent", "--new-session", "--clearenv", "--seccomp"} <= set(words)
    assert ("--unshare-all" in words) != ("--unshare-net" in words)
    assert "--share-net" not in words
    assert not {"--bind", "--dev-bind"} & set(words)  # nothing of the host is writable
    assert words[words.index("--cap-drop") + 1] == "ALL"
    chosen = bwrap._launch_limits(limits)
    assert chosen["RLIMIT_NPROC"] == 7
    if is_root:
        assert chosen["uid"] >= 2_000_000_000
    else:
        assert {"--unshare-user", "--disable-userns"} <= set(words)
        assert "--cap-add" not in words
        assert "uid" not in chosen


def test_a_tree_is_laid_out_readable_and_nothing_leaves_it(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree", {"a/b.txt": b"x", "c": b"y"})
    assert (tmp_path / "tree/a/b.txt").read_bytes() == b"x"
    assert (tmp_path / "tree/a").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "tree/c").stat().st_mode & 0o777 == 0o644
    with pytest.raises(SandboxUnavailableError, match="leaves the tree"):
        write_tree(tmp_path / "other", {"../../evil": b""})


def test_usage_counts_this_process_and_charges_memory_fairly() -> None:
    threads, counted = tree_usage(os.getpid(), enough=2**60)
    _, charged = tree_usage(os.getpid(), enough=0)
    assert threads >= 1
    assert 1_000_000 < charged <= counted * 1.5
