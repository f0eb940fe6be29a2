"""An agreement before it is a job: what is wrong with it, who still signs, and what opening does. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.chain import calls
from oracle.decide.payouts import Stakes, stands
from oracle.decide.rules import Problem, agreement_problems
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import Committee
from oracle.domain.fields import show_time
from oracle.domain.typed import usdc_domain
from oracle.domain.types import Basis, Funding, Outcome, Party, checksum
from oracle.pages.acts_case import Site, gives_of, said
from oracle.pages.acts_typed import acceptance, payment
from oracle.pages.acts_view import JobActs, Offer, Typed, Way


def opening_problems(file: AgreementFile, committee: Committee | None, site: Site, now: int) -> list[Problem]:
    """What keeps an agreement from being opened on this escrow now, signatures aside."""
    here = site.domain
    if (file.chain_id, file.escrow) != (here.chain_id, here.contract):
        return [
            Problem(
                "escrow",
                f"it is for {checksum(file.escrow)} on chain {file.chain_id}; this is "
                f"{checksum(here.contract)} on chain {here.chain_id}",
                "use the pages of that escrow",
            )
        ]
    problems = agreement_problems(file.agreement, escrow=here.contract, now=now)
    if committee is None:
        problems.append(Problem("terms.committee", "no such committee was created here", "compare its id"))
    if site.usdc is not None and file.usdc.address != site.usdc.contract:
        problems.append(Problem("usdc.address", "it is not the USDC this escrow uses", "correct it"))
    return problems


def opening_acts(file: AgreementFile, committee: Committee) -> JobActs:
    """Who may still sign, and opening. The agreement must have no problem."""
    terms = file.terms
    return JobActs(
        job=file.job,
        heading="What can be done with it",
        chain_id=file.chain_id,
        escrow=file.escrow,
        roles={terms.provider: "the provider", terms.buyer: "the buyer"},
        offers=(*_signatures(file), *_openings(file, committee)),
        later=(),
    )


def _signatures(file: AgreementFile) -> Iterator[Offer]:
    opening, agreement = file.opening, file.agreement
    until = opening.open_by
    if file.signatures.provider is None:
        bond = format_usdc(file.terms.bond)
        yield _signed(
            file,
            Party.PROVIDER,
            "Accept as the provider",
            (
                f"You sign the terms. Opening the job locks {bond} of your free collateral as bond.",
                "If the job fails, the buyer gets that bond.",
                f"You must deliver before {show_time(opening.deliver_by)}.",
                "You can be held to it only if the job is opened in time; nothing is sent now.",
            ),
            Typed(says="Your wallet shows every term.", data=acceptance(file.domain, agreement)),
            until,
        )
    if file.signatures.buyer is None and file.funding_kind is not Funding.ALLOWANCE:
        pays = format_usdc(agreement.pays_in)
        by_wallet = file.funding_kind is Funding.AUTHORIZATION
        usdc = usdc_domain(file.chain_id, file.usdc.address, name=file.usdc.name, version=file.usdc.version)
        yield _signed(
            file,
            Party.BUYER,
            "Pay as the buyer",
            (
                f"You sign a payment of {pays}: {_price(file)}.",
                "Only the escrow can take it, and only for this job with exactly these terms.",
                f"It is void from {show_time(until)} on.",
                "Nothing is sent now; whoever opens the job uses it.",
            ),
            Typed(
                says="What you sign names the job, and so every term."
                if by_wallet
                else "It is taken from your free collateral. Your wallet shows every term.",
                data=payment(usdc, file.terms.buyer, file.escrow, agreement.pays_in, until, file.job)
                if by_wallet
                else acceptance(file.domain, agreement),
            ),
            until,
        )


def _signed(
    file: AgreementFile, party: Party, title: str, says: tuple[str, ...], typed: Typed, until: int
) -> Offer:
    account = file.terms.buyer if party is Party.BUYER else file.terms.provider
    return Offer(
        id=f"sign-{party.value}",
        title=title,
        who=f"the {party}",
        accounts=(account,),
        says=says,
        until=until,
        ways=(
            Way(
                id=f"sign-{party.value}",
                label="Sign",
                to=file.escrow,
                typed=typed,
                into="buyer" if party is Party.BUYER else "provider",
                command=f"oracle agreement sign FILE --as {party.value}",
            ),
        ),
    )


def _openings(file: AgreementFile, committee: Committee) -> Iterator[Offer]:
    buyer, provider = file.signature_of(Party.BUYER), file.signature_of(Party.PROVIDER)
    if provider is None or (buyer is None and file.funding_kind is Funding.AUTHORIZATION):
        return
    terms, opening, agreement = file.terms, file.opening, file.agreement
    stakes = Stakes(terms.gated, terms.bond, terms.fee, committee.threshold, committee.arbiter_cost)
    by_buyer = buyer is None
    data = calls.open_job(
        agreement, file.funding_kind, buyer_signature=buyer or b"", provider_signature=provider
    )
    says = [f"The buyer pays {format_usdc(agreement.pays_in)}: {_price(file)}."]
    if opening.up_front:
        says.append(f"{format_usdc(opening.up_front)} of it goes to the provider at once.")
    says += [
        f"The rest waits in the escrow, and beside it the provider's bond of {format_usdc(terms.bond)}.",
        f"The provider delivers before {show_time(opening.deliver_by)}.",
        f"The committee judges before {show_time(terms.judge_by)}.",
        "By allowance, your wallet must have approved the escrow for the amount before."
        if by_buyer
        else "Whoever sends it pays for gas only.",
    ]
    yield Offer(
        id="open",
        title="Open the job",
        who="the buyer" if by_buyer else "anyone",
        accounts=(terms.buyer,) if by_buyer else (),
        says=tuple(says),
        gives=tuple(
            gives_of(f"judged {said(outcome)}", stands(stakes, outcome, Basis.VERDICT))
            for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.LAPSE)
        ),
        until=opening.open_by,
        ways=(
            Way(
                id="open",
                label="Open the job",
                to=file.escrow,
                data="0x" + data.hex(),
                command="oracle agreement submit FILE",
            ),
        ),
    )


def _price(file: AgreementFile) -> str:
    price, fee = format_usdc(file.agreement.price), format_usdc(file.terms.fee)
    return f"{price} for the work and {fee} for the evaluators"
