"""What an operator may look at: which machines there are, and which calls each has."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from streaming.cluster.directory_line import DirectoryLine
from streaming.security.access import AccessControl
from streaming.security.tokens import bearer

router = APIRouter(prefix="/debug")


class MachineState(BaseModel):
    """A machine as it told last."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    machine: str
    "Its replica's id in Ray Serve."
    host: str
    room: float
    "Calls that it would take."
    calls: list[str]
    "The ids of those that run, pictures and all."


@router.get("/machines")
async def machines(request: Request) -> list[MachineState]:
    """All machines of the cluster. Needs a token of role `operate`."""
    access: AccessControl = request.app.state.access
    access.admit(bearer(request.headers), "operate")
    directory: DirectoryLine = request.app.state.directory
    return [
        MachineState(
            machine=report.machine,
            host=report.host,
            room=report.room,
            calls=[call.id for call in report.calls if call.begun is not None],
        )
        for report in await directory.present()
    ]
