"""What the user asked of `avatar train`, checked before any work begins."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from avatar.config import Preset
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.speakers.consent import is_statement, parse_day
from avatar.speakers.folders import check_name, speaker_folder
from avatar.training.lip_reading.network_file import load_reader


@dataclass(frozen=True)
class TrainRequest:
    """One training, whole; two requests that are equal lead to the same speaker."""

    videos: tuple[Path, ...]
    name: str
    consent: str
    speakers: Path  # the folder in which the bundle is put
    work: Path  # the folder for everything in between
    seconds: float | None = None
    steps: int | None = None
    preset: Preset = "realtime"
    device: str = "cpu"
    tuned: bool = True  # the speech encoder learns too
    other_voices: bool = True  # learn from synthetic voices too
    voices: Path | None = None  # a folder of recorded speech to learn from as well
    audio_track: int | None = None  # of several in a video; None: the first with sound
    held_out: float = 0.1
    reference: Path | None = None  # a silent take to loop over
    reader: Path | None = None  # a lip reader that is to see in the lips what it sees in true ones
    start_from: str = ""  # a speaker of the same video whose pictures are kept
    licence: str = "all rights reserved"
    source: str = ""
    seed: int = 0
    consent_uses: str = ""  # what for
    consent_until: str = ""  # the last day

    def check(self) -> None:
        """Refuse what cannot end well."""
        check_name(self.name)
        if self.consent_until:
            parse_day(self.consent_until)
        if not is_statement(self.consent):
            raise AvatarError(
                "training needs the person's consent: add --consent "
                '"who agreed, and when" (it is stored in the bundle)'
            )
        if (self.speakers / self.name).exists():
            raise AvatarError(
                f"the name {self.name!r} is taken: choose another or run "
                f"'avatar speakers remove {self.name}'"
            )
        if self.start_from:
            speaker_folder(self.start_from)
        missing = [v for v in (*self.videos, *filter(None, [self.reference])) if not v.is_file()]
        if missing:
            raise AvatarError(f"{missing[0]}: no such file")
        if self.reader is not None:
            load_reader(self.reader)
        if self.voices is not None and not self.voices.is_dir():
            raise AvatarError(f"{self.voices}: no such folder of recorded speech")
        if not 0 <= self.held_out <= 0.5:
            raise AvatarError("--held-out must lie between 0 and 0.5")

    def begin(self, resume: bool) -> None:
        """Take the work folder, or go on in it; another training's folder is refused.

        Who goes on may give another budget: every phase then goes on to its new share.
        """
        path = self.work / "request.yaml"
        wanted = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()} | {
            "videos": [str(video) for video in self.videos]
        }
        if path.exists():
            begun = yaml.safe_load(path.read_text())
            if not isinstance(begun, dict) or _but_budget(begun) != _but_budget(wanted):
                raise AvatarError(
                    f"{self.work} holds another training: remove it or choose another --work"
                )
            if not resume:
                raise AvatarError(
                    f"{self.work} holds this training unfinished: add --resume to go on, "
                    "or remove it to begin anew"
                )
        with replace_file(path) as temporary:
            temporary.write_text(yaml.safe_dump(wanted, sort_keys=False))


def _but_budget(request: dict[str, Any]) -> dict[str, Any]:
    budget = ("seconds", "steps")
    unsaid = ("", None)
    return {k: value for k, value in request.items() if k not in budget and value not in unsaid}
