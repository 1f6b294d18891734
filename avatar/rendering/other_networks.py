"""Loading a user's HuBERT, wav2vec2 or Whisper (transformers, an optional extra)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from avatar.audio import SAMPLE_RATE
from avatar.errors import AvatarError
from avatar.models.adapted_encoder import AdaptedEncoder, Listen
from avatar.models.speech_encoder import SpeechEncoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WAVE_MODELS = ("hubert", "wav2vec2")


def adapt(encoder: SpeechEncoder, folder: Path) -> AdaptedEncoder:
    """The speech encoder beside the network saved in `folder` (as `save_pretrained` writes).

    Nothing is fetched from the network. Raises AvatarError if transformers is not installed or
    the folder holds none of the three kinds.
    """
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise AvatarError(
            "transformers is not installed; pip install 'speech2lip-live[transformers]'"
        ) from error
    try:
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        raise AvatarError(f"{folder}: no model that transformers can load ({error})") from error
    model = model.eval().requires_grad_(False)
    listen, width = _listening(model, folder)
    return AdaptedEncoder(encoder, model, listen, width)


def _listening(model: PreTrainedModel, folder: Path) -> tuple[Listen, int]:
    kind = model.config.model_type
    if kind in WAVE_MODELS:
        return lambda windows: model(_even(windows)).last_hidden_state, model.config.hidden_size
    if kind == "whisper":
        return _whisper(model), model.config.d_model
    raise AvatarError(f"{folder}: a {kind} is no speech encoder; HuBERT, wav2vec2, Whisper are")


def _even(windows: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the window, as these models were trained on."""
    centred = windows - windows.mean(1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(1, keepdim=True) + 1e-7)


def _whisper(model: PreTrainedModel) -> Listen:
    from transformers import WhisperFeatureExtractor

    kind: Any = WhisperFeatureExtractor  # its constructor carries no types
    extract = kind(feature_size=model.config.num_mel_bins)
    encoder = model.get_encoder()

    def listen(windows: Tensor) -> Tensor:
        """Whisper always hears 30 s: the window, then silence."""
        sounds = list(windows.cpu().numpy())
        mels = extract(sounds, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
        return torch.as_tensor(encoder(mels.to(windows.device)).last_hidden_state)

    return listen
