"""A LiveKit agent with a face: what it says, the digital human says in its room.

    pip install 'speech2lip-live[livekit]' 'livekit-agents[openai]'
    export LIVEKIT_URL=... LIVEKIT_API_KEY=... LIVEKIT_API_SECRET=... OPENAI_API_KEY=...
    python examples/livekit_agent.py dev

The face is drawn beside the agent. With AVATAR_SERVER=http://127.0.0.1:8080 it comes from
`avatar serve --livekit-server $LIVEKIT_URL`, which may be another machine.
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import openai, speech2lip

server = AgentServer()


@server.rtc_session()
async def entrypoint(context: JobContext) -> None:
    """One room."""
    session: AgentSession[None] = AgentSession(llm=openai.realtime.RealtimeModel(voice="ash"))
    face = speech2lip.AvatarSession(speaker="demo", server=os.environ.get("AVATAR_SERVER", ""))
    await face.start(session, room=context.room)
    await session.start(
        Agent(instructions="Talk with people, in short sentences."), room=context.room
    )
    await face.wait_for_join()


if __name__ == "__main__":
    cli.run_app(server)
