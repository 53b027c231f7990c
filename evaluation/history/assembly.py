"""The deep history wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.export_settings import HistorySettings
from core.database import Database
from evaluation.history.checking import HistoryCheck
from evaluation.history.contents import Store
from evaluation.history.questions import HistoryQuestions, QuestionRules
from evaluation.history.writer import HistoryWriter, WriterRules


@dataclass(frozen=True, slots=True)
class DeepHistory:
    store: Store
    writer: HistoryWriter
    questions: HistoryQuestions
    check: HistoryCheck


def build_history(settings: HistorySettings, database: Database, now_us: Callable[[], int]) -> DeepHistory:
    """What the job, the command line and the questions share."""
    store = Store(settings.dir)
    rules = WriterRules(settings.round_rows, settings.compact_parts, settings.settle_days, settings.memory_mib)
    return DeepHistory(store, HistoryWriter(database, store, rules, now_us),
                       HistoryQuestions(store, QuestionRules(
                           settings.timeout_s, settings.memory_mib, settings.threads, settings.rows_max, settings.at_once)),
                       HistoryCheck(database, store, settings.memory_mib))
