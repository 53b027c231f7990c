"""A paper of the follow-up (督办单, 监察建议书 …) as notices tell of it: the part of a card is taken by what was issued."""

from __future__ import annotations

import msgspec


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A paper issued to a unit. `due_at` is microseconds UTC."""

    id: int
    rev: int
    number: str
    kind: str
    title: str
    demand: str
    area: str
    org: str
    due_at: int | None


class PaperBrief(Paper, frozen=True, kw_only=True):
    """A paper as people are told of it. `level` says how pressing it is, as that of a card. What is no paper of the follow-up
    (a score) says by which text it is `called`, and its `address` on the site."""

    org_name: str
    level: int
    state: str = "issued"
    called: str = ""
    address: str = ""
