"""A process of its own for checks whose cost the input decides: JSON Schema, CEL, RE2.

Started as a script, it loads the libraries once and forks for each socket that it is handed over standard
input. The fork reads JSON tasks from its socket, one after the other, and answers each with one JSON object;
before each stands its length. The kernel ends it after a task's time, which is that of the processor: what an
evaluator concludes must not depend on what else its machine does. Its memory is limited before it looks at
anything.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import sys
import types
from typing import Any

HEAD = 4  # bytes of a length
WAITS = 12  # times the processor's time that a task may take on the clock: on a loaded machine it waits
_MACROS = ("all", "exists", "exists_one", "map", "filter")


class Refused(Exception):  # noqa: N818 - not an error of the program: an answer
    """The task is beyond its limits, or has no yes or no for an answer."""


def _schema(task: dict[str, Any]) -> dict[str, Any]:
    import jsonschema
    from referencing import Registry

    # an empty registry: a reference to anything outside the schema is an error, never fetched
    validator = jsonschema.Draft202012Validator(task["schema"], registry=Registry())
    problems = []
    for error in validator.iter_errors(task["document"]):
        where = "/" + "/".join(str(step) for step in error.absolute_path) if error.absolute_path else ""
        problems.append({"at": where[:200], "rule": str(error.validator)[:60]})
        if len(problems) == 20:
            break
    problems.sort(key=lambda problem: (problem["at"], problem["rule"]))
    return {"holds": not problems, "problems": problems}


def _schema_form(task: dict[str, Any]) -> dict[str, Any]:
    """Whether a schema is one; an error where it is not. It takes ten times as long as most documents do."""
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(task["schema"])
    return {"holds": True}


def _largest(value: Any, depth: int, limits: dict[str, int]) -> int:
    """Items of the longest list or text; refuses what is nested or long beyond the limits."""
    if isinstance(value, str):
        return 1
    if not isinstance(value, dict | list):
        return 1
    if depth > limits["depth"]:
        raise Refused(f"a fact is nested deeper than {limits['depth']} levels")
    if len(value) > limits["items"]:
        raise Refused(f"a fact holds a list of {len(value)} items; the limit is {limits['items']}")
    inner = value.values() if isinstance(value, dict) else value
    return max([len(value), *(_largest(item, depth + 1, limits) for item in inner)])


def macro_depth(expression: str) -> int:
    """How deep the macros that go through a list stand inside one another; texts are skipped."""
    depth = deepest = position = 0
    opened: list[bool] = []
    word = ""
    quote = ""
    while position < len(expression):
        character = expression[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote, word = character, ""
        elif character == "(":
            opened.append(word.strip() in _MACROS)
            depth += opened[-1]
            deepest = max(deepest, depth)
            word = ""
        elif character == ")":
            depth -= opened.pop() if opened else 0
            word = ""
        elif character.isalnum() or character == "_":
            word += character
        elif not character.isspace():
            word = ""
        position += 1
    return deepest


def _cel(task: dict[str, Any]) -> dict[str, Any]:
    # A command line comes with it, and with that most of the memory whose tables each fork has copied.
    sys.modules.setdefault("cel.cli", types.ModuleType("cel.cli"))
    import cel
    from cel.stdlib import STDLIB_FUNCTIONS

    limits = task["limits"]
    largest = _largest(task["facts"], 0, limits)
    nested = macro_depth(task["expression"])
    if largest**nested > limits["cost"]:
        raise Refused(
            f"{nested} nested macros over {largest} items may take {largest**nested} steps; "
            f"the limit is {limits['cost']}"
        )
    context = cel.Context(task["facts"])
    for name in task["functions"]:
        context.add_function(name, STDLIB_FUNCTIONS[name])
    answer = cel.evaluate(task["expression"], context)
    if not isinstance(answer, bool):
        raise Refused(f"the expression yields a {type(answer).__name__}, not a boolean")
    return {"holds": answer}


def _pattern(task: dict[str, Any]) -> dict[str, Any]:
    import re2

    options = re2.Options()
    options.max_mem = 16 * 1024 * 1024
    options.log_errors = False
    found = re2.compile(task["pattern"], options).search(task["text"])
    return {"found": found is not None, "at": found.start() if found is not None else None}


_METHODS = {"json_schema": _schema, "schema_form": _schema_form, "cel": _cel, "pattern": _pattern}

# What the libraries make at their first use, they make before the forks: so each need not do it again.
_REHEARSED: tuple[dict[str, Any], ...] = (
    {
        "method": "json_schema",
        "schema": {
            "type": "array",
            "minItems": 1,
            "maxItems": 9,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["a"],
                "properties": {
                    "a": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^x"},
                    "b": {"enum": [1]},
                },
            },
        },
        "document": [{"a": "x", "b": 1}, {"a": "x", "b": 2}],
    },
    {
        "method": "cel",
        "expression": "a.all(x, sum(a.map(y, y.n)) >= x.n) && a.exists_one(x, x.n == 1 && x.t == 't')",
        "facts": {"a": [{"n": 1, "t": "t"}]},
        "functions": ["sum"],
        "limits": {"depth": 9, "items": 9, "cost": 9},
    },
    {"method": "pattern", "pattern": "x+$", "text": "xx"},
)


def answer_all(connection: socket.socket) -> None:
    """Read tasks and answer them, until there are no more."""
    with connection.makefile("rb") as reading:
        while head := reading.read(HEAD):
            answer = json.dumps(_answer(json.loads(reading.read(int.from_bytes(head, "big"))))).encode()
            connection.sendall(len(answer).to_bytes(HEAD, "big") + answer)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    """The answer to one task; whatever goes wrong is an answer too."""
    signal.setitimer(signal.ITIMER_PROF, task["seconds"])
    signal.setitimer(signal.ITIMER_REAL, task["seconds"] * WAITS)
    memory = task["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + task["seconds"] + 1, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        return _METHODS[task["method"]](task)
    except Refused as refused:
        return {"error": str(refused)}
    except Exception as error:  # noqa: BLE001 - an error is undecided, and says what it was
        return {"error": f"{type(error).__name__}: {error}"}


def serve() -> None:
    """Fork for each socket handed over, until the one who hands them over is gone."""
    for task in _REHEARSED:
        _METHODS[task["method"]](task)
    gc.collect()
    gc.freeze()  # a fork that looked through what it shares would have it all copied
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks
    control = socket.socket(fileno=0)
    while True:
        said, handed, _flags, _address = socket.recv_fds(control, 1, 1)
        if not said:
            return
        if not handed:
            continue
        if os.fork() == 0:
            status = 1
            try:
                control.close()
                answer_all(socket.socket(fileno=handed[0]))
                status = 0
            finally:
                os._exit(status)
        os.close(handed[0])


if __name__ == "__main__":
    serve()
