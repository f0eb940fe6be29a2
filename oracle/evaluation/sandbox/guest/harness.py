"""Runs in the suite's sandbox: collects the hidden suite with pytest and reports each test on its own.

Arguments: fd to read from and to write to the delivered code, fd of the report, seconds for the delivered
    code.
"""

import difflib
import json
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), "/rt/site"]
import candidate  # noqa: E402  # found beside this file
import pytest  # noqa: E402

SUITE = "/suite"


_ndiff = difflib.ndiff
_DIFF_LINES = 400
_DIFF_CHARACTERS = 20_000


def _bounded_ndiff(a, b, *args, **kwargs):
    """Comparing texts takes time that grows with their product, and one is the delivered code's."""
    a, b = list(a), list(b)
    if len(a) + len(b) > _DIFF_LINES or sum(map(len, a)) + sum(map(len, b)) > _DIFF_CHARACTERS:
        return iter(["  (too long to be compared line by line)\n"])
    return _ndiff(a, b, *args, **kwargs)


difflib.ndiff = _bounded_ndiff


class Reporter:
    """Writes one line for each fact. A test has passed when all its phases have, with the candidate alive."""

    def __init__(self, fd):
        self.fd = fd
        self.outcomes = {}

    def write(self, **fact):
        os.write(self.fd, json.dumps(fact).encode("ascii") + b"\n")

    @pytest.fixture(name="candidate")
    def candidate_fixture(self):
        return candidate

    def pytest_collectreport(self, report):
        if report.failed:
            self.write(event="uncollected", id=report.nodeid, message=str(report.longrepr)[:2000])

    def pytest_collection_finish(self, session):
        self.write(event="collected", ids=[item.nodeid for item in session.items])

    def pytest_runtest_logreport(self, report):
        before = self.outcomes.get(report.nodeid, "passed")
        now = "skipped" if report.skipped or hasattr(report, "wasxfail") else report.outcome
        if before == "passed":
            self.outcomes[report.nodeid] = now
        elif now == "failed":
            self.outcomes[report.nodeid] = "failed"
        if report.when == "teardown":
            outcome = "failed" if candidate.link.gone else self.outcomes[report.nodeid]
            self.write(event="test", id=report.nodeid, outcome=outcome)
        if report.failed:
            self.write(event="message", id=report.nodeid, message=report.longreprtext[-2000:])


def main():
    read_fd, write_fd, report_fd, seconds = (int(word) for word in sys.argv[1:5])
    candidate.link.configure(read_fd, write_fd, seconds)
    reporter = Reporter(report_fd)
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={SUITE}"]
    status = pytest.main([*options, "--continue-on-collection-errors", SUITE], plugins=[reporter])
    link = candidate.link
    reporter.write(event="end", status=int(status), calls=link.calls, errors=link.errors, gone=link.gone)


if __name__ == "__main__":
    main()
