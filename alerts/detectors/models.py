"""Tables of the detectors: what they found, what they read and how long it took, and what units say of their own volume.

Columns named *_at are microseconds UTC; `first_day` and `last_day` are epoch days, both belong to the period.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, String, Table, Text, UniqueConstraint

from core.database import metadata

# One row per detector, subject and period, for ever: it is updated, not doubled, and what a person decided stays with it.
findings = Table(
    "findings", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("detector", String(8), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),          # "" for a source or a person who changes the rules
    Column("subject_kind", String(8), nullable=False),   # base.Kind
    Column("subject", String(160), nullable=False),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("version", String(64), nullable=False),       # of the parameters it was last found with
    Column("level", SmallInteger, nullable=False),
    Column("figures", Text, nullable=False),             # JSON, base.Figure: the signs with k, n, value and threshold
    Column("evidence", Text, nullable=False),            # JSON, base.Evidence: the first rows of them
    Column("evidence_count", Integer, nullable=False),   # of all of them
    Column("peers", Text, nullable=False),               # JSON: unit, value and n of its peers
    Column("parameters", Text, nullable=False),          # JSON: the values of that version
    Column("state", String(12), nullable=False),         # findings.State: open, confirmed, dismissed
    Column("holds", Boolean, nullable=False),            # still found by the last run of its period
    Column("found_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),                      # since when it is no longer found
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("decided_at", BigInteger),
    Column("reason", Text),
    Column("note", Text),
    Column("rev", Integer, nullable=False),
    UniqueConstraint("detector", "area", "org", "subject_kind", "subject", "first_day", "last_day",
                     name="uq_findings_detector_subject_period"),
    Index("ix_findings_state", "state", "holds"),
)

# The engine log: one row per run, detector and area. `error` is set when a detector raised; the others went on.
detector_runs = Table(
    "detector_runs", metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("detector", String(8), primary_key=True),
    Column("area", String(64), primary_key=True),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("error", Text),
)

# What a unit says it handled in a span of days (效能办 compares it every month with what the system holds).
reported_volumes = Table(
    "reported_volumes", metadata,
    Column("area", String(64), primary_key=True),
    Column("org", String(128), primary_key=True),
    Column("first_day", Integer, primary_key=True, autoincrement=False),
    Column("last_day", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), primary_key=True),  # own_figure, tickets, fees, certificates, seals
    Column("amount", Integer, nullable=False),
    Column("reported_at", BigInteger, nullable=False),
    Column("reported_by", String(64), nullable=False),
)
