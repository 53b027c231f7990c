"""Published results as events for other systems: reactions of the transaction that publishes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.unit_of_work import Reaction, UnitOfWork
from evaluation.bulletins.events import BulletinPublished
from evaluation.scoring.events import ScoringMoved
from evaluation.scoring.rows import DepartmentRow
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.service import Webhooks

_OF_SCORING = {"published": EventType.SCORES_PUBLISHED, "frozen": EventType.SCORES_FROZEN,
               "withdrawn": EventType.SCORES_WITHDRAWN}


class Results:
    """`base_url` leads to the interface, where the rest stands."""

    def __init__(self, webhooks: Webhooks, base_url: str) -> None:
        self._webhooks, self._base_url = webhooks, base_url

    def reactions(self) -> Mapping[type, list[Reaction]]:
        """What happened → what is told."""
        return {ScoringMoved: [self.scored], BulletinPublished: [self.bulletin]}

    def scored(self, uow: UnitOfWork, batch: Sequence[ScoringMoved]) -> None:
        """Reaction: totals and grades of every department of the scoring."""
        for event in batch:
            one = event.scoring
            data = {"month": one.period if one.is_month else None, "period": one.period, "scheme": one.scheme,
                    "version": one.version, "area": one.area,
                    "state": one.state, "digest": one.digest or None, "link": f"{self._base_url}/api/v1/scores/{one.id}",
                    "departments": [_department(row) for row in event.departments]}
            self._webhooks.publish(uow, _OF_SCORING[one.state], f"scores/{one.id}", data, area=one.area)

    def bulletin(self, uow: UnitOfWork, batch: Sequence[BulletinPublished]) -> None:
        """Reaction: which bulletin, and where it is read."""
        for event in batch:
            kind = EventType.BULLETIN_WITHDRAWN if event.withdrawn else EventType.BULLETIN_PUBLISHED
            data = {"month": event.month, "area": event.area, "number": event.number, "title": event.title,
                    "reason": event.withdrawn or None, "link": f"{self._base_url}/api/v1/bulletins/{event.id}"}
            self._webhooks.publish(uow, kind, f"bulletins/{event.id}", data, area=event.area)


def _department(row: DepartmentRow) -> dict[str, Any]:
    """Points, and None where nothing was scored."""
    return {"org": row.org, "total": None if row.total is None else row.total / 100, "grade": row.grade or None}
