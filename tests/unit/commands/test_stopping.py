"""A program ends when it is told to, whichever of its threads the system hands the signal to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WAITS = """
import os, signal, sys, threading, time
from commands.listening import until_told_to_stop
stopped = until_told_to_stop()
def tell():
    time.sleep(0.3)
    {tell}
threading.Thread(target=tell, daemon=True).start()
stopped.wait()
print("ended")
"""
TO_ANOTHER_THREAD = "signal.pthread_kill(threading.get_ident(), signal.SIGTERM); time.sleep(60)"
TO_THE_PROCESS = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"


@pytest.mark.parametrize("tell", [TO_THE_PROCESS, TO_ANOTHER_THREAD], ids=["process", "another-thread"])
def test_the_signal_ends_it_whichever_thread_it_reaches(tell: str) -> None:
    """Only the main thread runs what a signal asks for, and it does so when it wakes: one that waits for ever never would."""
    ended = subprocess.run([sys.executable, "-c", WAITS.format(tell=tell)], cwd=ROOT, capture_output=True, text=True,
                           timeout=20, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "ended"), ended.stderr
