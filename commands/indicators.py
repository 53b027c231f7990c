"""`app.py indicators`: any indicator of any period, as the day tables have it."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from bootstrap import Services
from commands.reports import neutral, parse_date
from core.access import SYSTEM
from evaluation.corrected import as_told, of_figures
from evaluation.period import Figure, Period, basis_of

DIGITS = 6


def indicators(services: Services, options: argparse.Namespace) -> int:
    """One line per group and indicator, or the catalogue itself."""
    queries, language = services.evaluation.queries, services.settings.display.language
    if options.list:
        for one in queries.indicators.indicators.values():
            print(f"{one.code}\t{one.label.in_language(language)}\t{one.measure.in_language(language)}\t{one.formula}")
        return 0
    period = Period(parse_date(options.first, "--from"), parse_date(options.last, "--to"))
    if options.by == "person":
        return _of_persons(services, options, period)
    codes = options.only.split(",") if options.only else list(queries.indicators.indicators)
    found = queries.figures(SYSTEM, period, options.by, codes, orgs=options.org, items=options.item, area=options.area,
                            basis=basis_of(options.basis))
    if options.format == "json":
        rows, at = as_told(of_figures(queries, SYSTEM, period, basis_of(options.basis), orgs=options.org, area=options.area))
        _print_json({"from": options.first, "to": options.last, "by": options.by, "basis": options.basis,
                     "version": queries.indicators.version, "corrected_rows": rows, "corrected_at": at,
                     "figures": [_told(figure) | {"base": dict(figure.base)} for figure in found]})
    else:
        _print_csv(found)
    return 0


def _of_persons(services: Services, options: argparse.Namespace, period: Period) -> int:
    org = options.org[0] if len(options.org) == 1 else ""
    found = services.evaluation.persons.figures(SYSTEM, period, org, options.only.split(",") if options.only else (),
                                                basis_of(options.basis))
    if options.format == "json":
        rows, at = as_told(of_figures(services.evaluation.queries, SYSTEM, period, basis_of(options.basis), orgs=[org]))
        _print_json({"from": options.first, "to": options.last, "by": "person", "org": org, "basis": options.basis,
                     "version": services.evaluation.indicators.version, "corrected_rows": rows, "corrected_at": at,
                     "figures": [_told(figure) | {"base": dict(figure.base)} for figure in found]})
    else:
        _print_csv(found)
    return 0


def _told(figure: Figure) -> dict[str, Any]:
    return {"key": figure.key, "label": figure.label, "indicator": figure.indicator, "numerator": figure.numerator,
            "denominator": figure.denominator, "value": None if figure.value is None else round(figure.value, DIGITS),
            "is_small": figure.is_small}


def _print_csv(found: Sequence[Figure]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["key", "label", "indicator", "numerator", "denominator", "value", "is_small"])
    for figure in found:
        told = _told(figure)
        writer.writerow([neutral(figure.key), neutral(figure.label), *list(told.values())[2:]])


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
