"""Functions that a language model may call: arguments go to an address, its answer comes back.

Nothing else is done with what a model says: no code is run, no file is opened, no address but the
one in talk.yaml is asked, and no other that this one points to.
"""

import json
from typing import Any

import aiohttp
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.services.llm_service import FunctionCallParams

from streaming.talk.agent_file import Tool
from streaming.talk.environment import variable

LONGEST_ANSWER = 16 * 1024  # bytes that a model is given


def tools_schema(tools: list[Tool]) -> ToolsSchema:
    """What the model is told of them, with what calls them. Raises AvatarError without a key."""
    return ToolsSchema(standard_tools=[_schema(tool) for tool in tools])


def _schema(tool: Tool) -> FunctionSchema:
    headers = {"Content-Type": "application/json"}
    if tool.api_key_env:
        headers["Authorization"] = f"Bearer {variable(tool.api_key_env)}"

    async def call(params: FunctionCallParams) -> None:
        await params.result_callback(await _ask(tool, headers, dict(params.arguments)))

    return FunctionSchema(tool.name, tool.description, tool.parameters, tool.required, call)


async def _ask(tool: Tool, headers: dict[str, str], arguments: dict[str, Any]) -> Any:
    """What the address answers; trouble in words, for the model to speak of."""
    timeout = aiohttp.ClientTimeout(total=tool.timeout)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                tool.url, data=json.dumps(arguments), headers=headers, allow_redirects=False
            ) as answer,
        ):
            said = (await answer.content.read(LONGEST_ANSWER)).decode("utf-8", "replace")
            if answer.status != 200:
                return {"error": f"the function answered with status {answer.status}"}
            return said
    except TimeoutError:
        return {"error": f"the function did not answer within {tool.timeout:g} s"}
    except aiohttp.ClientError:
        return {"error": "the function cannot be reached"}
