"""The detectors of one process, built once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.detectors.findings import CardDesk, FindingService
from alerts.detectors.queries import FindingQueries
from alerts.detectors.registry import shapes
from alerts.detectors.runner import Detection
from alerts.detectors.trace import Trace
from alerts.detectors.wording import FindingWording
from cases.areas import Areas, Span
from cases.events import EventKind
from config.catalogue import Catalogue
from config.detectors import DETECTORS_FILE, DetectorSettings, load_detector_settings
from core.clock import Clock
from core.unit_of_work import UnitOfWorkFactory

_FIRST = (EventKind.SUBMITTED, EventKind.RECEIVED, EventKind.ACCEPTED, EventKind.CONSULTED, EventKind.COMPLAINED)


@dataclass(frozen=True)
class OwnItems:
    """The items of cases as the clocks see them: in the version a case is pinned to, else by its dates, over what was
    shipped."""

    areas: Areas
    shipped: Catalogue

    def item_of(self, case: Trace) -> Any:
        if not case.item:
            return None
        first, closed = case.first(*_FIRST), case.closed
        span = Span(None if first is None else first.day, None if closed is None else closed.claimed_at)
        pinned = next((row.data.pinned for row in reversed(case.rows) if row.data.pinned is not None), None)
        return self.areas.catalogue_at(case.item, span, self.shipped, pinned).find_item(case.item)


@dataclass(frozen=True)
class Detectors:
    """What commands, pages and jobs ask for."""

    settings: DetectorSettings
    detection: Detection
    findings: FindingService
    queries: FindingQueries
    wording: FindingWording


def build_detectors(units: UnitOfWorkFactory, clock: Clock, areas: Areas, shipped: Catalogue, desk: CardDesk,
                    texts: Mapping[str, Any], names: tuple[Callable[[str], str], Callable[[str], str]],
                    file: Path | None = None, max_days: int = 400) -> Detectors:
    """`names` are those of an organisation and of an item by code. Raises ConfigError for a file that cannot be right."""
    settings = load_detector_settings(shapes(), file or DETECTORS_FILE)
    wording = FindingWording(texts, *names)
    findings = FindingService(units, desk, wording)
    detection = Detection(units.database, clock, areas, OwnItems(areas, shipped), settings, findings, max_days)
    return Detectors(settings, detection, findings, FindingQueries(units.database), wording)
