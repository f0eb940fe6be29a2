"""Routes about policies: whom the committee takes on now, and what its policies did."""

from __future__ import annotations

from fastapi import APIRouter

from oracle.api import inputs, models
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.policy.admission import Asked, admit
from oracle.score.agent import parse_agent


def policies_router(source: Source) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["policies"])

    @router.get("/agents/{agent}/admission", responses=inputs.answers(404))
    def show_admission(
        agent: inputs.AgentPath,
        price: inputs.NeededAmount,
        bond: inputs.Amount = 0,
        committee: inputs.HashQuery = None,
        pact: inputs.HashQuery = None,
    ) -> models.Admission:
        """Whether a new agreement with an agent is admitted now; without policies everything is."""
        address, _ = parse_agent(agent)
        asked = Asked(address, price, bond or 0, committee, pact)
        with source.database.read() as session:
            read_at = source.at(session, None)
            found = None if source.policies is None else source.policies.now(session)
        if found is None:
            return models.Admission(
                at=read_at, agent=address, price=str(price), admitted=True, largest=None, bond="0",
                policies=(), refusals=(),
            )  # fmt: skip
        told = admit(found.engine, asked)
        return models.Admission(
            at=found.at,
            agent=address,
            price=str(price),
            admitted=told.admitted,
            largest=None if told.largest is None else str(told.largest),
            bond=str(told.bond),
            policies=tuple(one.hash() for one in found.engine.policies),
            refusals=tuple(
                models.Refusal(policy=one.policy, rule=one.rule, says=one.says, fix=one.fix)
                for one in told.refusals
            ),
        )

    @router.get("/policies", responses=inputs.answers(404))
    def show_policies() -> models.Policies:
        """The policies in force here, in full, and how many events each has made so far."""
        if source.policies is None:
            raise ApiError(404, "no policy is in force here", field="policies")
        with source.database.read() as session:
            found = source.policies.now(session)
        counts: dict[str, int] = {}
        for event in found.events:
            counts[event.policy] = counts.get(event.policy, 0) + 1
        return models.Policies(
            at=found.at,
            policies=tuple(
                models.PolicyLine(
                    name=one.name, hash=one.hash(), events=counts.get(one.name, 0), document=one.as_json()
                )
                for one in found.engine.policies
            ),
        )

    return router
