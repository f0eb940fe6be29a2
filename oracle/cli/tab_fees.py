"""`oracle tab fees`: what a tab keeps for the evaluators who judged it, credited to them."""

from __future__ import annotations

import rich_click as click

from oracle.chain import calls, tab_calls
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.keys import KeySource, key_options
from oracle.cli.output import json_option, print_json
from oracle.cli.tab_found import TabActError, find_tab, tabs_of
from oracle.cli.values import HASH
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.types import Hash, members_of


@click.command()
@click.argument("tab", type=HASH)
@chain_options()
@key_options()
@json_option
def fees(*, tab: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Credit the verdict fees that TAB keeps to the evaluators who signed. Anyone may, at any time.

    As long as the same evaluators sign, their fees wait on the tab until another set signs or it is over.
    This hands them over at once, and credits all that the escrow keeps for that set, in equal parts, as
    oracle committee fees does.
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        view, committee = found.view, found.terms.committee
        evaluators = members_of(view.set)
        if view.unpaid == 0:
            raise TabActError(
                f"tab {tab} keeps no verdict fees: they were handed over, or no verdict on it is settled yet",
                field="tab",
                next_step=f"oracle committee fees {committee} --evaluators …, for what the escrow keeps",
            )
        private = key.load(connection.deployment.chain_id)
        handed = connection.send(
            private,
            tab_calls.pay_evaluators(found.terms, found.opening_hash),
            what="hand over verdict fees",
            quiet=as_json,
            to=tabs_of(connection).address,
        )
        earned = connection.escrow.fees_of(committee, view.set)
        drawn = connection.send(
            private, calls.draw_fees(committee, view.set), what="draw fees", quiet=as_json
        )
        credited = earned - connection.escrow.fees_of(committee, view.set)
    amount = view.unpaid * found.terms.verdict_fee
    if as_json:
        print_json(
            {
                "tab": tab,
                "evaluators": evaluators,
                "verdicts": view.unpaid,
                "handed_over": amount_text(amount),
                "credited": amount_text(credited),
                "transactions": [handed.transaction_hash, drawn.transaction_hash],
            }
        )
        return
    click.echo(f"Handed over {format_usdc(amount)} for {view.unpaid} verdicts.")
    click.echo(f"Credited {format_usdc(credited)} to {len(evaluators)} evaluators.")
