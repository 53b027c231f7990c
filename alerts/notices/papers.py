"""A paper of the follow-up (督办单, 监察建议书 …) as notices tell of it: the part of a card is taken by what was issued."""

from __future__ import annotations

import msgspec


class PaperBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A paper issued to a unit. `level` says how pressing it is, as that of a card; `due_at` is microseconds UTC."""

    id: int
    rev: int
    number: str
    kind: str
    title: str
    demand: str
    area: str
    org: str
    org_name: str
    level: int
    due_at: int | None
    state: str = "issued"
