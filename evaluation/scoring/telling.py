"""Tells departments of their scores by the house's notices: publication, decided appeals, low scores and their leaders."""

from __future__ import annotations

from collections.abc import Callable

from alerts.lifecycle import Level
from alerts.notices.papers import PaperBrief
from alerts.notices.service import Notifier
from config.texts import Texts
from core.unit_of_work import UnitOfWork
from evaluation.scoring.rows import DepartmentRow, ScoringRow
from evaluation.scoring.wording import total_of

PAPER = "score:{id}:{org}"  # the number of what is told of; notices keep 64 characters of it


class ScoreTeller:
    """Whom each occasion goes to is said in config/notices/policy.yaml."""

    def __init__(self, notifier: Notifier, org_name: Callable[[str], str], chinese: Texts) -> None:
        self._notifier, self._org_name, self._texts = notifier, org_name, chinese

    def published(self, uow: UnitOfWork, scoring: ScoringRow, row: DepartmentRow) -> None:
        """Each department of its provisional score, and until when it may appeal."""
        self._tell(uow, "score_published", scoring, row, scoring.rev, scoring.appeal_until)

    def appealed(self, uow: UnitOfWork, scoring: ScoringRow, row: DepartmentRow, appeal: int) -> None:
        """Inspectors of an appeal that waits for one of them."""
        self._tell(uow, "score_appealed", scoring, row, appeal, scoring.appeal_until)

    def decided(self, uow: UnitOfWork, scoring: ScoringRow, row: DepartmentRow, appeal: int) -> None:
        """The department of what became of its appeal."""
        self._tell(uow, "score_appeal_decided", scoring, row, appeal)

    def low(self, uow: UnitOfWork, scoring: ScoringRow, row: DepartmentRow) -> None:
        """A department whose grade the scheme tells of, and its leaders, once it stands."""
        self._tell(uow, "score_low", scoring, row, scoring.rev)

    def withdrawn(self, uow: UnitOfWork, scoring: ScoringRow, row: DepartmentRow, reason: str) -> None:
        """Whoever was told of a publication, that it does not count, and why."""
        self._tell(uow, "score_withdrawn", scoring, row, scoring.rev, words=reason)

    def _tell(self, uow: UnitOfWork, what: str, scoring: ScoringRow, row: DepartmentRow, rev: int, due_at: int | None = None,
              words: str = "") -> None:
        """`rev` tells apart what is told more than once of a department: two appeals are two notices."""
        scheme = scoring.rules
        grade = next((one.label.zh for one in scheme.grades if one.code == row.grade), "—")
        title = self._texts.get("score_notice.title", scheme=scheme.name.zh, month=scoring.period)
        result = self._texts.get("score_notice.result", total=total_of(row.total), grade=grade, place=row.place or "—")
        result += "".join(self._texts.get("score_notice.vetoed", label=scheme.vetoes[one].label.zh) for one in row.vetoes
                          if one < len(scheme.vetoes))
        number = PAPER.format(id=scoring.id, org=row.org)[:64]
        self._notifier.tell_of_paper(uow, what, PaperBrief(
            id=scoring.id, rev=rev, number=number, kind="score", title=title, demand=words or result, area=row.area,
            org=row.org, due_at=due_at, org_name=self._org_name(row.org), level=int(Level.YELLOW), called="score_notice.paper",
            address=f"/scores/?scoring={scoring.id}&org={row.org}"))
