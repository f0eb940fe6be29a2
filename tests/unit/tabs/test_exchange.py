"""Messages: read back as they were written, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.tabs.exchange import MAX_HEAD, MessageError, Request, Response, kept

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
header_lists = st.lists(words, max_size=2).map(
    lambda values: (
        tuple(zip(("content-encoding", "content-type")[-len(values) :], values, strict=False))
        if values
        else ()
    )
)


@given(words, words, header_lists, st.binary(max_size=50))
def test_requests_are_read_back(method: str, target: str, headers: object, body: bytes) -> None:
    request = Request(method, target, headers, body)  # type: ignore[arg-type]
    assert Request.decode(request.encode()) == request


@given(st.integers(100, 999), header_lists, st.binary(max_size=50))
def test_responses_are_read_back(status: int, headers: object, body: bytes) -> None:
    response = Response(status, headers, body)  # type: ignore[arg-type]
    assert Response.decode(response.encode()) == response


@given(st.binary(max_size=80))
def test_what_is_read_is_what_would_be_written(data: bytes) -> None:
    for kind in (Request, Response):
        try:
            assert kind.decode(data).encode() == data
        except MessageError:
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"200",
        b"200\n",
        b"\n\n",
        b"20\n\n",
        b"2000\n\n",
        b"200\nContent-Type: a\n\n",
        b"200\ncontent-type: a\ncontent-encoding: b\n\n",  # another order
        b"200\ncontent-type: a\ncontent-type: b\n\n",
        b"200\nset-cookie: a\n\n",
        b"200\ncontent-type a\n\n",
        b"200\r\n\n",
        b"\xff\n\n",
        "٢٠٠\n\n".encode(),
        b"2" * (MAX_HEAD + 9),
    ],
)
def test_malformed_responses_are_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        Response.decode(data)


@pytest.mark.parametrize("data", [b"GET\n\n", b" /\n\n", b"GET /a b\n\n", b"GET \n\n", b"GET /\nx\n\n"])
def test_malformed_requests_are_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        Request.decode(data)


@pytest.mark.parametrize(
    "request_", [Request("GET", "/a\nb: c", (), b""), Request("GET", "/" + "a" * MAX_HEAD, (), b"")]
)
def test_a_head_that_could_be_read_otherwise_is_not_written(request_: Request) -> None:
    with pytest.raises(MessageError):
        request_.encode()


def test_only_headers_that_say_how_to_read_the_body_are_kept() -> None:
    raw = [(b"Set-Cookie", b"a"), (b"Content-Type", b" text/plain "), (b"content-type", b"other")]
    assert kept(raw) == (("content-type", "text/plain"),)
