"""Tables of what people edit in the browser: versions of ladders, calendars, items, areas, organisations and scoring schemes,
proposals on accounts, and the log of every edit.

The shipped YAML files are version 0 and stand in no table. A version is never changed after it was decided and never deleted:
a card of years ago is recomputed with the one it was issued under. Columns named *_at are microseconds UTC; `effective_from` is
an epoch day.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from core.database import metadata


def _versions(name: str) -> Table:
    """One table per kind of thing, all alike: the same life, the same reader."""
    table = Table(
        name, metadata,
        Column("subject", String(128), primary_key=True),  # id of the preset or calendar, code of the item or area
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("based_on", Integer, nullable=False),       # the version its author saw in force
        Column("content", Text, nullable=False),           # JSON, the same shape as the shipped file
        Column("effective_from", Integer, nullable=False),
        Column("state", String(12), nullable=False),       # versions.VersionState
        Column("reason", Text, nullable=False),
        Column("made_by", String(64), nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("decided_by", String(64)),
        Column("decided_at", BigInteger),
    )
    is_waiting = text("state = 'proposed'")
    Index(f"uq_{name}_proposed", table.c.subject, unique=True, postgresql_where=is_waiting, sqlite_where=is_waiting)
    return table


rule_versions = _versions("rule_versions")
calendar_versions = _versions("calendar_versions")
item_limit_versions = _versions("item_limit_versions")
area_versions = _versions("area_versions")
organisation_versions = _versions("organisation_versions")
paper_template_versions = _versions("paper_template_versions")
scoring_versions = _versions("scoring_versions")

# What is to become of an account. `content` is the standing asked for (people.content_of), never anything of a password.
account_proposals = Table(
    "account_proposals", metadata,
    Column("username", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("based_on", Integer, nullable=False),       # generation of the account its author saw; people.NEW for none
    Column("content", Text, nullable=False),
    Column("state", String(12), nullable=False),       # people.ProposalState
    Column("reason", Text, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_at", BigInteger),
)
_is_waiting = text("state = 'proposed'")
Index("uq_account_proposals_proposed", account_proposals.c.username, unique=True, postgresql_where=_is_waiting,
      sqlite_where=_is_waiting)

# Append-only and chained: who changed what, when and why, as it was before and after (G15 watches it).
config_log = Table(
    "config_log", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("kind", String(16), nullable=False),     # versions.Kind, or role
    Column("subject", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", String(16), nullable=False),   # versions.Action
    Column("reason", Text, nullable=False),
    Column("before", Text, nullable=False),         # JSON
    Column("after", Text, nullable=False),          # JSON
    Column("prev_mac", LargeBinary(32), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    Index("ix_config_log_subject", "kind", "subject", "seq"),
)

# Cases to be judged anew after a change, batch by batch: `after_case` says how far it has come, so that a crash costs nothing.
rejudgements = Table(
    "rejudgements", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("after_case", BigInteger, nullable=False),
    Column("cases", Integer, nullable=False),   # looked at so far
    Column("moved", Integer, nullable=False),   # of them with another due instant or light
    Column("failed", Integer, nullable=False),
    Column("finished_at", BigInteger),
)
