"""Whether a conversation could begin: every class is there, every key is set."""

from streaming.talk.agent_file import AgentFile
from streaming.talk.plan import TalkPlan
from streaming.talk.services import make_service
from streaming.talk.tools import tools_schema


def check_plan(plan: TalkPlan) -> None:
    """Raises AvatarError with one line that says what is missing."""
    if plan.agent:
        _check_agent(plan.agent)


def _check_agent(agent: AgentFile) -> None:
    for role, part in agent.parts():
        make_service(role, part, agent)
    tools_schema(agent.tools)
