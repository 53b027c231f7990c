"""Spoken sentences as files: said once, kept by what was said, bounded in size, the longest unused ones dropped first."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from alerts.room.speech import Speaks


class ClipStore:
    """Clips of one engine in one folder. Safe for threads and for several processes on the same folder."""

    def __init__(self, folder: Path, engine: Speaks, most_bytes: int) -> None:
        self._folder, self._engine, self._most_bytes = folder, engine, most_bytes
        self._saying = threading.Lock()

    def clip(self, text: str, language: str) -> bytes:
        """The sentence as WAV. Raises SpeechFailed when it was never said before and cannot be said now."""
        path = self._folder / f"{sha256(f'{self._engine.name}|{language}|{text}'.encode()).hexdigest()}.wav"
        found = _read(path)
        if found is not None:
            return found
        with self._saying:  # one sentence at a time: a flood must not start a hundred engines
            found = _read(path)
            return found if found is not None else self._say(path, text, language)

    def _say(self, path: Path, text: str, language: str) -> bytes:
        sound = self._engine.say(text, language)
        self._folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._folder, prefix=".clip-", delete=False) as draft:
            draft.write(sound)
        os.replace(draft.name, path)
        self._tidy()
        return sound

    def _tidy(self) -> None:
        kept = sorted(((status.st_mtime_ns, status.st_size, path) for path in self._folder.glob("*.wav")
                       if (status := _status(path)) is not None), reverse=True)
        total = 0
        for _, size, path in kept:
            total += size
            if total > self._most_bytes:
                path.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        sound = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    return sound


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
