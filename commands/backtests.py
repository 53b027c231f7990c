"""Back-test and patrol at the command line."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from alerts.backtest.service import EVERY_LINE, CardLine, Period, Result
from bootstrap import Services
from core.errors import InvalidInput
from core.instants import DAY_US, day_of, from_us

_COLUMNS = ("change", "area", "case_no", "department", "item", "clock", "ordinal", "level", "opened_at", "level_at", "rule",
            "rule_version", "level_before", "opened_at_before", "level_at_before", "origin", "subject", "to_confirm",
            "to_confirm_before")
_LEVELS = {1: "warning", 2: "yellow", 3: "red", None: ""}


def backtest(services: Services, options: argparse.Namespace) -> int:
    """Which cards a preset would have raised in a period, against those of the present rules."""
    if options.preset not in services.presets:
        raise InvalidInput("preset_unknown", value=options.preset, remedy=f"one of {', '.join(services.presets)}")
    tested = services.previews.preset_everywhere(options.preset, options.area or "")
    period = period_of(services, options.first, options.last)
    present = None if options.alone else services.previews.present(tested.scope)
    result = services.backtester.run(tested, period, present, lines_max=EVERY_LINE, progress=_progress)
    if options.format == "json":
        print(json.dumps(_as_json(services, result), ensure_ascii=False, indent=2))
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_values(services, line) for line in result.lines)
    return 0


def patrol(services: Services, options: argparse.Namespace) -> int:
    """Recompute every issued card; exit code 3 when something no longer agrees."""
    done = services.patroller.patrol("command line")
    found = services.patroller.queries.findings(done.id, limit=EVERY_LINE)
    if options.format == "json":
        print(json.dumps({"cards": done.cards, "cases": done.cases, "not_recomputed": done.beyond, "closed_before": done.older,
                          "findings": [
            {"code": one.code.value, "card": one.card_id, "area": one.area, "case_no": one.case_no, "department": one.org,
             **one.detail} for one in found]}, ensure_ascii=False, indent=2))
    else:
        print(f"{done.cards} cards, {done.cases} cases, {done.findings} findings")
        print(f"not recomputed: {done.beyond} cards that do not follow from the journal, {done.older} closed long ago")
        for one in found:
            print(f"{one.code.value}: {one.area}/{one.case_no} {one.org} {dict(one.detail)}")
    return 3 if done.findings else 0


def period_of(services: Services, first: str, last: str) -> Period:
    """From the first moment of a day to the end of another, on the wall clock of the installation; never beyond now."""
    begin, end = _date(first, "--from"), _date(last, "--to")
    if end < begin:
        raise InvalidInput("range_backwards", first=first, last=last)
    calendar = services.areas.default.calendar
    to_us = calendar.to_utc(day_of(end + timedelta(days=1)) * DAY_US)
    return Period(calendar.to_utc(day_of(begin) * DAY_US), min(to_us, services.clock.now_us()))


def _progress(read: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{read:,} / {total:,}", end="" if read < total else "\n", file=sys.stderr, flush=True)


def _as_json(services: Services, result: Result) -> dict[str, Any]:
    return {"cases": result.cases, "seconds": round(result.seconds, 3), "unjudged": result.unjudged, "scalar": result.scalar,
            "changes": dict(result.changes), "act_changes": dict(result.act_changes),
            "levels": _levels(result.cards), "levels_before": _levels(result.cards_before),
            "departments": dict(_departments(result)),
            "cards": [dict(zip(_COLUMNS, _values(services, line), strict=True)) for line in result.lines]}


def _departments(result: Result) -> Iterator[tuple[str, dict[str, dict[str, int]]]]:
    for org in sorted({org for org, _ in [*result.by_org, *result.by_org_before]}):
        yield org, {"cards": _levels(Counter({level: n for (one, level), n in result.by_org.items() if one == org})),
                    "before": _levels(Counter({level: n for (one, level), n in result.by_org_before.items() if one == org}))}


def _levels(counts: Counter[int]) -> dict[str, int]:
    return {_LEVELS[level]: counts[level] for level in (1, 2, 3)}


def _values(services: Services, line: CardLine) -> list[Any]:
    zone = services.areas.for_area(line.area).zone

    def instant(us: int | None) -> str:
        return "" if us is None else from_us(us).astimezone(zone).isoformat()

    return [line.change, line.area, neutral(line.case_no), neutral(line.org), neutral(line.item), line.kind, line.ordinal,
            _LEVELS[line.level], instant(line.opened_at), instant(line.level_at), line.rule, line.rule_version,
            _LEVELS[line.level_before], instant(line.opened_before), instant(line.level_at_before),
            line.origin, neutral(line.subject), line.confirm, "" if line.confirm_before is None else line.confirm_before]


def neutral(text: str) -> str:
    """A name a spreadsheet would run as a formula is shown as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=option, value=text, accepted="2011-12-31") from None
