"""Bytes by SRT, which PyAV's wheels cannot send: the program ffmpeg does, and changes nothing."""

import contextlib
import errno
import shutil
import subprocess
import threading

from avatar.errors import AvatarError

PACKET = 1316  # bytes: seven packets of MPEG-TS, what one SRT message carries
SHUTDOWN_TIMEOUT_S = 3.0  # seconds to send what is still held


class SrtPipe:
    """A file to write to; its other end is an SRT connection."""

    def __init__(self, address: str) -> None:
        """Begin to connect to `srt://host:port?options`. Raises AvatarError without ffmpeg."""
        program = shutil.which("ffmpeg")
        if not program:
            raise AvatarError(
                "srt:// needs the program ffmpeg (apt, brew or winget install ffmpeg); "
                "udp:// needs nothing"
            )
        source = ["-f", "data", "-raw_packet_size", str(PACKET), "-i", "pipe:0"]
        command = [program, "-hide_banner", "-loglevel", "error", *source]
        command += ["-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", address]
        # A session of its own, so that Ctrl-C reaches this program first and the end is orderly.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._complaint = b""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def write(self, data: bytes) -> int:
        """Raises OSError with ffmpeg's own words once the connection is lost."""
        assert self._process.stdin is not None
        try:
            return self._process.stdin.write(data)
        except BrokenPipeError as error:
            self._listener.join(SHUTDOWN_TIMEOUT_S)
            said = self._complaint.decode(errors="replace").strip() or "the connection was lost"
            raise OSError(errno.EPIPE, said) from error

    def close(self) -> None:
        """Send what is held, then end; cut it short if the other end does not take it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(SHUTDOWN_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaint = line
