"""A judge's network in a file: weights, with what fixes its dimensions beside them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from avatar.config import from_dict, to_dict
from avatar.errors import AvatarError
from avatar.files import replace_file
from avatar.models.word_reader import WordReader, WordReaderConfig

Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)


def save_network(network: nn.Module, config: Any, path: Path) -> None:
    """Write the weights whole or not at all."""
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    with replace_file(path) as unfinished:
        save_file(tensors, unfinished, {type(config).__name__: json.dumps(to_dict(config))})


def load_network(
    make: Callable[[Config], Network], config: type[Config], path: Path, command: str
) -> Network:
    """The network in a file, in evaluation mode, frozen.

    Raises AvatarError, which names the `command` that makes such a file, if it holds none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            dimensions = json.loads((file.metadata() or {})[config.__name__])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = make(from_dict(config, dimensions, str(path)))
        network.load_state_dict(weights)
    except (
        OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError, AvatarError,
    ) as error:  # fmt: skip
        raise AvatarError(f"{path}: not what avatar {command} writes; make it anew") from error
    return network.eval().requires_grad_(False)


def load_reader(path: Path) -> WordReader:
    """The lip reader in a file.  Raises AvatarError if it holds none."""
    return load_network(WordReader, WordReaderConfig, path, "train-reader")
