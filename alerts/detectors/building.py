"""The detectors of one process, built once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.detectors.base import Directory
from alerts.detectors.findings import CardDesk, FindingService
from alerts.detectors.queries import FindingQueries
from alerts.detectors.registry import shapes
from alerts.detectors.runner import Detection
from alerts.detectors.wording import FindingWording
from cases.areas import Areas
from config.detectors import DETECTORS_FILE, DetectorSettings, load_detector_settings
from core.clock import Clock
from core.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True)
class Detectors:
    """What commands, pages and jobs ask for."""

    settings: DetectorSettings
    detection: Detection
    findings: FindingService
    queries: FindingQueries
    wording: FindingWording


def build_detectors(units: UnitOfWorkFactory, clock: Clock, areas: Areas, directory: Directory, desk: CardDesk,
                    texts: Mapping[str, Any], names: tuple[Callable[[str], str], Callable[[str], str]],
                    file: Path | None = None, max_days: int = 400) -> Detectors:
    """`names` are those of an organisation and of an item by code. Raises ConfigError for a file that cannot be right."""
    settings = load_detector_settings(shapes(), file or DETECTORS_FILE)
    wording = FindingWording(texts, *names)
    findings = FindingService(units, desk, wording)
    detection = Detection(units.database, clock, areas, directory, settings, findings, max_days)
    return Detectors(settings, detection, findings, FindingQueries(units.database), wording)
