"""The real services on a database of the benchmark's own, at an instant the benchmark moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from bootstrap import Services, build_services
from cases.events import CaseEvent
from cases.journal import COLUMNS
from cases.models import journal
from config.settings import load_settings
from core.clock import FrozenClock
from core.database import Database, bulk_insert
from core.instants import from_us
from tests.bench.harness import Spent, settled, stopwatch
from tests.bench.workload import BEGINS, batches

BATCH = 2000


@contextmanager
def house(url: str, folder: Path, begins: datetime = BEGINS) -> Iterator[tuple[Services, FrozenClock]]:
    """Everything bootstrap builds, with the cards' reactions, and the clock to move."""
    clock = FrozenClock(begins)
    services = build_services(load_settings(settings_of(url, folder)), clock)
    try:
        with settled():
            yield services, clock
    finally:
        services.database.dispose()


def settings_of(url: str, folder: Path) -> dict[str, object]:
    """Settings that keep everything in `folder`."""
    return {"database.url": url, "journal.key_path": folder / "journal.key", "journal.anchor_dir": folder / "anchors",
            "security.secret_key_path": folder / "session.key", "feeds.drop_dir": folder / "drop",
            "room.clip_dir": folder / "clips", "exports.dir": folder / "exports", "history.dir": folder / "history"}


def present_at(events: Sequence[CaseEvent]) -> list[datetime]:
    """When each batch arrives: at its newest claim, as in life."""
    newest, instants = 0, []
    for batch in batches(events, BATCH):
        newest = max(newest, *(event.claimed_at for event in batch))
        instants.append(from_us(newest))
    return instants


def recorded(database: Database) -> int:
    """How many events the journal holds."""
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(journal)).scalar_one()


def floor_of(database: Database, empty_url: str, others: Sequence[int]) -> tuple[int, Spent]:
    """Insert the very rows of the journal into an empty one, in the same batches: (rows, what it cost)."""
    with database.read() as conn:
        rows = [tuple(row) for row in conn.execute(select(*journal.c[COLUMNS]).order_by(journal.c.seq))]
    empty = Database(empty_url)
    journal.create(empty.engine)
    with stopwatch(others) as spent:
        for start in range(0, len(rows), BATCH):
            with empty.transaction() as conn:
                bulk_insert(conn, journal, COLUMNS, rows[start:start + BATCH])
    empty.dispose()
    return len(rows), spent
