"""Detectors of gaming on demand, and the volumes units report of themselves."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from alerts.detectors.base import Finding
from alerts.detectors.records import Volume
from alerts.detectors.runner import RunReport
from alerts.detectors.wording import months, sentence
from bootstrap import Services
from commands.reports import parse_date
from core.access import Actor, Role
from core.errors import InvalidInput
from core.instants import date_of, day_of

EXIT_FAILED = 3
VOLUME_KINDS = ("own_figure", "tickets", "fees", "certificates", "seals")
VOLUME_COLUMNS = ("org", "from", "to", "kind", "amount")
OPERATOR = Actor("command line", frozenset({Role.ADMINISTRATOR}), display_name="命令行")
COLUMNS = ("detector", "area", "org", "subject_kind", "subject", "sign", "test", "k", "n", "value", "threshold", "chance",
           "evidence_count", "version", "sentence")


def detect(services: Services, options: argparse.Namespace) -> int:
    """Run the detectors over a period and print what they found; exit code 3 when one of them raised."""
    first, last = (day_of(parse_date(text, name)) for text, name in ((options.first, "--from"), (options.last, "--to")))
    period = services.detectors.detection.period_of(first, last)
    only = [name.strip() for name in (options.only or "").split(",") if name.strip()]
    report = services.detectors.detection.run(period, only, save=not options.dry_run)
    {"json": _as_json, "csv": _as_csv, "text": _as_text}[options.format](services, report)
    if report.failed:
        print(f"detectors failed: {', '.join(report.failed)}", file=sys.stderr)
    return EXIT_FAILED if report.failed else 0


def volumes(services: Services, options: argparse.Namespace) -> int:
    """Take in what units say of their own volume: a CSV file with org, from, to, kind and amount."""
    area = options.area or services.catalogue.default_area
    rows = list(_volumes(Path(options.file)))
    print(services.detectors.findings.take_volumes(area, rows, OPERATOR))
    return 0


def _as_json(services: Services, report: RunReport) -> None:
    body = {"period": [date_of(report.period.first).isoformat(), date_of(report.period.last).isoformat()],
            "rows_read": report.rows_read, "seconds": round(report.seconds, 2), "new": report.found, "changed": report.changed,
            "ended": report.ended, "failed": report.failed,
            "findings": [{**msgspec.to_builtins(finding), "sentences": _sentences(services, finding)}
                         for finding in report.findings]}
    print(json.dumps(body, ensure_ascii=False, indent=2))


def _as_csv(services: Services, report: RunReport) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in report.findings:
        head = (finding.detector, finding.area, finding.org, finding.subject_kind, finding.subject)
        for figure, words in zip(finding.figures, _sentences(services, finding), strict=True):
            chance = "" if figure.chance is None else f"{figure.chance:.6g}"
            writer.writerow((*head, figure.sign, figure.test, figure.k, figure.n, round(figure.value, 6),
                             round(figure.threshold, 6), chance, finding.evidence_count, finding.version, words))


def _as_text(services: Services, report: RunReport) -> None:
    say = services.texts(services.settings.display.language).get
    print(f"{months(report.period.first, report.period.last, say)}  {report.rows_read:,} rows  {report.seconds:.1f} s")
    for finding in report.findings:
        name, subject = say(f"detector.{finding.detector}.name"), services.detectors.wording.subject(finding)
        print(f"{finding.detector:<4} {name}  {subject}")
        for words in _sentences(services, finding):
            print(f"       {words}")


def _sentences(services: Services, finding: Finding) -> list[str]:
    say = services.texts(services.settings.display.language).get
    parameters = services.detectors.settings.of(finding.detector, finding.area).model_dump(mode="json")
    return [sentence(finding.detector, figure, parameters, say, services.case_queries.item_name)
            for figure in finding.figures]


def _volumes(path: Path) -> Iterator[Volume]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            yield _volume(number, row)


def _volume(line: int, row: dict[str, Any]) -> Volume:
    given = {name: (row.get(name) or "").strip() for name in VOLUME_COLUMNS}
    if not given["org"]:
        raise _wrong(line, "org", given, "the code of the organisation")
    if given["kind"] not in VOLUME_KINDS:
        raise _wrong(line, "kind", given, f"one of {', '.join(VOLUME_KINDS)}")
    if not given["amount"].isascii() or not given["amount"].isdigit():
        raise _wrong(line, "amount", given, "a whole number")
    first, last = (_day_of(line, name, given) for name in ("from", "to"))
    return Volume(given["org"], first, last, given["kind"], int(given["amount"]))


def _day_of(line: int, name: str, given: dict[str, str]) -> int:
    try:
        return day_of(date.fromisoformat(given[name]))
    except ValueError:
        raise _wrong(line, name, given, "a date such as 2024-04-01") from None


def _wrong(line: int, field: str, given: dict[str, str], remedy: str) -> InvalidInput:
    return InvalidInput("volume_line_invalid", line=line, field=field, value=given[field][:64], remedy=remedy)


