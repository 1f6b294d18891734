"""Sound in memory."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (n,) or (n, channels), full scale is 1
