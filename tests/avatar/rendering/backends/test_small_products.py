"""Whoever multiplies, the numbers are those of the layer."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from avatar.rendering.backends import small_products
from avatar.rendering.backends.small_products import (
    Array,
    Product,
    blas_knows_processor,
    by_blas,
    by_torch,
    new_product,
)


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What is known of this machine's BLAS is not kept from one test to the next."""
    blas_knows_processor.cache_clear()
    yield
    blas_knows_processor.cache_clear()


def layer_and_rows() -> tuple[nn.Linear, Array]:
    torch.manual_seed(3)
    rows = np.random.default_rng(3).normal(size=(3, 2, 40)).astype(np.float32)
    return nn.Linear(40, 24).requires_grad_(False), rows


@pytest.mark.parametrize("product", [by_blas, by_torch, new_product])
def test_both_give_the_numbers_of_the_layer(product: type[Product]) -> None:
    layer, rows = layer_and_rows()
    found = product(layer.weight, layer.bias)(rows)
    np.testing.assert_allclose(found, layer(torch.from_numpy(rows)).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("kernels", "asked"),
    [
        (["SkylakeX"], by_blas),
        (["Haswell", "Zen"], by_blas),
        ([], by_blas),
        (["Prescott"], by_torch),
    ],
)
def test_a_blas_that_does_not_know_the_processor_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, kernels: list[str], asked: type[Product]
) -> None:
    libraries = [{"user_api": "openmp"}, *({"architecture": name} for name in kernels)]
    monkeypatch.setattr(small_products, "threadpool_info", lambda: libraries)
    layer, _ = layer_and_rows()
    chosen = new_product(layer.weight, layer.bias)
    assert chosen.__qualname__.startswith(asked.__name__)
