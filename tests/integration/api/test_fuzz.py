"""The API under what its own OpenAPI document allows, and under what it forbids: no crash, nothing unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from oracle.store import tabs as tab_store
from tests.databases import Databases
from tests.unit.api.test_tabs import CONTRACT, LIFE, happen
from tests.unit.api.world import World, made_world


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = made_world(Databases(tmp_path_factory.mktemp("api"), None))
    with world.database.write() as session:
        tab_store.follow(session, CONTRACT)
    happen(world, *LIFE)
    world.catch_up()
    yield world
    world.database.close()


@pytest.fixture(scope="module")
def described(shared_world: World) -> Iterator[Any]:
    made = schemathesis.openapi.from_asgi("/v1/openapi.json", shared_world.app)
    made.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    yield made
    # Every route was asked what it takes and what it refuses, or this showed nothing.
    operations = {result.ok().label for result in made.get_all_operations() if isinstance(result, Ok)}
    assert set(asked) == operations
    assert {status for statuses in asked.values() for status in statuses} >= {200, 404, 422}
    assert sum(len(statuses) for statuses in asked.values()) > 10 * len(operations)


schema = schemathesis.pytest.from_fixture("described")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


asked: dict[str, list[int]] = {}


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_api__whatever_is_asked__answers_as_documented(case: Any) -> None:
    answer = case.call_and_validate(checks=CHECKS)
    asked.setdefault(case.operation.label, []).append(answer.status_code)
