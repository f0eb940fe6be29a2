"""Imported by the server that evaluators are forked from: the clock first, then all a daemon needs."""

from scripts.chaos import inside

inside.take_clock()

import dbos  # noqa: E402, F401

import oracle.cli.main  # noqa: E402
import oracle.cli.run  # noqa: E402, F401
