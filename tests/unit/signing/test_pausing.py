"""A signer that failed is not asked again for a moment, and then it is."""

from __future__ import annotations

import pytest

from oracle.signing.pausing import PausingSigner
from oracle.signing.signer import SigningError


class Far:
    """A signer elsewhere: counts how often it is asked."""

    address = "0x" + "fa" * 20

    def __init__(self) -> None:
        self.asked = 0
        self.down = True
        self.closed = False

    def sign(self, message: bytes) -> bytes:
        self.asked += 1
        if self.down:
            raise SigningError("the far signer cannot be reached", field="url", next_step="start it")
        return message * 65

    def close(self) -> None:
        self.closed = True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_sign__after_a_failure__is_not_asked_until_the_pause_is_over() -> None:
    far, clock = Far(), Clock()
    signer = PausingSigner(far, pause=5, clock=clock)
    for _ in range(20):
        with pytest.raises(SigningError, match="cannot be reached") as caught:
            signer.sign(b"\x01")
        assert (caught.value.field, caught.value.next_step) == ("url", "start it")
    assert far.asked == 1
    far.down = False
    clock.now += 5
    assert signer.sign(b"\x01") == b"\x01" * 65
    assert signer.sign(b"\x02") == b"\x02" * 65
    assert far.asked == 3


def test_sign__fails_again_after_the_pause__pauses_again() -> None:
    far, clock = Far(), Clock()
    signer = PausingSigner(far, pause=5, clock=clock)
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SigningError):
                signer.sign(b"\x01")
        clock.now += 5
    assert far.asked == 3


def test_address_and_close__are_the_inner_signers() -> None:
    far = Far()
    signer = PausingSigner(far)
    assert signer.address == far.address
    signer.close()
    assert far.closed
