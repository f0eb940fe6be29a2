"""What models do wrong, and what becomes of it: always recorded as what it is, never a vote."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelResponse, TextPart

from oracle.jury.record import Section
from tests.unit.jury_live.bench import (
    CRITERION,
    DRAW,
    TEXTS,
    Faulty,
    competent,
    judge,
    methodology,
    panel,
    section_of,
    vote,
)


def first_call(section: Section) -> tuple[str, str]:
    """Outcome and reason of the first juror's main call."""
    call = section.jurors[0].calls[0]
    return call.outcome, call.why


async def test_competent_juror__good_delivery__passes() -> None:
    decision, section = await judge(competent)
    assert decision.state == "passed"
    assert section.jurors[0].vote == "pass"
    assert decision.model_calls == 4  # the delivery and three controls


async def test_competent_juror__bad_delivery__fails_with_one_control() -> None:
    decision, _ = await judge(competent, texts={"reply.md": "Dear Ms Adler,\nour kettles are fine."})
    assert decision.state == "failed"
    assert decision.model_calls == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "not JSON"),
        ("rubbish", "not JSON"),
        ("PASS", "not JSON"),
        ('{"verdict": "pass"}', "quote: is missing"),
        ('{"verdict": "yes", "quote": "x", "reason": "y"}', "verdict"),
        ('{"verdict": "pass", "quote": "x", "reason": "y", "score": 10}', "score: unknown field"),
        ('{"verdict": "fail", "verdict": "pass", "quote": "x", "reason": "y"}', "twice"),
        ('[{"verdict": "pass", "quote": "x", "reason": "y"}]', "wrong form"),
        ('Sure! {"verdict": "pass", "quote": "we pay back", "reason": "y"}', "not JSON"),
        (vote("pass", "q" * 20_000), "limit"),
        (vote("pass", "q" * 5_000), "quote"),
        ("[" * 5_000, "nested"),
    ],
)
async def test_rubbish__is_malformed_and_undecided(raw: str, said: str) -> None:
    decision, section = await judge(lambda _s, _u: raw)
    outcome, why = first_call(section)
    assert decision.state == "undecided"
    assert outcome == "malformed"
    assert said in why
    assert section.jurors[0].calls[0].attempts[-1].raw == raw


async def test_fenced_answer__is_read() -> None:
    decision, _ = await judge(lambda s, u: f"```json\n{competent(s, u)}\n```")
    assert decision.state == "passed"


async def test_hang__is_a_timeout_and_the_server_is_told() -> None:
    async def hang() -> str:
        await asyncio.sleep(60)
        return ""

    rules = methodology(call_seconds=1, attempts=1)
    providers = Faulty({"p0": lambda _s, _u: hang()})
    decision = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    outcome, why = first_call(section_of(decision))
    assert (decision.state, outcome) == ("undecided", "timeout")
    assert "1 seconds" in why
    assert providers.told_failed == 1


async def test_another_model_answers__void() -> None:
    providers = Faulty({"p0": competent}, names={"p0": "model-0-mini"})
    decision = await panel(methodology(), providers).judge(CRITERION, TEXTS, DRAW)
    section = section_of(decision)
    assert decision.state == "undecided"
    assert first_call(section) == ("other_model", "asked for model-0, answered by model-0-mini")
    assert section.jurors[0].calls[0].attempts[0].returned_model == "model-0-mini"


async def test_dated_snapshot_of_the_model__counts() -> None:
    providers = Faulty({"p0": competent}, names={"p0": "model-0-2026-03-01"})
    decision = await panel(methodology(), providers).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "passed"


async def test_refusal__is_recorded_as_refusal_and_not_retried() -> None:
    refusal = ModelResponse(parts=[TextPart("")], model_name="model-0", finish_reason="content_filter")
    decision, section = await judge(lambda _s, _u: refusal)
    assert first_call(section)[0] == "refused"
    assert len(section.jurors[0].calls[0].attempts) == 1
    assert decision.state == "undecided"


