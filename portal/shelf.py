"""Published bulletins as the public pages show them, from the services of this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import cast

from config.indicators import Indicators
from evaluation.bulletins.assembly import Bulletins
from evaluation.bulletins.corrections import Correction
from evaluation.bulletins.queries import BulletinRow
from evaluation.bulletins.service import FILES, FileName
from papers.official import OfficialPaper
from papers.queries import PaperQueries
from portal.bulletins import CorrectedFigure, PublishedBulletin, PublishedLine, written_on
from portal.parts import Say


class DirectShelf:
    """portal.bulletins.Shelf on what members of staff published."""

    def __init__(self, bulletins: Bulletins, register: PaperQueries, indicators: Indicators, zone: tzinfo,
                 words: Callable[[], Say]) -> None:
        self._bulletins, self._register, self._indicators = bulletins, register, indicators
        self._zone, self._words = zone, words

    def years(self) -> list[str]:
        return self._bulletins.queries.published_years()

    def listed(self, year: str) -> list[PublishedLine]:
        return [self._line(row) for row in self._bulletins.queries.published(year)]

    def find(self, number: int) -> PublishedBulletin:
        row, found = self._bulletins.queries.find_published(number)
        hashes = self._bulletins.service.hashes(row)
        return PublishedBulletin(
            self._line(row), public_paper(row, self._register), corrected_figures(found, self._indicators, self._words()),
            written_on(row.checked_at, self._zone, "%Y-%m-%d %H:%M"), {kind: hashes.get(kind, "") for kind in FILES})

    def file(self, number: int, kind: str) -> tuple[str, bytes]:
        return self._bulletins.service.published_file(number, cast(FileName, kind))

    def _line(self, row: BulletinRow) -> PublishedLine:
        return PublishedLine(row.id, row.area, row.month, row.title, row.number or "", written_on(row.published_at, self._zone),
                             written_on(row.ended_at, self._zone), row.reason)


def public_paper(row: BulletinRow, register: PaperQueries) -> OfficialPaper | None:
    """What it says as the register keeps it; nothing of one that was withdrawn."""
    return None if row.ended_at is not None or row.number is None else register.content(row.number)


def corrected_figures(found: Sequence[Correction], indicators: Indicators, say: Say) -> tuple[CorrectedFigure, ...]:
    """The corrections in the language of those words."""
    return tuple(CorrectedFigure(one.name, _figure(one, indicators, say), one.then, one.now) for one in found)


def _figure(one: Correction, indicators: Indicators, say: Say) -> str:
    if one.figure == "place":
        return say("bulletins_page.place")
    label = indicators.figures[one.figure].label.in_language(say.language)
    return say("bulletins_page.by_acceptance", figure=label) if one.by == "acceptance" else label
