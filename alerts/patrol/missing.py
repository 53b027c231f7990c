"""Cards the data asks for against those there are: the back-test of the present rules, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select

from alerts.backtest.service import CardLine
from alerts.cards import Passage
from alerts.lifecycle import CASE_LIMITS, Origin
from alerts.models import KEY_MAX, cards
from alerts.patrol.findings import Finding, Found
from cases.journal import chunks

_LIMITS = {kind.value for kind in CASE_LIMITS}
_passages = msgspec.json.Decoder(list[Passage]).decode
Issued = Mapping[str, tuple[int, int]]  # by key: the newest card, and the worst level that stands on any


def missing(conn: Connection, lines: Sequence[CardLine]) -> list[Found]:
    """Which of these cards were never issued, or only at a milder level."""
    issued = _issued(conn, [_key(line) for line in lines])
    return [found for line in lines if (found := _compared(line, *issued.get(_key(line), (None, 0)))) is not None]


def _key(line: CardLine) -> str:
    if line.origin == Origin.ACT:
        return f"act:{line.kind}:{line.case_id}:{line.subject}"[:KEY_MAX]
    return f"limit:{line.case_id}" if line.kind in _LIMITS else f"{line.kind}:{line.case_id}:{line.ordinal}"


def _issued(conn: Connection, keys: Sequence[str]) -> Issued:
    """An occurrence that came again after its card ended has a card for what was new of it."""
    found: dict[str, tuple[int, int]] = {}
    for part in chunks(keys):
        for row in conn.execute(select(*cards.c["id", "key", "evidence"]).where(cards.c.key.in_(part)).order_by(cards.c.id)):
            levels = [passage.level for passage in _passages(row.evidence) if not passage.withdrawn]
            found[row.key] = (row.id, max([found.get(row.key, (0, 0))[1], *levels]))
    return found


def _compared(line: CardLine, card_id: int | None, level: int) -> Found | None:
    if level >= line.level:
        return None
    detail = {"clock" if line.origin == Origin.CLOCK else "act": line.kind, "subject": line.subject, "level": line.level,
              "now_at": line.level_at, "rule_version": line.rule_version}
    if not level:
        return Found(Finding.MISSING, None, line.case_id, line.case_no, line.area, line.org, detail)
    return Found(Finding.LEVEL_DIFFERS, card_id, line.case_id, line.case_no, line.area, line.org,
                 detail | {"issued_level": level})
