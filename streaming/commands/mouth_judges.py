"""What `avatar evaluate` asks of judges that look at mouths: a lip reader and a sync expert."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.errors import AvatarError

if TYPE_CHECKING:
    from rich.table import Table

    from avatar.evaluation.lip_sync import InSync
    from avatar.evaluation.readability import Readability, Said
    from avatar.evaluation.test_set import EvaluationSet
    from avatar.models.sync_expert import SyncExpert
    from avatar.models.word_reader import WordReader
    from avatar.speakers.speaker import Speaker
    from avatar.training.preprocess.progress import Progress


@dataclass(frozen=True)
class MouthJudges:
    """Those that were asked for, and what is said in the videos."""

    reader: "WordReader | None"
    said: "Said"
    expert: "SyncExpert | None"


@dataclass(frozen=True)
class MouthVerdict:
    """What the judges found."""

    read: "Readability | None"
    in_sync: "list[InSync]"

    def tables(self, speaker: str) -> "list[Table]":
        """For people."""
        from avatar.evaluation.table import readability_table, sync_table

        read = [readability_table(speaker, self.read)] if self.read else []
        return read + ([sync_table(speaker, self.in_sync)] if self.in_sync else [])

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        from dataclasses import asdict

        return asdict(self)


def load_judges(
    reader: Path | None, words: Path | None, expert: Path | None, videos: list[Path]
) -> MouthJudges | None:
    """None if neither is asked for.  Raises AvatarError for what they cannot judge by."""
    if reader is None and expert is None:
        return None
    if not videos or (reader is not None and words is None):
        raise AvatarError(
            "--readability and --sync-expert judge videos: give some, and for --readability what "
            "is said in them (--words)"
        )
    from avatar.evaluation.readability import sentences_of
    from avatar.models.sync_expert import SyncExpert, SyncExpertConfig
    from avatar.training.lip_reading.network_file import load_network, load_reader
    from avatar.training.lip_reading.spoken_words import read_sentences

    return MouthJudges(
        load_reader(reader) if reader else None,
        sentences_of(videos, read_sentences(words)) if words else [],
        load_network(SyncExpert, SyncExpertConfig, expert, "train-sync") if expert else None,
    )


def judge_mouths(
    judges: MouthJudges,
    speaker: "Speaker",
    beside: "list[Speaker]",
    test_set: "EvaluationSet",
    work: Path,
    device: str,
    progress: "Progress",
) -> MouthVerdict:
    """Let them look at the true lips, the speaker's, those of `beside`, and the baselines'."""
    from avatar.evaluation.lip_sync import lip_sync, spoken_features
    from avatar.evaluation.mouths import mouths_of_methods
    from avatar.evaluation.readability import readability

    mouths = mouths_of_methods(speaker, beside, test_set, work, device, progress)
    return MouthVerdict(
        readability(judges.reader, mouths, judges.said) if judges.reader else None,
        lip_sync(judges.expert, spoken_features(test_set), mouths) if judges.expert else [],
    )
