"""Tools that read tabs: running accounts of many small calls."""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer

from oracle.api import inputs
from oracle.api.reader import Reader


def add_tab_tools(server: MCPServer, reader: Reader) -> None:
    """Give a server the reads of the routes in `tabs`."""

    @server.tool()
    def agent_tabs(
        *,
        provider: inputs.AddressQuery = None,
        buyer: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        pact: inputs.HashQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Tabs of a provider or a buyer, the last opened first: running accounts of many small calls."""
        return reader.get(
            "tabs", provider=provider, buyer=buyer, committee=committee, pact=pact, limit=limit, cursor=cursor
        )

    @server.tool()
    def tab(tab: inputs.HashPath) -> dict[str, Any]:
        """One tab: terms, where it stands, what was settled, how it ended."""
        return reader.get("tabs", tab)

    @server.tool()
    def tab_periods(
        tab: inputs.HashPath, limit: inputs.Limit = 20, cursor: inputs.Cursor = None
    ) -> dict[str, Any]:
        """A tab's periods, the last first: verdicts, disputes, rulings and what was paid."""
        return reader.get("tabs", tab, "periods", limit=limit, cursor=cursor)

    @server.tool()
    def tab_events(
        name: inputs.TabEventName = None,
        tab: inputs.HashQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """What the tab contract said, the newest first. `agent`: the provider of the tab it is about."""
        return reader.get("tab-events", name=name, tab=tab, agent=agent, limit=limit, cursor=cursor)

    @server.tool()
    def tab_disputes(
        agent: inputs.AddressQuery = None, limit: inputs.Limit = 20, cursor: inputs.Cursor = None
    ) -> dict[str, Any]:
        """Disputes over periods of an agent's tabs, the newest first; `tab_periods` says how each ended."""
        return reader.get("tab-events", name="PeriodDisputed", agent=agent, limit=limit, cursor=cursor)
