"""`oracle delivery hand-over`: put an anchored delivery into the evaluators' own hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import rich_click as click
from click.exceptions import Exit

from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.values import HASH
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.evidence.store import ContentStore
from oracle.pact.document import MAX_FILE_BYTES
from oracle.pact.offchain import OffchainTerms

_SECONDS = 60.0  # for one piece
_MOST_ANSWER = 1_048_576  # bytes
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HandoverError(EarnestError):
    """An evaluator did not take a piece."""


@click.command(name="hand-over")
@click.argument("job", metavar="JOB", type=HASH)
@click.argument("deliverable", type=HASH)
@click.option("--offchain", type=FILE, required=True, help="The agreement's off-chain terms.")
@click.option("--store", type=FOLDER, required=True, help="Where `oracle delivery pack` put the delivery.")
@json_option
def hand_over_directly(*, job: Hash, deliverable: Hash, offchain: Path, store: Path, as_json: bool) -> None:
    """Give the delivery anchored as DELIVERABLE to every evaluator the off-chain terms name.

    The terms' `direct+https://…` places say who they are. Anchor the hash first: evaluators take nothing
    else. Exit code 1 if one of them did not take everything; doing it again sends only what is missing.
    """
    terms = load_document(OffchainTerms, offchain)
    if not terms.direct:
        raise HandoverError(
            "the off-chain terms name no evaluator to hand over to",
            field="handover",
            next_step="such a place is written direct+https://host; others are read by the evaluators",
        )
    place = ContentStore(store)
    found: list[dict[str, Any]] = []
    with httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client:
        for url in terms.direct:
            try:
                sent = _hand_over(client, url, job, deliverable, terms, place)
                found.append({"evaluator": url, "ok": True, "pieces": sent, "problem": None})
            except EarnestError as error:
                found.append({"evaluator": url, "ok": False, "pieces": 0, "problem": error.message})
    if as_json:
        print_json({"job": job, "deliverable": deliverable, "evaluators": found})
    else:
        for item in found:
            what = f"took {item['pieces']} pieces" if item["ok"] else f"failed: {item['problem']}"
            click.echo(f"{item['evaluator']}  {what}")
    if not all(item["ok"] for item in found):
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _hand_over(
    client: httpx.Client, url: str, job: Hash, deliverable: Hash, terms: OffchainTerms, place: ContentStore
) -> int:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise HandoverError("only https addresses are handed to, or http on this machine", field="handover")
    wanted = _put(client, url, job, terms.hash(), terms.canonical())
    known = {deliverable, *wanted}
    sent = 1
    while wanted:
        content = wanted.pop(0)
        data = place.get(content, max_bytes=MAX_FILE_BYTES, places=(place.directory,))
        further = _put(client, url, job, content, data)
        sent += 1
        wanted += [item for item in further if item not in known]
        known |= set(further)
    return sent


def _put(client: httpx.Client, url: str, job: Hash, content: Hash, data: bytes) -> list[Hash]:
    """Hand one piece over; what else is wanted."""
    try:
        response = client.put(f"{url}/deliveries/1/{job}/{content}", content=data)
        if len(response.content) > _MOST_ANSWER:
            raise HandoverError("its answer is too large", field="evaluator")
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise HandoverError(f"no usable answer: {type(error).__name__}", field="evaluator") from error
    if response.status_code != 201 or not isinstance(answer, dict):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise HandoverError(f"it answers {response.status_code}: {ascii(said)[:300]}", field="evaluator")
    return [str(item) for item in answer.get("wanted", [])]
