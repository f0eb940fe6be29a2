"""The daemon's configuration: a TOML file, overridden by environment variables.

`ORACLE_CHAIN__RPC` overrides `[chain] rpc`, and so on. Paths are relative to the file's folder. Addresses of
nodes and databases may hold credentials: they are kept out of what is printed.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from oracle.decide.due import DuePolicy
from oracle.decide.lane import GWEI, LanePolicy
from oracle.decide.reorg import Level
from oracle.domain.document import describe_problems
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash, parse_hash

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class ConfigError(EarnestError):
    """The configuration is missing, malformed, or names something that is not there."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ChainSection(_Section):
    """Which chain, through which node, and where the contracts stand."""

    rpc: SecretStr
    chain_id: Count
    deployment: Path
    timeout: Seconds = 10.0
    poll: Seconds = 1.0
    largest_range: Count = 10_000
    smallest_range: Count = 1


class PolicySection(_Section):
    """How settled the chain must be before each act."""

    work_at: Level = Level.LATEST
    sign_at: Level = Level.SAFE
    attest_before: Annotated[int, Field(ge=0)] = 120
    close: bool = True


class CommitteeSection(_Section):
    """What differs for one committee."""

    abstain: bool = False
    close: bool = True
    serve: bool = False
    """Close its jobs (lapse, settle) even where no key of it is held here."""


class OutboxSection(_Section):
    """How patient and how generous sending is. Fees in gwei."""

    max_fee_gwei: Annotated[Decimal, Field(gt=0)] = Decimal(200)
    bump_percent: Annotated[int, Field(ge=10, le=1_000)] = 25
    stuck_after: Seconds = 30.0
    rebroadcast_every: Seconds = 15.0
    retry_every: Seconds = 5.0
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16


class DatabaseSection(_Section):
    """Where everything is kept."""

    url: SecretStr = SecretStr("sqlite:///oracle.sqlite3")


class EvidenceSection(_Section):
    """The content store: our own directory, other places to read from, and the key of private deliveries."""

    directory: Path = Path("evidence")
    others: tuple[str, ...] = ()
    identity: Path | None = None


class EvaluationSection(_Section):
    """How many at a time, and how long a missing delivery is asked for."""

    workers: Annotated[int, Field(ge=1, le=64)] = 2
    tries: Count = 6
    wait: Seconds = 10.0
    drand: tuple[str, ...] | None = None


class JurySection(_Section):
    """The jurors' providers and what probes showed of them; without them jury conditions stay undecided."""

    providers: Path | None = None
    calibrations: Path = Path("calibrations")


class KeySource(_Section):
    """One key: a keystore with a password file, or an environment variable with 32 bytes of hex."""

    keystore: Path | None = None
    password_file: Path | None = None
    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.keystore is None) == (self.env is None):
            raise ValueError("give either keystore with password_file, or env")
        if (self.keystore is None) != (self.password_file is None):
            raise ValueError("keystore and password_file go together")
        return self


class KeysSection(_Section):
    """The evaluators' signing keys, and the key that pays the gas."""

    sender: KeySource
    evaluators: tuple[KeySource, ...] = ()


class LogSection(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "json"


CommitteeId = Annotated[str, AfterValidator(parse_hash)]


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
    committees: dict[CommitteeId, CommitteeSection] = {}
    outbox: OutboxSection = OutboxSection()
    database: DatabaseSection = DatabaseSection()
    evidence: EvidenceSection = EvidenceSection()
    evaluation: EvaluationSection = EvaluationSection()
    jury: JurySection = JurySection()
    log: LogSection = LogSection()
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
