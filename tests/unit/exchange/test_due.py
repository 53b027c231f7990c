"""What may be done now is found by subject, however many wait."""

from __future__ import annotations

import time

from sqlalchemy import insert, text
from sqlalchemy.dialects import sqlite

from core.database import Database
from exchange.inner.models import exchange_received
from exchange.inner.service import BATCH, _due

NOW = 10**15


def waiting(database: Database, late: int, due: int) -> None:
    """So many that wait for their time, and so many after them that are due; each about another thing."""
    rows = [{"id": f"i{place}", "place": place, "kind": "application", "subject": f"s{place}", "body": "{}", "created_at": 0,
             "received_at": 0, "state": "new", "attempts": 1, "due_at": NOW + 1 if place < late else NOW}
            for place in range(late + due)]
    with database.transaction() as conn:
        conn.execute(insert(exchange_received), rows)


def test_twelve_thousand_that_wait_cost_nothing(fresh_database_url: str):
    """Four seconds a look, before there was an index by subject (SQLite)."""
    database = Database(fresh_database_url)
    database.create_all()
    waiting(database, late=10_000, due=2_000)
    with database.read() as conn:
        began = time.perf_counter()
        places = [row.place for row in conn.execute(_due(NOW))]
        took = time.perf_counter() - began
    database.dispose()
    assert places == list(range(10_000, 10_000 + min(2_000, BATCH * 10)))
    assert took < 1


def test_what_waits_about_the_same_thing_is_looked_up(fresh_sqlite_url: str):
    database = Database(fresh_sqlite_url)
    database.create_all()
    statement = _due(NOW).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with database.read() as conn:
        plan = " ".join(row.detail for row in conn.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
    database.dispose()
    assert "ix_exchange_received_subject (subject=? AND place<?)" in plan
