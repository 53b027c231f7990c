"""Questions to the deep history: events and cases per department, item, month …, and how long cases took.

What may be asked is a closed list of words; every value goes in as a parameter, and no text of a person becomes SQL. A question
has a time-out and so much memory, and sees what its asker may see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import duckdb
import msgspec

from core.access import Actor
from core.errors import InvalidInput, NotFound, SupervisionError, Unavailable
from evaluation.history.contents import Content, Contents, Part, Store
from evaluation.history.engine import engine, files_of
from evaluation.history.watching import QuestionStopped, Watches
from evaluation.history.writer import newest_cases, superseded_in

BUSY_S = 5  # until it is worth asking again


class By(StrEnum):
    """What figures are given by."""

    AREA = "area"
    ORG = "org"
    ITEM = "item"
    MONTH = "month"
    KIND = "kind"
    STEP = "step"
    SOURCE = "source"
    STATE = "state"
    OUTCOME = "outcome"


class Dated(StrEnum):
    """By which of its dates a case belongs to a period and a month."""

    OPENED = "opened"
    CLOSED = "closed"


_OF_EVENTS = {By.AREA: "area", By.ORG: "org", By.ITEM: "item", By.KIND: "kind", By.STEP: "step", By.SOURCE: "source",
              By.MONTH: "date_trunc('month', day)"}
_OF_CASES = {By.AREA: "area", By.ORG: "org", By.ITEM: "item", By.STATE: "state", By.OUTCOME: "outcome",
             By.MONTH: "date_trunc('month', {day})"}
SPLITS_OF_EVENTS, SPLITS_OF_CASES = tuple(_OF_EVENTS), tuple(_OF_CASES)
_DAYS = {Dated.OPENED: "opened_day", Dated.CLOSED: "closed_day"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`since` and `until` are dates as the sources wrote them, both included; empty values ask for everything."""

    by: tuple[By, ...] = ()
    since: date | None = None
    until: date | None = None
    area: str = ""
    org: str = ""
    item: str = ""
    kinds: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """Rows with the names of their columns. `head`: the last journal row the store knew; `is_cut`: there are more rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    head: int
    is_cut: bool
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class QuestionRules:
    """From the settings. `at_once`: questions of this process under way at the same time."""

    timeout_s: float
    memory_mib: int
    threads: int
    rows_max: int = 100_000
    at_once: int = 2


class HistoryQuestions:
    """The reading side; safe in many threads, each question has a connection of its own."""

    def __init__(self, store: Store, rules: QuestionRules) -> None:
        self._store, self.rules = store, rules
        self.watches = Watches(store.folder)
        self._places = threading.BoundedSemaphore(rules.at_once)

    def events(self, question: Question, actor: Actor | None = None, ticket: str = "") -> Answer:
        """How many events. Raises InvalidInput, NotFound (`history_empty`), Unavailable (`history_timeout`)."""
        contents = self._store.read()
        parts = [part for part in contents.of(Content.EVENTS) if _touches(part, question)]
        condition, values = _conditions(question, actor, "day", kinds=True)
        replaced = superseded_in(self._store, contents)
        source = f"(SELECT * FROM {self._files(contents, parts)}{replaced})"
        statement = _grouped(_words(question.by, _OF_EVENTS), ["count(*) AS events"], source, condition)
        return self._answer(contents, statement, values, (*question.by, "events"), actor, ticket)

    def cases(self, question: Question, dated: Dated = Dated.OPENED, actor: Actor | None = None,
              ticket: str = "") -> Answer:
        """How many cases, of them closed, closed early, on the due day and late."""
        contents = self._store.read()
        figures = ["count(*) AS cases", "count(closed_at) AS closed",
                   *(f"count(*) FILTER (outcome = '{name}') AS {name}" for name in ("early", "on_due_day", "late"))]
        statement, values = self._of_cases(contents, question, dated, figures, actor)
        columns = (*question.by, "cases", "closed", "early", "on_due_day", "late")
        return self._answer(contents, statement, values, columns, actor, ticket)

    def rates(self, question: Question, actor: Actor | None = None, ticket: str = "") -> Answer:
        """Concluded cases of the period, and the shares of them that the catalogue of indicators calls by these names; no
        share where nothing was concluded."""
        contents = self._store.read()
        counted = {name: f"count(*) FILTER (outcome = '{name}')" for name in ("early", "on_due_day", "late")}
        above = {"early_rate": counted["early"], "on_time_rate": f"({counted['early']} + {counted['on_due_day']})",
                 "overdue_rate": counted["late"], "unjudged_rate": "count(*) FILTER (outcome IS NULL)"}
        shares = {name: f"{hits} / nullif(count(*), 0)" for name, hits in above.items()}
        figures = {"concluded": "count(*)", **counted, **shares}
        shown = [f"{figure} AS {name}" for name, figure in figures.items()]
        statement, values = self._of_cases(contents, question, Dated.CLOSED, shown, actor, "closed_day IS NOT NULL")
        return self._answer(contents, statement, values, (*question.by, *figures), actor, ticket)

    def durations(self, question: Question, quantiles: Sequence[float] = (0.5, 0.9), dated: Dated = Dated.CLOSED,
                  actor: Actor | None = None, ticket: str = "") -> Answer:
        """Days (24 hours each) from opening to closing: of how many cases, and these quantiles, linear between the closest
        ranks."""
        if not quantiles or any(not 0 <= one <= 1 for one in quantiles):
            raise InvalidInput("number_invalid", name="quantiles")
        contents = self._store.read()
        span = "(epoch_us(closed_at) - epoch_us(opened_at)) / 86400e6"
        wanted = [float(one) for one in quantiles]
        figures = ["count(closed_at) AS cases", f"quantile_cont({span}, {wanted}) AS quantiles"]
        statement, values = self._of_cases(contents, question, dated, figures, actor, "closed_at IS NOT NULL")
        told = self._answer(contents, statement, values, (*question.by, "cases", "quantiles"), actor, ticket)
        names = tuple(f"q{one:g}" for one in wanted)
        rows = [(*row[:-1], *(row[-1] or [None] * len(wanted))) for row in told.rows]
        return Answer((*told.columns[:-1], *names), rows, told.head, told.is_cut, told.took_ms)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _of_cases(self, contents: Contents, question: Question, dated: Dated, figures: list[str], actor: Actor | None,
                  *more: str) -> tuple[str, list[Any]]:
        day = _DAYS[dated]
        condition, values = _conditions(question, actor, day)
        words = [word.format(day=day) for word in _words(question.by, _OF_CASES)]
        self._files(contents, contents.of(Content.CASES))
        return _grouped(words, figures, f"({newest_cases(self._store, contents)})", [*condition, *more]), values

    def _files(self, contents: Contents, parts: list[Part]) -> str:
        if not contents.of(Content.EVENTS):
            raise NotFound("history_empty")
        return files_of(self._store, parts or contents.of(Content.EVENTS)[:1])

    def _answer(self, contents: Contents, statement: str, values: list[Any], columns: tuple[str, ...],
                actor: Actor | None = None, ticket: str = "") -> Answer:
        rules, began = self.rules, time.perf_counter()
        with self._place(), engine(self._store.folder, rules.memory_mib, rules.threads) as connection:
            try:
                with self.watches.over(connection, rules.timeout_s, actor.name if actor else "", ticket):
                    rows = connection.execute(statement, values).fetchmany(rules.rows_max + 1)
            except (Unavailable, QuestionStopped):
                raise
            except duckdb.Error as error:
                raise SupervisionError("history_failed", problem=str(error)[:200]) from error
        took = round((time.perf_counter() - began) * 1000)
        names = tuple(str(name) for name in columns)
        return Answer(names, rows[:rules.rows_max], contents.head, len(rows) > rules.rows_max, took)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the few questions that may be under way: each may take all memory it is given."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("history_full", retry_after=BUSY_S, most=self.rules.at_once)
        try:
            yield
        finally:
            self._places.release()


def _words(by: Sequence[By], known: dict[By, str]) -> list[str]:
    unknown = [one for one in by if one not in known]
    if unknown or len(set(by)) != len(by):
        raise InvalidInput("number_invalid", name=f"by={','.join(by)}")
    return [known[one] for one in by]


def _grouped(words: list[str], figures: list[str], source: str, conditions: Sequence[str]) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    groups = f" GROUP BY {', '.join(words)} ORDER BY {', '.join(str(at) for at in range(1, len(words) + 1))}" if words else ""
    shown = [f"{word}::DATE" if word.startswith("date_trunc") else word for word in words]  # once a group, not once a row
    return f"SELECT {', '.join([*shown, *figures])} FROM {source}{where}{groups}"


def _conditions(question: Question, actor: Actor | None, day: str, *, kinds: bool = False) -> tuple[list[str], list[Any]]:
    """What was asked for, and what the asker may see: part of the same query."""
    asked: list[tuple[str, Any]] = [
        (f"{day} >= ?", question.since), (f"{day} <= ?", question.until), ("area = ?", question.area or None),
        ("org = ?", question.org or None), ("item = ?", question.item or None)]
    if kinds and question.kinds:
        asked.append(("list_contains(?, kind)", list(question.kinds)))
    if actor is not None:
        asked += [("area = ?", actor.area or None), ("org = ?", actor.only_org)]
    given = [(word, value) for word, value in asked if value is not None]
    return [word for word, _ in given], [value for _, value in given]


def _touches(part: Part, question: Question) -> bool:
    """Whether a month has days of the period."""
    after = question.since is None or part.month >= f"{question.since:%Y-%m}"
    return after and (question.until is None or part.month <= f"{question.until:%Y-%m}")
