"""Word reader: which word do these lips say, at a known place of a sentence and a known time?

No sound.  A convolution over three pictures, then over space, one vector a picture (as the front
ends of lip readers since Stafylakis and Tzimiropoulos, "Combining Residual Networks with LSTMs for
Lipreading", 2017); round each word a recurrent network that is told where the word begins and ends.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

VIEW = (48, 64)  # height, width in px of the mouth pictures it sees
WINDOW = 20  # pictures round the middle of a word
LEAST_SPREAD = 1e-4  # of brightness: what divides by it stays finite
REACH = 2.0  # pictures by which lips are looked at before a word is heard and after it


@dataclass(frozen=True)
class WordReaderConfig:
    """What can be said at each place of a sentence, and the dimensions of the network."""

    vocabulary: tuple[tuple[str, ...], ...]
    channels: tuple[int, int, int, int] = (8, 32, 64, 96)
    embedding: int = 128
    hidden: int = 96


class WordReader(nn.Module):
    """Mouth pictures and word times of a sentence to the words, place by place."""

    def __init__(self, config: WordReaderConfig) -> None:
        super().__init__()
        self.config = config
        a, b, c, d = config.channels
        self.shape = nn.Sequential(
            *_stage(3, a, 5), *_stage(a, b), *_stage(b, c), *_stage(c, d),
            nn.Flatten(), nn.Dropout(0.4),
            nn.Linear(d * (VIEW[0] // 16) * (VIEW[1] // 16), config.embedding),
        )  # fmt: skip
        self.follow = nn.GRU(
            config.embedding + 1, config.hidden, batch_first=True, bidirectional=True
        )
        self.rest = nn.Dropout(0.4)
        self.words = nn.ModuleList(
            [nn.Linear(2 * config.hidden, len(words)) for words in config.vocabulary]
        )

    def forward(self, mouths: Tensor, spans: Tensor) -> list[Tensor]:
        """Mouths (B, F, *VIEW), spans (B, P, 2) first and end frame of the words -> P times (B, W).

        The pictures may be in any unit: brightness and contrast of a clip are taken out.
        """
        spread, mean = torch.std_mean(mouths.float(), dim=(1, 2, 3), keepdim=True)
        seen = self.look((mouths.float() - mean) / (spread + LEAST_SPREAD))
        middle = spans.mean(dim=-1, keepdim=True).floor()
        frames = middle + torch.arange(WINDOW, device=spans.device) - WINDOW // 2
        inside = (frames + 1 > spans[..., :1]) & (frames < spans[..., 1:])
        near = (frames + 1 + REACH > spans[..., :1]) & (frames - REACH < spans[..., 1:])
        at = frames.long().clamp(0, mouths.shape[1] - 1)
        batch = torch.arange(len(mouths), device=at.device)[:, None, None]
        around = torch.cat([seen[batch, at], inside[..., None].to(seen.dtype)], dim=-1)
        told, _ = self.follow(around.flatten(0, 1))
        share = near.flatten(0, 1)[..., None].to(told.dtype)
        said = ((told * share).sum(dim=1) / share.sum(dim=1)).unflatten(0, spans.shape[:2])
        return [words(self.rest(said[:, place])) for place, words in enumerate(self.words)]

    def look(self, even: Tensor) -> Tensor:
        """What is seen in each picture (B, F, *VIEW) of mean 0 and spread 1: (B, F, embedding)."""
        before, after = even[:, :1], even[:, -1:]
        three = torch.cat([before, even, after], dim=1).unfold(1, 3, 1).movedim(-1, 2)
        vectors: Tensor = self.shape(three.flatten(0, 1))
        return vectors.view(*even.shape[:2], -1)


def _stage(inputs: int, outputs: int, size: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, size, stride=2, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
