"""The child process that serves the local model. Started by `oracle.jury.local`, never by hand.

Reads one line of JSON from stdin (file, sha256, name, key, context_tokens), writes its address to stdout, and
ends when stdin does. The key comes by stdin so that no other user reads it from the process list.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import orjson


def main() -> int:
    """Serve until stdin ends; 1 with a line on stderr if the model cannot be served."""
    settings = orjson.loads(sys.stdin.buffer.readline())
    path = Path(settings["file"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != settings["sha256"]:
        sys.stderr.write(f"{path.name} is not the pinned model: its SHA-256 is {digest}\n")
        return 1
    try:
        import xllamacpp
    except ImportError:
        sys.stderr.write("xllamacpp is not installed; it comes with the extra `model`\n")
        return 1
    # llama.cpp writes a line for every request: a pipe nobody reads would fill and block it.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {settings["name"]}
    params.n_ctx = settings["context_tokens"]
    params.n_parallel = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["key"]]
    params.ui = False
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    # The server's threads do not end by themselves; nothing is left to save.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
