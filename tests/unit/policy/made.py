"""Policies and jobs for tests of policies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oracle.decide.jobs import Place
from oracle.domain.types import Basis, Ending, Outcome
from oracle.history.task import Close, Judgement, Task, TaskKind
from oracle.policy.document import Policy, read_policy
from oracle.score.evidence import Contest, Finding

DAY = 86_400
START = 1_767_225_600  # 2026-01-01
NOW = START + 30 * DAY
TAB = "0x" + "7a" * 32
AGENT, OTHER = "0x" + "aa" * 20, "0x" + "ab" * 20
COMMITTEE, PACT = "0x" + "c0" * 32, "0x" + "a1" * 32
USDC = 1_000_000

HEAD = """
schema = "earnest/policy/1"
name = "one"
purpose = "a test"
since = 2026-01-01
[owner]
name = "somebody"
[review]
every_days = 30
reviewed = 2026-01-20
"""
RULE = """
[[rules]]
id = "first"
signal = "failure-streak"
above = 1
then = [{ kind = "refuse-above", amount = "100 USDC" }]
"""


def policy(rules: str = RULE, head: str = HEAD) -> Policy:
    return read_policy((head + rules).encode(), what="test")


def rule(id_: str, signal: str, threshold: str, then: str, more: str = "") -> str:
    return f'[[rules]]\nid = "{id_}"\nsignal = "{signal}"\n{threshold}\n{more}\nthen = [{then}]\n'


def refuse(amount: str) -> str:
    return f'{{ kind = "refuse-above", amount = "{amount}" }}'


def place(time: int, index: int = 0) -> Place:
    block = (time - START) // 2 + 1
    return Place(block, f"0x{block:064x}", time, index)


def task(number: int, ends: str = "pass", **changes: Any) -> Task:
    """A job opened `number` days after the start that ends a day later: pass, fail, runs, silent, no-show,
    overturned."""
    opened = START + number * DAY
    end = opened + DAY
    outcome = {"fail": Outcome.FAIL, "no-show": Outcome.FAIL, "silent": Outcome.LAPSE}.get(ends, Outcome.PASS)
    basis = {"no-show": Basis.NO_SHOW, "silent": Basis.SILENCE}.get(ends, Basis.VERDICT)
    overturned = ends == "overturned"
    finding = {
        "pass": Finding.PASS,
        "fail": Finding.FAIL,
        "no-show": Finding.FAIL,
        "silent": Finding.NOTHING,
        "overturned": Finding.LOST,
    }
    close = None
    if ends != "runs":
        close = Close(
            place(end, 5),
            Outcome.FAIL if overturned else outcome,
            Ending.RULED if overturned else Ending.SETTLED,
            finding[ends],
            Contest.LOST if overturned else Contest.NONE,
            30_000_000 * 1_000_000,
        )
    values: dict[str, Any] = {
        "job": f"0x{number + 1:064x}",
        "provider": AGENT,
        "agent_id": 0,
        "buyer": f"0x{0xB000 + number % 9:040x}",
        "committee": COMMITTEE,
        "pact": PACT,
        "price": 200 * USDC,
        "gated": 200 * USDC,
        "bond": 50 * USDC,
        "secured": True,
        "members": 0b111,
        "opened": place(opened),
        "deliver_by": opened + 3_600,
        "judge_by": opened + 7_200,
        "delivered_at": None if ends in ("no-show", "runs") else opened + 1_800,
        "judged": None if ends == "runs" else Judgement(place(opened + 7_200, 2), outcome, basis, 0b011),
        "disputed": place(opened + 10_000, 3) if overturned else None,
        "close": close,
    }
    return Task(**(values | changes))


def tab(number: int, *, closed: int | None = None, **changes: Any) -> Task:
    """A tab of 300 USDC opened so many days after the start, and closed at a day, if at all."""
    end = None if closed is None else task(closed - 1).close
    made = replace(
        task(number, "runs"), job=TAB, kind=TaskKind.TAB, price=300 * USDC, gated=300 * USDC, close=end
    )
    return replace(made, **changes)


def period(number: int, ends: str = "pass", *, day: int, withheld: int = 0, **changes: Any) -> Task:
    """A period of that tab, of 100 USDC presented at a day; it ends as a job would, so much withheld."""
    made = task(day, ends)
    paid = 0 if made.failed or ends == "silent" else 100 * USDC - withheld
    judged = None if made.judged is None else replace(made.judged, payable=paid)
    end = made.close
    if end is not None:  # in a place of its own, beside a job's
        end = replace(end, place=end.place._replace(log_index=6))
    made = replace(
        made,
        job=TAB,
        kind=TaskKind.PERIOD,
        period=number,
        price=100 * USDC,
        gated=paid,
        judged=judged,
        close=end,
    )
    return replace(made, **changes)
