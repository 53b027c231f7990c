"""One more envelope for the public site, in the transaction of what it tells."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, insert

from exchange.envelopes import written
from exchange.inner.heads import OUT, Head, head_of, move, new_epoch
from exchange.inner.models import exchange_outgoing


def put(conn: Connection, now_us: int, kind: str, subject: str, body: Any) -> None:
    """Numbered without gaps: every writing transaction holds the ledger (core/unit_of_work.py)."""
    head = head_of(conn, OUT)
    name = secrets.token_hex(16)
    move(conn, OUT, Head(head.epoch or new_epoch(), head.seq + 1, name, head.at))
    conn.execute(insert(exchange_outgoing).values(
        seq=head.seq + 1, id=name, kind=kind, subject=subject, body=written(body).decode(), created_at=now_us))
