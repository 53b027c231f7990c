"""A voice for the room: sentences to sound on the server, since a browser on Linux brings no voice of its own.

The engine is a program started for each new sentence; what it said is kept as a file, so a busy day costs a few dozen calls.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from dataclasses import dataclass
from typing import Protocol

from alerts.room.tones import wav_of
from core.errors import Unavailable

VOICES = {"zh": "cmn", "en": "en"}


class SpeechFailed(Unavailable):
    """The engine is missing, too slow, or gave no sound."""


class Speaks(Protocol):
    """An engine. `name` changes whenever the same text would sound otherwise."""

    @property
    def name(self) -> str: ...

    def say(self, text: str, language: str) -> bytes:
        """The sentence as WAV. Raises SpeechFailed."""

    def is_there(self) -> bool:
        """Whether it can be asked at all."""


@dataclass(frozen=True, slots=True)
class Espeak:
    """espeak-ng of Debian: plain, small, speaks Mandarin, needs no network."""

    program: str = "espeak-ng"
    words_a_minute: int = 200
    timeout_s: float = 10.0

    @property
    def name(self) -> str:
        return f"espeak-ng {self.words_a_minute}"

    def say(self, text: str, language: str) -> bytes:
        command = [self.program, "-v", VOICES.get(language, "en"), "-s", str(self.words_a_minute), "--stdin", "--stdout"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=self.timeout_s, check=True)
        except FileNotFoundError as missing:
            raise SpeechFailed("speech_missing", program=self.program, package="espeak-ng") from missing
        except (OSError, subprocess.SubprocessError) as failure:
            raise SpeechFailed("speech_failed", program=self.program, problem=str(failure)[:200]) from failure
        return _with_true_length(done.stdout, self.program)

    def is_there(self) -> bool:
        return shutil.which(self.program) is not None


class Mute:
    """No voice on this installation: the room hears tones only."""

    name = "mute"

    def say(self, text: str, language: str) -> bytes:
        raise SpeechFailed("speech_off", language=language)

    def is_there(self) -> bool:
        return True


def _with_true_length(sound: bytes, program: str) -> bytes:
    """What is written to a pipe cannot state its length: browsers want it stated."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            frames, rate = file.readframes(file.getnframes()), file.getframerate()
    except (wave.Error, EOFError) as failure:
        raise SpeechFailed("speech_failed", program=program, problem=f"no sound: {failure}") from failure
    return wav_of(frames, rate)
