"""Imported by the server that evaluators are forked from: the clock first, then all a daemon needs.

What a daemon imports only when it needs it is named too: else it would be imported again after every kill.
"""

from scripts.chaos import inside

inside.take_clock()

import cel  # noqa: E402, F401
import dbos  # noqa: E402, F401
import drand_verify  # noqa: E402, F401
import pydantic_ai.direct  # noqa: E402
import pydantic_ai.models.openai  # noqa: E402
import pydantic_ai.providers.openai  # noqa: E402, F401

import oracle.cli.main  # noqa: E402
import oracle.cli.run  # noqa: E402
import oracle.jury.deliberate  # noqa: E402
import oracle.jury.panel  # noqa: E402
import oracle.jury.probes  # noqa: E402, F401
