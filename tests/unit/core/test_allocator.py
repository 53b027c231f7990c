"""A process of its own keeps the memory of its pictures: what it had once is not asked for anew."""

from __future__ import annotations

import resource
import subprocess
import sys

PROGRAM = """
import resource
import threading

import numpy as np

from core import allocator

def look():
    for _ in range(20):
        pictures = [np.ones((720, 1280), np.uint8) for _ in range(8)]
        del pictures

def watch():
    look()
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    look()
    print(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)

assert allocator.keep_pictures()
thread = threading.Thread(target=watch)
thread.start()
thread.join()
"""


def test_the_memory_of_pictures_is_kept():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)

    once = 8 * 720 * 1280 // resource.getpagesize()
    assert int(told.stdout) < once / 4  # and not twenty times as many as that
