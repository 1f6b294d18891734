"""How large a speaker may be: no bundle makes the program ask for more memory than it is worth."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avatar.speakers.card import SpeakerCard

MAX_LAYERS = 64  # of the encoder and the lip generator together
MAX_DEPTH = 8  # levels of the Blend-Net

Rule = tuple[str, tuple[int, ...], int, int]  # name, values, smallest, largest


def wrong_dimension(card: "SpeakerCard") -> str | None:
    """What is wrong with the dimensions of a card's networks, or None."""
    for name, values, smallest, largest in _rules(card):
        for value in values:
            if not smallest <= value <= largest:
                return f"{name} is {value}, not {smallest} to {largest}"
    if len(card.encoder.dilations) + card.model.lips.layers > MAX_LAYERS:
        return "too many layers"
    if not 1 <= len(card.model.blend.channels) <= MAX_DEPTH:
        return f"model.blend.channels must be 1 to {MAX_DEPTH} numbers"
    return None


def _rules(card: "SpeakerCard") -> list[Rule]:
    encoder, head = card.encoder, card.model.speech_head
    lips, blend = card.model.lips, card.model.blend
    return [
        ("encoder.mels", (encoder.mels,), 1, 256),
        ("encoder.channels", (encoder.channels,), 1, 1024),
        ("encoder.hidden", (encoder.hidden,), 1, 1024),
        ("encoder.dilations", encoder.dilations, 1, 64),
        ("encoder.phones", (encoder.phones,), 1, 256),
        ("encoder.visemes", (encoder.visemes,), 1, 256),
        ("encoder.articulation", (encoder.articulation,), 1, 256),
        ("model.speech_head.code", (head.code,), 1, 256),
        ("model.speech_head.context", (head.context,), 0, 1024),
        ("model.speech_head.width", (head.width,), 1, 1024),
        ("model.speech_head.bottleneck", (head.bottleneck,), 1, 1024),
        ("model.speech_head.window", (head.window,), 1, 250),
        ("model.speech_head.voice", (head.voice,), 0, 1024),
        ("model.lips.lattice", lips.lattice, 2, 1024),
        ("model.lips.width", (lips.width,), 1, 512),
        ("model.lips.layers", (lips.layers,), 1, MAX_LAYERS),
        ("model.lips.skip_layer", (lips.skip_layer,), 0, lips.layers - 1),
        ("model.lips.octaves", (lips.octaves,), 1, 16),
        ("model.lips.time_octaves", (lips.time_octaves,), 0, 16),
        ("model.lips.plane_channels", (lips.plane_channels,), 0, 256),
        ("model.blend.channels", blend.channels, 1, 256),
        ("model.blend.fold", (blend.fold,), 1, 8),
    ]
