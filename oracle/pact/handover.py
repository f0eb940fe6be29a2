"""Whether a delivery is what the pact asks for, before anything in it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from oracle.pact.delivery import Declaration, DeliveryManifest, HumanWork
from oracle.pact.document import Pact
from oracle.pact.paths import covers


class HandoverProblem(NamedTuple):
    """Why a delivery is not as agreed. `rule` is a stable name, `field` the path or declaration."""

    rule: str
    field: str
    message: str


class Handover(NamedTuple):
    """What came of holding a manifest against a pact.

    `problems` each make the delivery not as agreed; `asked` are the delivered paths that the pact asks for,
    in the manifest's order; `unasked` are the others, which nothing may read.
    """

    problems: tuple[HandoverProblem, ...]
    asked: tuple[str, ...]
    unasked: tuple[str, ...]

    @property
    def as_agreed(self) -> bool:
        """Whether everything asked for is there, within its limits, and declared."""
        return not self.problems


def check_handover(pact: Pact, manifest: DeliveryManifest) -> Handover:
    """Hold a delivery manifest against the pact's evidence list and declarations."""
    asked = tuple(f.path for f in manifest.files if any(covers(e.path, f.path) for e in pact.evidence))
    known = set(asked)
    unasked = tuple(f.path for f in manifest.files if f.path not in known)
    problems = (*_pact(pact, manifest), *_files(pact, manifest), *_declared(pact, manifest.declared))
    return Handover(problems, asked, unasked)


def _pact(pact: Pact, manifest: DeliveryManifest) -> Iterator[HandoverProblem]:
    if manifest.pact != (expected := pact.hash()):
        yield HandoverProblem(
            "other-pact", "pact", f"the delivery is for pact {manifest.pact}, not {expected}"
        )


def _files(pact: Pact, manifest: DeliveryManifest) -> Iterator[HandoverProblem]:
    for entry in pact.evidence:
        found = [file for file in manifest.files if covers(entry.path, file.path)]
        if entry.required and not found:
            yield HandoverProblem("missing", entry.path, f"{entry.path!r} is required and was not delivered")
        if len(found) > entry.max_files:
            yield HandoverProblem(
                "too-many",
                entry.path,
                f"{entry.path!r} has {len(found)} files; at most {entry.max_files} are allowed",
            )
        for file in found:
            if file.bytes > entry.max_bytes:
                yield HandoverProblem(
                    "too-large",
                    file.path,
                    f"{file.path!r} has {file.bytes} bytes; at most {entry.max_bytes} are allowed",
                )


def _declared(pact: Pact, declared: Declaration) -> Iterator[HandoverProblem]:
    rules = pact.declares
    if rules.models == "declared":
        if declared.models is None:
            yield HandoverProblem("not-declared", "declared.models", "the models used must be declared")
        elif rules.models_max is not None and len(set(declared.models)) > rules.models_max:
            yield HandoverProblem(
                "over-limit",
                "declared.models",
                f"{len(set(declared.models))} models were used; at most {rules.models_max} are allowed",
            )
    yield from _work("human_help", rules.human_help, rules.human_help_minutes_max, declared.human_help)
    yield from _work("rescue_work", rules.rescue_work, rules.rescue_work_minutes_max, declared.rescue_work)


def _work(
    name: str, rule: Literal["forbidden", "declared", "free"], most: int | None, work: HumanWork | None
) -> Iterator[HandoverProblem]:
    field, words = f"declared.{name}", name.replace("_", " ")
    if rule == "declared" and work is None:
        yield HandoverProblem("not-declared", field, f"{words} must be declared; 0 minutes is an answer")
    if work is None:
        return
    if rule == "forbidden" and work.minutes > 0:
        yield HandoverProblem(
            "forbidden", field, f"{words} is not allowed; {work.minutes} minutes are declared"
        )
    if most is not None and work.minutes > most:
        yield HandoverProblem(
            "over-limit", field, f"{words} took {work.minutes} minutes; at most {most} are allowed"
        )
