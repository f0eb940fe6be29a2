"""Values over the pipe between suite and delivered code. Standard library only; runs inside the sandboxes.

The side that decodes trusts nothing: what comes out is made of exact built-in types or of opaque handles.
"""

import datetime
import decimal
import enum
import fractions
import json
import os

MAX_MESSAGE_BYTES = 2 * 1024 * 1024  # what a suite may then do with it bounds its own time
MAX_ITEMS = 100_000  # items of an iterator that are sent
MAX_DECIMAL_EXPONENT = 5_000


class CodecError(Exception):
    """A message does not follow the protocol."""


def encode(value, as_handle):
    """JSON form of a value; `as_handle(value)` names what is not plain data."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, enum.Enum):
        return encode(value.value, as_handle)
    if isinstance(value, int):
        return {"$": "int", "v": format(int(value), "x")}
    if isinstance(value, float):
        return {"$": "float", "v": float(value).hex()}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return {"$": "bytes", "v": bytes(value).hex()}
    if isinstance(value, list):
        return [encode(item, as_handle) for item in list.__iter__(value)]
    if isinstance(value, dict):
        pairs = [[encode(key, as_handle), encode(item, as_handle)] for key, item in dict.items(value)]
        return {"$": "dict", "v": pairs}
    for kind in (tuple, frozenset, set):
        if isinstance(value, kind):
            return {"$": kind.__name__, "v": [encode(item, as_handle) for item in kind.__iter__(value)]}
    for kind in (decimal.Decimal, fractions.Fraction):
        if type(value) is kind:
            return {"$": kind.__name__, "v": str(value)}
    for kind in (datetime.datetime, datetime.date):
        if type(value) is kind:
            return {"$": kind.__name__, "v": value.isoformat()}
    return as_handle(value)


def _number(text, base):
    if not isinstance(text, str) or len(text) > 4_000:
        raise CodecError("a number is not short text")
    return int(text, base)


def _decimal(text):
    if not isinstance(text, str) or len(text) > 4_000:
        raise CodecError("a decimal is not short text")
    number = decimal.Decimal(text)
    if number.is_finite() and abs(number.adjusted()) > MAX_DECIMAL_EXPONENT:
        raise CodecError("a decimal has an exponent beyond all use")
    return number


def _fraction(text):
    if not isinstance(text, str) or len(text) > 4_000 or "e" in text.lower():
        raise CodecError("a fraction is not short text")
    return fractions.Fraction(text)


def decode(form, handle):
    """The value of a JSON form; `handle(form)` makes what stands for a value that stays on the other side."""
    if form is None or form is True or form is False or type(form) is str:
        return form
    if type(form) is list:
        return [decode(item, handle) for item in form]
    if type(form) is not dict:
        raise CodecError("a value has an unknown form")
    tag, inner = form.get("$"), form.get("v")
    if tag == "handle":
        return handle(form)
    if tag in ("tuple", "set", "frozenset") and type(inner) is list:
        items = [decode(item, handle) for item in inner]
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](items)
    if tag == "dict" and type(inner) is list:
        return {decode(key, handle): decode(item, handle) for key, item in inner}
    readers = {
        "int": lambda text: _number(text, 16),
        "float": float.fromhex,
        "bytes": bytes.fromhex,
        "Decimal": _decimal,
        "Fraction": _fraction,
        "datetime": datetime.datetime.fromisoformat,
        "date": datetime.date.fromisoformat,
    }
    if tag in readers and type(inner) is str:
        return readers[tag](inner)
    raise CodecError("a value has an unknown form")


class Channel:
    """One JSON message a line, over two file descriptors."""

    def __init__(self, read_fd, write_fd):
        self._read_fd, self._write_fd = read_fd, write_fd
        self._buffer = b""

    def send(self, message, wait=None):
        """Write a message. `wait(fd)` comes before each write and may raise; the fd is then non-blocking."""
        data = json.dumps(message).encode("ascii") + b"\n"
        if len(data) > MAX_MESSAGE_BYTES:
            raise CodecError(f"a message of {len(data)} bytes; the limit is {MAX_MESSAGE_BYTES}")
        view = memoryview(data)
        while view:
            if wait is not None:
                wait(self._write_fd)
            view = view[os.write(self._write_fd, view) :]

    def receive(self, wait=None):
        """The next message. `wait(fd)` is called before each read and may raise.

        Raises EOFError when the other side is gone, CodecError for what is not the protocol.
        """
        parts = [self._buffer]
        size = len(self._buffer)
        while b"\n" not in parts[-1]:
            if size > MAX_MESSAGE_BYTES:
                raise CodecError("a message is larger than the limit")
            if wait is not None:
                wait(self._read_fd)
            chunk = os.read(self._read_fd, 65_536)
            if not chunk:
                raise EOFError
            parts.append(chunk)
            size += len(chunk)
        line, _, self._buffer = b"".join(parts).partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CodecError("a message is not JSON") from error
        if type(message) is not dict:
            raise CodecError("a message is not an object")
        return message
