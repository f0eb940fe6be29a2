"""Opening a job from a page: a file is pasted, read, and shown in words before anybody signs."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from oracle.domain.agreement_file import AgreementFile
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.types import Address, Hash, Party
from oracle.pages.acts_open import opening_acts, opening_problems
from oracle.pages.acts_view import JobActs
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score.document import At
from oracle.store import listing

LARGEST: Final = 65_536  # bytes of a pasted agreement


class Broken(View):
    """A rule that is broken, and how to mend it."""

    field: Line
    message: Line
    next_step: Line


class Signed(View):
    """That the file carries a signature for a party. `by_key`: it is that of the party's key.

    Otherwise it may be a contract wallet's, which only the chain can tell, or nobody's.
    """

    party: str
    by_key: bool


class Agreed(View):
    """An agreement in figures. Amounts are base units of USDC, times Unix seconds, periods seconds."""

    job: Hash
    buyer: Address
    provider: Address
    pact: Hash
    pact_title: Line | None
    committee: Hash
    price: int
    up_front: int
    fee: int
    bond: int
    open_by: int
    deliver_by: int
    judge_by: int
    challenge: int
    ruling: int
    signed: tuple[Signed, ...]


class OpenPage(View):
    """What was pasted, and what became of it. `text` is the file again, for the next signature."""

    at: At
    text: str
    problem: Line | None
    agreed: Agreed | None
    broken: tuple[Broken, ...]
    opened: bool
    acts: JobActs | None


def pasted(body: bytes) -> str:
    """The field `agreement` of a form.

    Raises:
        EarnestError: it is too large, or no form.
    """
    if len(body) > 3 * LARGEST:  # every character may be escaped as three
        raise EarnestError(f"an agreement has at most {LARGEST} bytes", field="agreement")
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4, errors="strict")
    except ValueError as error:
        raise EarnestError("this is no form", field="agreement") from error
    return fields.get("agreement", [""])[0]


def opening(place: Place, _request: Request, text: str = "") -> OpenPage:
    """The page on which an agreement is read, signed and opened."""
    with place.source.reading() as (session, at):
        empty = OpenPage(
            at=at, text=text[:LARGEST], problem=None, agreed=None, broken=(), opened=False, acts=None
        )
        if not text.strip():
            return empty
        try:
            file = AgreementFile.parse(text.encode(), what="the agreement", max_bytes=LARGEST)
        except EarnestError as error:
            return empty.model_copy(update={"problem": error.message})
        known = listing.get_committee(session, file.terms.committee)
        opened = listing.get_job(session, file.job) is not None
    committee = None if known is None else known[1]
    site = place.site(at)
    broken = opening_problems(file, committee, site, at.time)
    acts = None
    if committee is not None and not broken and not opened:
        acts = opening_acts(file, committee)
    return OpenPage(
        at=at,
        text=text,
        problem=None,
        agreed=_agreed(file, place),
        broken=()
        if opened
        else tuple(
            Broken(field=each.field, message=each.message, next_step=each.next_step) for each in broken
        ),
        opened=opened,
        acts=acts,
    )


def _agreed(file: AgreementFile, place: Place) -> Agreed:
    terms, starts = file.terms, file.opening
    pact = place.pact(starts.pact)
    return Agreed(
        job=file.job,
        buyer=terms.buyer,
        provider=terms.provider,
        pact=starts.pact,
        pact_title=None if pact is None else pact.title,
        committee=terms.committee,
        price=file.agreement.price,
        up_front=starts.up_front,
        fee=terms.fee,
        bond=terms.bond,
        open_by=starts.open_by,
        deliver_by=starts.deliver_by,
        judge_by=terms.judge_by,
        challenge=terms.challenge,
        ruling=terms.ruling,
        signed=tuple(
            Signed(party=party.value, by_key=_is_by_key(file, party, given))
            for party in (Party.BUYER, Party.PROVIDER)
            if (given := file.signature_of(party)) is not None
        ),
    )


def _is_by_key(file: AgreementFile, party: Party, signature: bytes) -> bool:
    account = file.terms.buyer if party is Party.BUYER else file.terms.provider
    try:
        return recover(file.digest_for(party), signature) == account
    except SignatureError:
        return False
