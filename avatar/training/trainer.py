"""From videos to a speaker: the phases in their order, each resumable."""

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from avatar.config import ModelConfig, model_config
from avatar.models.lip_closure import APERTURE, CLOSURE
from avatar.models.speech_encoder import SpeechEncoder
from avatar.models.speech_head import SpeechHeadConfig
from avatar.models.sync_expert import SyncExpert, SyncExpertConfig
from avatar.rendering.speech_features import load_encoder
from avatar.speakers.canonical import Canonical
from avatar.speakers.speaker import Networks
from avatar.training.av_offset import align_sound, av_offset
from avatar.training.canonical_depth import DepthTask
from avatar.training.clips import clip_codes, clip_features
from avatar.training.earlier_speaker import earlier_speaker, in_its_codes, keep_pictures
from avatar.training.encoder.shards import Shard
from avatar.training.expressions import LearnedExpressions, learn_expressions
from avatar.training.fit import Budget, Curve, Report, Task, fit
from avatar.training.generator_start import start_generator
from avatar.training.image_tasks import BLEND_RATE, REFINING, BlendTask, LipTask, SyncTask
from avatar.training.lip_code import APPEARANCE_COMPONENTS, SHAPE_COMPONENTS
from avatar.training.lip_data import LipData, Progress, build_lip_data
from avatar.training.lip_reading.network_file import load_reader
from avatar.training.mouth_map import speak_for_others
from avatar.training.networks import new_networks
from avatar.training.other_voices import other_sounds
from avatar.training.preprocess import preprocess
from avatar.training.preprocess.tracked_video import TrackedVideo
from avatar.training.readable_task import ReadableTask
from avatar.training.request import TrainRequest
from avatar.training.sound_check import check_sound, require_numbers
from avatar.training.speech_pieces import Others
from avatar.training.speech_task import SpeechTask

SHARES = {
    "depth": 0.02, "speech": 0.30, "head": 0.06, "sync": 0.04, "lips": 0.33, "blend": 0.25,
}  # fmt: skip
SHARES_OF_AN_EAR = {"speech": 0.66, "head": 0.08, "blend": 0.26}  # where the pictures are kept
READABLE_SHARE = 0.12  # of the whole, if there is a lip reader to learn by
DEPTH_FRAMES = 64  # spread over the video, to learn the canonical depth from
VOICE_UNITS = 32  # of the head, that tell the speaker's voice from others
LEAST_TRAINING = 0.3  # share of a time budget that is left to training, however long tracking takes


@dataclass(frozen=True)
class Trained:
    """The outcome: networks, what they learned from, and how it went."""

    config: ModelConfig
    networks: Networks
    data: LipData
    expert: SyncExpert
    features: Tensor  # (F, D) of all frames
    heard: Tensor  # (F, C) lip codes heard in them
    offset_frames: float  # by which the sound of the video came late
    curves: dict[str, Curve]
    seconds: float
    expressions: LearnedExpressions
    others: Shard | None = None  # speech of other voices, if they were learned from


def train(request: TrainRequest, progress: Progress, report: Report) -> Trained:
    """Run all phases in `request.work`; phases already finished there are read, not repeated.

    Raises AvatarError where the videos cannot be learned from.
    """
    started = time.monotonic()
    videos, track = list(request.videos), request.work / "track"
    tracked = preprocess(videos, track, progress, request.audio_track)
    encoder = load_encoder()
    offset, sound = aligned_sound(encoder, tracked)
    budgets = _budgets(request, time.monotonic() - started)
    device = torch.device(request.device)
    phases = request.work / "phases"
    curves: dict[str, Curve] = {}

    def run(task: Task, *goes_on_from: str) -> None:
        after = sum(curves[name].learned for name in goes_on_from if name in curves)
        budget = budgets[task.name]
        curves[task.name] = fit(task, budget, phases, request.seed, report, after)

    earlier = earlier_speaker(request.start_from, tracked) if request.start_from else None
    depth_task = _depth_task(tracked)
    run(depth_task)
    canonical = canonical_view(tracked, depth_task.depth().detach())
    if earlier:
        canonical = earlier.canonical
    x0, y0, x1, y1 = tracked.lip_box
    head = SpeechHeadConfig(
        features=encoder.config.spoken,
        code=SHAPE_COMPONENTS + APPEARANCE_COMPONENTS,
        context=encoder.config.context,
        heard_aperture=encoder.layout["articulation"].start + APERTURE,
        heard_closure=encoder.layout["articulation"].start + CLOSURE,
        voice=VOICE_UNITS if request.other_voices else 0,
    )
    config = model_config(request.preset, head, (y1 - y0, x1 - x0))
    networks = new_networks(config, encoder, request.seed)
    progress("expressions", 0, 1)
    expressions = learn_expressions(tracked, canonical)
    progress("expressions", 1, 1)
    speaks_plainly = replace(tracked, usable=tracked.usable & expressions.plain_lips)
    data = build_lip_data(
        speaks_plainly, canonical, networks.blend.multiple, request.held_out, phases, progress
    )
    if earlier:
        keep_pictures(networks, config, earlier)
        data = in_its_codes(data, earlier, sound)
    features = clip_features(encoder, sound, data.clip)
    require_numbers("what is learned from", features, data.codes.codes, data.codes.weight)
    _prepare_head(networks, data, features)
    others = None
    if request.other_voices:
        folder = request.work / "other_voices"
        sounds = other_sounds(request.voices, folder, encoder.config.mels, progress)
        said = speak_for_others(encoder, sounds, features, data.codes.codes, data.train)
        others = Others(sounds, *said)

    encoder.requires_grad_(request.tuned)
    speech = SpeechTask(data, sound, others, networks, request.tuned, device)
    run(speech)
    encoder.requires_grad_(False)
    if request.tuned:
        run(speech.settled(), speech.name)
    features = clip_features(encoder, sound, data.clip)
    aperture = torch.from_numpy(np.array(tracked.aperture))
    networks.head.learn_any_mouth(features[data.train], aperture[data.train])
    heard = clip_codes(networks.head, features, data.clip)
    require_numbers("what is heard after the speech phase", features, heard)

    spoken = features[:, : encoder.config.spoken]
    expert = SyncExpert(SyncExpertConfig(features=encoder.config.spoken))
    run(SyncTask(data, spoken, expert, device))
    lips = LipTask(data, heard, spoken, networks.lips, expert, device)
    if not earlier:
        start_generator(networks.lips, data, heard)
    run(lips)
    run(BlendTask(lips, networks.blend, REFINING if earlier else BLEND_RATE), lips.name)
    if request.reader:
        reader = load_reader(request.reader)
        run(ReadableTask(data, sound, others, networks, reader, device), "speech", "head")
        heard = clip_codes(networks.head, features, data.clip)
    seconds = time.monotonic() - started
    speech_of_others = others.sounds.speech if others else None
    return Trained(
        config, networks, data, expert, features, heard, offset, curves, seconds, expressions,
        speech_of_others,
    )  # fmt: skip


