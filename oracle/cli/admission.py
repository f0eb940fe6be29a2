"""Asking an oracle whether its policies admit an agreement, before it is opened."""

from __future__ import annotations

from oracle.api.models import Admission
from oracle.api.reader import AskError, Reader
from oracle.cli.agreement_io import AgreementError
from oracle.domain.agreement_file import AgreementFile
from oracle.pact.visible import one_line

_LONGEST = 300  # characters of a reason that are shown


def require_admitted(file: AgreementFile, url: str, *, key: str | None) -> None:
    """Refuse an agreement that the policies of the oracle at `url` refuse.

    Raises:
        AgreementError: they refuse it; it says why, and what they would admit.
        AskError: the oracle cannot be asked, or its answer is no answer.
    """
    terms = file.terms
    with Reader(url, key=key) as reader:
        told = reader.get(
            "agents",
            terms.provider,
            "admission",
            price=file.agreement.price,
            bond=terms.bond,
            committee=terms.committee,
            pact=file.opening.pact,
        )
    try:
        answer = Admission.model_validate(told)
    except ValueError as error:
        raise AskError("the answer is no admission", field="ask", next_step="ask another oracle") from error
    at = (answer.at.chain_id, answer.at.escrow)
    if at != (file.chain_id, file.escrow):
        raise AskError(
            f"the oracle speaks of the escrow {answer.at.escrow} on chain {answer.at.chain_id}",
            field="ask",
            next_step="ask one that follows this agreement's escrow",
        )
    if answer.admitted:
        return
    first = answer.refusals[0] if answer.refusals else None
    says = "it gives no reason" if first is None else one_line(first.says[:_LONGEST])
    raise AgreementError(
        f"the committee's policies do not admit this agreement: {says}",
        field="ask",
        next_step=None if first is None else one_line(first.fix[:_LONGEST]),
    )
