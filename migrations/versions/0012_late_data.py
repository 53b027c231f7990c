"""late data are one fault of a case, which lists the events that came late

Revision 0012, after 0011. Before, each kind of event was a fault of its own that said nothing of the others. The journal knows what
came late: of a kind that was a fault, the events not older than the one it was told with. Cards stay as they were issued.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LATE_AFTER_US = 24 * 3600 * 1_000_000
MAX_LATE = 60
COLUMNS = ("source", "source_event_id", "kind", "step", "claimed_at", "received_at")

cases = sa.table("cases", sa.column("case_id", sa.BigInteger), sa.column("acts", sa.Text))
journal = sa.table("journal", *(sa.column(name) for name in ("seq", "case_id", *COLUMNS)))


def upgrade() -> None:
    for case_id, faults in _cases_with_late_data():
        told = {subject: at for code, subject, at in faults if code == "late_data"}
        late = _worst(_late_events(case_id, told))
        others = [fault for fault in faults if fault[0] != "late_data"]
        one = [["late_data", "", min(event[4] for event in late), late]] if late else []
        _keep(case_id, sorted([*others, *one]))


def downgrade() -> None:
    for case_id, faults in _cases_with_late_data():
        told: dict[str, int] = {}
        for event in (event for fault in faults for event in (fault[3] if len(fault) > 3 else [])):
            told[event[2]] = min(event[4], told.get(event[2], event[4]))
        others = [fault for fault in faults if fault[0] != "late_data"]
        _keep(case_id, sorted([*others, *(["late_data", kind, at] for kind, at in told.items())]))


def _cases_with_late_data() -> Iterator[tuple[int, list[Any]]]:
    found = op.get_bind().execute(sa.select(cases.c.case_id, cases.c.acts).where(cases.c.acts.like('%"late_data"%'))).all()
    for case_id, acts in found:
        yield case_id, json.loads(acts)


def _late_events(case_id: int, told: dict[str, int]) -> list[list[Any]]:
    c, first = journal.c, dict[tuple[str, str], list[Any]]()
    statement = sa.select(*(c[name] for name in COLUMNS)).where(
        c.case_id == case_id, c.kind.in_(told), c.received_at - c.claimed_at > LATE_AFTER_US).order_by(c.seq)
    for row in op.get_bind().execute(statement):
        if row.claimed_at >= told[row.kind]:
            event = [row.source, row.source_event_id, row.kind, row.step or "", row.claimed_at, row.received_at]
            first.setdefault((row.source, row.source_event_id), event)
    return list(first.values())


def _worst(late: list[list[Any]]) -> list[list[Any]]:
    """No more than the record keeps, as the record chooses them: those with the longest delay, in the order in which they came."""
    kept = sorted(range(len(late)), key=lambda place: late[place][4] - late[place][5])[:MAX_LATE]
    return [late[place] for place in sorted(kept)]


def _keep(case_id: int, faults: list[Any]) -> None:
    text = json.dumps(faults, ensure_ascii=False, separators=(",", ":")) if faults else ""
    op.get_bind().execute(cases.update().where(cases.c.case_id == case_id).values(acts=text))