def canonical_view(tracked: TrackedVideo, depth: Tensor) -> Canonical:
    """The canonical frame of a tracked video with its learned depth."""
    return Canonical(
        camera=tracked.camera,
        pose=torch.from_numpy(np.array(tracked.poses[tracked.canonical])),
        depth=depth,
        lip_box=tracked.lip_box,
        lip_mask=torch.from_numpy(np.array(tracked.lip_mask)),
    )


def aligned_sound(encoder: SpeechEncoder, tracked: TrackedVideo) -> tuple[float, Tensor]:
    """The recording's own A/V offset in frames, and the sound without it.

    Raises AvatarError for a sound that the lips do not follow.
    """
    sound, seen = np.array(tracked.sound), np.array(tracked.aperture)
    features = clip_features(encoder, torch.from_numpy(sound), tracked.clip)
    heard = features[:, encoder.layout["articulation"]][:, 0].numpy()
    check_sound(sound, heard, seen, tracked.clip)
    offset = av_offset(heard, seen, tracked.clip)
    return offset, torch.from_numpy(align_sound(sound, offset))


def _budgets(request: TrainRequest, spent: float) -> dict[str, Budget]:
    known = SHARES_OF_AN_EAR if request.start_from else SHARES
    shares = dict.fromkeys(SHARES, 0.0) | known
    if request.reader:
        shares = {name: (1 - READABLE_SHARE) * share for name, share in shares.items()}
        shares["readable"] = READABLE_SHARE
    if request.steps is not None:
        steps = request.steps
        return {n: Budget(steps=max(1, round(s * steps)) if s else 0) for n, s in shares.items()}
    total = request.seconds or 0.0
    left = max(total - spent, LEAST_TRAINING * total)
    return {name: Budget(seconds=share * left) for name, share in shares.items()}


def _depth_task(tracked: TrackedVideo) -> DepthTask:
    usable = np.flatnonzero(tracked.usable)
    rows = usable[np.linspace(0, len(usable) - 1, DEPTH_FRAMES).round().astype(int)]
    rows[0] = tracked.canonical
    frames = torch.from_numpy(np.array(tracked.frames[rows])).permute(0, 3, 1, 2)
    still = torch.from_numpy(tracked.head_mask * (1 - _over_frame(tracked)))
    poses = torch.from_numpy(tracked.poses[rows])
    depth = torch.from_numpy(np.array(tracked.depth))
    return DepthTask(frames, poses, 0, tracked.camera, depth, still)


def _over_frame(tracked: TrackedVideo) -> NDArray[np.float32]:
    """The lip mask laid over the whole canonical frame."""
    x0, y0, x1, y1 = tracked.lip_box
    whole = np.zeros_like(tracked.head_mask)
    whole[y0:y1, x0:x1] = tracked.lip_mask
    return whole


def _prepare_head(networks: Networks, data: LipData, features: Tensor) -> None:
    """What the head knows before it learns: the spread of its input, and what closing is."""
    head = networks.head
    spoken = features[data.train, : head.config.features]
    head.centre.copy_(spoken.mean(dim=0))
    head.scale.copy_(spoken.std(dim=0).clamp_min(0.05))
    aperture = torch.from_numpy(np.array(data.tracked.aperture))
    head.learn_closing(data.codes.codes[data.train], aperture[data.train])
