"""Tables of the forecast: models with their reports, and the chance of each open case.

Columns named *_at are microseconds UTC of business time, those named *_day epoch days; chances are 0..1.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, SmallInteger, String, Table, Text, text

from core.database import metadata

_EMPTY = text("''")

forecast_models = Table(
    "forecast_models", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("trained_at", BigInteger, nullable=False),
    Column("cases", Integer, nullable=False),        # learnt from, ended or open
    Column("ended", Integer, nullable=False),
    Column("groups", Integer, nullable=False),
    Column("report", Text, nullable=False),          # JSON: evaluation.forecast.backtest.Report
    Column("correction", Text, nullable=False),      # JSON: evaluation.forecast.calibration.Correction
    Column("body", LargeBinary, nullable=False),     # evaluation.forecast.model.Model
    # How far the open cases are foretold by it.
    Column("day", Integer),                          # the epoch day on which all of them last were
    Column("revision", String(64), nullable=False, server_default=_EMPTY),  # of the configuration they were judged by
    Column("seq", BigInteger, nullable=False),       # of the journal, up to which changes were followed
    Column("summary", Text, nullable=False, server_default=_EMPTY),  # JSON: evaluation.forecast.queries.Summary
)

forecasts = Table(
    "forecasts", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("case_no", String(128), nullable=False),
    Column("model", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("chance", Float),                         # null: silent, for the reason
    Column("reason", String(16), nullable=False, server_default=_EMPTY),
    Column("due_at", BigInteger),                    # the instant from which it is late
    Column("due_day", Integer),
    Column("days_used", Integer),                    # net working days
    Column("days_left", Integer),
    Column("is_stopped", Boolean, nullable=False, server_default=text("false")),
    Column("step", String(160), nullable=False, server_default=_EMPTY),
    Column("level", SmallInteger, nullable=False, server_default=text("0")),  # parts of the key of the group learnt from
    Column("ended", Integer, nullable=False, server_default=text("0")),
    Column("overran", Integer, nullable=False, server_default=text("0")),
    Column("days_low", Float), Column("days_mid", Float), Column("days_high", Float),
    Index("ix_forecasts_org", "org", "chance"),
    Index("ix_forecasts_chance", "chance"),
)
