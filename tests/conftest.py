"""What tests of every package need: a cache of their own, speakers, a little speech."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from avatar.audio import SAMPLE_RATE
from avatar.speakers.speaker import Speaker, load_speaker
from avatar.training.encoder.corpus import read_folder
from avatar.training.encoder.prepare import Amounts, prepare
from avatar.training.encoder.text_to_speech import Espeak
from tests.pretend_cuda import pretend_cuda
from tests.sounds import write_wav
from tests.support import need
from tests.tiny_speaker import make_tiny_bundle


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Networks that are converted in a test are not kept in the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell starts what runs in the background deaf to it, and so would be what tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def cuda() -> Iterator[str]:
    """The name of a CUDA device: a true one where it can be had, else one that is made believe."""
    if torch.cuda.is_available():
        yield "cuda:0"
        return
    with pretend_cuda() as name:
        yield name


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny")


@pytest.fixture(scope="session")
def tiny_paper_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny-paper", "paper")


@pytest.fixture(scope="session")
def tiny_prompt_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A speaker that hears one frame ahead; the others hear two."""
    return make_tiny_bundle(tmp_path_factory.mktemp("speakers") / "tiny-prompt", lookahead=1)


@pytest.fixture(scope="session")
def tiny(tiny_bundle: Path) -> Speaker:
    return load_speaker(tiny_bundle)


@pytest.fixture(scope="session")
def tiny_prompt(tiny_prompt_bundle: Path) -> Speaker:
    return load_speaker(tiny_prompt_bundle)


@pytest.fixture(scope="session")
def tiny_paper(tiny_paper_bundle: Path) -> Speaker:
    return load_speaker(tiny_paper_bundle)


SENTENCES = (
    "my mother baked a big apple pie",
    "open the blue box before five",
    "we saw a fat cat on the mat",
    "please bring me the paper map",
)
HEADER = "utt\tspeaker\tsplit\talign_score\ttext\tphones_ms\n"


@pytest.fixture(scope="session")
def speech_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("espeak-ng")
    folder = tmp_path_factory.mktemp("speech")
    espeak, rows = Espeak(), [HEADER]
    for number, text in enumerate(SENTENCES * 3):
        speaker, split = f"s{number // 4}", "held" if number >= 8 else "train"
        spoken = espeak.speak(text, f"en-us+m{number // 4 + 1}")
        assert spoken is not None
        write_wav(folder / "small" / speaker / f"u{number}.wav", spoken.samples, SAMPLE_RATE)
        times = " ".join(
            f"{p.name}:{round(p.start * 1000)}-{round(p.end * 1000)}" for p in spoken.phones
        )
        rows.append(f"u{number}\t{speaker}\t{split}\t{number / 10}\t{text}\t{times}\n")
    (folder / "small.tsv").write_text("".join(rows))
    return folder


@pytest.fixture(scope="session")
def shards(speech_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("flite")
    folder = tmp_path_factory.mktemp("work") / "shards"
    few = Amounts(espeak=6, flite=3, noises=8, held_speech=4)
    prepare(read_folder(speech_folder), folder, few, lambda _name, _share: None)
    return folder
