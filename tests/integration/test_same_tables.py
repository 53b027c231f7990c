"""The same random acts, deliveries and sweeps leave the same tables, row for row, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases.record_name import MARK
from tests.hosting import Hall
from tests.random_acts import drawn_from, live, tables

ACTS, EVENTS = 90, 160
# Cards are numbered in the order the sweep meets their clocks, which is open where two fall due at once.
NUMBERED_BY_THE_SWEEP = ("card", "notice", "escalation", "outbox", "ledger", "figure_cards")


def lived(folder: Path, url: str, seed: int) -> tuple[dict[str, int], dict[str, list[str]]]:
    folder.mkdir()
    with drawn_from(seed):
        hall = Hall(folder, url)
        done = live(hall, seed, ACTS, EVENTS)
    found = tables(hall)
    found["marks"] = [row for row in found["marks"] if not row.startswith(f"['{MARK}'")]  # each record has a name of its own
    hall.services.database.dispose()
    return done, found


@pytest.mark.parametrize("seed", [2])
def test_both_databases_hold_the_same_afterwards(seed: int, tmp_path: Path, fresh_sqlite_url: str, fresh_postgres_url: str):
    done, small = lived(tmp_path / "sqlite", fresh_sqlite_url, seed)
    same, large = lived(tmp_path / "postgresql", fresh_postgres_url, seed)
    assert done == same
    assert done["right_step"] > 5, "the acts were nearly all refused: this compares nothing"
    for name, rows in small.items():
        if name.startswith(NUMBERED_BY_THE_SWEEP):
            assert len(rows) == len(large[name]), f"{name} differs"
        else:
            assert rows == large[name], f"{name} differs"
