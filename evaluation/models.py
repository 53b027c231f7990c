"""Tables of the evaluation: base figures per day, for departments and in detail, and what each card adds to them.

`day` is an epoch day as written, `basis` the value of a `Basis`; columns named *_at are microseconds UTC. The figures are
defined in config/indicators.yaml; days are in working days.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Table, text

from alerts.lifecycle import Subject
from config.spreads import SPREADS
from core.database import metadata

# Cards by what they are for; the rest are for the limits of cases.
SUBJECTS_APART = tuple(subject.value for subject in Subject if subject is not Subject.LIMIT)
CARDS_BY_SUBJECT = tuple(f"{level}_{subject}" for subject in SUBJECTS_APART for level in ("warnings", "yellow", "red"))

# What cases and cards add to, in the order of the columns. Those that are not kept: ASKED_FIGURES.
FIGURES = (
    "received", "received_instant", "received_promised", "accepted", "not_accepted", "concluded", "returned", "voided",
    "withdrawn", "early", "on_due_day", "late", "promised_in_time", "same_day", "online", "statutory_days", "statutory_used",
    "promised_days", "promised_used", "both_statutory", "both_promised", "timed", "used_days", "steps", "steps_over",
    "special", "corrections", "corrected_once", "rated", "satisfied", "dissatisfied", "warnings", "yellow", "red",
    "revoked_yellow", "revoked_red", "consultations", "consultations_answered", "complaints", "complaints_answered",
    "replies", "reply_days",
    "received_persons", "received_companies",
    "acknowledged", "acknowledgement_minutes", *CARDS_BY_SUBJECT,
    *(figure for spread in SPREADS.values() for figure in spread.figures),
)
# Those of receptions and acceptances: on both bases on their own days.
OPENING_FIGURES = frozenset({"received", "received_instant", "received_promised", "accepted", "received_persons",
                             "received_companies"})
FOLLOWS = tuple(name not in OPENING_FIGURES for name in FIGURES)  # by place: whether it stands on the day of acceptance, too
# Not kept but worked out when asked: bad ratings from their duties, items from the catalogue of the day, and what units report.
DUTY_FIGURES = ("bad_duties", "rectified", "called_back", "rectified_days")
ITEM_FIGURES = ("items", "items_published", "items_covered", "items_told", "items_in_hall", "items_central_told",
                "items_central")
VOLUME_FIGURES = ("volume_reported", "volume_recorded")
ASKED_FIGURES = (*DUTY_FIGURES, *ITEM_FIGURES, *VOLUME_FIGURES)
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
