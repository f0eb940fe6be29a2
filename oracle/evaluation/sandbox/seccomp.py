"""A small seccomp filter for sandboxed programs, as the classic BPF program that `bwrap --seccomp` loads.

Namespaces already take away files, network and processes. The filter closes what they leave: memory that no
resource limit counts (memfd, System V shared memory), fresh user namespaces, and kernel interfaces that a
test suite never needs. A denied call fails with EPERM; clone3 answers ENOSYS so that the C library falls
back to clone, whose flags can be inspected.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Sequence
from typing import Final

_LOAD_WORD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_GREATER_EQUAL: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6] (little-endian here)
_OFFSET_NUMBER: Final = 0
_OFFSET_ARCH: Final = 4
_OFFSET_ARG0: Final = 16

_X32_BIT: Final = 0x40000000
# every CLONE_NEW… flag of linux/sched.h but CLONE_NEWTIME, which clone cannot carry
_CLONE_NEW: Final = 0x7E020000

# Numbers from the kernel's syscall tables; the ones from 424 on are the same everywhere.
_COMMON: Final = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442, 447)
_DENIED: Final[dict[str, tuple[int, ...]]] = {
    # memfd_create shmget shmat semget msgget ptrace mount umount2 pivot_root chroot unshare setns keyctl
    # add_key request_key bpf perf_event_open userfaultfd kexec_load init_module finit_module delete_module
    # process_vm_readv process_vm_writev personality quotactl name_to_handle_at open_by_handle_at
    "x86_64": (
        319, 29, 30, 64, 68, 101, 165, 166, 155, 161, 272, 308, 250, 248,
        249, 321, 298, 323, 246, 175, 313, 176,
        310, 311, 135, 179, 303, 304,
    ),
    "aarch64": (
        279, 194, 196, 190, 186, 117, 40, 39, 41, 51, 97, 268, 219, 217,
        218, 280, 241, 282, 104, 105, 273, 106,
        270, 271, 92, 60, 264, 265,
    ),
}  # fmt: skip
_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435


def supported_machines() -> tuple[str, ...]:
    """Machine names (as `uname -m` prints them) for which a filter exists."""
    return tuple(_DENIED)


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _deny(numbers: Sequence[int], error: int) -> list[bytes]:
    program: list[bytes] = []
    for number in numbers:
        program.append(_instruction(_JUMP_EQUAL, 0, 1, number))
        program.append(_instruction(_RETURN, 0, 0, _ERRNO | error))
    return program


def filter_program(machine: str | None = None) -> bytes:
    """The filter for `machine` (default: this one), ready to be written to the fd given to `bwrap --seccomp`.

    Raises:
        KeyError: there is no filter for this machine; see `supported_machines`.
    """
    machine = machine or platform.machine()
    program = [
        _instruction(_LOAD_WORD, 0, 0, _OFFSET_ARCH),
        _instruction(_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _instruction(_RETURN, 0, 0, _KILL),
        _instruction(_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        program.append(_instruction(_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT))
        program.append(_instruction(_RETURN, 0, 0, _KILL))
    program += _deny((*_DENIED[machine], *_COMMON), errno.EPERM)
    program += _deny((_CLONE3,), errno.ENOSYS)
    program += [
        _instruction(_JUMP_EQUAL, 0, 3, _CLONE[machine]),
        _instruction(_LOAD_WORD, 0, 0, _OFFSET_ARG0),
        _instruction(_JUMP_ANY_BIT, 0, 1, _CLONE_NEW),
        _instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM),
        _instruction(_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(program)
