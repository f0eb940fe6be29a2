"""Which account answers for a methodology's provider alias: the operator's own configuration.

A methodology names jurors by family, model and alias; it never holds an address or a key. The operator's
file maps each alias to a provider. Keys are named by environment variable, never written down.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from oracle.domain.document import Part, describe_problems
from oracle.jury.errors import ProviderError
from oracle.jury.local import PINNED_SHA256, LocalServer, pinned_model_path
from oracle.jury.ratelimit import Rate
from oracle.pact.document import Line, Slug

if TYPE_CHECKING:
    from pydantic_ai.models import Model

MAX_CONFIG_BYTES = 65_536
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
Output: TypeAlias = Literal["native", "prompted"]
"""How an answer's form is had: "native" hands the provider the JSON Schema, "prompted" only asks for it."""


class Connection(Part):
    """One provider of the operator.

    `requests_per_minute` null: no limit of its own. A local model is the pinned one, or `model_file` with
    the SHA-256 it must have.
    """

    kind: Literal["openai", "anthropic", "google", "local"]
    base_url: str | None = None
    key_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")] | None = None
    output: Output = "native"
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    model_file: Line | None = None
    model_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _files_are_pinned(self) -> Self:
        if (self.model_file is None) != (self.model_sha256 is None):
            raise ValueError("model_file and model_sha256 are given together")
        if self.model_file is not None and self.kind != "local":
            raise ValueError("model_file is for kind local")
        return self

    @field_validator("base_url")
    @classmethod
    def _encrypted_unless_here(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise ValueError("must not hold a password; name the key's environment variable in key_env")
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
            return url
        raise ValueError("must begin with https://, or with http:// and a loopback address")


class ProvidersFile(Part):
    """The operator's file: alias to provider."""

    providers: dict[Slug, Connection]


class Endpoint(Protocol):
    """A model that can be asked."""

    output: Output

    def model(self) -> Model:
        """The model, not yet entered; the caller enters and leaves it around each request."""
        ...

    def failed(self) -> None:
        """Told after a timeout, so that a hanging server of our own can be killed."""
        ...


class Providers(Protocol):
    """Finds the endpoint of a juror."""

    def endpoint(self, alias: str, model: str) -> Endpoint:
        """The endpoint for `model` at `alias`.

        Raises:
            ProviderError: the alias is not configured, or its key is not in the environment.
        """
        ...

    def configured(self, alias: str) -> str | None:
        """None where the alias can be used, else a sentence that says what to configure."""
        ...

    def rates(self) -> Mapping[str, Rate]:
        """Rate of each configured alias."""
        ...

    def close(self) -> None:
        """Stop what was started."""
        ...


def read_providers(path: Path) -> dict[str, Connection]:
    """Read the operator's providers file (TOML: one table `[providers.ALIAS]` each).

    Raises:
        ProviderError: unreadable, too large, not TOML, or a field is unknown or wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
        if len(data) > MAX_CONFIG_BYTES:
            raise ProviderError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes", field=str(path))
        return dict(ProvidersFile.model_validate(tomllib.loads(data.decode("utf-8"))).providers)
    except OSError as error:
        raise ProviderError(
            f"cannot read the providers file {path}: {error.strerror}",
            field=str(path),
            next_step="write one table [providers.ALIAS] for each alias of the methodology",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProviderError(f"{path} is not TOML: {error}", field=str(path)) from error
    except ValidationError as error:
        problems = describe_problems(error)
        shown = "; ".join(f"{field}: {problem}" for field, problem in problems[:10])
        raise ProviderError(f"{path} is not valid: {shown}", field=problems[0][0]) from error


class ConfiguredProviders:
    """Providers by the operator's configuration. Model libraries are loaded when a juror is first asked.

    Args:
        connections: Alias to connection.
        environment: Where keys are looked up; the process's own unless given.
    """

    def __init__(
        self, connections: Mapping[str, Connection], environment: Mapping[str, str] | None = None
    ) -> None:
        self._connections = dict(connections)
        self._environment = os.environ if environment is None else environment
        self._servers: dict[tuple[str, str], LocalServer] = {}

    def endpoint(self, alias: str, model: str) -> Endpoint:
        """See `Providers.endpoint`."""
        problem = self.configured(alias)
        if problem is not None:
            raise ProviderError(problem, field=f"providers.{alias}")
        connection = self._connections[alias]
        if connection.kind == "local":
            return _LocalEndpoint(self._server(alias, model, connection), model, connection.output)
        key = self._environment.get(connection.key_env, "") if connection.key_env else ""
        return _RemoteEndpoint(connection, model, key)

    def configured(self, alias: str) -> str | None:
        """See `Providers.configured`."""
        connection = self._connections.get(alias)
        if connection is None:
            return f"no provider {alias!r} is configured: add [providers.{alias}] to the providers file"
        if connection.kind == "local":
            path = self._model_file(connection)
            if not path.is_file():
                return f"provider {alias!r} has no model file {path.name}: fetch the local model first"
            return None
        if connection.key_env is None:
            loopback = connection.base_url is not None and urlsplit(connection.base_url).hostname in LOOPBACK
            return None if loopback else f"provider {alias!r} names no key: set key_env in the providers file"
        if not self._environment.get(connection.key_env):
            return f"provider {alias!r} has no key: set the environment variable {connection.key_env}"
        return None

    def rates(self) -> Mapping[str, Rate]:
        """See `Providers.rates`."""
        return {
            alias: Rate(1 if c.kind == "local" else c.concurrency, c.requests_per_minute)
            for alias, c in self._connections.items()
        }

    def close(self) -> None:
        """Kill the local servers that were started."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def _server(self, alias: str, model: str, connection: Connection) -> LocalServer:
        if (alias, model) not in self._servers:
            self._servers[alias, model] = LocalServer(
                self._model_file(connection), model, sha256=connection.model_sha256 or PINNED_SHA256
            )
        return self._servers[alias, model]

    def _model_file(self, connection: Connection) -> Path:
        if connection.model_file is not None:
            return Path(connection.model_file).expanduser()
        return pinned_model_path(self._environment)


class _RemoteEndpoint:
    """A model of an account of the operator's."""

    def __init__(self, connection: Connection, model: str, key: str) -> None:
        self.output: Output = connection.output
        self._connection, self._model, self._key = connection, model, key

    def model(self) -> Model:
        """A model with a client of its own, closed when it is left: no client outlives its event loop."""
        connection = self._connection
        if connection.kind == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            return AnthropicModel(
                self._model, provider=AnthropicProvider(api_key=self._key, base_url=connection.base_url)
            )
        if connection.kind == "google":
            from pydantic_ai.models.google import GoogleModel
            from pydantic_ai.providers.google import GoogleProvider

            return GoogleModel(
                self._model, provider=GoogleProvider(api_key=self._key, base_url=connection.base_url)
            )
        return openai_model(self._model, connection.base_url, self._key)

    def failed(self) -> None:
        """Nothing of ours to kill."""


class _LocalEndpoint:
    """The local model in its own process, started when it is first asked and again after it was killed."""

    def __init__(self, server: LocalServer, model: str, output: Output) -> None:
        self.output: Output = output
        self._server, self._model = server, model

    def model(self) -> Model:
        """The running server's model."""
        address, key = self._server.start()
        return openai_model(self._model, f"{address}/v1", key)

    def failed(self) -> None:
        """Kill the server; the next call starts another."""
        self._server.close()


def openai_model(model: str, base_url: str | None, key: str) -> Model:
    """A model at OpenAI, or at any server that speaks its chat API."""
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    # The client refuses an empty key, though a server on loopback may need none.
    return OpenAIChatModel(model, provider=OpenAIProvider(base_url=base_url, api_key=key or "none"))
