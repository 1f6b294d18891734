"""The implicit lip generator and continuous sampling."""

import torch

from avatar.config import model_config
from avatar.models.lip_generator import (
    LatticeGenerator,
    LipGenerator,
    continuous_sampling,
    corner_weights,
    lattice_positions,
    positional_encoding,
)
from avatar.models.speech_head import SpeechHeadConfig


def generator(preset: str = "realtime") -> LipGenerator:
    torch.manual_seed(0)
    config = model_config(preset, SpeechHeadConfig(features=4, code=3), box=(12, 16))  # type: ignore[arg-type]
    network = LipGenerator(config.lips)
    if config.lips.linear_part:
        torch.nn.init.normal_(network.pictures)
    return network


def test_positional_encoding_is_nerfs() -> None:
    encoded = positional_encoding(torch.tensor([[0.25]]), octaves=2)
    wanted = [2**-0.5, 1.0, 2**-0.5, 0.0]  # sin(pi/4), sin(pi/2), cos(pi/4), cos(pi/2)
    assert torch.allclose(encoded, torch.tensor([wanted]), atol=1e-6)


def test_corner_weights_are_the_areas_opposite() -> None:
    corners = torch.tensor([-0.5, 1.0, 2.5, 4.0])
    weights = corner_weights(corners, pixels=4)
    assert torch.allclose(weights.sum(dim=1), torch.ones(4))
    # Pixel 2 lies 1.0 from corner 1.0 and 0.5 from corner 2.5: weights 0.5/1.5 and 1.0/1.5.
    assert torch.allclose(weights[2], torch.tensor([0.0, 1 / 3, 2 / 3, 0.0]))
    # Whatever is linear over the rectangle is reproduced exactly.
    assert torch.allclose(weights @ corners, torch.arange(4.0), atol=1e-6)


def test_continuous_sampling_of_a_linear_colour_is_exact() -> None:
    """With F(x) = u + 2 v in all colours the blend of the corners is F itself."""

    class Ramp(LipGenerator):
        def forward(
            self, positions: torch.Tensor, code: torch.Tensor, time: torch.Tensor | None = None
        ) -> torch.Tensor:
            del time
            colour = positions[:, :1] + 2 * positions[:, 1:]
            return colour.expand(len(code), -1, 3)

    ramp = Ramp(generator().config)
    code = torch.zeros(2, 3)
    where = lattice_positions((12, 16))
    for seed in range(5):
        made = continuous_sampling(ramp, code, None, torch.Generator().manual_seed(seed))
        assert torch.allclose(made[1, 0], where[..., 0] + 2 * where[..., 1], atol=1e-5)


def test_lattice_draws_what_the_network_says() -> None:
    for preset in ("realtime", "paper"):
        network = generator(preset).eval()
        torch.nn.init.normal_(network.colour.weight)
        code, time = torch.randn(2, 3), torch.tensor([0.3, -1.0])
        drawn = LatticeGenerator(network)(code, time)
        positions = lattice_positions(network.config.lattice).flatten(0, 1)
        if network.config.corner_ensemble:
            half = torch.tensor([0.5 / 15, 0.5 / 11])
            signs = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
            wanted = torch.stack([network(positions + half * s, code, time) for s in signs]).mean(0)
        else:
            wanted = network(positions, code, time)
        assert torch.allclose(drawn.flatten(2).transpose(1, 2), wanted, atol=1e-4)


def test_unknown_time_is_no_time() -> None:
    network = generator()
    torch.nn.init.normal_(network.colour.weight)
    positions, code = torch.rand(5, 2), torch.randn(1, 3)
    unknown = network(positions, code, torch.tensor([-1.0]))
    assert torch.equal(unknown, network(positions, code))
    assert not torch.equal(unknown, network(positions, code, torch.tensor([0.5])))
