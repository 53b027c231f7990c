"""What is due is found among what waits, however many notices there ever were."""

from __future__ import annotations

from alerts.notices.sender import _DUE
from core.database import Database
from core.statements import run


def test_the_look_for_what_is_due_passes_by_what_was_sent(fresh_sqlite_url: str):
    database = Database(fresh_sqlite_url)
    database.create_all()
    with database.read() as conn:
        form = _DUE._composed(conn)
        plan = " ".join(row[-1] for row in run(conn, f"EXPLAIN QUERY PLAN {form.text}", [0] * form.text.count("?")))
    database.dispose()
    assert "ix_notices_waiting" in plan
