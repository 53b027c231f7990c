"""Tells the unit of its papers, by the same ways and with the same record as of its cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from alerts.lifecycle import Level
from alerts.notices.papers import PaperBrief
from alerts.notices.service import Notifier
from core.unit_of_work import Reaction, UnitOfWork
from supervision.orders.events import PaperAnswered, PaperEvent, PaperIssued, PaperReplyRejected, PaperUrged

# What is told as what, and how pressing it is: a reminder takes every way at any hour, as a red card does.
OCCASIONS: Mapping[type[PaperEvent], tuple[str, Level]] = {
    PaperIssued: ("paper_issued", Level.YELLOW), PaperUrged: ("paper_urged", Level.RED),
    PaperReplyRejected: ("paper_rejected", Level.YELLOW)}


class PaperTeller:
    """Reactions to the events of papers. Whom each occasion goes to is said in config/notices/policy.yaml."""

    def __init__(self, notifier: Notifier, org_name: Callable[[str], str]) -> None:
        self._notifier, self._org_name = notifier, org_name

    def reactions(self) -> dict[type, list[Reaction]]:
        return {**{kind: [self.tell] for kind in OCCASIONS}, PaperAnswered: [self.withhold]}

    def tell(self, uow: UnitOfWork, batch: Sequence[PaperEvent]) -> None:
        for event in batch:
            what, level = OCCASIONS[type(event)]
            brief = PaperBrief(**msgspec.structs.asdict(event), org_name=self._org_name(event.org), level=int(level))
            self._notifier.tell_of_paper(uow, what, brief)

    def withhold(self, uow: UnitOfWork, batch: Sequence[PaperEvent]) -> None:
        self._notifier.withhold_of_papers(uow, [event.number for event in batch])
