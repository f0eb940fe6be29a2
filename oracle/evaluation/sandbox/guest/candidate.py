"""What a hidden suite imports to call the delivered code, which runs in another sandbox.

    import candidate
    invoice = candidate.load("invoice")
    assert invoice.total([1, 2]) == 3

Plain data comes back as plain data. Everything else comes back as a handle: its attributes and calls go
over the pipe, and it has neither a truth value nor an equality, so a delivered object cannot claim to
equal the answer.
"""

import builtins
import os
import select
import time
from collections import namedtuple

import codec

Completed = namedtuple("Completed", "returncode stdout stderr")


class CandidateError(Exception):
    """Delivered code raised an exception. Also an instance of the built-in type it has, if any.

    `type_name` is the name of the exception's own class.
    """

    type_name = ""

    def __str__(self):
        return self.args[0] if self.args else ""


class CandidateGone(BaseException):
    """Delivered code hung, died, or broke the protocol. Not an Exception, so no `raises` is met by it."""


_REFUSED = ("StopIteration", "StopAsyncIteration", "GeneratorExit")
_errors = {}


def _error_class(bases):
    for name in bases:
        base = getattr(builtins, name, None)
        if (
            name not in _REFUSED
            and isinstance(base, type)
            and issubclass(base, Exception)
            and base is not Exception
        ):
            if name not in _errors:
                _errors[name] = type(f"Candidate{name}", (CandidateError, base), {})
            return _errors[name]
    return CandidateError


class _Link:
    """The one connection of this process. The harness configures it before it imports the suite."""

    def __init__(self):
        self.channel = None
        self.left = 0.0  # seconds the delivered code may still use, in all calls together
        self.calls = 0
        self.errors = 0  # exceptions delivered code raised
        self.gone = None  # why there is nothing to call any more

    def configure(self, read_fd, write_fd, seconds):
        os.set_blocking(write_fd, False)  # delivered code that does not read must not stall the suite
        self.channel = codec.Channel(read_fd, write_fd)
        self.left = float(seconds)

    def _wait(self, fd, for_writing=False):
        started = time.monotonic()
        wanted = ([], [fd], []) if for_writing else ([fd], [], [])
        ready = any(select.select(*wanted, max(self.left, 0.0)))
        self.left -= time.monotonic() - started
        if not ready or self.left <= 0:
            raise TimeoutError

    def _lost(self, why):
        self.gone = self.gone or why
        raise CandidateGone(self.gone)

    def request(self, op, **fields):
        if self.channel is None:
            raise RuntimeError("the candidate is only there inside the harness")
        if self.gone:
            raise CandidateGone(self.gone)
        self.calls += 1
        try:
            self.channel.send(
                {"id": self.calls, "op": op, **fields}, lambda fd: self._wait(fd, for_writing=True)
            )
            reply = self.channel.receive(self._wait)
        except TimeoutError:
            self._lost("the delivered code used up its time")
        except (EOFError, OSError):
            self._lost("the delivered code ended its process or was stopped")
        except codec.CodecError as error:
            self._lost(f"the delivered code broke the protocol: {error}")
        if reply.get("id") != self.calls or type(reply.get("id")) is not int:
            self._lost("the delivered code answered out of turn")
        if "error" in reply:
            self._raise(reply["error"])
        try:
            return codec.decode(reply.get("value"), Handle)
        except (codec.CodecError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            self._lost(f"the delivered code answered with what is no value: {error}"[:300])

    def _raise(self, error):
        if (
            type(error) is not dict
            or type(error.get("message")) is not str
            or type(error.get("bases")) is not list
        ):
            self._lost("the delivered code broke the protocol: an error without its fields")
        self.errors += 1
        names = [name for name in error["bases"] if type(name) is str]
        raised = _error_class(names)(error["message"][:4_000])
        raised.type_name = str(error.get("type"))[:200]
        raise raised


link = _Link()


def _refuse(*_):
    raise TypeError(
        "this is an object inside the delivered code, not plain data; "
        "call its methods and compare what they return"
    )


class Handle:
    """An object that stays in the delivered code's sandbox."""

    __slots__ = ("_id", "_label")

    def __init__(self, form):
        number = form.get("id")
        if type(number) is not int:
            raise codec.CodecError("a handle without a number")
        self._id = number
        self._label = f"{str(form.get('kind'))[:60]} {str(form.get('name'))[:60]}".strip()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return link.request("get", on=self._id, name=name)

    def __call__(self, *args, **kwargs):
        return link.request("call", on=self._id, args=_encoded(args), kwargs=_encoded(kwargs))

    def __repr__(self):
        return f"<candidate {self._label}>"

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __hash__ = None


def _argument(value):
    if isinstance(value, Handle):
        return {"$": "handle", "id": value._id}
    raise TypeError(f"a {type(value).__name__} cannot be given to delivered code; give plain data")


def _encoded(value):
    return codec.encode(value, _argument)


class _Module:
    """A delivered module, imported at its first use, so that its failure belongs to the test that uses it."""

    def __init__(self, name):
        self._name = name
        self._handle = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if self._handle is None:
            self._handle = link.request("load", name=self._name)
        return getattr(self._handle, name)

    def __repr__(self):
        return f"<candidate module {self._name}>"


def load(name):
    """The delivered module `name` (dotted names for packages)."""
    return _Module(name)


def run(script, *args, stdin="", seconds=30):
    """Run a delivered script in a fresh Python process; gives (returncode, stdout, stderr)."""
    return Completed(
        *link.request("run", args=_encoded([script, [str(arg) for arg in args], stdin, seconds]))
    )


def put(name, data):
    """Write a scratch file beside the delivered code; gives its path there."""
    data = data.encode() if isinstance(data, str) else data
    return link.request("put", args=_encoded([os.path.basename(name), data]))


def read(path):
    """The bytes of a file the delivered code wrote."""
    return link.request("read", args=_encoded([path]))
