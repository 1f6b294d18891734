"""After tuning: what lips of other voices do is read anew from the hidden states.

Tuning to one speaker's lips turns those states, and what is read from them for strangers goes
astray: it follows natural talk less, no longer hears breath, and closes where nobody would. The
readouts are linear, so they are found again on voices and noises, without anybody's lips: what
people's lips taught by least squares to what the shipped encoder says, the closure by logistic
regression on the phones.
"""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avatar.models.lip_closure import CLOSURE
from avatar.models.speech_encoder import STRIDE, Heads, SpeechEncoder
from avatar.motion import TRACKS
from avatar.training.encoder.lip_measures import SEEN_TRACKS
from avatar.training.encoder.phones import LIP_CLOSING, PHONE_INDEX
from avatar.training.encoder.shards import Shard
from avatar.training.mouth_map import MEL_FRAMES
from avatar.training.other_voices import OtherSounds

UTTERANCES, NOISES = 400, 40  # listened to, at most
RIDGE = 10.0
NEWTON = 8  # steps, which are enough
MISSED_CLOSURE = 2.6  # how much worse it is than one too many
EVEN = 0.05  # weight of steps in which a track is at one of its ends, where its logit is any number

CLOSING = torch.tensor([PHONE_INDEX[name] for name in sorted(LIP_CLOSING)])


@torch.inference_mode()
def relearn_lip_readout(
    encoder: SpeechEncoder, shipped: SpeechEncoder, sounds: OtherSounds
) -> None:
    """Make `encoder` say of lips in `sounds` what `shipped` says, and close them on p, b, m."""
    seen = [TRACKS.index(name) for name in SEEN_TRACKS]
    hidden, wanted, labial = [], [], []
    shards = chain(_some(sounds.speech, UTTERANCES), _some(sounds.noise, NOISES))
    for mels, phones in shards:
        heard = _hear(encoder, mels).context
        hidden.append(torch.cat([heard, heard.new_ones(len(heard), 1)], dim=1))
        wanted.append(_hear(shipped, mels).articulation[:, seen])
        said = functional.pad(phones, (encoder.config.delay, 0))[: len(phones)]
        labial.append(torch.isin(said, CLOSING).double())
    states, logits = torch.cat(hidden).double(), torch.cat(wanted).double()
    for track, logit in zip(seen, logits.T, strict=True):
        _read(encoder, track, _least_squares(states, logit))
    _read(encoder, CLOSURE, _logistic(states, torch.cat(labial)))


def _read(encoder: SpeechEncoder, track: int, readout: Tensor) -> None:
    """Put weights and constant (D,) in the place of a track's."""
    row = encoder.config.visemes + track
    encoder.heads.weight[row] = readout[:-1].to(encoder.heads.weight)
    encoder.heads.bias[row] = readout[-1]


def _logistic(states: Tensor, closed: Tensor) -> Tensor:
    """Readout (D,) of states (n, D): logit of lips that p, b, m close (n,), by Newton's steps."""
    readout = states.new_zeros(states.shape[1])
    emphasis = 1 + MISSED_CLOSURE * closed
    for _ in range(NEWTON):
        made = (states @ readout).sigmoid()
        weight = emphasis * (made * (1 - made)).clamp_min(1e-4)
        slope = states.T @ (emphasis * (closed - made)) - RIDGE * readout
        readout = readout + torch.linalg.solve(_gram(states, weight), slope)
    return readout


def _gram(states: Tensor, weight: Tensor) -> Tensor:
    return (states * weight[:, None]).T @ states + RIDGE * torch.eye(states.shape[1]).to(states)


def _least_squares(states: Tensor, logit: Tensor) -> Tensor:
    """Readout (D,) of states (n, D): least error of the track whose logit (n,) is wanted."""
    track = logit.sigmoid()
    weight = (4 * track * (1 - track)).square() + EVEN
    return torch.as_tensor(torch.linalg.solve(_gram(states, weight), states.T @ (weight * logit)))


def _some(shard: Shard, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Log-mels (1, 4 k, mels) of utterances spread over the shard, the phones of its 2 k steps."""
    total = len(shard.starts) - 1
    for row in np.linspace(0, total - 1, min(count, total)).astype(int):
        first, end = shard.starts[row], shard.starts[row + 1]
        whole = end - (end - first) % MEL_FRAMES
        mels = torch.from_numpy(shard.mels[first:whole].astype(np.float32))[None]
        yield mels, torch.from_numpy(shard.phones[first + 1 : whole : STRIDE])


def _hear(encoder: SpeechEncoder, mels: Tensor) -> Heads:
    """What each 20 ms step says, (T, ...) each."""
    heads = encoder.from_mels(mels.to(encoder.rest.device), encoder.new_state())
    return Heads(*(part[0].cpu() for part in vars(heads).values()))
