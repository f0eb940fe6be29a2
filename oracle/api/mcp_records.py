"""Tools that read jobs, what the escrow said of them, who judged them, and by which documents."""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer

from oracle.api import inputs
from oracle.api.reader import Reader


def add_record_tools(server: MCPServer, reader: Reader) -> None:
    """Give a server the reads of the routes in `records`."""
    _add_job_tools(server, reader)
    _add_event_tools(server, reader)
    _add_committee_tools(server, reader)
    _add_document_tools(server, reader)


def _add_job_tools(server: MCPServer, reader: Reader) -> None:
    @server.tool()
    def agent_jobs(
        *,
        provider: inputs.AddressQuery = None,
        buyer: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        pact: inputs.HashQuery = None,
        state: inputs.StateWord | None = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Jobs of a provider or a buyer, the last opened first."""
        return reader.get(
            "jobs", provider=provider, buyer=buyer, committee=committee, pact=pact, state=state,
            limit=limit, cursor=cursor,
        )  # fmt: skip

    @server.tool()
    def job(job: inputs.HashPath) -> dict[str, Any]:
        """One job: terms, state, outcome, who signed, on what evidence."""
        return reader.get("jobs", job)


def _add_event_tools(server: MCPServer, reader: Reader) -> None:
    @server.tool()
    def verdicts(
        agent: inputs.AddressQuery = None,
        job: inputs.HashQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Verdicts over jobs, the newest first, with the hash of each signer's evidence.

        `evaluation_record` shows what is under such a hash. `tab_periods`: verdicts over tabs.
        """
        return reader.get("verdicts", agent=agent, job=job, limit=limit, cursor=cursor)

    @server.tool()
    def disputes(
        agent: inputs.AddressQuery = None,
        job: inputs.HashQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Disputes over jobs, the newest first; the job says how each ended. `tab_disputes`: over tabs."""
        return reader.get("disputes", agent=agent, job=job, limit=limit, cursor=cursor)

    @server.tool()
    def events(
        name: inputs.EventName = None,
        subject: inputs.SubjectQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """What the escrow said, the newest first; `tab_events`: what the tab contract said.

        `subject`: a job, a committee or an account. `agent`: the provider of the job it is about.
        """
        return reader.get("events", name=name, subject=subject, agent=agent, limit=limit, cursor=cursor)


def _add_committee_tools(server: MCPServer, reader: Reader) -> None:
    @server.tool()
    def committees(
        evaluator: inputs.AddressQuery = None,
        arbiter: inputs.AddressQuery = None,
        methodology: inputs.HashQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Committees by id, with their terms. `evaluator`: an account that joined."""
        return reader.get(
            "committees", evaluator=evaluator, arbiter=arbiter, methodology=methodology,
            limit=limit, cursor=cursor,
        )  # fmt: skip

    @server.tool()
    def committee(committee: inputs.HashPath) -> dict[str, Any]:
        """A committee: its terms, and its evaluators with what they were slashed for."""
        return reader.get("committees", committee)

    @server.tool()
    def evaluators(
        committee: inputs.HashQuery = None,
        key: inputs.AddressQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Evaluators by committee, with what they were slashed for. `key`: the one they sign with now."""
        return reader.get("evaluators", committee=committee, key=key, limit=limit, cursor=cursor)


def _add_document_tools(server: MCPServer, reader: Reader) -> None:
    @server.tool()
    def pacts(
        agent: inputs.AddressQuery = None,
        buyer: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        limit: inputs.Limit = 20,
        cursor: inputs.Cursor = None,
    ) -> dict[str, Any]:
        """Pacts some job or tab was opened under, by hash; `pact` shows one."""
        return reader.get("pacts", agent=agent, buyer=buyer, committee=committee, limit=limit, cursor=cursor)

    @server.tool()
    def pact(pact: inputs.HashPath) -> dict[str, Any]:
        """A pact: the conditions an agent promised."""
        return reader.get("pacts", pact)

    @server.tool()
    def methodology(methodology: inputs.HashPath) -> dict[str, Any]:
        """How a committee judges, with its jurors' measured error rates."""
        return reader.get("methodologies", methodology)

    @server.tool()
    def evaluation_record(evidence: inputs.HashPath) -> dict[str, Any]:
        """An evaluation record, where its delivery is public."""
        return reader.get("evidence", evidence)
