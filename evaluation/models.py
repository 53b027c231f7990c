"""Tables of the evaluation: base figures per day, for departments and in detail, and what each card adds to them.

`day` is an epoch day as written, `basis` the value of a `Basis`; columns named *_at are microseconds UTC. The figures are
defined in config/indicators.yaml; days are in working days.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table, text

from core.database import metadata

# What cases and cards add to, in the order of the columns. Figures of bad ratings are counted from their duties when asked.
FIGURES = (
    "received", "received_instant", "received_promised", "accepted", "not_accepted", "concluded", "returned", "voided",
    "withdrawn", "early", "on_due_day", "late", "promised_in_time", "same_day", "online", "statutory_days", "statutory_used",
    "promised_days", "promised_used", "both_statutory", "both_promised", "timed", "used_days", "steps", "steps_over",
    "special", "corrections", "corrected_once", "rated", "satisfied", "dissatisfied", "warnings", "yellow", "red",
    "revoked_yellow", "revoked_red", "consultations", "consultations_answered", "complaints", "complaints_answered",
    "replies", "reply_days",
)
OPENING = FIGURES.index("not_accepted")  # those before it are of receptions and acceptances: on both bases on their own days
DUTY_FIGURES = ("bad_duties", "rectified", "called_back", "rectified_days")
DAY_KEY = ("basis", "day", "area", "org")
PLACE_COLUMNS = ("area", "org", "item", "channel")
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own row number
ROOM = {"fillfactor": 70}


def _figures() -> list[Column[int]]:
    return [Column(name, Integer, nullable=False, server_default=text("0")) for name in FIGURES]


# One row per department and day: what comparisons read, whatever the number of cases. `corrected_at` is when facts that came
# more than a day after the day was over last changed the row (by own dates only: the days of acceptance live on by nature).
figure_days = Table(
    "figure_days", metadata,
    Column("basis", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("area", String(64), primary_key=True),
    Column("org", String(128), primary_key=True),
    *_figures(),
    Column("corrected_at", BigInteger),
    sqlite_with_rowid=False, postgresql_with=ROOM,
)
_CORRECTED = figure_days.c.corrected_at.is_not(None)
Index("ix_figure_days_corrected_at", figure_days.c.corrected_at, postgresql_where=_CORRECTED, sqlite_where=_CORRECTED)

# The same by whole months, `day` being the first: five years of fifty departments are three thousand rows.
figure_months = Table(
    "figure_months", metadata,
    Column("basis", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("area", String(64), primary_key=True),
    Column("org", String(128), primary_key=True),
    *_figures(),
    sqlite_with_rowid=False, postgresql_with=ROOM,
)

# The places of the table below: what its figures are told apart by beside their days.
figure_places = Table(
    "figure_places", metadata,
    Column("place", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("channel", String(16), nullable=False),
    Index("uq_figure_places_place", "area", "org", "item", "channel", unique=True),
)

# The same figures by item and channel. A row's number is made of basis, day and place (evaluation/places.py).
figure_details = Table(
    "figure_details", metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    *_figures(),
    postgresql_with=ROOM,
)

# The same of whole months that are over, `day` being the first: written once they are, then kept with the days they hold
# (evaluation/rolling.py). `until` is the first day of what was not added up yet, one row.
figure_detail_months = Table(
    "figure_detail_months", metadata,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    *_figures(),
    postgresql_with=ROOM,
)
figure_rollups = Table(
    "figure_rollups", metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("until", Integer, nullable=False),
)

# What a card has added, so that it can be taken back exactly (evaluation/card_figures.py).
figure_cards = Table(
    "figure_cards", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, nullable=False, index=True),
    Column("marks", String(480), nullable=False),
    Column("counting", SmallInteger, nullable=False, server_default=text("0")),  # by which way of counting (card_figures)
)
