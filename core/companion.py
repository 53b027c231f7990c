"""A process of this program's own beside it, for what only computes: bytes in, bytes out.

One Python computes on one processor at a time, however many threads it has. Work a companion does is done on another one,
while this process goes on writing. It is this program's own code with this program's own rights: for bytes that could hang
or crash whatever reads them there is core.child.
"""

from __future__ import annotations

import importlib
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Never, Self

Answering = Callable[[bytes], Iterable[bytes]]
_ROOT = Path(__file__).resolve().parents[1]
_HEAD = struct.Struct("!cQ")
_ENDS_WITHIN_S = 1.0
_ASKED, _PIECE, _END, _FAILED = b"q", b"p", b"e", b"f"
_START = "import sys; sys.path.insert(0, sys.argv[1]); from core.companion import serve; serve(sys.argv[2], int(sys.argv[3]))"


class CompanionLost(Exception):
    """The companion ended, fell silent or failed: `cause`. What it was asked has no answer; nothing else is lost."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def has_second_processor() -> bool:
    """Whether this process may use more than one processor: on a single one a companion only costs."""
    return len(os.sched_getaffinity(0)) > 1


class Companion:
    """One running process. For one thread at a time; after CompanionLost it is of no more use."""

    def __init__(self, maker: str, setup: bytes, timeout_s: float) -> None:
        """`maker` is `module:function`, which over there makes what answers from `setup`. After `timeout_s` seconds of silence
        it is given up. Raises CompanionLost when it cannot be started."""
        self._timeout_s, self._is_answering = timeout_s, False
        try:
            self._line, theirs = socket.socketpair()
        except OSError as failure:
            raise CompanionLost(str(failure)) from failure
        self._line.settimeout(timeout_s)
        with theirs:
            try:
                # A session of its own: who interrupts this program from the keyboard interrupts this program. It ends by
                # itself when our end of the line is closed, in whatever way we ended.
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START, str(_ROOT), maker, str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
                    env={"TMPDIR": tempfile.gettempdir()})  # no settings: what it needs of them is told it over the line
            except OSError as failure:
                self._line.close()
                raise CompanionLost(str(failure)) from failure
        self._send(setup)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, question: bytes) -> Iterator[bytes]:
        """Its answer, with which it begins at once, piece by piece; take all of them before the next question. It gets one
        piece ahead of who takes them. Raises CompanionLost, also where pieces of the answer before were not taken: the next
        question must not get them."""
        if self._is_answering:
            self._lost("asked before it had answered")
        self._is_answering = True
        self._send(question)
        return self._pieces()

    def has_answer(self) -> bool:
        """Whether something of the answer is there, or what is instead of it, so that taking it does not wait for long."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        return bool(poll.poll(0))

    def _pieces(self) -> Iterator[bytes]:
        while True:
            kind, told = self._received()
            if kind == _END:
                self._is_answering = False
                return
            if kind == _FAILED:
                self._lost(told.decode("utf-8", "replace"))
            yield told

    def close(self) -> None:
        """End it. Nothing it does needs to be finished."""
        self._line.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # one that hangs in the kernel ends when it is let go
            self._process.wait(_ENDS_WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _send(self, content: bytes) -> None:
        try:
            _send(self._line, _ASKED, content)
        except OSError as failure:
            self._lost(str(failure), failure)

    def _received(self) -> tuple[bytes, bytes]:
        try:
            return _receive(self._line)
        except TimeoutError as failure:
            self._lost(f"silent for {self._timeout_s:g} s", failure)
        except (OSError, EOFError) as failure:
            self._lost(self._how_it_ended(str(failure)), failure)

    def _how_it_ended(self, otherwise: str) -> str:
        try:
            code = self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            return otherwise
        return f"signal {-code}" if code < 0 else f"exit {code}"

    def _lost(self, cause: str, failure: Exception | None = None) -> Never:
        self.close()
        raise CompanionLost(cause) from failure


def serve(maker: str, number: int) -> None:
    """The other side: answer what is asked on the open file of that number, until the line is closed."""
    with socket.socket(fileno=number) as line:
        try:
            answer = _made(maker)(_receive(line)[1])
            while True:
                _answer(line, answer, _receive(line)[1])
        except (EOFError, ConnectionError):
            return


def _made(maker: str) -> Callable[[bytes], Answering]:
    module, _, name = maker.partition(":")
    made: Callable[[bytes], Answering] = getattr(importlib.import_module(module), name)
    return made


def _answer(line: socket.socket, answer: Answering, question: bytes) -> None:
    try:
        for piece in answer(question):
            _send(line, _PIECE, piece)
    except ConnectionError:
        raise
    except Exception as failure:  # noqa: BLE001 - told to who asked, whatever it is
        _send(line, _FAILED, f"{type(failure).__name__}: {failure}".encode())
    else:
        _send(line, _END, b"")


def _send(line: socket.socket, kind: bytes, content: bytes) -> None:
    line.sendall(_HEAD.pack(kind, len(content)))
    line.sendall(content)


def _receive(line: socket.socket) -> tuple[bytes, bytes]:
    kind, size = _HEAD.unpack(_read(line, _HEAD.size))
    return kind, _read(line, size)


def _read(line: socket.socket, size: int) -> bytes:
    """Raises EOFError when the line is closed before."""
    content = bytearray(size)
    view, done = memoryview(content), 0
    while done < size:
        count = line.recv_into(view[done:])
        if not count:
            raise EOFError("the line was closed")
        done += count
    return bytes(content)
