"""When a call is over without anybody's saying so."""

from av import AudioFrame

from streaming.core.limits import Limits

SILENCE_LIMIT = 3.0  # seconds without a single packet: the caller is gone; all is freed in 5
QUIET = 330  # peak of 16-bit sound: -40 dB, over the noise of a quiet room


class CallTimeouts:
    """Knows when the caller was last heard of; all times are monotonic seconds."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._begun = self._packet_at = self._spoke_at = now
        self._silence_s = SILENCE_LIMIT
        self.was_connected = False
        "Whether the peer connection has ever been up."

    def wait_for_return(self) -> None:
        """From now on silence ends the call only after `resume_s`: the caller may come back."""
        self._silence_s = max(SILENCE_LIMIT, self._limits.resume_s)

    def connected(self, now: float) -> None:
        """The peer connection is up."""
        if not self.was_connected:
            self.was_connected = True
            self._packet_at = self._spoke_at = now

    def packet(self, now: float) -> None:
        """Anything at all came from the caller, or a sign that more will come."""
        self._packet_at = now

    def spoke(self, now: float) -> None:
        """Sound that is more than the noise of a quiet room."""
        self._spoke_at = now

    def over(self, now: float) -> str | None:
        """Why the call is over, or None."""
        limits = self._limits
        if not self.was_connected:
            late = now - self._begun > limits.connecting_s
            return "the connection did not come about" if late else None
        if now - self._packet_at > self._silence_s:
            return "nothing heard from the caller"
        if 0 < limits.idle_s < now - self._spoke_at:
            return "nobody spoke for a long time"
        if 0 < limits.total_s < now - self._begun:
            return "the longest time for a call is over"
        return None


def audible(frame: AudioFrame) -> bool:
    """Whether 16-bit sound is more than the noise of a quiet room."""
    pcm = frame.to_ndarray()
    return bool(pcm.max() > QUIET or pcm.min() < -QUIET)
