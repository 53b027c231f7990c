"""好差评: a bad rating of a case becomes a duty of its unit to put it right within the term and to be called back about it.

Ratings come as events of their cases; new ones are looked for by the journal's number, which rises with every commit, so none
is missed and none taken twice, whatever happens in between.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from cases.events import CaseEvent, EventKind, case_id_of
from cases.journal import read_event
from cases.models import case_table, journal
from config.follow_up import ComplaintRules
from core.access import SYSTEM
from core.database import Database, bulk_upsert
from core.models import ledger, marks
from core.unit_of_work import UnitOfWork
from supervision.complaints.matters import Filing, Reporter
from supervision.complaints.service import ComplaintService

MARK = "supervision.ratings"
BATCH = 20_000


class Ratings:
    """`title` and `content` are the words of the duty; {score} in them is the rating."""

    def __init__(self, database: Database, complaints: ComplaintService, rules: ComplaintRules, title: str,
                 content: str) -> None:
        self._database = database
        self._complaints, self._rules, self._title, self._content = complaints, rules, title, content

    def has_news(self) -> bool:
        """Whether the journal has grown since the last look."""
        with self._database.read() as conn:
            looked = conn.scalar(select(marks.c.value).where(marks.c.name == MARK))
            last = conn.scalar(select(ledger.c.journal_head).where(ledger.c.id == 1)) or 0
        return looked is None or int(looked) < last

    def watch(self, uow: UnitOfWork) -> int:
        """Turn the bad ratings recorded since the last look into duties. Returns how many."""
        after, last = _looked_at(uow.conn), uow.head.journal_seq
        if last <= after:
            return 0
        upto = min(last, after + BATCH)
        rows = uow.conn.execute(select(journal).where(journal.c.seq > after, journal.c.seq <= upto,
                                                      journal.c.kind == EventKind.RATED.value)).mappings().all()
        bad = [(row["seq"], event) for row in rows if self._is_bad(event := read_event(row))]
        for seq, event in bad:
            self._complaints.file_in(uow, self._filing(uow.conn, seq, event), Reporter(), SYSTEM)
        bulk_upsert(uow.conn, marks, ("name", "value"), [(MARK, str(upto))], key=("name",))
        return len(bad)

    def _is_bad(self, event: CaseEvent) -> bool:
        return event.data.score is not None and event.data.score <= self._rules.rating_bad_most

    def _filing(self, conn: Connection, seq: int, event: CaseEvent) -> Filing:
        org = event.org or _org_of(conn, event) or "?"
        return Filing("rating", "bad_rating", org, self._title, self._content.replace("{score}", str(event.data.score)),
                      event.area, event.case_no, (event.data.channel or "rating")[:16], "ratings", str(seq))


def _looked_at(conn: Connection) -> int:
    """Where the last look ended. The first look of an installation begins with what comes next: old ratings are history."""
    found = conn.scalar(select(marks.c.value).where(marks.c.name == MARK))
    if found is not None:
        return int(found)
    last = int(conn.scalar(select(func.coalesce(func.max(journal.c.seq), 0))) or 0)
    bulk_upsert(conn, marks, ("name", "value"), [(MARK, str(last))], key=("name",))
    return last


def _org_of(conn: Connection, event: CaseEvent) -> str:
    """A rating names its case; the unit is the case's."""
    found = conn.scalar(select(case_table.c.org).where(case_table.c.case_id == case_id_of(event.area, event.case_no)))
    return str(found or "")