async def test_server_error__is_retried_and_both_attempts_kept() -> None:
    tries: list[int] = []

    def flaky(system: str, user: str) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ModelHTTPError(503, "model-0", body={"key": "sk-secret"})
        return competent(system, user)

    decision, section = await judge(flaky)
    attempts = section.jurors[0].calls[0].attempts
    assert decision.state == "passed"
    assert [a.outcome for a in attempts] == ["error", "answered"]
    assert attempts[0].error is not None
    assert "503" in attempts[0].error
    assert "sk-secret" not in json.dumps(decision.section)
    assert decision.model_calls == 5


async def test_wrong_key__is_not_retried() -> None:
    def denied(_system: str, _user: str) -> str:
        raise ModelHTTPError(401, "model-0")

    decision, section = await judge(denied)
    assert decision.state == "undecided"
    assert len(section.jurors[0].calls[0].attempts) == 1


@pytest.mark.parametrize("quote", ["", "we pay back 40 EUR", "…", "o", "I have not done this."])
async def test_quote_not_in_the_delivery__voids_the_vote(quote: str) -> None:
    decision, section = await judge(lambda _s, _u: vote("pass", quote))
    assert decision.state == "undecided"
    assert section.jurors[0].vote is None
    assert "quote" in (section.jurors[0].void or "")
    assert decision.model_calls == 1  # nothing is asked of a juror whose vote is void already


async def test_cannot_tell__needs_no_quote_and_decides_nothing() -> None:
    decision, section = await judge(lambda _s, _u: vote("cannot_tell", ""))
    assert section.jurors[0].vote == "cannot_tell"
    assert decision.state == "undecided"


async def test_juror_that_passes_everything__void_by_negative_control() -> None:
    decision, section = await judge(lambda _s, _u: vote("pass"))
    assert decision.state == "undecided"
    assert "negative control" in (section.jurors[0].void or "")


@pytest.mark.parametrize("broken", ["", "rubbish"])
async def test_control_without_an_answer__voids_the_vote(broken: str) -> None:
    def breaks(system: str, user: str) -> str:
        return broken if "must also contain" in read_criterion(user) else competent(system, user)

    decision, section = await judge(breaks)
    assert decision.state == "undecided"
    assert "canary control has no answer (malformed)" in (section.jurors[0].void or "")


def read_criterion(user: str) -> str:
    """The prompt's first line."""
    return user.split("\n", 1)[0]


async def test_budget__tokens_of_the_job_are_never_exceeded() -> None:
    rules = methodology(job_tokens=1_200, answer_tokens=100)
    decision, section = await judge(competent, rules)
    assert decision.state == "undecided"
    outcomes = [call.outcome for call in section.jurors[0].calls]
    assert "over_budget" in outcomes
    assert "job_tokens" not in outcomes
    assert section.spent.tokens <= 1_200


async def test_budget__money_of_the_job_is_shared_by_its_criteria() -> None:
    # A call uses 100 and 20 tokens at 1 and 2 USDC a million: 140 base units, 560 with its controls.
    rules = methodology(job_money="6000", answer_tokens=100)
    jury = panel(rules, Faulty({"p0": competent}))
    states = [(await jury.judge(CRITERION, TEXTS, DRAW)).state for _ in range(9)]
    assert states[0] == "passed"
    assert states[-1] == "undecided"


async def test_delivery_too_long__undecided_and_never_cut() -> None:
    rules = methodology(delivery_characters=100)
    providers = Faulty({"p0": competent})
    decision = await panel(rules, providers).judge(CRITERION, {"reply.md": "x" * 101}, DRAW)
    assert decision.state == "undecided"
    assert "at most 100" in decision.reason
    assert providers.calls == []


async def test_delivery_without_text__undecided() -> None:
    decision, _ = await judge(competent, texts={"reply.md": " \u200b\n"})
    assert decision.state == "undecided"
    assert "no text" in decision.reason
