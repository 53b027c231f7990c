"""`app.py scores`: what a month would score, or what was published, for scripts and reports."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from datetime import date

import msgspec

from bootstrap import Services
from commands.reports import neutral
from core.access import Actor, Role
from evaluation.scoring.calculation import ranked
from evaluation.scoring.grading import Line
from evaluation.scoring.http import month_of
from evaluation.scoring.shapes import DepartmentShown, department_shown, lines_shown, score_shown
from evaluation.scoring.wording import number_of

# The command line is the operator's: he may read what an administrator may.
OPERATOR = Actor("command-line", frozenset({Role.ADMINISTRATOR}))


def scores(services: Services, options: argparse.Namespace) -> int:
    """One line per department, or of one department a line for each deduction and addition; `--list` names the schemes."""
    month = month_of(options.month) if options.month else date(services.clock.now().year, services.clock.now().month, 1)
    if options.list:
        for one in services.scoring.book.all(month):
            print(f"{one.code}\t{one.version}\t{one.scheme.name.in_language(services.settings.display.language)}")
        return 0
    found = services.scoring.queries.of_month(OPERATOR, options.scheme, month, options.area)
    if found is None or options.preview:
        return _preview(services, options, month)
    rows = services.scoring.queries.departments(found.id, OPERATOR)
    if options.org:
        _, lines = services.scoring.queries.department(found.id, options.org, OPERATOR)
        return _lines(lines, options.format)
    return _rows([department_shown(row) for row in rows], found.state, options.format)


def _preview(services: Services, options: argparse.Namespace, month: date) -> int:
    service, scheme = services.scoring.service, services.scoring.book.in_force(options.scheme, month).scheme
    found, facts = service.preview(options.scheme, scheme, month, options.area)
    if options.org:
        own = [service.opened(scheme, score, facts[score.org], month, options.area) for score in found
               if score.org == options.org]
        return _lines([line for score in own for line in score.lines], options.format)
    places = ranked({score.org: score.total for score in found})
    shown = [score_shown(one, places.get(one.org), facts[one.org].figures.get("accepted", 0)) for one in found]
    return _rows(sorted(shown, key=lambda one: (one.place is None, one.place or 0, one.org)), "preview", options.format)


def _rows(rows: Sequence[DepartmentShown], state: str, form: str) -> int:
    if form == "json":
        print(json.dumps({"state": state, "departments": msgspec.to_builtins(rows)}, ensure_ascii=False, indent=2))
        return 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    parts = list(rows[0].parts) if rows else []
    writer.writerow(["place", "org", "total", "grade", "bonus", "accepted", "state", *parts])
    for row in rows:
        writer.writerow([row.place, neutral(row.org), row.total, row.grade, row.bonus, row.accepted, state,
                         *(part.points for part in row.parts.values())])
    return 0


def _lines(lines: Sequence[Line], form: str) -> int:
    if form == "json":
        print(json.dumps(msgspec.to_builtins(lines_shown(list(lines))), ensure_ascii=False, indent=2))
        return 0
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["number", "rule", "part", "points", "above", "below", "evidence"])
    for number, line in enumerate(lines):
        points = number_of(line.points).replace("−", "-")
        writer.writerow([number, line.rule, line.part, points, line.above, line.below, neutral(" ".join(line.evidence))])
    return 0
