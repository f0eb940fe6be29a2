"""Fetching from hosts that others name: never into our own network, never without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from oracle.domain.canonical import keccak_hex
from oracle.evidence.errors import (
    EvidenceError,
    ForbiddenLocationError,
    MissingContentError,
    OversizedContentError,
    StoreUnreachableError,
)
from oracle.evidence.http import HttpFetcher, is_public
from oracle.evidence.store import ContentStore, HttpLocation

PUBLIC = "93.184.216.34"


def fetcher(
    answer: Callable[[httpx.Request], httpx.Response], *addresses: str, redirects: int = 2
) -> HttpFetcher:
    return HttpFetcher(
        redirects=redirects,
        resolver=lambda _host, _port: addresses or (PUBLIC,),
        transport=httpx.MockTransport(answer),
    )


def ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(b"content"))


def get(chosen: HttpFetcher, url: str = "https://files.example/x", most: int = 100) -> bytes:
    return chosen.get(url, max_bytes=most, seconds=60)


def test_the_connection_goes_to_the_checked_address_under_the_hosts_name() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"content"))

    assert get(fetcher(answer), "https://files.example:8443/x?y=1") == b"content"
    assert seen[0].url.host == PUBLIC
    assert seen[0].url.port == 8443
    assert seen[0].headers["host"] == "files.example:8443"
    assert seen[0].extensions["sni_hostname"] == "files.example"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "fec0::1",
        "64:ff9b:1::5db8:d822",
        "::5db8:d822",
        "::ffff:0:5db8:d822",
    ],
)
def test_addresses_that_are_not_public_are_refused_after_resolution(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(ForbiddenLocationError, match="not a public address"):
        get(fetcher(ok, address))
    with pytest.raises(ForbiddenLocationError, match="not a public address"):
        get(fetcher(ok, PUBLIC, address))


def test_a_redirect_is_resolved_and_checked_anew() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "https://inside.example/secret"})

    chosen = HttpFetcher(
        resolver=lambda host, _port: ["127.0.0.1"] if host == "inside.example" else [PUBLIC],
        transport=httpx.MockTransport(answer),
    )
    with pytest.raises(ForbiddenLocationError, match=r"inside\.example"):
        get(chosen)


@pytest.mark.parametrize("target", ["http://files.example/x", "file:///etc/passwd", "ftp://x/y"])
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    chosen = fetcher(lambda _request: httpx.Response(301, headers={"location": target}))
    with pytest.raises(ForbiddenLocationError, match="scheme"):
        get(chosen)


@pytest.mark.parametrize("target", ["https://a]/", "//["])
def test_a_redirect_to_no_url_is_refused(target: str) -> None:
    with pytest.raises(ForbiddenLocationError, match="not a URL"):
        get(fetcher(lambda _request: httpx.Response(302, headers={"location": target})))


@pytest.mark.parametrize(
    "path", ["\x7f", "x" * 70_000, "\ud800"], ids=["control character", "too long", "no character"]
)
def test_what_is_no_url_is_refused(path: str) -> None:
    with pytest.raises(ForbiddenLocationError, match="not a URL"):
        get(fetcher(ok), f"https://files.example/{path}")


def test_a_host_in_another_script_is_named_in_ascii() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return ok(request)

    assert get(fetcher(answer), "https://münchen.example:8443/x") == b"content"
    assert seen[0].headers["host"] == "xn--mnchen-3ya.example:8443"
    assert seen[0].extensions["sni_hostname"] == "xn--mnchen-3ya.example"


def test_redirects_end() -> None:
    count = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(302, headers={"location": f"/{count}"})

    with pytest.raises(ForbiddenLocationError, match="more than 2 redirects"):
        get(fetcher(answer))
    assert count == 3


def test_credentials_in_an_address_are_refused_and_not_shown() -> None:
    with pytest.raises(ForbiddenLocationError) as caught:
        get(fetcher(ok), "https://user:geheim@files.example/x")
    assert "geheim" not in caught.value.message


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no way to {request.url}", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: httpx.Response(404), id="missing"),
        pytest.param(lambda _: httpx.Response(500), id="broken"),
        pytest.param(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"x" * 101)), id="too large"),
        pytest.param(lambda _: httpx.Response(302, headers={"location": "/geheim"}), id="moved for ever"),
        pytest.param(lambda _: httpx.Response(302, headers={"location": "http://x/geheim"}), id="to http"),
        pytest.param(lambda _: httpx.Response(302, headers={"location": "https://[/geheim"}), id="to no URL"),
        pytest.param(refused, id="no answer"),
    ],
)
def test_no_failure_shows_more_of_an_address_than_its_host(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    with pytest.raises(EvidenceError) as caught:
        get(fetcher(answer), "https://files.example/geheim/x?key=geheim")
    assert "geheim" not in f"{caught.value.message} {caught.value.field} {caught.value.next_step}"


def test_reading_stops_at_the_cap() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield b"x" * 65_536

    with pytest.raises(OversizedContentError):
        get(fetcher(lambda _request: httpx.Response(200, content=endless())), most=200_000)
    assert read < 1_000_000


def test_a_compressed_answer_is_not_unpacked() -> None:
    answer = httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8bzip")
    )
    assert get(fetcher(lambda _request: answer)) == b"\x1f\x8bzip"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, MissingContentError),
        (410, MissingContentError),
        (500, StoreUnreachableError),
        (403, StoreUnreachableError),
    ],
)
def test_only_the_servers_own_word_is_absence(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        get(fetcher(lambda _request: httpx.Response(status)))


def test_no_answer_is_unreachable() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too late", request=request)

    with pytest.raises(StoreUnreachableError, match="did not answer"):
        get(fetcher(answer))


def test_the_store_checks_what_a_server_gives(tmp_path: object) -> None:
    place = HttpLocation("https://files.example/evidence", fetcher(ok))
    store = ContentStore(str(tmp_path), [place])
    assert store.get(keccak_hex(b"content"), max_bytes=100) == b"content"
