"""Speech with exact phone times from the synthesisers themselves: espeak-ng and flite."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar.audio import Resampler, load_sound
from avatar.errors import AvatarError
from avatar.training.encoder.corpus import AlignedSpeech
from avatar.training.encoder.phones import PHONE_INDEX, Phone

ACCENTS = (
    "en-us",
    "en",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
_VARIANTS = (
    "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario "
    "Michael Mike Nguyen RicishayMax RicishayMax2 RicishayMax3 Storm adam anika announcer antonio "
    "aunty belinda benjamin boris caleb croak david ed edward edward2 f1 f2 f3 f4 f5 grandma "
    "grandpa gustave iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 "
    "klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel norbert pablo paul pedro "
    "quincy rob robert sandro shelby steph steph2 steph3 travis victor whisper whisperf zac"
)
VARIANTS = tuple(_VARIANTS.split())
FLITE_VOICES = ("rms", "awb", "kal16", "slt")

_FLITE = {"PAU": "SIL", "AX": "AH", "AXR": "ER", "DX": "T", "IX": "IH", "EL": "L", "EN": "N"}
_ESPEAK = {
    "_": "SIL", "_:": "SIL", "_|": "SIL", "?": "SIL", "0": "AA", "A:": "AA", "A@": "AA R",
    "A": "AA", "O": "AO", "O:": "AO", "O2": "AO", "O@": "AO R", "o@": "AO R", "o": "OW", "OI": "OY",
    "oU": "OW", "aU": "AW", "aI": "AY", "aI@": "AY ER", "aI3": "AY ER", "aU@": "AW ER", "a": "AE",
    "aa": "AE", "a#": "AH", "&": "AE", "E": "EH", "E2": "EH", "e@": "EH R", "e": "EH", "eI": "EY",
    "3": "ER", "3:": "ER", "VR": "ER", "IR": "ER", "@": "AH", "@2": "AH", "@5": "AH", "V": "AH",
    "@L": "AH L", "I": "IH", "I2": "IH", "I#": "IH", "i": "IY", "i:": "IY", "i@": "IH R",
    "i@3": "IH R", "U": "UH", "U@": "UH R", "u": "UW", "u:": "UW", "p": "P", "b": "B", "m": "M",
    "f": "F", "v": "V", "T": "TH", "D": "DH", "t": "T", "t#": "T", "t[": "T", "d": "D", "d[": "D",
    "n": "N", "n-": "N", "l": "L", "l#": "L", "L": "L", "k": "K", "g": "G", "N": "NG", "h": "HH",
    "s": "S", "z": "Z", "S": "SH", "Z": "ZH", "tS": "CH", "dZ": "JH", "r": "R", "r-": "R",
    "R": "R", "w": "W", "w#": "W", "j": "Y", ";": "Y", "x": "K", "t2": "T", "aI2": "AY",
}  # fmt: skip


@dataclass(frozen=True)
class SpeakingStyle:
    """How a synthesiser is to speak."""

    rate: float = 1.0
    """Speed against the voice's own."""
    pitch: float = 0.5
    """0..1 of the voice's range."""


class Espeak:
    """libespeak-ng through ctypes; it tells when each phoneme begins.

    The library is one per process and is not for several threads at once. Raises AvatarError
    where it is not installed.
    """

    def __init__(self) -> None:
        name = ctypes.util.find_library("espeak-ng")
        if name is None:
            raise AvatarError("libespeak-ng is not installed; apt-get install espeak-ng")
        self._library = ctypes.CDLL(name)
        self.rate = self._library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS)
        self._sound: list[Any] = []
        self._events: list[tuple[str, int]] = []
        self._callback = _Callback(self._heard)  # the library keeps only a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(
        self, text: str, voice: str, manner: SpeakingStyle | None = None
    ) -> AlignedSpeech | None:
        """`voice` is an accent, `+`, a variant. None if it says a sound that has no ARPAbet."""
        manner = manner or SpeakingStyle()
        self._sound, self._events = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise AvatarError(f"espeak-ng has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, round(175 * manner.rate), 0)
        self._library.espeak_SetParameter(_PITCH, round(100 * manner.pitch), 0)
        words = text.encode()
        self._library.espeak_Synth(words, len(words) + 1, 0, 1, 0, _UTF8, None, None)
        if not self._sound or not self._events:
            return None
        sound = np.concatenate(self._sound).astype(np.float32) / 32768
        phones = self._phones(len(sound))
        if phones is None:
            return None
        resampler = Resampler(self.rate)
        samples = np.concatenate([resampler.push(sound), resampler.flush()])
        return AlignedSpeech(f"espeak-{voice}", samples, phones)

    def _heard(self, sound: Any, count: int, events: Any) -> int:
        if sound:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        index = 0
        while events[index].type:
            if events[index].type == _PHONEME:
                name = events[index].id.decode(errors="replace")
                self._events.append((name, events[index].sample))
            index += 1
        return 0

    def _phones(self, length: int) -> tuple[Phone, ...] | None:
        starts = [start / self.rate for _, start in self._events]
        ends = [*starts[1:], length / self.rate]
        phones: list[Phone] = []
        for (name, _), start, end in zip(self._events, starts, ends, strict=True):
            if name not in _ESPEAK:
                return None
            parts = _ESPEAK[name].split()
            step = (end - start) / len(parts)
            phones += [
                Phone(part, start + step * index, start + step * (index + 1))
                for index, part in enumerate(parts)
            ]
        return tuple(phones)


def flite(text: str, voice: str, manner: SpeakingStyle | None = None) -> AlignedSpeech | None:
    """Speech of one of FLITE_VOICES. None if it says a sound that has no ARPAbet."""
    if shutil.which("flite") is None:
        raise AvatarError("flite is not installed; apt-get install flite")
    manner = manner or SpeakingStyle()
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={1 / manner.rate:g}"]
        command += ["-psdur", "-t", text, "-o", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        samples = load_sound(Path(file.name))
    phones, start = [], 0.0
    for name, ends in re.findall(r"([a-z]+):([\d.]+)", said):
        phone, end = _FLITE.get(name.upper(), name.upper()), float(ends)
        if phone not in PHONE_INDEX:
            return None
        phones.append(Phone(phone, start, end))
        start = end
    return AlignedSpeech(f"flite-{voice}", samples, tuple(phones)) if phones else None


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


# Values of espeak-ng/speak_lib.h
_RETRIEVAL, _PHONEME_EVENTS, _PHONEME, _RATE, _PITCH, _UTF8 = 2, 1, 7, 1, 3, 0x1000 | 1
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
