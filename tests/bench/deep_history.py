"""Questions over five years to the deep history: ten events a case, 50 departments, 400 items, each beside the bare query.

The store's files have the columns, the order, the compression and the contents the writer gives them; their rows are made up by
DuckDB, because recording a hundred million events would take a day. Floor: the same question as a query written by hand, on the
same files, with the same threads and memory, in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb

from evaluation.history.contents import Content, Contents, Part, Standing, Store
from evaluation.history.engine import Drafts, engine
from evaluation.history.questions import By, Dated, HistoryQuestions, Question, QuestionRules
from tests.bench.harness import Line, Options, Spent, stopwatch

YEARS, FIRST = 5, 2021
EVENTS_OF_A_CASE, ORGS, ITEMS = 10, 50, 400
THREADS, MEMORY_MIB = 2, 1024
LIMIT_S, LIMIT_RATIO, RUNS = 10.0, 1.3, 3
_KINDS = "['received','accepted','step','step','step','step','step','decided','concluded','delivered']"


def run(options: Options) -> list[Line]:
    """A line per question, at ten events for each of the most cases asked for."""
    cases = max(options.cases)
    store = Store(options.folder / "past")
    began = time.perf_counter()
    contents = _made(store, cases)
    made = f"{sum(part.bytes for part in contents.parts) / 2**20:,.0f} MiB in {len(contents.parts)} files, made in " \
           f"{time.perf_counter() - began:.0f} s"
    asked = HistoryQuestions(store, QuestionRules(600, MEMORY_MIB, THREADS))
    return [_line(name, ask, floor, store, contents, cases, made) for name, ask, floor in _questions(asked)]


def _questions(asked: HistoryQuestions) -> list[tuple[str, Callable[[], Any], str]]:
    year = Question(by=(By.ITEM, By.MONTH), since=date(FIRST + 2, 1, 1), until=date(FIRST + 2, 12, 31),
                    kinds=("accepted", "concluded"))
    return [
        ("events by department and month, five years", lambda: asked.events(Question(by=(By.ORG, By.MONTH))),
         "SELECT org, date_trunc('month', day), count(*) FROM {events} GROUP BY 1, 2"),
        ("accepted and concluded by item and month, one year", lambda: asked.events(year),
         f"SELECT item, date_trunc('month', day), count(*) FROM {{events}} WHERE day BETWEEN '{FIRST + 2}-01-01' AND "
         f"'{FIRST + 2}-12-31' AND kind IN ('accepted', 'concluded') GROUP BY 1, 2"),
        ("events of a department by item and kind, five years",
         lambda: asked.events(Question(by=(By.ITEM, By.KIND), org="org-7")),
         "SELECT item, kind, count(*) FROM {events} WHERE org = 'org-7' GROUP BY 1, 2"),
        ("cases by department and month of closing, on time and late",
         lambda: asked.cases(Question(by=(By.ORG, By.MONTH)), Dated.CLOSED),
         "SELECT org, date_trunc('month', closed_day), count(*), count(closed_at), count(*) FILTER (outcome = 'early'), "
         "count(*) FILTER (outcome = 'on_due_day'), count(*) FILTER (outcome = 'late') FROM {cases} GROUP BY 1, 2"),
        ("rates in time by department and month, five years", lambda: asked.rates(Question(by=(By.ORG, By.MONTH))),
         "SELECT org, date_trunc('month', closed_day), count(*), count(*) FILTER (outcome = 'early'), "
         "count(*) FILTER (outcome = 'on_due_day'), count(*) FILTER (outcome = 'late'), "
         "count(*) FILTER (outcome = 'early') / count(*) FROM {cases} WHERE closed_day IS NOT NULL GROUP BY 1, 2"),
        ("durations by department, median and 9th decile", lambda: asked.durations(Question(by=(By.ORG,))),
         "SELECT org, count(*), quantile_cont((epoch_us(closed_at) - epoch_us(opened_at)) / 86400e6, [0.5, 0.9]) FROM {cases} "
         "WHERE closed_at IS NOT NULL GROUP BY 1")]


def _line(name: str, ask: Callable[[], Any], floor: str, store: Store, contents: Contents, cases: int, made: str) -> Line:
    files = {content.value: "read_parquet([" + ",".join(f"'{store.path(part)}'" for part in contents.of(content)) + "])"
             for content in (Content.EVENTS, Content.CASES)}
    bare = floor.format(**files)

    def barely() -> Any:
        with duckdb.connect(config={"threads": THREADS, "memory_limit": f"{MEMORY_MIB}MiB",
                                    "temp_directory": str(store.folder / "bare")}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(bare).fetchall()

    ours, theirs = list[Spent](), list[Spent]()
    for _ in range(RUNS):  # in turn, so that both meet the same disk and neighbours
        theirs.append(_spent(barely))
        ours.append(_spent(lambda: ask().rows))
    slowest, cpu, least = max(one.wall for one in ours), min(one.cpu for one in ours), min(one.cpu for one in theirs)
    return Line(f"{name}, {cases * EVENTS_OF_A_CASE:,} events", f"{slowest:.2f} s wall, {cpu:.2f} s CPU",
                f"bare query: {max(one.wall for one in theirs):.2f} s wall, {least:.2f} s CPU", f"{cpu / least:.2f} CPU",
                f"≤ {LIMIT_S:.0f} s wall, ≤ {LIMIT_RATIO} CPU", slowest <= LIMIT_S and cpu <= LIMIT_RATIO * least,
                f"{len(ask().rows):,} rows; wall is the slowest of {RUNS}, CPU the least; {made}")


def _spent(work: Callable[[], Any]) -> Spent:
    with stopwatch() as spent:
        work()
    return spent


def _made(store: Store, cases: int) -> Contents:
    """One base file per month and one of cases, as compaction leaves them."""
    store.folder.mkdir(parents=True)
    drafts, parts = Drafts(store, 2 * MEMORY_MIB, 1), list[Part]()
    months = YEARS * 12
    per_month = cases * EVENTS_OF_A_CASE // months
    with engine(store.folder, 2 * MEMORY_MIB, THREADS) as connection:
        for number in range(months):
            first = date(FIRST + number // 12, number % 12 + 1, 1)
            begin = number * per_month
            parts.append(drafts.write(connection, _events_of(first, begin, per_month), Content.EVENTS, Standing.BASE,
                                      f"{first:%Y-%m}", begin + per_month))
        parts.append(drafts.write(connection, _cases(cases), Content.CASES, Standing.BASE, "", months * per_month))
    contents = Contents(head=months * per_month, mac="00", parts=tuple(parts))
    store.replace(contents)
    return contents


def _events_of(first: date, begin: int, count: int) -> str:
    """In the order of time, as compaction sorts them; every event of another department and item than the one before."""
    step = 28 * 86_400_000_000 // count
    return f"""
        SELECT i AS seq, (hash(i // {EVENTS_OF_A_CASE}) // 2)::BIGINT AS case_id,
               '3605' || lpad((h % 20)::VARCHAR, 2, '0') AS area,
               'org-' || (h % {ORGS}) AS org, 'item-' || (h % {ITEMS}) AS item,
               {_KINDS}[i % 10 + 1] AS kind,
               CASE WHEN i % 10 BETWEEN 2 AND 6 THEN 'step ' || (i % 10) END AS step, 'feed-' || (h % 12) AS source,
               t AS claimed_at, t + to_seconds((h % 3600)::BIGINT) AS received_at, t::DATE AS day
        FROM (SELECT range AS i, hash(range) AS h,
                     TIMESTAMPTZ '{first.isoformat()} 00:00:00+00' + to_microseconds((range - {begin}) * {step}) AS t
              FROM range({begin}, {begin + count}))"""


def _cases(cases: int) -> str:
    """One in twenty is open; the others took up to twenty days."""
    return f"""
        SELECT (h // 2)::BIGINT AS case_id, '3605' || lpad((h % 20)::VARCHAR, 2, '0') AS area, 'org-' || (h % {ORGS}) AS org,
               'item-' || (h % {ITEMS}) AS item, CASE WHEN c IS NULL THEN 'accepted' ELSE 'concluded' END AS state,
               o AS opened_at, c AS closed_at, o::DATE AS opened_day, c::DATE AS closed_day,
               CASE WHEN c IS NULL THEN NULL WHEN h % 10 < 7 THEN 'early' WHEN h % 10 < 9 THEN 'on_due_day' ELSE 'late' END
                   AS outcome, 1::BIGINT AS as_of
        FROM (SELECT *, CASE WHEN i % 20 != 0 THEN o + to_seconds((h % 1728000)::BIGINT) END AS c
              FROM (SELECT range AS i, hash(range) AS h, TIMESTAMPTZ '{FIRST}-01-01 00:00:00+00'
                           + to_seconds((range * {YEARS * 365 * 86_400} // {cases})::BIGINT) AS o FROM range({cases})))"""
