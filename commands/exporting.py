"""Exports and the deep history at the command line."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import date, timedelta
from pathlib import Path

import msgspec

from bootstrap import Services
from commands.detection import OPERATOR
from commands.reports import neutral, parse_date
from core.errors import InvalidInput
from core.instants import DAY_US, day_of
from evaluation.exports.exporter import Format, format_of
from evaluation.exports.service import told_of
from evaluation.exports.slices import Slice, kinds_of
from evaluation.history.asking import address_of, answered, asked_of
from evaluation.history.http import LOOK

FAULTS_FOUND, FAULTS_SHOWN = 3, 20


def export(services: Services, options: argparse.Namespace) -> int:
    """Write the journal or a slice of it, its manifest and its dictionary; written into the audit before it begins."""
    target = Path(options.file)
    form = format_of(options.format) if options.format else _format_by_name(target)
    wanted = _slice(services, options).checked()
    services.read_log.note("journal_export", told_of(form.value, wanted, options.personal is not None, options.personal or ""),
                           OPERATOR)
    made = services.exports.exporter.export(wanted, form, target, OPERATOR, personal=options.personal is not None,
                                            progress=_progress)
    print(f"{made.rows} rows of {made.cases} cases up to row {made.head} of the journal, sha256 {made.files[0].sha256}")
    return 0


def history(services: Services, options: argparse.Namespace) -> int:
    """Take in what is new, or make all anew, or check; exit code 3 when something differs."""
    deep = services.deep_history
    if options.check:
        return _check(services)
    done = deep.writer.rebuild() if options.rebuild else deep.writer.work()
    late = f", {done.late} of them to corrections" if done.late else ""
    print(f"{done.events} events{late} and {done.cases} standings of cases written, up to row {done.head} of the journal")
    return 0


def ask(services: Services, options: argparse.Namespace) -> int:
    """The answer on standard output, codes as they are recorded; what was left out is told on standard error."""
    given = {"subject": options.subject, "by": options.by, "from": options.first, "to": options.last, "dated": options.dated,
             "area": options.area, "org": options.org, "item": options.item, "kinds": options.kinds,
             "quantiles": options.quantiles}
    asked = asked_of(given)
    services.read_log.note(LOOK, address_of(given), OPERATOR)
    told = answered(services.deep_history.questions, asked)
    if options.format == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(told.columns)
        writer.writerows([neutral(value) if isinstance(value, str) else value for value in row] for row in told.rows)
    if told.is_cut:
        print(f"more than {len(told.rows)} rows: the others were left out; narrow the question", file=sys.stderr)
    return 0


def _check(services: Services) -> int:
    found = services.deep_history.check.check()
    for one in found[:FAULTS_SHOWN]:
        print(f"{one.code} {one.place}: kept {one.kept or '-'}, should be {one.true or '-'}")
    parts = services.deep_history.store.read().parts
    print(f"{len(parts)} files, {sum(part.bytes for part in parts):,} bytes, {len(found)} differences")
    return FAULTS_FOUND if found else 0


def _slice(services: Services, options: argparse.Namespace) -> Slice:
    """Days are those of the wall clock of the installation, the last one included."""
    begin = parse_date(options.first, "--from") if options.first else None
    end = parse_date(options.last, "--to") if options.last else None
    if begin and end and end < begin:
        raise InvalidInput("range_backwards", first=options.first, last=options.last)

    def instant(day: date | None) -> int | None:
        return None if day is None else services.areas.default.calendar.to_utc(day_of(day) * DAY_US)

    return Slice(since=instant(begin), until=instant(end + timedelta(days=1) if end else None), by=options.by,
                 area=options.area, org=options.org, item=options.item, kinds=kinds_of(options.kinds.split(",")),
                 whole_cases=options.whole_cases)


def _format_by_name(target: Path) -> Format:
    """xes.gz before xes: the longest end that fits."""
    fitting = [form for form in Format if target.name.lower().endswith(f".{form.value}")]
    if not fitting:
        raise InvalidInput("export_format_unknown", value=target.suffix[:16], accepted=", ".join(Format))
    return max(fitting, key=lambda form: len(form.value))


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} / {total:,}", end="" if done < total else "\n", file=sys.stderr, flush=True)
