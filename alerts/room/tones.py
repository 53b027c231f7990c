"""The two tones of the room, computed: no sound file to lose, and the same on every machine.

Pulses, rhythm and harmonics follow IEC 60601-1-8 as the room's reference states it: a fundamental of 150 to 1,000 Hz with at
least four harmonics between 300 and 4,000 Hz of nearly its loudness; three pulses for medium, three and two for high priority.
"""

from __future__ import annotations

import io
import wave
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from alerts.lifecycle import Level

RATE = 22_050
PULSE_S, GAP_S, PAUSE_S, EDGE_S = 0.2, 0.15, 0.35, 0.02
LOUDNESS = 0.6
HARMONICS = (1.0, 0.7, 0.6, 0.5, 0.45)  # of the fundamental; within 15 dB of it
Samples = npt.NDArray[np.float64]

# level → (fundamental in Hz, pulses of each group)
_TONES: dict[Level, tuple[float, tuple[int, ...]]] = {Level.YELLOW: (520.0, (3,)), Level.RED: (780.0, (3, 2))}


@lru_cache(maxsize=4)
def tone(level: Level) -> bytes:
    """The tone of a yellow or a red card as WAV (mono, 16 bit, 22,050 Hz). Raises KeyError for a warning, which is silent."""
    hertz, groups = _TONES[level]
    pause = _silence(PAUSE_S)
    parts = [part for group in groups for part in (*_group(hertz, group), pause)][:-1]
    return as_wav(np.concatenate(parts))


def as_wav(samples: Samples) -> bytes:
    """Samples between -1 and 1 as a WAV file."""
    data = (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    return wav_of(data, RATE)


def wav_of(frames: bytes, rate: int) -> bytes:
    """16-bit mono frames with a header that states their true length."""
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return sink.getvalue()


def _group(hertz: float, pulses: int) -> list[Samples]:
    pulse, gap = _pulse(hertz), _silence(GAP_S)
    return [part for _ in range(pulses) for part in (pulse, gap)]


def _pulse(hertz: float) -> Samples:
    at = np.arange(int(PULSE_S * RATE)) / RATE
    sound = sum(share * np.sin(2 * np.pi * hertz * order * at) for order, share in enumerate(HARMONICS, start=1))
    rising = np.minimum(1.0, np.minimum(at, PULSE_S - at) / EDGE_S)  # no click at either end
    return np.asarray(sound / sum(HARMONICS) * LOUDNESS * np.maximum(0.0, rising))


def _silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE))
