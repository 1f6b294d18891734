"""Signs the recording of a call in a process of its own.

    python -m streaming.server.recording_process FOLDER

reads what is wanted from FOLDER/order.json, and writes FOLDER/film.mp4. Signed is only what carries
the watermark of a face of that call: a signature says that this server made the pictures.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from avatar.errors import AvatarError
from streaming.core.mark_settings import MarkSettings
from streaming.server.apart import give_way, run_apart

TIME_LIMIT = 180.0  # seconds
RECORDING, FILM, ORDER = "recording", "film.mp4", "order.json"
MARKED = 0.5  # of a recording's stretches of two seconds: so many must carry the mark


async def sign_apart(folder: Path, consents: dict[str, str], marks: MarkSettings) -> Path:
    """A signed MP4 of the RECORDING in `folder`.

    `consents`: those of all who were shown. Raises AvatarError if it is not one of theirs.
    """
    order = {"consents": consents, "marks": asdict(marks)}
    (folder / ORDER).write_text(json.dumps(order), encoding="utf-8")
    try:
        await run_apart(__name__, [str(folder)], TIME_LIMIT)
    except TimeoutError:
        raise AvatarError("the recording is too long to be signed here") from None
    return folder / FILM


def sign_recording(folder: Path, consents: dict[str, str], marks: MarkSettings) -> None:
    """The same, here. Raises AvatarError."""
    from streaming.marks.signing import Signing

    signing = Signing.of(marks)
    assert signing
    speaker = _shown(folder / RECORDING, consents)
    film = folder / FILM
    _write(folder / RECORDING, film)
    signing.sign(film, speaker, consents[speaker])


def _shown(recording: Path, speakers: dict[str, str]) -> str:
    """Whose watermark a recording carries, of `speakers`. Raises AvatarError."""
    from streaming.marks.verify import look_for_watermark

    found = look_for_watermark(recording)
    name = found.speaker_of(speakers)
    if not name or found.marked < MARKED * found.windows:
        raise AvatarError("the recording does not carry the watermark of a face of this call")
    return name


def _write(recording: Path, film: Path) -> None:
    from streaming.server.recorded_film import write_mp4

    write_mp4(recording, film)


def main(folder: Path) -> None:
    """The process."""
    give_way()
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    try:
        sign_recording(folder, order["consents"], MarkSettings(**order["marks"]))
        answer = {}
    except AvatarError as error:
        answer = {"error": str(error).replace(str(folder / RECORDING), "the recording")}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
