"""Templates: escaped always, strict about what they are given."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from oracle import __version__
from oracle.pages import markup, plots, text, views_report
from oracle.pages.assets import Assets


class Renderer:
    """The templates of `oracle/pages/templates`."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=PackageLoader("oracle.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        shared: dict[str, Any] = {
            name: getattr(markup, name)
            for name in (
                "when", "day", "usdc", "units", "signed_units", "hexes", "whole", "account", "agent", "job",
                "committee", "evaluator", "pact", "badge",
            )
        }  # fmt: skip
        shared |= {name: getattr(text, name) for name in ("duration", "share", "count", "short")}
        shared |= {"score_bar": plots.score_bar, "history": plots.history, "drawn": views_report.drawn}
        # One name of these shadows nothing a page is given: a page's own values are all under `page`.
        self._environment.globals.update(shared, asset=assets.path, software=__version__)

    def page(self, template: str, **values: Any) -> bytes:
        """A page as bytes."""
        return self._environment.get_template(template).render(**values).encode("utf-8", "replace")
