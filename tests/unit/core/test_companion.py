"""A second process beside this one: what it answers, and what is told when it is lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.companion import Companion, CompanionLost
from tests.companions import ANSWERING
from tests.services import wait_until

ALONE = f"""
import time
from core.companion import Companion
companion = Companion({ANSWERING!r}, b"", 60.0)
print(companion.pid, flush=True)
{{what}}
time.sleep(600)
"""


@pytest.fixture
def companion() -> Iterator[Companion]:
    with Companion(ANSWERING, b"no. ", 60.0) as started:
        yield started


def test_it_answers_piece_by_piece_one_question_after_another(companion: Companion) -> None:
    assert list(companion.ask(b"count 3")) == [b"no. 0", b"no. 1", b"no. 2"]
    assert list(companion.ask(b"count 0")) == []
    assert list(companion.ask(b"pid")) == list(companion.ask(b"pid")) == [str(companion.pid).encode()]
    assert companion.pid != os.getpid()


def test_much_is_asked_and_much_is_answered(companion: Companion) -> None:
    content = os.urandom(5_000_000)
    assert list(companion.ask(b"size " + content)) == [b"5000000", content]


def test_it_says_when_its_answer_is_there(companion: Companion) -> None:
    pieces = companion.ask(b"pid")
    wait_until(companion.has_answer, timeout_s=30, what="the answer")
    assert len(list(pieces)) == 1
    assert not companion.has_answer()


def test_what_it_cannot_do_is_told_with_the_reason(companion: Companion) -> None:
    with pytest.raises(CompanionLost, match="ValueError: dance is not known"):
        list(companion.ask(b"dance"))
    assert not psutil.pid_exists(companion.pid)


def test_one_that_cannot_begin_is_told(companion: Companion) -> None:
    with pytest.raises(CompanionLost, match="exit 1"):
        list(Companion("tests.companions:nothing", b"", 60.0).ask(b"pid"))


def test_one_that_is_killed_is_told_with_the_signal(companion: Companion) -> None:
    pieces = companion.ask(b"endless")
    next(pieces)
    os.kill(companion.pid, signal.SIGKILL)
    with pytest.raises(CompanionLost, match="signal 9"):
        list(pieces)


def test_one_that_falls_silent_is_given_up_and_ended() -> None:
    with Companion(ANSWERING, b"", 0.5) as companion:
        pieces = companion.ask(b"sleep")
        with pytest.raises(CompanionLost, match=r"silent for 0\.5 s"):
            list(pieces)
        assert not psutil.pid_exists(companion.pid)


def test_an_answer_that_was_not_taken_is_never_given_to_the_next_question(companion: Companion) -> None:
    next(companion.ask(b"count 3"))
    with pytest.raises(CompanionLost, match="asked before it had answered"):
        companion.ask(b"pid")
    assert not psutil.pid_exists(companion.pid)


def test_it_sees_no_settings_and_no_code_but_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("YANGGUANG_SECURITY__SECRET_KEY", "x" * 40)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "msgspec.py").write_text("raise SystemExit(7)", encoding="utf-8")
    with Companion(ANSWERING, b"", 60.0) as companion:
        seen = b"".join(companion.ask(b"seen")).decode().split("\n")
    assert not [one for one in seen if one.startswith("YANGGUANG") or one in ("", str(tmp_path))]


def test_many_open_files_do_not_stand_in_its_way() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, before[1]), before[1]))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with Companion(ANSWERING, b"", 60.0) as companion:
            pieces = companion.ask(b"pid")
            wait_until(companion.has_answer, timeout_s=30, what="the answer")
            assert list(pieces) == [str(companion.pid).encode()]
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_where_no_more_files_can_be_opened_it_is_lost_before_it_began() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(CompanionLost):
            Companion(ANSWERING, b"", 60.0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_one_that_is_closed_in_the_middle_of_an_answer_is_ended() -> None:
    with Companion(ANSWERING, b"", 60.0) as companion:
        next(companion.ask(b"endless"))
    assert not psutil.pid_exists(companion.pid)


@pytest.mark.parametrize("what", ["", "next(companion.ask(b'endless'))", "list(companion.ask(b'pid'))"])
def test_it_ends_when_the_program_is_killed(what: str) -> None:
    with subprocess.Popen([sys.executable, "-c", ALONE.format(what=what)], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.kill()
    wait_until(lambda: not _runs(pid), timeout_s=20, what="the companion to end")


def _runs(pid: int) -> bool:
    """Whoever adopts it may leave it lying: it has ended all the same."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
