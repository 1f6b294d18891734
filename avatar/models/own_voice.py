"""Whose voice it is, gathered over seconds: a voice stays who it is while it pauses.

Half a second tells an own voice from a stranger's while there is speech in it. Silence, and what
cannot be trusted, tells nothing; so evidence is a mean over what was said lately, and holds.
"""

import torch
from torch import Tensor

MEMORY = 2  # numbers: the evidence so far, and the frames of speech that it comes from
SPAN = 50.0  # frames of speech, at most: who speaks instead of another is known a second later
SILENCE = -0.5  # evidence before anything was said
DOUBT = 6.0  # frames that it counts for, beside those that were heard


def gathered(memory: Tensor, evidence: Tensor, trust: Tensor) -> Tensor:
    """What was gathered (..., MEMORY), with the evidence (...) and trust (...) of a frame more.

    All zeros: nothing was heard yet.
    """
    before, frames = memory.unbind(-1)
    before = torch.where(frames > 0, before, SILENCE)
    frames = (frames + trust).clamp_max(SPAN)
    return torch.stack([before + trust / (DOUBT + frames) * (evidence - before), frames], dim=-1)


def gathered_over(memory: Tensor, evidence: Tensor, trust: Tensor) -> Tensor:
    """The same frame by frame: evidence (F,), trust (F,) -> what is gathered after each (F, 2)."""
    rows = []
    for one, trusted in zip(evidence, trust, strict=True):
        memory = gathered(memory, one, trusted)
        rows.append(memory)
    return torch.stack(rows)
