"""Every guard of the contracts is expected by a Solidity test: a new `revert` without one fails here.

A guard counts as tested where one test names its error (`Name.selector`), the string it carries if any,
and, for a guard in an external function, a call of that function; helpers that the test calls are read with
it. Whether the test fails without the guard is for mutation testing to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
TESTS = ROOT / "tests" / "contracts"
_HEAD = re.compile(r"\n    (?:function (\w+)|(constructor)\b|modifier (\w+))[^{;]*\{")
_REVERT = re.compile(r"\brevert (?:\w+\.)?(\w+)\(([^;]*)\);")
_CALLED = re.compile(r"\b(\w+)\(")


@dataclass(frozen=True)
class Function:
    """A function, modifier or constructor: its name, its head and what stands between its braces."""

    name: str
    head: str
    body: str


@dataclass(frozen=True)
class Guard:
    """One `revert` in the sources."""

    file: str
    function: str
    external: bool
    error: str
    literal: str

    def __str__(self) -> str:
        return f"{self.file} {self.function}: {self.error}({self.literal})"


def functions(source: str) -> Iterator[Function]:
    """The functions of a Solidity source formatted by forge fmt, without comments."""
    text = re.sub(r"//[^\n]*", "", source)
    for match in _HEAD.finditer(text):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield Function(match[1] or match[2] or match[3], match[0], text[match.end() : end - 1])


def guards(source: str, file: str) -> Iterator[Guard]:
    """Every `revert` with a custom error in a source."""
    for function in functions(source):
        for match in _REVERT.finditer(function.body):
            literal = re.search(r'"(\w+)"', match[2])
            external = re.search(r"\bexternal\b", function.head) is not None
            yield Guard(file, function.name, external, match[1], literal[1] if literal else "")


def expanded_tests(sources: dict[str, str], shared: str) -> list[str]:
    """The text of each test together with that of every helper it calls, in its own file or in `shared`."""
    common = {f.name: f.body for f in functions(shared)}
    texts = []
    for source in sources.values():
        own = [*functions(source)]
        known = common | {f.name: f.body for f in own}
        for test in own:
            if not test.name.startswith("test"):
                continue
            seen: set[str] = set()
            waiting, text = [test.body], ""
            while waiting:
                body = waiting.pop()
                text += body
                fresh = {name for name in _CALLED.findall(body) if name in known} - seen
                seen |= fresh
                waiting.extend(known[name] for name in fresh)
            texts.append(text)
    return texts


def has_test(guard: Guard, tests: list[str]) -> bool:
    """Whether one of the tests expects this guard."""
    call = re.compile(rf"\.{guard.function}\b|\b{guard.function}(?:Call)?\(")
    return any(
        f"{guard.error}.selector" in test
        and (not guard.literal or f'"{guard.literal}"' in test)
        and (not guard.external or call.search(test) is not None)
        for test in tests
    )


def read(folder: Path, pattern: str) -> dict[str, str]:
    """Sources by path below `folder`."""
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob(pattern))}


def all_guards() -> list[Guard]:
    """Every guard of every contract."""
    return [guard for file, source in read(CONTRACTS, "*.sol").items() for guard in guards(source, file)]


def test_every_guard_is_expected_by_a_test() -> None:
    shared = "".join(text for name, text in read(TESTS, "*.sol").items() if not name.endswith(".t.sol"))
    tests = expanded_tests(read(TESTS, "*.t.sol"), shared)
    found = all_guards()
    assert len(found) > 150, "the contracts' guards were not found"
    untested = [str(guard) for guard in found if not has_test(guard, tests)]
    assert untested == [], "write a negative test for each"


def test_every_declared_error_is_used() -> None:
    declared = {
        name
        for source in read(CONTRACTS, "*.sol").values()
        for name in re.findall(r"\n\s*error (\w+)\(", re.sub(r"//[^\n]*", "", source))
    }
    used = {guard.error for guard in all_guards()}
    assert declared - used == set()


SOURCE = """
contract Thing {
    function act(uint256 x) external {
        if (x == 0) revert Bad("x"); // revert NotThis();
        _check(x);
    }

    function _check(uint256 x) private {
        if (x > 9) revert Lib.TooMuch(x, 9);
    }
}
"""


def test_guards_are_found() -> None:
    assert [*guards(SOURCE, "Thing.sol")] == [
        Guard("Thing.sol", "act", True, "Bad", "x"),
        Guard("Thing.sol", "_check", False, "TooMuch", ""),
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('refused(actCall(0), Bad.selector, "x");', True),
        ('thing.act(0); Bad.selector; "x";', True),
        ('thing.act(0); Bad.selector; "y";', False),
        ('thing.other(0); Bad.selector; "x";', False),
        ('thing.act(0); Worse.selector; "x";', False),
    ],
)
def test_a_guard_is_tested_only_by_its_error_its_word_and_its_function(test: str, expected: bool) -> None:
    assert has_test(Guard("Thing.sol", "act", True, "Bad", "x"), [test]) is expected


def test_helpers_are_read_with_the_test() -> None:
    source = "\n    function test_it() public {\n        helper();\n    }\n"
    shared = "\n    function helper() internal {\n        Bad.selector;\n    }\n"
    assert "Bad.selector" in expanded_tests({"A.t.sol": source}, shared)[0]
