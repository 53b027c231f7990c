"""What became of a bulletin, told within its transaction (core.unit_of_work)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BulletinPublished:
    """A bulletin came to the public site, or was taken back (`withdrawn`: why) after it had. `month` is 2026-03; `number` that
    of the paper."""

    id: int
    area: str
    month: str
    number: str
    title: str
    withdrawn: str = ""
