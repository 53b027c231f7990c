"""What the tests ask companions to do (tests/unit/core/test_companion.py), and companions whose answer is waited for."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from types import ModuleType

import pytest

from core.companion import Answering, Companion

ANSWERING = f"{__name__}:answering"


def answering(setup: bytes) -> Answering:
    """`WORD ARGUMENT` does what the word says."""

    def answer(question: bytes) -> Iterator[bytes]:
        word, _, argument = question.partition(b" ")
        if word == b"pid":
            yield str(os.getpid()).encode()
        elif word == b"count":
            for number in range(int(argument)):
                yield setup + str(number).encode()
        elif word == b"endless":
            while True:
                yield b"x" * 1_000_000
        elif word == b"sleep":
            time.sleep(600)
        elif word == b"seen":
            yield "\n".join([*os.environ, *map(str, sys.path)]).encode()
        elif word == b"size":
            yield str(len(argument)).encode()
            yield argument
        else:
            raise ValueError(f"{word.decode()} is not known")

    return answer


class AwaitedCompanion(Companion):
    """Says that its answer is there once it is, so that a test knows who did the work; keeps all that were started."""

    started: list[Companion]

    def __init_subclass__(cls) -> None:
        cls.started = []

    def __init__(self, maker: str, setup: bytes, timeout_s: float) -> None:
        super().__init__(maker, setup, timeout_s)
        self.started.append(self)

    def has_answer(self) -> bool:
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        return bool(poll.poll(60_000))


def reading_apart(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> type[AwaitedCompanion]:
    """Lets a module read as with two processors, where the second process is quick. Gives the companions of this test."""

    class OfThisTest(AwaitedCompanion):
        pass

    monkeypatch.setattr(module, "has_second_processor", lambda: True)
    monkeypatch.setattr(module, "Companion", OfThisTest)
    return OfThisTest
