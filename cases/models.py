"""Tables of the record: journal, chain heads and anchors, cases, clocks, claimed rungs, counters, areas.

Columns named *_at are microseconds UTC; `day` is an epoch day on the area's wall clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, Text, text

from core.database import metadata

# A whole number that is SQLite's own row number: the table is then its own index.
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")
# What is looked up by its key only is stored in the order of its key (SQLite: without row numbers), and rows rewritten at
# every event find room on their own page (PostgreSQL: filled to 70 %). Both save a tenth of what an event costs.
ROOM = {"fillfactor": 70}

journal = Table(
    "journal", metadata,
    Column("seq", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("event_id", LargeBinary(16), nullable=False, unique=True),
    Column("case_id", BigInteger, nullable=False, index=True),
    Column("case_no", String(128), nullable=False),
    Column("area", String(64), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("claimed_at", BigInteger, nullable=False),
    Column("utc_offset", SmallInteger, nullable=False),
    Column("src_order", Integer, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("source", String(64), nullable=False),
    Column("source_event_id", String(160), nullable=False),
    Column("source_version", Integer, nullable=False),
    Column("org", String(128)),
    Column("item", String(128)),
    Column("item_version", String(32)),
    Column("actor", String(128)),
    Column("station", String(128)),
    Column("step", String(160)),
    Column("payload", Text, nullable=False),
    Column("chain", String(128), nullable=False),
    Column("chain_pos", BigInteger, nullable=False),
    Column("prev_mac", LargeBinary(32), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    Index("ix_journal_chain", "chain", "chain_pos"),
)

# What people did to cases handled here, for the audit; feeds pay nothing for it.
Index("ix_journal_hosted", journal.c.seq, postgresql_where=text("source = 'hosted'"), sqlite_where=text("source = 'hosted'"))

chain_heads = Table(
    "chain_heads", metadata,
    Column("chain", String(128), primary_key=True),
    Column("pos", BigInteger, nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    Column("seal", LargeBinary(32), nullable=False),
)

anchors = Table(
    "anchors", metadata,
    Column("chain", String(128), primary_key=True),
    Column("pos", BigInteger, primary_key=True, autoincrement=False),
    Column("mac", LargeBinary(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("at", BigInteger, nullable=False),
)

areas = Table(
    "areas", metadata,
    Column("area", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("calendar", String(32), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("preset", String(32), nullable=False),
)

case_table = Table(
    "cases", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("case_no", String(128), nullable=False, index=True),
    Column("org", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("light", String(12), nullable=False),
    Column("opened_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("last_event_at", BigInteger, nullable=False),
    Column("tally", String(320), nullable=False),  # what this case has added to counter_days
    Column("acts", Text, nullable=False, server_default=text("''")),  # JSON: the faults told of this case; "" for none
    Column("fold", LargeBinary, nullable=False),
    Column("marks", Text, nullable=False, server_default=text("''")),  # what it adds to the figures of the evaluation
    # What the small indexes below stand on. They change a few times in the life of a case, unlike what they follow from: an
    # index, also by its condition, on what changes with every event makes PostgreSQL write into all indexes of the table.
    Column("is_waiting", Boolean, nullable=False, server_default=text("false")),   # its papers are in hand: state received
    Column("is_unmarked", Boolean, nullable=False, server_default=text("false")),  # nothing is kept of it: marks ""
    Index("ix_cases_org_light", "org", "light"),
    postgresql_with=ROOM,
)

# Cases whose papers are in hand: the sweep looks for those nobody answers.
Index("ix_cases_waiting", case_table.c.case_id, postgresql_where=text("is_waiting"), sqlite_where=text("is_waiting = 1"))

# Cases of before anything was kept of them for the evaluation: few, and none once they were filled.
Index("ix_cases_unmarked", case_table.c.case_id, postgresql_where=text("is_unmarked"), sqlite_where=text("is_unmarked = 1"))

clocks = Table(
    "clocks", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("condition", String(12), nullable=False),  # running, stopped, ended, unjudgeable
    Column("level", SmallInteger, nullable=False),
    Column("limit_text", String(16), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("next_at", BigInteger),
    Column("passed", String(64), nullable=False),
    Column("evidence", Text, nullable=False),
    sqlite_with_rowid=False, postgresql_with=ROOM,
)
Index("ix_clocks_next_at", clocks.c.next_at, postgresql_where=text("next_at IS NOT NULL"),
      sqlite_where=text("next_at IS NOT NULL"))
Index("ix_clocks_unjudgeable", clocks.c.condition, postgresql_where=text("condition = 'unjudgeable'"),
      sqlite_where=text("condition = 'unjudgeable'"))

# The insert is the claim: a rung passes once, however many workers look.
clock_rungs = Table(
    "clock_rungs", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("rung", String(16), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

counter_lights = Table(
    "counter_lights", metadata,
    Column("org", String(128), primary_key=True),
    Column("item", String(128), primary_key=True),
    Column("normal", Integer, nullable=False),
    Column("suspended", Integer, nullable=False),
    Column("warning", Integer, nullable=False),
    Column("yellow", Integer, nullable=False),
    Column("red", Integer, nullable=False),
    Column("unjudgeable", Integer, nullable=False),
)

counter_days = Table(
    "counter_days", metadata,
    Column("org", String(128), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("received", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("closed_early", Integer, nullable=False),
    Column("closed_on_due_day", Integer, nullable=False),
    Column("closed_late", Integer, nullable=False),
    Index("ix_counter_days_day", "day"),
)

# Rows whose projection raised: pushed ahead, reported, tried again; one of them never stops the sweep.
poisoned = Table(
    "poisoned", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
)
