"""What this speaker's mouth would do to the words of other voices.

For other voices the phones and their times are known, so what any mouth does to them is known as
articulation tracks; the training video tells how *this* mouth looks while it makes such movements.
The tracks of the video's own voice are not known, only what the encoder hears of it, whose errors
would weaken the map.  So the encoder's word is first replaced by the tracks that are meant when it
says so, learned from the other voices (regression calibration, Carroll et al., "Measurement Error
in Nonlinear Models", 2006, chapter 4).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avatar.models.log_mel import FLOOR
from avatar.models.speech_encoder import SpeechEncoder
from avatar.training.encoder.phones import LIP_CLOSING, PHONE_INDEX
from avatar.training.encoder.shards import Shard
from avatar.training.other_voices import OtherSounds

MEL_FRAMES = 4  # 10 ms frames in a video frame
REACH = 3  # frames before and after that a frame of the map sees
RIDGE = 10.0
LISTENED = 600  # utterances that the calibration is learned from, at most
CLOSED = 0.06  # aperture track below which the lips count as closed
TOUCHED = 0.5  # share of a frame that p, b, m must fill to close its lips
SILENCE = float(np.log(FLOOR))


@dataclass(frozen=True)
class OtherVoice:
    """One utterance of somebody else, as this speaker would say it."""

    mels: Tensor  # (4 n, mels) float16 log-mels
    codes: Tensor  # (n, C) lip codes
    closed: Tensor  # (n,) 1 where the lips are to be closed


def speak_for_others(
    encoder: SpeechEncoder, sounds: OtherSounds, features: Tensor, codes: Tensor, train: Tensor
) -> tuple[list[OtherVoice], list[OtherVoice]]:
    """The utterances of others with the mouth of the speaker, and the noises, its mouth at rest.

    features (F, D) and lip codes (F, C) of the speaker's video; `train` names the frames that may
    be learned from.
    """
    said = slice(0, encoder.layout["articulation"].stop)
    shard = sounds.speech
    mouths = [_mouth(shard, *span) for span in _spans(shard)]
    heard, meant = _calibration(encoder, shard, mouths)
    meaning = _ridge(_windows(heard, said), meant)
    own = _wide(features[:, said]) @ meaning
    look = _ridge(_wide(own)[train], codes[train])
    return _with_mouth(sounds.speech, look), _with_mouth(sounds.noise, look)


def _with_mouth(shard: Shard, look: Tensor) -> list[OtherVoice]:
    voices = []
    for first, end in _spans(shard):
        mouth = _mouth(shard, first, end)
        mels = torch.from_numpy(shard.mels[first:end])
        voices.append(OtherVoice(mels, _wide(mouth) @ look, _closed(shard, first, end, mouth)))
    return voices


def _spans(shard: Shard) -> list[tuple[int, int]]:
    """First and end 10 ms frame of each utterance, cut to whole video frames."""
    pairs = zip(shard.starts[:-1].tolist(), shard.starts[1:].tolist(), strict=True)
    return [(first, end - (end - first) % MEL_FRAMES) for first, end in pairs]


def _mouth(shard: Shard, first: int, end: int) -> Tensor:
    """Articulation tracks (n, tracks) at 25 fps."""
    tracks = torch.from_numpy(shard.mouth[first:end, :-1].astype(np.float32))
    return _video_frames(tracks)


def _video_frames(rows: Tensor) -> Tensor:
    """Means of the 10 ms frames in each video frame."""
    return rows.reshape(-1, MEL_FRAMES, *rows.shape[1:]).mean(1)


def _closed(shard: Shard, first: int, end: int, mouth: Tensor) -> Tensor:
    labial = np.isin(shard.phones[first:end], [PHONE_INDEX[name] for name in LIP_CLOSING])
    mostly = _video_frames(torch.from_numpy(labial).float()) >= TOUCHED
    return (mostly | (mouth[:, 0] < CLOSED)).float()


@torch.inference_mode()
def _calibration(
    encoder: SpeechEncoder, shard: Shard, mouths: list[Tensor]
) -> tuple[list[Tensor], Tensor]:
    """What the encoder says of some utterances, each (n, D), and the tracks meant (sum n, T)."""
    spans = _spans(shard)
    rows = np.linspace(0, len(spans) - 1, min(LISTENED, len(spans))).astype(int).tolist()
    heard = [_hear(encoder, shard.mels[slice(*spans[row])]) for row in rows]
    return heard, torch.cat([mouths[row] for row in rows])


def _hear(
    encoder: SpeechEncoder, mels: np.ndarray[tuple[int, ...], np.dtype[np.float16]]
) -> Tensor:
    device, ahead = encoder.rest.device, encoder.config.lookahead
    quiet = ahead * MEL_FRAMES
    padded = functional.pad(torch.from_numpy(mels).float(), (0, 0, 0, quiet), value=SILENCE)
    state = encoder.new_state()
    frames = encoder.to_frames(encoder.from_mels(padded[None].to(device), state), state)
    return frames[0, ahead:].cpu()


def _windows(heard: list[Tensor], said: slice) -> Tensor:
    return torch.cat([_wide(features[:, said]) for features in heard])


def _wide(rows: Tensor) -> Tensor:
    """Rows (n, D) with their neighbours and a constant: (n, (2 REACH + 1) D + 1)."""
    before, after = rows[:1].expand(REACH, -1), rows[-1:].expand(REACH, -1)
    near = torch.cat([before, rows, after]).unfold(0, 2 * REACH + 1, 1).flatten(1)
    return torch.cat([near, torch.ones(len(rows), 1)], dim=1)


def _ridge(rows: Tensor, wanted: Tensor) -> Tensor:
    gram = rows.T @ rows + RIDGE * torch.eye(rows.shape[1])
    return torch.as_tensor(torch.linalg.solve(gram, rows.T @ wanted))
