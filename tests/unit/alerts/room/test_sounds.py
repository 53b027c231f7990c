"""What the room hears: tones that can be told apart, sentences short enough, clips that are made once."""

from __future__ import annotations

import io
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alerts.lifecycle import Level
from alerts.room.clips import ClipStore
from alerts.room.sentences import of_card, of_flood, of_test
from alerts.room.speech import Espeak, Mute, SpeechFailed
from alerts.room.tones import RATE, tone, wav_of
from config.texts import load_texts

TEXTS = load_texts()


def a_view(**said: str) -> Any:
    """What a sentence takes from a card."""
    return SimpleNamespace(**{"level": "yellow", "org_name": "市住建局", "item_name": "商品房预售许可",
                              "late_text": "超承诺时限 1 个工作日"} | said)


def samples(sound: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(sound)) as file:
        assert (1, 2) == (file.getnchannels(), file.getsampwidth())
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_767, file.getframerate()


def pulses(sound: np.ndarray) -> int:
    """How often the sound begins after silence; 20 ms are no silence yet."""
    loud = np.convolve(np.abs(sound) > 0.02, np.ones(RATE // 50), "same") > 0
    return int(np.count_nonzero(np.diff(loud.astype(int)) == 1) + int(loud[0]))


@pytest.mark.parametrize(("level", "expected", "hertz"), [(Level.YELLOW, 3, 520), (Level.RED, 5, 780)])
def test_a_tone_says_its_level_by_rhythm_and_by_pitch(level: Level, expected: int, hertz: int):
    sound, rate = samples(tone(level))
    spectrum = np.abs(np.fft.rfft(sound[: rate // 5]))
    loudest = int(np.argmax(spectrum)) * 5
    harmonics = [spectrum[round(hertz * order / 5)] for order in range(1, 6)]

    assert expected == pulses(sound)
    assert abs(loudest - hertz) <= 5
    assert min(harmonics) > max(harmonics) * 10 ** (-15 / 20)  # within 15 dB of the loudest
    assert 0.3 < np.abs(sound).max() <= 1.0


def test_a_warning_makes_no_tone():
    with pytest.raises(KeyError):
        tone(Level.WARNING)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_is_one_sentence_without_case_number_or_name(language: str):
    card = a_view(org_name="新余市住房和城乡建设局" * 3, item_name="建设工程施工许可" * 5, late_text="超法定时限 2 个工作日",
                  case_no="360500-1")
    sentence = of_card(card, TEXTS[language])

    assert "360500-1" not in sentence
    assert len(sentence) <= 80
    assert TEXTS[language].get("voice.level.yellow") in sentence


def test_a_flood_counts_only_the_colours_that_came():
    t = TEXTS["zh"]
    assert "新增 12 张牌，其中红牌 12 张。请到值班席查看。" == of_flood(12, 0, t)
    assert "新增 23 张牌，其中红牌 5 张，黄牌 18 张。请到值班席查看。" == of_flood(5, 18, t)


def test_the_real_voice_speaks_chinese_for_less_than_twelve_seconds():
    engine = Espeak()
    assert engine.is_there(), "the tests need espeak-ng (scripts/setup test installs it)"
    card = a_view(org_name="市住房和城乡建设局", item_name="建筑工程施工许可证核发", late_text="超法定时限 2 个工作日")
    for sentence in (of_card(card, TEXTS["zh"]), of_test(TEXTS["zh"]), of_flood(5, 18, TEXTS["zh"])):
        sound, rate = samples(engine.say(sentence, "zh"))
        assert 1.0 < len(sound) / rate < 12.0
        assert np.abs(sound).max() > 0.1


def test_a_missing_slow_or_silent_engine_says_what_is_wrong(tmp_path: Path):
    slow, broken = tmp_path / "slow", tmp_path / "broken"
    slow.write_text("#!/bin/sh\nsleep 5\n")
    broken.write_text("#!/bin/sh\necho no sound\n")
    for program in (slow, broken):
        program.chmod(0o755)

    for engine, code in ((Espeak("no-such-program"), "speech_missing"), (Espeak(str(slow), timeout_s=0.1), "speech_failed"),
                         (Espeak(str(broken)), "speech_failed"), (Mute(), "speech_off")):
        with pytest.raises(SpeechFailed, match=code):
            engine.say("测试", "zh")


class Counting:
    """An engine that counts its calls and takes its time."""

    name = "counting"

    def __init__(self) -> None:
        self.said: list[str] = []
        self._lock = threading.Lock()

    def say(self, text: str, language: str) -> bytes:
        with self._lock:
            self.said.append(text)
        return wav_of(b"\0\0" * 1000, RATE)

    def is_there(self) -> bool:
        return True


def test_a_sentence_is_said_once_whoever_asks_for_it_and_how_many_at_a_time(tmp_path: Path):
    engine = Counting()
    store = ClipStore(tmp_path, engine, most_bytes=10_000_000)
    with ThreadPoolExecutor(8) as callers:
        clips = list(callers.map(lambda _: store.clip("红牌", "zh"), range(16)))

    assert ["红牌"] == engine.said
    assert 1 == len(set(clips))
    assert store.clip("红牌", "en")
    assert 2 == len(engine.said)
    assert [] == [path.name for path in tmp_path.iterdir() if path.suffix != ".wav"]


def test_the_folder_of_clips_stays_small_and_drops_what_was_not_used_for_longest(tmp_path: Path):
    engine = Counting()
    store = ClipStore(tmp_path, engine, most_bytes=3 * 2044)
    for text in ("一", "二", "三"):
        store.clip(text, "zh")
    store.clip("一", "zh")
    store.clip("四", "zh")

    assert 3 == len(list(tmp_path.glob("*.wav")))
    store.clip("一", "zh")
    assert ["一", "二", "三", "四"] == engine.said
    store.clip("二", "zh")
    assert "二" == engine.said[-1]
