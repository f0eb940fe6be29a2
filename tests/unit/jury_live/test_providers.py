"""The operator's configuration: what is wrong is named, and no key is written down or shown."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import oracle.jury.panel
from oracle.jury.budget import Budget, BudgetError, Price
from oracle.jury.errors import LocalModelError, ProviderError
from oracle.jury.local import LocalServer
from oracle.jury.providers import ConfiguredProviders, Providers, read_providers
from oracle.jury.ratelimit import Rate, RateLimits
from oracle.jury.room import JuryRoom
from tests.unit.jury_live.bench import methodology

GOOD = """
[providers.anthropic]
kind = "anthropic"
key_env = "MY_ANTHROPIC_KEY"
[providers.gemini]
kind = "google"
key_env = "MY_GOOGLE_KEY"
output = "prompted"
[providers.open]
kind = "openai"
base_url = "https://models.example.org/v1"
key_env = "MY_OPEN_KEY"
requests_per_minute = 60
[providers.here]
kind = "openai"
base_url = "http://127.0.0.1:8000/v1"
"""
KEYS = {"MY_ANTHROPIC_KEY": "secret-a", "MY_GOOGLE_KEY": "secret-g", "MY_OPEN_KEY": "secret-o"}


def write(folder: Path, text: str) -> Path:
    """The text as a providers file."""
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind__makes_a_model_of_that_name(tmp_path: Path) -> None:
    providers = ConfiguredProviders(read_providers(write(tmp_path, GOOD)), KEYS)
    for alias in ("anthropic", "gemini", "open", "here"):
        assert providers.configured(alias) is None
        assert providers.endpoint(alias, "some-model").model().model_name == "some-model"
    assert providers.endpoint("gemini", "m").output == "prompted"
    assert providers.rates()["open"] == Rate(4, 60)


def test_missing_key__names_the_variable_and_never_the_value(tmp_path: Path) -> None:
    providers = ConfiguredProviders(read_providers(write(tmp_path, GOOD)), {"MY_OPEN_KEY": "secret-o"})
    assert "MY_ANTHROPIC_KEY" in (providers.configured("anthropic") or "")
    with pytest.raises(ProviderError, match="MY_ANTHROPIC_KEY") as caught:
        providers.endpoint("anthropic", "m")
    assert "secret" not in str(caught.value)


def test_unknown_alias__says_what_to_add() -> None:
    problem = ConfiguredProviders({}, {}).configured("other")
    assert problem is not None
    assert "[providers.other]" in problem


def test_model_not_fetched__says_so(tmp_path: Path) -> None:
    connections = read_providers(write(tmp_path, '[providers.local]\nkind = "local"'))
    problem = ConfiguredProviders(connections, {"EARNEST_CACHE": str(tmp_path)}).configured("local")
    assert problem is not None
    assert "fetch the local model" in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[providers.x]\nkind = 'other'", "providers.x.kind"),
        ("[providers.x]\nkind = 'openai'\nkey = 'sk-1'", "providers.x.key: unknown field"),
        ("[providers.x]\nkind = 'openai'\nbase_url = 'http://models.example.org'", "must begin with https"),
        (
            "[providers.x]\nkind = 'openai'\nbase_url = 'https://u:p@models.example.org'",
            "must not hold a password",
        ),
        ("[providers.x]\nkind = 'openai'\nbase_url = 'file:///etc/passwd'", "must begin with https"),
        ("[providers.x]\nkind = 'local'\nmodel_file = 'm.gguf'", "given together"),
        ("[providers.x]\nkind = 'openai'\nconcurrency = 0", "providers.x.concurrency"),
        ("[providers.x", "is not TOML"),
        ("#" * 70_000, "larger than"),
    ],
)
def test_wrong_file__names_the_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        read_providers(write(tmp_path, text))


def test_missing_file__is_named(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="cannot read the providers file"):
        read_providers(tmp_path / "none.toml")


def test_local_model_with_another_hash__is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"not a model")
    server = LocalServer(file, "m")
    with pytest.raises(LocalModelError, match="is not the pinned model"):
        server.start()
    assert server.process_id is None


def test_local_model_missing__is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalModelError, match=r"no model file none\.gguf"):
        LocalServer(tmp_path / "none.gguf", "m").start()


def test_room_of_a_deterministic_job__loads_no_model_library_and_no_statistics(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from oracle.jury.room import JuryRoom, replayer;"
        f"JuryRoom.open(Path({str(write(tmp_path, GOOD))!r}), Path({str(tmp_path)!r}));"
        "heavy = {'pydantic_ai', 'xllamacpp', 'openai', 'anthropic', 'google.genai', 'scipy', 'numpy'};"
        "found = heavy & set(sys.modules); sys.exit(f'loaded {found}' if found else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr


def test_room__jobs_that_begin_at_once_share_one_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[RateLimits] = []

    def slowly(providers: Providers) -> RateLimits:
        made.append(RateLimits(providers.rates(), Rate(1)))
        time.sleep(0.05)
        return made[-1]

    monkeypatch.setattr(oracle.jury.panel, "rate_limits", slowly)
    room = JuryRoom.open(write(tmp_path, GOOD), tmp_path)
    threads = [threading.Thread(target=room, args=(methodology(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


class TestBudget:
    """Tokens and money are held before a call and settled after it."""

    def test_reserved_calls_count_before_they_end(self) -> None:
        budget = Budget(tokens=1_000, money=1_000_000)
        budget.reserve(1_000, 100, Price(0, 0))
        with pytest.raises(BudgetError, match="600 are used or held"):
            budget.reserve(1_000, 100, Price(0, 0))

    def test_settled_calls_count_what_they_used(self) -> None:
        budget = Budget(tokens=1_000, money=1_000_000)
        price = Price(1_000_000, 2_000_000)
        held = budget.reserve(1_000, 100, price)
        budget.settle(held, 50, 10, price)
        assert (budget.tokens, budget.money) == (60, 70)

    def test_provider_that_states_no_usage_is_charged_what_was_held(self) -> None:
        budget = Budget(tokens=1_000, money=1_000_000)
        budget.settle(budget.reserve(1_000, 100, Price(0, 0)), 0, 0, Price(0, 0))
        assert budget.tokens == 600

    def test_money_is_rounded_up(self) -> None:
        assert Price(1, 0).of(1, 0) == 1
        assert Price(3, 5).of(1_000_000, 1_000_000) == 8

    def test_money_beyond_the_limit_names_the_field(self) -> None:
        with pytest.raises(BudgetError) as caught:
            Budget(tokens=10**9, money=10).reserve(100, 100, Price(1_000_000, 1_000_000))
        assert caught.value.field == "limits.models.job_money"


async def test_rate__never_more_at_once_than_the_provider_allows() -> None:
    limits = RateLimits({"a": Rate(2)}, Rate(1))
    running, most = 0, 0

    async def call() -> None:
        nonlocal running, most
        async with limits.slot("a"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(call() for _ in range(8)))
    assert most == 2


async def test_rate__a_minute_holds_the_next_back() -> None:
    limits = RateLimits({"a": Rate(8, per_minute=1)}, Rate(1))
    async with limits.slot("a"):
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), limits.slot("a"):
            pytest.fail("the second request of the minute was let through")
