"""Work on bytes from outside, done in a process of its own that may use so much time and memory and nothing else.

A file somebody sent can hang or crash whatever reads it. What reads it here is a script that knows nothing of this program: it
gets the bytes on its standard input, an empty environment, and limits of the kernel; all that comes back is what it printed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import SupervisionError, Unavailable, UpstreamError

_MIB = 1 << 20
Content = bytes | Callable[[], bytes]
_LIMITS = """
import resource, runpy, sys
memory, seconds, script = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.argv = sys.argv[3:]
runpy.run_path(script, run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one child may use, and how many there are at a time; one more waits as long as one may run."""

    seconds: float = 20.0
    memory_mib: int = 1024
    at_once: int = 2
    output_max: int = 64 * _MIB


class Children:
    """Starts them, at most so many at a time."""

    def __init__(self, limits: ChildLimits | None = None) -> None:
        self.limits = limits or ChildLimits()
        self._places = threading.BoundedSemaphore(self.limits.at_once)

    def has_place(self) -> bool:
        """Whether one more would start at once."""
        if not self._places.acquire(blocking=False):
            return False
        self._places.release()
        return True

    def run(self, script: Path, content: Content, arguments: Sequence[str] = ()) -> bytes:
        """What the script printed. Content that is a function is read only when a place is free.

        Raises UpstreamError (`child_failed`) when it crashed, was killed or took too long, Unavailable when no place
        became free.
        """
        if not self._places.acquire(timeout=self.limits.seconds):
            raise Unavailable("children_busy", retry_after=5)
        try:
            return self._run(script, content if isinstance(content, bytes) else content(), arguments)
        finally:
            self._places.release()

    def _run(self, script: Path, content: bytes, arguments: Sequence[str]) -> bytes:
        limits = self.limits
        command = [sys.executable, "-I", "-B", "-c", _LIMITS, str(limits.memory_mib * _MIB), str(int(limits.seconds) + 1),
                   str(script), *arguments]
        try:
            done = subprocess.run(command, input=content, capture_output=True, timeout=limits.seconds, check=False, env={},
                                  cwd="/")
        except subprocess.TimeoutExpired as failure:
            raise child_failed("time") from failure
        if done.returncode != 0:
            raise child_failed(_cause(done.returncode, done.stderr))
        if len(done.stdout) > limits.output_max:
            raise child_failed("size")
        return done.stdout


def child_failed(cause: str) -> SupervisionError:
    """Permanent: the same bytes would end it the same way."""
    return UpstreamError("child_failed", permanent=True, cause=cause)


def _cause(code: int, told: bytes) -> str:
    """`signal 9`, or the last line it wrote."""
    if code < 0:
        return f"signal {-code}"
    lines = told.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else f"exit {code}"
