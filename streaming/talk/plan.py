"""What `--talk` asks for: an echo, a reader, or an agent whose services a file names."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from avatar.errors import AvatarError
from streaming.talk.agent_file import AgentFile, TalkLimits, load_agent
from streaming.webrtc.messages import TalkKind, TalkOffer, TalkService

HERE = "this machine"
DEFAULT_PATIENCE_S = 1.5


@dataclass(frozen=True)
class TalkPlan:
    """What kind of conversation a server holds, and with what."""

    kind: TalkKind
    agent: AgentFile | None = None

    @property
    def services(self) -> list[TalkService]:
        """Where sound and text go to."""
        if self.kind == "agent":
            assert self.agent
            return [TalkService(role=role, address=at) for role, at in self.agent.addresses()]
        return [TalkService(role=self.kind, address=HERE)]

    @property
    def limits(self) -> TalkLimits:
        """How much one conversation may take."""
        return self.agent.limits if self.agent else TalkLimits()

    @property
    def patience(self) -> float:
        """Seconds of silence that end any turn."""
        return self.agent.patience if self.agent else DEFAULT_PATIENCE_S

    @property
    def words_first(self) -> bool:
        """Whether a turn is answered by its words; else they come late, or never."""
        return bool(self.agent and not self.agent.speech_to_speech)

    @property
    def can_type(self) -> bool:
        """Whether text that is typed means anything to it."""
        return self.kind != "echo"

    @property
    def offer(self) -> TalkOffer:
        """What a page is told before it calls."""
        stored = bool(self.agent and self.agent.transcripts)
        return TalkOffer(kind=self.kind, services=self.services, stored=stored)


def load_plan(wanted: str) -> TalkPlan | None:
    """What `--talk` names: `echo`, `reader`, a file, or nothing.

    Raises AvatarError if the file is no good or something is not installed.
    """
    if not wanted:
        return None
    if importlib.util.find_spec("pipecat") is None:
        raise AvatarError(
            "conversations need pipecat; install it with: pip install 'speech2lip-live[talk]'"
        )
    _be_discreet()
    if wanted == "echo":
        return TalkPlan("echo")
    if wanted == "reader":
        if shutil.which("espeak-ng") is None:
            raise AvatarError("--talk reader needs espeak-ng; install it, on Debian with apt")
        return TalkPlan("reader")
    return TalkPlan("agent", load_agent(Path(wanted)))


def _be_discreet() -> None:
    """pipecat writes down what is said: it must not."""
    from loguru import logger

    logger.disable("pipecat")
