"""The read-only runtime a sandbox sees: an interpreter, its standard library, and shared libraries.

Nothing else of the host is visible: no home, no /etc, no installed Python packages, no shell.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from oracle.evaluation.sandbox.errors import SandboxUnavailableError

PYTHON: Final = "/rt/bin/python3"
NODE: Final = "/rt/bin/node"
GUEST: Final = "/guest"
SITE: Final = "/rt/site"
GUEST_FILES: Final = Path(__file__).parent / "guest"

_PYTEST_PACKAGES: Final = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")


@dataclass(frozen=True)
class Runtime:
    """What to mount, read-only, and how to name it in a record.

    Args:
        mounts: pairs of host path and path in the sandbox.
        masks: directories in the sandbox to be covered with an empty one.
        environment: variables the interpreter needs.
        version: for people and records, like `CPython 3.11.7`.
    """

    mounts: tuple[tuple[str, str], ...]
    masks: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    version: str


def _shared_libraries() -> list[tuple[str, str]]:
    """Library directories; where /lib is a link to /usr/lib, what it leads to is mounted under both names."""
    directories = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")
    return [(os.path.realpath(each), each) for each in directories if Path(each).is_dir()]


@lru_cache(maxsize=1)
def python_runtime() -> Runtime:
    """The interpreter that runs this program, without any installed package."""
    stdlib = sysconfig.get_path("stdlib", vars={"base": sys.base_prefix, "installed_base": sys.base_prefix})
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = (Path(sys.base_prefix) / "bin" / name, Path(os.path.realpath(sys.executable)))
    binary = next((os.path.realpath(path) for path in candidates if path.is_file()), None)
    if binary is None or not Path(stdlib).is_dir():
        raise SandboxUnavailableError(
            f"no Python runtime to put into the sandbox: looked for {candidates[0]} and {stdlib}. "
            "Install a complete CPython 3.11 or newer"
        )
    mounts = [*_shared_libraries(), (binary, PYTHON), (stdlib, f"/rt/lib/{name}")]
    environment: list[tuple[str, str]] = []
    library = sysconfig.get_config_var("INSTSONAME")
    directory = sysconfig.get_config_var("LIBDIR")
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and library and directory:
        shared = str(Path(directory) / library)
        if Path(shared).is_file() and not shared.startswith(("/usr/lib/", "/lib/")):
            mounts.append((os.path.realpath(shared), f"/rt/lib/{library}"))
            environment.append(("LD_LIBRARY_PATH", "/rt/lib"))
    packages = Path(stdlib) / "site-packages"
    masks = (f"/rt/lib/{name}/site-packages",) if packages.is_dir() else ()
    version = f"{sys.implementation.name} {'.'.join(str(part) for part in sys.version_info[:3])}"
    return Runtime(tuple(mounts), masks, tuple(environment), version)


@lru_cache(maxsize=1)
def pytest_mounts() -> tuple[tuple[tuple[str, str], ...], str]:
    """Pytest and what it imports, as mounts under `SITE`, and its version.

    Raises:
        SandboxUnavailableError: pytest is not installed beside the oracle.
    """
    mounts = []
    for name in _PYTEST_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None:
            if name == "pygments":
                continue
            raise SandboxUnavailableError(
                f"the package {name} is not installed; install pytest beside the oracle"
            )
        if spec.submodule_search_locations:
            mounts.append((os.path.realpath(next(iter(spec.submodule_search_locations))), f"{SITE}/{name}"))
        elif spec.origin:
            mounts.append((os.path.realpath(spec.origin), f"{SITE}/{name}.py"))
    return tuple(mounts), importlib.metadata.version("pytest")


@lru_cache(maxsize=1)
def node_runtime() -> Runtime:
    """Node.js as found on PATH, with the shared libraries.

    Raises:
        SandboxUnavailableError: there is no node, or it is older than 20.
    """
    binary = shutil.which("node")
    if binary is None:
        raise SandboxUnavailableError("node is not on PATH; install Node.js 20 or newer")
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False)
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    if match is None or int(match.group(1)) < 20:
        raise SandboxUnavailableError(
            f"node answered version {answer.stdout.strip()!r}; install Node.js 20 or newer"
        )
    base = python_runtime()  # the launcher that sets the limits is Python
    return Runtime(
        (*base.mounts, (os.path.realpath(binary), NODE)),
        base.masks,
        base.environment,
        f"node {match.group(0)[1:]}",
    )
