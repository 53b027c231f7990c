"""Tables of the feeds: refused records and the state of every source. Columns named *_at are microseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from core.database import metadata

# A refused record is kept until somebody repairs or dismisses it. The same record refused again for the same reason is
# one row with a higher `times`: a file imported twice must not fill the page twice.
quarantine = Table(
    "quarantine", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", LargeBinary(12), nullable=False, unique=True),
    Column("source", String(64), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("origin", String(255), nullable=False),    # file name, or http
    Column("mapping", String(64), nullable=False),    # mapping to read it again; empty: our own JSON
    Column("position", String(64), nullable=False),   # "line 7"
    Column("raw", Text, nullable=False),
    Column("code", String(40), nullable=False),
    Column("status", String(12), nullable=False),     # malformed, unsuitable, error
    Column("detail", Text, nullable=False),
    Column("state", String(12), nullable=False),      # open, repaired, dismissed
    Column("handled_by", String(64)),
    Column("handled_at", BigInteger),
    Index("ix_quarantine_state_id", "state", "id"),
    Index("ix_quarantine_source_state", "source", "state"),
)

feed_status = Table(
    "feed_status", metadata,
    Column("source", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("kind", String(8), nullable=False),        # live: watched for silence; file: loaded once
    Column("last_event_at", BigInteger),              # newest business time among accepted events
    Column("last_received_at", BigInteger),           # when something last arrived, good or bad
    Column("lag_us", BigInteger),                     # received minus claimed of the newest event of the last batch
    Column("accepted", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)
