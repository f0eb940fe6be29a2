"""The small pieces of HTML that every page is made of: times, amounts, hashes. All is escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from oracle.domain.amounts import format_usdc
from oracle.domain.types import checksum
from oracle.pages import text

_ADDRESS = 42  # characters


def when(time: int | None) -> Markup:
    """A time (Unix seconds) in UTC, for people and for machines."""
    if not time:
        return Markup("&ndash;")
    at = text.moment(time)
    if at is None:
        return Markup('<span class="num">second {}</span>').format(time)
    return Markup('<time datetime="{}">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%-d %b %Y, %H:%M:%S UTC")
    )


def day(time: int | None) -> Markup:
    """The day of a time, in UTC."""
    at = None if not time else text.moment(time)
    if at is None:
        return when(time)
    return Markup('<time datetime="{}">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%-d %b %Y")
    )


def usdc(units: int | None) -> Markup:
    """An amount (base units) with its unit."""
    if units is None:
        return Markup("&ndash;")
    number, unit = format_usdc(units).rsplit(" ", 1)
    return Markup('<span class="amount"><span class="num">{}</span> {}</span>').format(number, unit)


def units(amount: int) -> Markup:
    """An amount (base units) without its unit, where the table's caption names it."""
    return Markup('<span class="num nowrap">{}</span>').format(format_usdc(amount).rsplit(" ", 1)[0])


def signed_units(amount: int) -> Markup:
    """A gain or a loss (base units) with its sign, where the table's caption names the unit."""
    sign, kind = ("+", "gain") if amount > 0 else ("−", "loss") if amount < 0 else ("", "even")
    return Markup('<span class="{}">{}{}</span>').format(kind, sign, units(abs(amount)))


def hexes(value: str | None, href: str | None = None) -> Markup:
    """An address or hash, shortened; the whole of it on hovering."""
    if value is None:
        return Markup("&ndash;")
    whole = checksum(value) if len(value) == _ADDRESS else value
    shown = Markup('<code class="hex" title="{}">{}</code>').format(whole, text.short(whole))
    return shown if href is None else Markup('<a href="{}">{}</a>').format(href, shown)


def whole(value: str | None) -> Markup:
    """An address or hash in full, to be copied."""
    if value is None:
        return Markup("&ndash;")
    shown = checksum(value) if len(value) == _ADDRESS else value
    return Markup('<code class="whole">{}</code>').format(shown)


def account(address: str | None) -> Markup:
    """An address that has no page of its own."""
    return hexes(address)


def agent(address: str) -> Markup:
    """A provider, leading to its page."""
    return hexes(address, f"/agents/{address}")


def job(job_id: str) -> Markup:
    """A job, leading to its page."""
    return hexes(job_id, f"/jobs/{job_id}")


def committee(committee_id: str) -> Markup:
    """A committee, leading to its page."""
    return hexes(committee_id, f"/committees/{committee_id}")


def evaluator(address: str) -> Markup:
    """An evaluator's account, leading to its page."""
    return hexes(address, f"/evaluators/{address}")


def pact(pact_hash: str, name: str | None = None) -> Markup:
    """A pact, leading to its page, by its name where that is known."""
    if name is None:
        return hexes(pact_hash, f"/pacts/{pact_hash}")
    return Markup('<a href="{}">{}</a>').format(f"/pacts/{pact_hash}", name)


def badge(word: str, kind: str | None = None) -> Markup:
    """A word that says how something stands; its colour only repeats it."""
    return Markup('<span class="badge badge-{}">{}</span>').format(escape(kind or word), word)
