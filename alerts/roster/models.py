"""Tables of the roster: the weekly plan, its exceptions, the people to be told, and every change with before and after.

Columns named *_at are microseconds UTC. Days are ISO dates of the area's own wall clock, minutes count from its midnight.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, String, Table, Text, text

from core.database import metadata

# One person, one weekday, from-until. `until_min` above 1440 goes on into the next morning. `area` "" stands for all.
duty_shifts = Table(
    "duty_shifts", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("username", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("weekday", SmallInteger, nullable=False),  # 0 Monday … 6 Sunday
    Column("from_min", SmallInteger, nullable=False),
    Column("until_min", SmallInteger, nullable=False),
    Column("area", String(64), nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_until", String(10), nullable=False),  # last day; "" while open
    Column("rev", Integer, nullable=False),
)

# What differs on one day: absence (username stays away), replacement (substitute stands in), extra (username also comes).
duty_exceptions = Table(
    "duty_exceptions", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("username", String(64), nullable=False),
    Column("substitute", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("from_min", SmallInteger, nullable=False),
    Column("until_min", SmallInteger, nullable=False),
    Column("area", String(64), nullable=False),
    Column("reason", String(255), nullable=False),
)

# Whom a card of an organisation is told to. `org` "" stands for every organisation of the area. `channels` are the
# preferred ones in order, separated by spaces; `min_level` is the least serious card that may reach him outside the site.
contacts = Table(
    "contacts", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("org", String(128), nullable=False, index=True),
    Column("area", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("username", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("email", String(128), nullable=False),
    Column("channels", String(128), nullable=False),
    Column("min_level", SmallInteger, nullable=False),
    Column("language", String(2), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("rev", Integer, nullable=False),
)
# One fixed liaison per organisation, as the database sees to.
_LIAISON = text("role = 'liaison' AND is_active")
_LIAISON_SQLITE = text("role = 'liaison' AND is_active = 1")
Index("uq_contacts_liaison", contacts.c.org, unique=True, postgresql_where=_LIAISON, sqlite_where=_LIAISON_SQLITE)

# Who was on duty when a card was raised.
card_duty = Table(
    "card_duty", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("officers", Text, nullable=False),  # JSON list of OnDuty
)

# Every change of plan, exceptions and contacts. Append-only.
roster_log = Table(
    "roster_log", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("action", String(16), nullable=False),   # added, changed, removed
    Column("subject", String(16), nullable=False),  # shift, exception, contact
    Column("subject_id", Integer, nullable=False),
    Column("before", Text),  # JSON, none when added
    Column("after", Text),   # JSON, none when removed
    Index("ix_roster_log_subject", "subject", "subject_id"),
)
