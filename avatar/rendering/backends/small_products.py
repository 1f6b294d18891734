"""Products of a few rows with the weights of a layer, by what is quickest at them here.

For two rows, calls of PyTorch cost more than the numbers, and NumPy's BLAS is quicker (0.17 ms in
all layers of the speech encoder, 0.42). But where OpenBLAS does not know the processor, which is
younger, it takes the kernels of 2004, and needs two to three times as long as PyTorch.
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_info
from torch import Tensor
from torch.nn.functional import linear

Array = NDArray[np.float32]
Product = Callable[[Array], Array]

UNKNOWN_PROCESSOR = "Prescott"  # OpenBLAS's name for the oldest kernels of 64 bits


def new_product(weight: Tensor, bias: Tensor) -> Product:
    """Rows (..., in) -> rows (..., out), float32 on the CPU; `weight` (out, in)."""
    return by_blas(weight, bias) if blas_knows_processor() else by_torch(weight, bias)


def by_blas(weight: Tensor, bias: Tensor) -> Product:
    """`new_product` by NumPy, of each batch by itself: BLAS is quickest for two rows."""
    columns, add = as_array(weight).T, as_array(bias)
    return lambda rows: np.asarray(rows @ columns + add)


def by_torch(weight: Tensor, bias: Tensor) -> Product:
    """`new_product` by PyTorch, of all batches at once."""
    weight, bias = weight.detach().contiguous(), bias.detach()
    return lambda rows: np.asarray(linear(torch.from_numpy(rows), weight, bias).numpy())


@functools.cache
def blas_knows_processor() -> bool:
    """Whether NumPy's BLAS has kernels that were made for this machine."""
    return all(library.get("architecture") != UNKNOWN_PROCESSOR for library in threadpool_info())


def as_array(values: Tensor) -> Array:
    """Weights on the CPU, for NumPy."""
    return np.ascontiguousarray(values.detach().numpy(), np.float32)
