"""The daemon's configuration: a TOML file, overridden by environment variables.

`ORACLE_CHAIN__RPC` overrides `[chain] rpc`, and so on. Paths are relative to the file's folder. Addresses of
nodes and databases may hold credentials: they are kept out of what is printed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from oracle.configuration.base import ConfigError
from oracle.configuration.chain import ChainSection, CommitteeSection, OutboxSection, PolicySection
from oracle.configuration.keys import KeySource, KeysSection
from oracle.configuration.peers import PeersSection
from oracle.configuration.process import (
    ApiSection,
    DatabaseSection,
    LogSection,
    OperatorSection,
    PoliciesSection,
    ScoreSection,
    WebhooksSection,
    WebSection,
)
from oracle.configuration.registry import RegistrySection
from oracle.configuration.tabs import TabsSection
from oracle.configuration.work import EvaluationSection, EvidenceSection, JurySection
from oracle.decide.due import DuePolicy
from oracle.decide.lane import GWEI, LanePolicy
from oracle.domain.document import describe_problems
from oracle.domain.fields import HashField
from oracle.domain.types import Hash

__all__ = ["CommitteeSection", "ConfigError", "KeySource", "Settings", "load_settings"]


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix="ORACLE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    chain: ChainSection
    keys: KeysSection
    policy: PolicySection = PolicySection()
    committees: dict[HashField, CommitteeSection] = {}
    outbox: OutboxSection = OutboxSection()
    database: DatabaseSection = DatabaseSection()
    evidence: EvidenceSection = EvidenceSection()
    evaluation: EvaluationSection = EvaluationSection()
    jury: JurySection = JurySection()
    log: LogSection = LogSection()
    operator: OperatorSection | None = None
    web: WebSection | None = None
    api: ApiSection | None = None
    peers: PeersSection = PeersSection()
    score: ScoreSection = ScoreSection()
    policies: PoliciesSection = PoliciesSection()
    tabs: TabsSection | None = None
    webhooks: WebhooksSection = WebhooksSection()
    registry: RegistrySection | None = None
    folder: Annotated[Path, Field(exclude=True)] = Path()
    """Where the file lies; relative paths start here."""

    def path(self, path: Path) -> Path:
        """A configured path from the file's folder."""
        return self.folder / path.expanduser()

    def database_url(self) -> str:
        """The database's URL; a relative SQLite file starts at the file's folder."""
        url = self.database.url.get_secret_value()
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/") and ":memory:" not in url:
            return f"{prefix}{(self.folder / url.removeprefix(prefix)).resolve()}"
        return url

    def lane_policy(self) -> LanePolicy:
        """The outbox's policy, fees in wei."""
        return LanePolicy(
            stuck_after=self.outbox.stuck_after,
            rebroadcast_every=self.outbox.rebroadcast_every,
            bump_percent=self.outbox.bump_percent,
            max_fee=int(self.outbox.max_fee_gwei * GWEI),
            max_in_flight=self.outbox.max_in_flight,
            retry_every=self.outbox.retry_every,
        )

    def due_policy(self, committee: CommitteeSection | None = None) -> DuePolicy:
        """The policy for jobs of a committee, or of those without a section."""
        own = committee or CommitteeSection()
        return DuePolicy(
            work_at=self.policy.work_at,
            sign_at=self.policy.sign_at,
            abstain=own.abstain,
            attest_before=self.policy.attest_before,
            close=self.policy.close and own.close,
            stagger=self.policy.stagger,
            prove=self.peers.prove,
        )

    def due_policies(self) -> dict[Hash, DuePolicy]:
        """Policies of the committees that have a section."""
        return {committee: self.due_policy(section) for committee, section in self.committees.items()}


def load_settings(path: Path) -> Settings:
    """Read the configuration file; environment variables override it.

    Raises:
        ConfigError: the file is missing or not TOML, or a field is unknown, missing or wrong.
    """

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Environment before file."""
            file = TomlConfigSettingsSource(settings_cls, toml_file=path)
            return init_settings, env_settings, file

    if not path.is_file():
        raise ConfigError(
            f"there is no configuration at {path}", field="config", next_step="run: oracle init"
        )
    try:
        return FromFile(folder=path.resolve().parent)  # the rest is in the file
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", field="config") from error
    except ValidationError as error:
        problems = describe_problems(error)
        shown = "; ".join(f"{field}: {problem}" for field, problem in problems)
        raise ConfigError(f"{path} is not valid: {shown}", field=problems[0][0]) from error
