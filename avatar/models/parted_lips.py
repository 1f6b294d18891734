"""Lips part for breath, before the first word and after the last, though nothing is said yet.

In a pause no speech can be trusted, and what is heard is eased to rest. But people who were filmed
open their lips a third of a second before they speak and often leave them so, and the network hears
their breath: of the aperture it gives then, what stands out is kept.
"""

from torch import Tensor

LEAST = 0.15  # aperture that the network gives in most pauses, whatever the lips do
KEPT = 0.75  # of what is above it


def parted(aperture: Tensor, silence: Tensor, energy: Tensor) -> Tensor:
    """Aperture, posterior of silence and energy of the same frames -> aperture of a pause.

    Where something is heard that is no silence, babble above all, the lips stay together.
    """
    return KEPT * (aperture - LEAST).clamp_min(0) * silence * (1 - energy)
