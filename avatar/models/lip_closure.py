"""p, b and m close the lips wholly, even where the network is not sure of them.

A regression that doubts between a closure and a vowel answers with half-open lips, which is what
no mouth does. A viewer forgives a closure too many sooner than one that is missing, so a little
evidence in either of the video frame's two steps is enough. The viseme and the closure track err
in different places: where both are asked (the mean of their logits), a third fewer lips close that
should be open than where either may close them.
"""

import torch
from torch import Tensor

APERTURE, CLOSURE = 0, 2  # of the articulation tracks
LABIAL = 1  # the viseme of p, b, m
DOUBT, BELIEF = 0.06, 0.155  # evidence at which the lips begin to close and are closed
SURE = 1e-4  # a probability nearer to 0 or 1 counts as no nearer


def closed_share(evidence: Tensor, doubt: float, belief: float) -> Tensor:
    """How far the lips are to close, 0..1: not at all up to `doubt`, wholly from `belief` on."""
    share = ((evidence - doubt) / (belief - doubt)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def close_lips(viseme: Tensor, articulation: Tensor) -> Tensor:
    """Posteriors (B, k, steps, visemes), tracks (B, k, steps, tracks) -> tracks (B, k, tracks).

    The tracks of the video frame are the mean of its steps', but for aperture and closure.
    """
    said = [viseme[..., LABIAL].logit(SURE), articulation[..., CLOSURE].logit(SURE)]
    evidence = torch.stack(said).mean(0).sigmoid().amax(2)
    closed = closed_share(evidence, DOUBT, BELIEF)
    tracks = articulation.mean(2)
    tracks[..., APERTURE] *= 1 - closed
    tracks[..., CLOSURE] = closed
    return tracks
