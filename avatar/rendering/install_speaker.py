"""A speaker from a zip file into a folder of speakers: whole and checked, or not at all."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from avatar.audio import SAMPLES_PER_FRAME
from avatar.errors import AvatarError
from avatar.rendering.pipeline import Pipeline
from avatar.speakers.archive import open_archive
from avatar.speakers.card import read_card
from avatar.speakers.consent import withdrawal
from avatar.speakers.folders import check_name, search_path
from avatar.speakers.speaker import Speaker, load_speaker


def install_speaker(archive: Path, into: Path | None = None, replace: bool = False) -> Speaker:
    """Unpack, check and keep the speaker in `archive`.

    `into` is the folder that holds speakers (default: the first of `search_path`). Raises
    AvatarError, and leaves everything as it was, if anything is wrong with the archive or if there
    is a speaker of this name and `replace` is not set, or it was withdrawn.
    """
    into = into or search_path()[0]
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=into) as made:
        folder = Path(made) / "speaker"
        folder.mkdir()
        with open_archive(archive) as contents:
            contents.unpack(folder)
        name = check_name(read_card(folder).name)
        target = into / name
        if target.exists() and not replace:
            raise AvatarError(f"there is a speaker {name!r} in {into}; --replace puts it aside")
        if why := withdrawal(target):
            raise AvatarError(
                f"{name} was withdrawn here ({why}); if the person agrees again, remove it first: "
                f"avatar speakers remove {name}"
            )
        _prove(load_speaker(folder))
        if target.exists():
            target.rename(Path(made) / "old")
        folder.replace(target)
        shutil.rmtree(Path(made) / "old", ignore_errors=True)
    return load_speaker(target)


def _prove(speaker: Speaker) -> None:
    """Have it draw a frame: dimensions that pass one by one may yet not fit together."""
    silence = np.zeros(SAMPLES_PER_FRAME, np.float32)
    try:
        pipeline = Pipeline(speaker, "cpu", backend="torch")
        stream = pipeline.open()
        for _ in range(pipeline.lookahead + 1):
            pipeline.step([stream], [silence])
    except AvatarError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise AvatarError(f"{speaker.name}: cannot draw a frame ({why}); fetch it anew") from error
