"""Work on the record: import a log, verify the chains, recount the counters, sweep, anchor, export the journal."""

from __future__ import annotations

import argparse
import json
import sys
from operator import itemgetter
from pathlib import Path

import msgspec

from bootstrap import Services
from cases.anchoring import rows_by_chain, verify_database
from cases.areas import Area
from cases.record_name import MARK
from cases.verify import Fault, check_rows, export_line, of_record, read_anchors, read_export
from core.errors import InvalidInput
from core.instants import from_us
from evaluation.exports.manifest import read_areas
from feeds.importer import EXIT_REJECTIONS, ImportReport, import_file
from feeds.mapper import CASE_CHANGED, CASE_REPEATED

FAULTS_FOUND = 3
FAULTS_SHOWN = 20
REMARKS = {
    CASE_REPEATED: "traces of a case told before in this file (their events are added, of its own values the first stand)",
    CASE_CHANGED: "changes of department or item within a case (each event keeps its own, the case stands with its latest)"}


def import_log(services: Services, options: argparse.Namespace) -> int:
    """Load a file, bring the clocks to the present, anchor the chains. Exit code 2 when records were refused."""
    if options.areas:
        _store_areas(services, Path(options.areas))
    report = import_file(Path(options.file), services.find_mapping(options.mapping), services.ingest,
                         source=options.source, progress=_show_progress if sys.stderr.isatty() else None)
    services.sweeper.sweep_all()
    services.anchorer.anchor(force=True)
    if options.format == "json":
        print(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        _print_report(report)
    return report.exit_code


def _store_areas(services: Services, manifest: Path) -> None:
    """The areas an export was made in, those this installation does not know."""
    try:
        found = read_areas(manifest)
    except msgspec.DecodeError as error:
        raise InvalidInput("json_invalid", file=str(manifest), problem=str(error)) from error
    for one in found:
        services.ingest.store_area(Area(one.area, one.name, one.calendar, one.timezone, one.preset), only_if_new=True)


def verify(services: Services, options: argparse.Namespace) -> int:
    """Check every chain with the key, or an export without it. Exit code 3 when something is wrong."""
    if options.export:
        return verify_export(options)
    folder = services.settings.journal.anchor_dir
    count, faults = verify_database(services.database, services.keys, folder)
    with services.database.read() as conn:
        name = services.record_name.read(conn) if not faults else ""
    pinned = services.settings.journal.record
    if pinned and name != pinned:
        faults.append(Fault(MARK, 0, "record_replaced"))
    if name:
        _tell_of_others(folder, name)
    return _tell_faults(count, faults)


def _tell_of_others(folder: Path, name: str) -> None:
    """Whose anchors stand beside this record's: one that was exchanged for a new one is seen here, or is a fault where the
    settings name the record (journal.record)."""
    print(f"record {name}")
    last: dict[str, int] = {}
    for one in read_anchors(folder) if folder.exists() else ():
        if one.record != name:
            last[one.record] = max(last.get(one.record, 0), one.at)
    for record, at in sorted(last.items(), key=itemgetter(1)):
        print(f"{folder} also has anchors of the record {record or '(without a name)'}, the last of {from_us(at).isoformat()}")


def verify_export(options: argparse.Namespace) -> int:
    """What a stranger does: check an export with the public anchors alone, without key and database."""
    if not options.anchors:
        print("verify --export needs --anchors: the public anchor file or folder", file=sys.stderr)
        return EXIT_REJECTIONS
    anchors = list(read_anchors(Path(options.anchors)))
    names = sorted({anchor.record for anchor in anchors})
    if len(names) > 1 and options.record not in names:
        print(f"these anchors are of several records; say which one is exported with --record: {', '.join(names)}",
              file=sys.stderr)
        return EXIT_REJECTIONS
    held_to = of_record(anchors, options.record or (names[0] if names else ""))
    count, faults = check_rows(read_export(Path(options.export)), held_to)
    return _tell_faults(count, faults)


def recount(services: Services, options: argparse.Namespace) -> int:
    """Compare counters with the journal. Exit code 3 when they differed (also when they were repaired)."""
    result = services.recounter.recount(repair=options.repair)
    for difference in result.differences[:FAULTS_SHOWN]:
        print(f"{difference.counter} {difference.place}: kept {difference.kept}, journal says {difference.true}")
    repaired = ", repaired" if result.repaired else ""
    print(f"{result.cases} cases recounted, {len(result.differences)} differences{repaired}")
    return FAULTS_FOUND if result.differences else 0


def sweep(services: Services, _options: argparse.Namespace) -> int:
    """Bring every clock to the present."""
    result = services.sweeper.sweep_all()
    print(f"{result.cases} cases looked at, {result.rungs} rungs passed, {result.failed} failed")
    return FAULTS_FOUND if result.failed else 0


def anchor(services: Services, _options: argparse.Namespace) -> int:
    """Publish an anchor of every chain that has grown."""
    made = services.anchorer.anchor(force=True)
    print(f"{len(made)} chains anchored in {services.settings.journal.anchor_dir}")
    return 0


def export_journal(services: Services, options: argparse.Namespace) -> int:
    """Write the journal as JSON Lines, chain by chain, for the stand-alone verifier."""
    count = 0
    with Path(options.file).open("w", encoding="utf-8") as file, services.database.read() as conn:
        for row in rows_by_chain(conn):
            file.write(export_line(row) + "\n")
            count += 1
        name = services.record_name.read(conn)
    print(f"{count} rows written to {options.file}{f', record {name}' if name else ''}")
    return 0


def _tell_faults(count: int, faults: list[Fault]) -> int:
    for fault in faults[:FAULTS_SHOWN]:
        print(f"{fault.code}: chain {fault.chain}, row {fault.pos}")
    if len(faults) > FAULTS_SHOWN:
        print(f"… and {len(faults) - FAULTS_SHOWN} more")
    print(f"{count} rows checked, {len(faults)} faults")
    return FAULTS_FOUND if faults else 0


def _show_progress(report: ImportReport) -> None:
    account = report.account
    print(f"\r{report.file}: {account.total} records, {report.records_per_s:,.0f}/s, {account.duplicates} known, "
          f"{account.rejected} refused", end="", file=sys.stderr, flush=True)


def _print_report(report: ImportReport) -> None:
    account = report.account
    print(f"\n{report.file} ({report.mapping}): {account.total} records in {report.seconds:.1f} s "
          f"({report.records_per_s:,.0f}/s): {account.accepted} recorded, {account.duplicates} known before, "
          f"{account.rejected} refused")
    for code, number in sorted(account.reasons.items()):
        print(f"  {code}: {number}")
    for name, number in sorted(report.unread.items()):
        print(f"  recorded without {name}, which cannot be read: {number}")
    for code, number in sorted(report.remarks.items()):
        print(f"  {REMARKS[code]}: {number}")
    if report.columns_unread:
        print(f"  columns the mapping does not read: {', '.join(report.columns_unread)}")
    for sample in report.samples:
        for one in (sample.outcome, *sample.outcome.others):
            told = ", ".join(f"{key}={value}" for key, value in one.detail.items())
            print(f"    {sample.position}: {one.code} ({told})")
