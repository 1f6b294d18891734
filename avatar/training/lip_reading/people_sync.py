"""A sync expert that learns from many people: whose lips they are must not matter; a `fit.Task`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from avatar.models.sync_expert import MOUTH_FRAMES, SyncExpert, SyncExpertConfig, contrastive_loss
from avatar.training.fit import autocast
from avatar.training.lip_reading.exchange import exchanged
from avatar.training.lip_reading.mouth_changes import as_seen, in_another_view
from avatar.training.lip_reading.talking_people import TalkingPerson
from avatar.training.preprocess.phase_cache import chain

CLIPS = 6  # of one person in a step: so many that silence and rhythm do not tell the pairs
APART = 4  # frames from one window of a clip to the next, at least
EVENNESS = 0.7  # power of a person's clips that makes that person's share
RATE, DECAY = 1e-3, 0.05


class PeopleSyncTask:
    """InfoNCE over windows of one person's clips; another person at every step.

    `key` changes with who is learned from.
    """

    name = "people_sync"

    def __init__(self, people: Sequence[TalkingPerson], seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.people = people
        features = people[0].features[0].shape[1]
        self.expert = SyncExpert(SyncExpertConfig(features=features, colours=1))
        self.modules = nn.ModuleDict({"expert": self.expert})
        counts = [(person.name, len(person.mouths)) for person in people]
        self.key = chain(self.name, self.expert.config, counts)[:12]
        self.shares = torch.tensor([count for _, count in counts]).float() ** EVENNESS

    def parameter_groups(self) -> list[dict[str, object]]:
        """Both encoders together."""
        parameters = list(self.expert.parameters())
        return [{"params": parameters, "lr": RATE, "weight_decay": DECAY}]

    def losses(self, rng: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Of the windows of a few clips."""
        del progress
        person = self.people[int(torch.multinomial(self.shares, 1, generator=rng))]
        chosen = torch.randperm(len(person.mouths), generator=rng)[:CLIPS].tolist()
        pairs = [_windows(person, clip, rng) for clip in chosen]
        lips = in_another_view(torch.cat([crops for crops, _ in pairs]).float() / 255, rng)
        with autocast(torch.device("cpu")):
            mouth = self.expert.embed_mouth(lips[:, :, None])
            speech = self.expert.embed_speech(torch.cat([heard for _, heard in pairs]))
        return {"contrastive": contrastive_loss(mouth.float(), speech.float())}


@torch.inference_mode()
def found_again(expert: SyncExpert, person: TalkingPerson) -> tuple[float, float]:
    """Share of a person's mouth windows to which, of all in the clip, their own speech is nearest.

    Behind it the same share with another clip's sound: chance.
    """
    other = replace(person, features=exchanged(person.features))
    return _found(expert.eval(), person), _found(expert, other)


def _found(expert: SyncExpert, person: TalkingPerson) -> float:
    rng = torch.Generator().manual_seed(0)
    right = []
    for clip in range(len(person.mouths)):
        crops, features = _windows(person, clip, rng)
        mouth = expert.embed_mouth(as_seen(crops)[:, :, None])
        nearest = (mouth @ expert.embed_speech(features).T).argmax(dim=1)
        right.append((nearest == torch.arange(len(nearest))).float())
    return float(torch.cat(right).mean())


def _windows(person: TalkingPerson, clip: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Windows of a clip, APART frames from each other: crops (W, MOUTH_FRAMES, *CROP), speech."""
    mouths, features = person.mouths[clip], person.features[clip]
    first = int(torch.randint(APART, (1,), generator=rng))
    starts = np.arange(first, min(len(mouths), len(features)) - MOUTH_FRAMES + 1, APART)
    rows = starts[:, None] + np.arange(MOUTH_FRAMES)
    return torch.from_numpy(mouths[rows]), features[torch.from_numpy(rows)]
