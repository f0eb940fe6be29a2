"""`[chain] rpc`: one address, several, with names or without; none of them ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.config import Settings, load_settings
from oracle.configuration.base import ConfigError
from oracle.opening.keys import secrets_of

REST = """
chain_id = 1
deployment = "d.json"
[keys.sender]
env = "K"
"""


def settings(tmp_path: Path, chain: str) -> Settings:
    path = tmp_path / "oracle.toml"
    path.write_text(f"[chain]\n{chain}\n{REST}")
    return load_settings(path)


def named(made: Settings) -> dict[str, str]:
    return {item.name: item.url.get_secret_value() for item in made.chain.endpoints()}


def test_one_address_is_one_endpoint_whose_word_is_enough(tmp_path: Path) -> None:
    made = settings(tmp_path, 'rpc = "http://u:p@node.test:8545/v2/KEY"')
    assert named(made) == {"node.test:8545": "http://u:p@node.test:8545/v2/KEY"}
    assert made.chain.needed() == 1


def test_several_are_named_by_host_or_as_told(tmp_path: Path) -> None:
    made = settings(
        tmp_path,
        'rpc = ["https://a.test/K1", {name = "own", url = "http://127.0.0.1:1"}, "https://b.test/K2", '
        '"https://b.test/K3"]',
    )
    assert named(made) == {
        "a.test": "https://a.test/K1",
        "own": "http://127.0.0.1:1",
        "b.test:3": "https://b.test/K2",
        "b.test:4": "https://b.test/K3",
    }


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_must_agree_where_nothing_else_is_said(
    tmp_path: Path, count: int, needed: int
) -> None:
    urls = ", ".join(f'"http://n{i}.test"' for i in range(count))
    assert settings(tmp_path, f"rpc = [{urls}]").chain.needed() == needed
    assert settings(tmp_path, f"rpc = [{urls}]\nagree = 1").chain.needed() == 1


def test_the_environment_overrides_with_one_or_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_CHAIN__RPC", "http://env.test/KEY")
    assert named(settings(tmp_path, 'rpc = "http://file.test"')) == {"env.test": "http://env.test/KEY"}
    monkeypatch.setenv(
        "ORACLE_CHAIN__RPC", '["http://one.test/K", {"name": "two", "url": "http://two.test"}]'
    )
    assert list(named(settings(tmp_path, 'rpc = "http://file.test"'))) == ["one.test", "two"]


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ("rpc = []", "rpc"),
        ('rpc = ["http://SECRET.test", "http://SECRET.test"]', "the same address twice"),
        ('rpc = [{name="x", url="http://SECRET.test"}, {name="x", url="http://b.test"}]', "endpoints alike"),
        ('rpc = ["http://SECRET.test"]\nagree = 2', "agree is 2, but rpc names 1 endpoints"),
        ('rpc = [{name="a b", url="http://SECRET.test"}]', "rpc"),
        ('rpc = [{url="http://SECRET.test", key="SECRET"}]', "rpc"),
        ("rpc = 7", "rpc"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_an_address(
    tmp_path: Path, chain: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, chain)
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_every_address_is_a_secret_to_the_logs(tmp_path: Path) -> None:
    made = settings(tmp_path, 'rpc = ["https://a.test/K1", {name = "own", url = "http://127.0.0.1:1/K2"}]')
    assert {"https://a.test/K1", "http://127.0.0.1:1/K2"} <= set(secrets_of(made))
    assert "K1" not in repr(made)
    assert "K2" not in repr(made)
