"""What the tests ask companions to do (tests/unit/core/test_companion.py), and companions whose answer is waited for."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator

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


def awaited() -> type[AwaitedCompanion]:
    """A kind of its own for one test."""

    class OfThisTest(AwaitedCompanion):
        pass

    return OfThisTest
