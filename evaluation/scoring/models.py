"""Tables of the scoring: entries by hand, scorings of a month with rows and lines, appeals.

Columns named *_at are microseconds UTC, `month` and `day` epoch days, points hundredths of a point. A line is never changed: an
appeal that is granted adds one that gives back.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text, text

from core.database import metadata

_EMPTY = text("''")

# 打分登记. What was entered by mistake is taken back and stays.
score_entries = Table(
    "score_entries", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", String(128), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("day", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("basis", String(200), nullable=False),      # document, case or card it rests on
    Column("made_by", String(64), nullable=False),
    Column("made_name", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("taken_by", String(64)),
    Column("taken_name", String(64)),
    Column("taken_at", BigInteger),
    Column("taken_reason", Text),
    Index("ix_score_entries_scheme_day", "scheme", "day"),
)

# One month, half-year or year of one scheme for the departments of an area ("" all). `content` is the scheme as it was,
# whatever becomes of it.
scorings = Table(
    "scorings", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("scheme", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("catalogue", String(24), nullable=False),   # version of the catalogue of indicators
    Column("month", Integer, nullable=False),
    Column("area", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("state", String(12), nullable=False),       # proposed, published, frozen, withdrawn
    Column("rev", Integer, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_name", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("published_at", BigInteger),
    Column("appeal_until", BigInteger),                # appeals filed before it are heard
    Column("frozen_by", String(64)),
    Column("frozen_name", String(64)),
    Column("frozen_at", BigInteger),
    Column("digest", String(64), nullable=False, server_default=_EMPTY),  # SHA-256 of what was frozen
    Column("span", String(8), nullable=False, server_default=text("'month'")),  # month, half, year; `month` is its first
    Column("rests_on", Text, nullable=False, server_default=text("'[]'")),      # JSON: scorings of months a span is made of
    Index("ix_scorings_month", "month"),
)
_STANDS = text("state <> 'withdrawn'")
Index("uq_scorings_standing", scorings.c.scheme, scorings.c.month, scorings.c.area, scorings.c.span, unique=True,
      postgresql_where=_STANDS, sqlite_where=_STANDS)

score_rows = Table(
    "score_rows", metadata,
    Column("scoring_id", BigInteger, primary_key=True, autoincrement=False),
    Column("org", String(128), primary_key=True),
    Column("area", String(64), nullable=False),
    Column("accepted", Integer, nullable=False),       # cases accepted in the month: how much the score rests on
    Column("total", Integer),                          # NULL where nothing happened
    Column("first_total", Integer),                    # as it was published, before any appeal
    Column("place", Integer),
    Column("grade", String(40)),
    Column("bonus", Integer, nullable=False),
    Column("parts", Text, nullable=False),             # JSON: part → calculation.PartScore
    Column("vetoes", Text, nullable=False),            # JSON: numbers of the scheme's vetoes
)

score_lines = Table(
    "score_lines", metadata,
    Column("scoring_id", BigInteger, primary_key=True, autoincrement=False),
    Column("org", String(128), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(40), nullable=False),
    Column("part", String(40), nullable=False),
    Column("points", Integer, nullable=False),
    Column("above", Float),
    Column("below", Float),
    Column("gives_back", Integer),                     # the line of this department that an appeal gave back
    Column("evidence", Text, nullable=False),          # JSON: keys
)

score_appeals = Table(
    "score_appeals", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("scoring_id", BigInteger, nullable=False),
    Column("org", String(128), nullable=False),
    Column("line", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("filed_by", String(64), nullable=False),
    Column("filed_name", String(64), nullable=False),
    Column("filed_at", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),       # filed, granted, rejected
    Column("words", Text, nullable=False, server_default=_EMPTY),
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("decided_at", BigInteger),
    Index("uq_score_appeals_line", "scoring_id", "org", "line", unique=True),
)
