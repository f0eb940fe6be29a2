"""The least configuration with which a command opens a database: its node answers nothing."""

from __future__ import annotations

from pathlib import Path

CONFIG = """
[chain]
rpc = "http://127.0.0.1:1"
chain_id = 31337
deployment = "none.json"
[keys.sender]
env = "NOWHERE"
[[keys.evaluators]]
env = "NOWHERE"
[database]
url = "{url}"
"""


def config_of(database: str, folder: Path) -> Path:
    """The configuration's file, below `folder`, for the database at this address."""
    path = folder / "oracle.toml"
    path.write_text(CONFIG.format(url=database))
    return path
