"""The local model: llama.cpp's OpenAI-compatible server on loopback, in a child process of its own.

A hang or a crash of the model then costs one killed child, never the daemon. The child checks the file's
hash before it loads it, and ends when its parent does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from oracle.jury.errors import LocalModelError

PINNED_FILE: Final = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
PINNED_SHA256: Final = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
START_SECONDS: Final = 120.0  # hashing and loading a gigabyte from a cold disk
STOP_SECONDS: Final = 5.0
CONTEXT_TOKENS: Final = 8_192
_SHOWN_STDERR: Final = 600  # characters


def pinned_model_path(environment: Mapping[str, str] | None = None) -> Path:
    """Where the pinned model lies: $EARNEST_CACHE/models, by default in ~/.cache/earnest."""
    root = (os.environ if environment is None else environment).get("EARNEST_CACHE") or "~/.cache/earnest"
    return Path(root).expanduser() / "models" / PINNED_FILE


class LocalServer:
    """One model file served by one child process. Safe to use from several threads.

    Args:
        model_file: A GGUF file.
        name: The model's name as the methodology gives it; the server answers to it and states it.
        sha256: What the file's SHA-256 must be.
        context_tokens: Longest prompt and answer together.
    """

    def __init__(
        self,
        model_file: Path,
        name: str,
        *,
        sha256: str = PINNED_SHA256,
        context_tokens: int = CONTEXT_TOKENS,
    ) -> None:
        self._file, self._name, self._sha256, self._context = model_file, name, sha256, context_tokens
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._key = ""

    def start(self) -> tuple[str, str]:
        """Address and key of the running server; starts it if none runs. Blocks until the model is loaded.

        Raises:
            LocalModelError: no such file, another hash, xllamacpp not installed, or no answer in time.
        """
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return self._address, self._key
            self._stop()
            self._start()
            return self._address, self._key

    def close(self) -> None:
        """Kill the child, hanging or not."""
        with self._lock:
            self._stop()

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def _start(self) -> None:
        if not self._file.is_file():
            raise LocalModelError(
                f"there is no model file {self._file.name} in {self._file.parent}",
                field="EARNEST_CACHE",
                next_step="fetch it with `python -m scripts.setup.model`, or leave the jury out",
            )
        self._key = secrets.token_hex(16)
        settings = {
            "file": str(self._file),
            "sha256": self._sha256,
            "name": self._name,
            "key": self._key,
            "context_tokens": self._context,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "oracle.jury.local_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 - as opened above
        try:
            # Stdin stays open: its end tells the child that its parent is gone.
            self._process.stdin.write(orjson.dumps(settings) + b"\n")
            self._process.stdin.flush()
            self._address = self._wait_for_address(self._process)
        except (BrokenPipeError, LocalModelError) as error:
            said = self._last_words(self._process)
            self._stop()
            raise LocalModelError(
                f"the local model does not start: {said or error}",
                next_step="install the extra `model` and fetch the model file, or leave the jury out",
            ) from error

    def _wait_for_address(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 - as opened above
        end = time.monotonic() + START_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise LocalModelError(f"no answer within {START_SECONDS:g} seconds")
            piece = os.read(process.stdout.fileno(), 1024)
            if not piece:
                raise LocalModelError("it ended before it answered")
            line += piece
        return line.decode("ascii").strip()

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stderr is not None  # noqa: S101 - as opened above
        process.kill()
        process.wait(STOP_SECONDS)
        lines = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:_SHOWN_STDERR] if lines else ""

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        # It is dead; a busy machine may take longer to bury it, which is no reason to fail.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
