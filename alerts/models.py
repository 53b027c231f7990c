"""Tables of the alerts: cards with their log, deadlines and files; commands (idempotency); alarms of the system
about itself, screens and their receipts.

Columns named *_at are microseconds UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from core.database import metadata

KEY_MAX = 200

# `key` names the occurrence (lifecycle.card_key, Occasion.key). At most one card of a key is open; closed ones stay for ever.
cards = Table(
    "cards", metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(KEY_MAX), nullable=False),
    Column("case_id", BigInteger, nullable=False),  # 0: about an organisation, not a case
    Column("case_no", String(128), nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("item", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("source", String(64), nullable=False),  # that had reported the case last when the card changed
    Column("rule", String(64), nullable=False),
    Column("rule_version", String(64), nullable=False),
    Column("clock_kind", String(16), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("level", SmallInteger, nullable=False),  # 1 warning, 2 yellow, 3 red
    Column("condition", Boolean, nullable=False),
    Column("is_stale", Boolean, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("acked_rev", Integer),
    Column("acked_by", String(64)),    # account
    Column("acked_name", String(64)),  # as shown
    Column("acked_at", BigInteger),
    Column("ack_comment", Text),
    Column("opened_at", BigInteger, nullable=False),  # theoretical instant of the first rung
    Column("level_at", BigInteger, nullable=False),   # theoretical instant of the present level
    Column("raised_at", BigInteger, nullable=False),  # when we learnt of it
    Column("due_at", BigInteger),
    Column("cleared_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("closed_reason", String(255)),
    Column("evidence", Text, nullable=False),         # JSON: the passages that justify it
    Column("origin", String(16), nullable=False, server_default="clock"),
    Column("disposition", String(16), nullable=False, server_default="to_sign"),
    Column("first_by", String(64)),    # a red card's first signature of two
    Column("first_name", String(64)),
    Column("first_as", String(16)),    # officer or shift_leader: which of the two it counts as
    Column("first_at", BigInteger),
    Column("first_comment", Text),
    Column("suppression", String(16), nullable=False, server_default="none"),
    Column("suppressed_until", BigInteger),
    Column("suppressed_by", String(64)),
    Column("suppressed_reason", Text),
    Column("escalation", Integer, nullable=False, server_default="0"),
    Column("appeal", String(16), nullable=False, server_default="none"),
    Column("appealed_by", String(64)),  # account: he decides nothing about it
    Column("issued_at", BigInteger),   # when the department could know of it
    Column("told_at", BigInteger),     # and of the level it has now; the time to appeal runs from here
    Column("order_no", String(64)),
    Column("reply_limit", String(16), nullable=False, server_default=text("''")),
    Column("reply_asked_at", BigInteger),  # since when a reply was owed: to a matter rejected once, since the first demand
    Column("reply_from_at", BigInteger),   # from when its present term runs
    Column("reply_due_at", BigInteger),  # set while a reply is owed
    Column("replied_by", String(64)),
    Column("replied_at", BigInteger),
    Column("revoke_by", String(64)),   # the first of two persons: account
    Column("revoke_name", String(64)),  # as shown
    Column("revoke_reason", Text),
    Column("re_alarms", Integer, nullable=False, server_default="0"),
    Column("flood", String(32), nullable=False, server_default=text("''")),
    Index("ix_cards_key", "key"),
    Index("ix_cards_case_id", "case_id"),
)
_OPEN = text("closed_at IS NULL")
Index("uq_cards_open_key", cards.c.key, unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN)
Index("ix_cards_raised_at", cards.c.raised_at)
Index("ix_cards_open_level", cards.c.level, cards.c.level_at, postgresql_where=_OPEN, sqlite_where=_OPEN)

# The life of a card, append-only. `detail` is a JSON object; its member `set` has the columns that changed with their new
# values (`card_rows.LOGGED`), so that the log of a card, replayed, gives its row.
card_log = Table(
    "card_log", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("card_id", BigInteger, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("actor_name", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_card_log_card_id", "card_id", "seq"),
)

# At most one of a kind stands for a card. `retry_at`: a row that failed is passed over until then.
card_deadlines = Table(
    "card_deadlines", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),  # reply, order, review, ack, shelf, service, law, appeal
    Column("due_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("retry_at", BigInteger),
)
_STANDS = text("done_at IS NULL")
Index("ix_card_deadlines_standing", card_deadlines.c.due_at, postgresql_where=_STANDS, sqlite_where=_STANDS)

# A repeated command gets its first answer again.
commands = Table(
    "commands", metadata,
    Column("command_id", String(64), primary_key=True),
    Column("actor", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("result", Text, nullable=False),
)

# What the system says about itself: a calendar year or a limit missing, a rule that raised, a screen that is blank.
alarms = Table(
    "alarms", metadata,
    Column("code", String(64), primary_key=True),
    Column("subject", String(160), primary_key=True),
    Column("args", Text, nullable=False),  # JSON object for the sentence
    Column("since", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("cleared_at", BigInteger),
)

# Which clock stands behind which alarm, so that a repeated report counts once and a cured clock is subtracted once.
unjudgeable_clocks = Table(
    "unjudgeable_clocks", metadata,
    Column("case_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("code", String(64), nullable=False),
    Column("subject", String(160), nullable=False),
)

screens = Table(
    "screens", metadata,
    Column("screen", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("build", String(64), nullable=False),
    Column("heap", BigInteger),
    Column("latency_ms", Integer),
    Column("painted_at", BigInteger),
)

# Files that came with a reply or an appeal. They live with the card: who may see it may open them.
attachments = Table(
    "attachments", metadata,
    Column("card_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(160), nullable=False),
    Column("media_type", String(96), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("uploaded_by", String(64), nullable=False),
    Column("uploaded_name", String(64), nullable=False),
    Column("uploaded_at", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
