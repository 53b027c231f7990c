"""What the last transactions wrote: known exactly, or not at all."""

from __future__ import annotations

import pytest

from cases import written
from cases.written import Written


def test_it_knows_what_was_written_after_a_transaction_from_its_own_on() -> None:
    known = Written(5)
    known.note(6, {1, 2})
    known.note(6, (), {b"x"})
    known.note(9, {3}, {b"y"})
    assert known.since(4) is None
    assert known.since(5) == ({1, 2, 3}, {b"x", b"y"})
    assert known.since(6) == known.since(8) == ({3}, {b"y"})
    assert known.since(9) == known.since(12) == (set(), set())


def test_of_the_transaction_it_was_made_in_it_does_not_know_all() -> None:
    known = Written(5)
    known.note(5, {1})
    assert known.since(4) is None
    assert known.since(5) == (set(), set())


def test_what_is_too_long_ago_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "_KEPT", 10)
    known = Written(0)
    for place in range(1, 6):
        known.note(place, {place * 10, place * 10 + 1}, {bytes([place])})
    assert known.since(1) is None
    assert known.since(2) == ({30, 31, 40, 41, 50, 51}, {b"\x03", b"\x04", b"\x05"})


def test_nothing_written_takes_no_room() -> None:
    known = Written(0)
    for place in range(1, 100_000):
        known.note(place, ())
    assert len(known._parts) == 0
    assert known.since(0) == (set(), set())
