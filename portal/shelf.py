"""Published bulletins as the public pages show them, from the services of this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import cast

from config.indicators import Indicators
from core.errors import NotFound
from core.instants import from_us
from evaluation.bulletins.assembly import Bulletins
from evaluation.bulletins.corrections import Correction
from evaluation.bulletins.queries import BulletinRow
from evaluation.bulletins.service import FileName
from papers.official import OfficialPaper
from papers.queries import PaperQueries
from portal.bulletins import CorrectedFigure, PublishedBulletin, PublishedLine
from portal.parts import Say


class DirectShelf:
    """portal.bulletins.Shelf on what members of staff published."""

    def __init__(self, bulletins: Bulletins, register: PaperQueries, indicators: Indicators, zone: tzinfo,
                 words: Callable[[], Say]) -> None:
        self._bulletins, self._register, self._indicators = bulletins, register, indicators
        self._zone, self._words = zone, words

    def listed(self) -> list[PublishedLine]:
        return [self._line(row) for row in self._bulletins.queries.published()]

    def find(self, number: int, language: str) -> PublishedBulletin:
        row, found = self._bulletins.queries.find_published(number)
        told = tuple(CorrectedFigure(one.name, self._figure(one, language), one.then, one.now) for one in found)
        return PublishedBulletin(self._line(row), self._paper(row), told, self._written(row.checked_at, "%Y-%m-%d %H:%M"))

    def file(self, number: int, kind: str) -> tuple[str, bytes]:
        return self._bulletins.service.published_file(number, cast(FileName, kind))

    def _paper(self, row: BulletinRow) -> OfficialPaper:
        if row.number is None:
            raise NotFound("bulletin_not_found", id=row.id)
        return self._register.content(row.number)

    def _line(self, row: BulletinRow) -> PublishedLine:
        return PublishedLine(row.id, row.title, row.number or "", self._written(row.published_at, "%Y-%m-%d"),
                             self._written(row.ended_at, "%Y-%m-%d"), row.reason)

    def _written(self, us: int | None, form: str) -> str:
        return "" if us is None else from_us(us).astimezone(self._zone).strftime(form)

    def _figure(self, one: Correction, language: str) -> str:
        t = self._words()
        if one.figure == "place":
            return t("bulletins_page.place")
        label = self._indicators.figures[one.figure].label.in_language(language)
        return t("bulletins_page.by_acceptance", figure=label) if one.by == "acceptance" else label
