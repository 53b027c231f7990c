"""Exports wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.export_settings import ExportSettings
from core.access import Actor, Role
from core.clock import SystemClock
from core.read_log import ReadLog
from core.unit_of_work import UnitOfWorkFactory
from evaluation.exports.exporter import Exporter, ExportRules, Sources
from evaluation.exports.privacy import PrivacyRules, Treatment
from evaluation.exports.queries import ExportQueries
from evaluation.exports.service import DeskParts, DeskRules, ExportDesk


@dataclass(frozen=True, slots=True)
class Exports:
    exporter: Exporter
    queries: ExportQueries
    desk: ExportDesk


def build_exports(settings: ExportSettings, units: UnitOfWorkFactory, sources: Sources, read_log: ReadLog,
                  actor_of: Callable[[str], Actor | None]) -> Exports:
    """What the page, the interface, the job and the command line share."""
    privacy = PrivacyRules(Treatment(settings.applicants), Treatment(settings.officers), frozenset(settings.attributes.split()))
    exporter = Exporter(units.database, sources, ExportRules(privacy, settings.rows_max, settings.memory_mib))
    queries = ExportQueries(units.database)
    roles = frozenset(Role(name) for name in settings.personal_roles.split())
    rules = DeskRules(settings.dir, settings.keep_days, settings.room_mib, settings.open_max, roles)
    desk = ExportDesk(DeskParts(units, exporter, queries, read_log, actor_of, SystemClock()), rules)
    return Exports(exporter, queries, desk)
