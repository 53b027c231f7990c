"""Logs of eighteen cases made by hand, each case a trap, with answers worked out on paper and a calendar page.

    September 2013        October 2013          November 2013      Chinese calendar of those weeks:
    Mo Tu We Th Fr Sa Su  Mo Tu We Th Fr Sa Su  Mo Tu We Th Fr     off  19-21 September, 1-7 October
    16 17 18 19 20 21 22      1  2  3  4  5  6               1     work Sundays 22 and 29 September, Saturday 12 October
    23 24 25 26 27 28 29   7  8  9 10 11 12 13   4  5  6  7  8
    30                    14 15 16 17 18 19 20  11 12 13 14 15
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

STOP, RESUME, OTHER = "08_AWB45_025", "08_AWB45_045", "01_HOOFD_010"
AS_OF = "2013-10-31"

Trace = tuple[dict[str, str], list[tuple[str, str]]]

# Two municipalities in the format of bpic15. The log of ALPHA ends on 5 November, that of BETA on 20 October.
ALPHA: list[Trace] = [
    # Closed on its tenth day, and the log goes on about it: events and even a stop after the end change nothing.
    ({"concept:name": "1001", "startDate": "2013-09-23T00:00:00+02:00", "endDate": "2013-10-03T00:00:00+02:00"},
     [(OTHER, "2013-09-23T00:00:00+02:00"), (STOP, "2013-10-20T00:00:00+02:00"), (OTHER, "2013-11-05T00:00:00+01:00")]),
    # Opened late in the evening far west: the 24th in UTC, the 23rd as written. Closed on its fifth working day.
    ({"concept:name": "1002", "startDate": "2013-09-23T22:30:00-03:00", "endDate": "2013-09-30T00:00:00+02:00"},
     [(OTHER, "2013-09-23T22:30:00-03:00")]),
    # One day late.
    ({"concept:name": "1003", "startDate": "2013-09-23T00:00:00+02:00", "endDate": "2013-10-04T00:00:00+02:00"},
     [(OTHER, "2013-09-23T00:00:00+02:00")]),
    # An end that is only planned is no end.
    ({"concept:name": "1004", "startDate": "2013-09-25T00:00:00+02:00", "endDatePlanned": "2013-09-27T00:00:00+02:00"},
     [(OTHER, "2013-09-25T00:00:00+02:00")]),
    # A stop that never ends: 24 and 25 September count, then nothing until 6 November.
    ({"concept:name": "1005", "startDate": "2013-09-23T00:00:00+02:00"},
     [(OTHER, "2013-09-23T00:00:00+02:00"), (STOP, "2013-09-25T00:00:00+02:00")]),
    # Stopped on the very day it was due (10 days): the day had begun to run, the stop comes too late.
    ({"concept:name": "1006", "startDate": "2013-09-20T00:00:00+02:00", "endDate": "2013-10-20T00:00:00+02:00"},
     [(STOP, "2013-09-30T00:00:00+02:00"), (RESUME, "2013-10-10T00:00:00+02:00")]),
    # Stopped a day earlier: one day is left and runs on the day after the resumption, 11 October.
    ({"concept:name": "1007", "startDate": "2013-09-20T00:00:00+02:00", "endDate": "2013-10-11T00:00:00+02:00"},
     [(STOP, "2013-09-29T00:00:00+02:00"), (RESUME, "2013-10-10T00:00:00+02:00")]),
    # Opened just after midnight (the day before in UTC), closed at a time written without an offset.
    ({"concept:name": "1008", "startDate": "2013-10-01T00:30:00+02:00", "endDate": "2013-10-11T12:00:00"},
     [(OTHER, "2013-10-01T00:30:00+02:00"), (OTHER, "2013-10-11T12:00:00")]),
]
BETA: list[Trace] = [
    # The same number as in ALPHA, another case. Its stop never ends either: 24, 25 September, then from 21 October.
    ({"concept:name": "1001", "startDate": "2013-09-23T00:00:00+02:00"},
     [(OTHER, "2013-09-23T00:00:00+02:00"), (STOP, "2013-09-25T00:00:00+02:00")]),
    # Stopped before it was opened, resumed after: the 24th, 25th and 26th do not count.
    ({"concept:name": "2002", "startDate": "2013-09-23T00:00:00+02:00", "endDate": "2013-10-04T00:00:00+02:00"},
     [(OTHER, "2013-09-19T00:00:00+02:00"), (STOP, "2013-09-20T00:00:00+02:00"),
      (RESUME, "2013-09-26T00:00:00+02:00")]),
    # Resumed without a stop, stopped twice, resumed twice, and told in the wrong order: one stop, 26 to 28 September.
    ({"concept:name": "2003", "startDate": "2013-09-23T00:00:00+02:00", "endDate": "2013-10-06T00:00:00+02:00"},
     [(STOP, "2013-09-27T00:00:00+02:00"), (STOP, "2013-09-25T00:00:00+02:00"), (RESUME, "2013-09-24T00:00:00+02:00"),
      (RESUME, "2013-09-30T00:00:00+02:00"), (RESUME, "2013-09-28T00:00:00+02:00")]),
    # Stopped and resumed at one instant, so the file's order decides; the next stop never ends: the 24th to 27th count.
    ({"concept:name": "2004", "startDate": "2013-09-23T00:00:00+02:00", "endDate": "2013-10-15T00:00:00+02:00"},
     [(STOP, "2013-09-26T00:00:00+02:00"), (RESUME, "2013-09-26T00:00:00+02:00"), (STOP, "2013-09-27T00:00:00+02:00"),
      (OTHER, "2013-10-20T00:00:00+02:00")]),
    # Closed four days after its log ends, still stopped: a stop lasts to the end of the log, so those four days count.
    ({"concept:name": "2005", "startDate": "2013-09-30T00:00:00+02:00", "endDate": "2013-10-24T00:00:00+02:00"},
     [(OTHER, "2013-09-30T00:00:00+02:00"), (STOP, "2013-10-02T00:00:00+02:00")]),
]

# A town in the format of receipt_wabo.
GAMMA: list[Trace] = [
    # No department. Closed hours after the hour of the deadline, but on its day.
    ({"concept:name": "case-1", "startdate": "2013-09-23T10:00:00.000+02:00",
      "enddate": "2013-10-03T16:00:00.000+02:00", "enddate_planned": "2013-09-30T10:00:00.000+02:00",
      "deadline": "2013-10-03T10:00:00.000+02:00"},
     [("Confirmation of receipt", "2013-09-23T10:05:00.000+02:00")]),
    # An end that is only planned is no end.
    ({"concept:name": "case-2", "group": "Group 1", "startdate": "2013-09-23T10:00:00.000+02:00",
      "enddate_planned": "2013-10-04T10:00:00.000+02:00", "deadline": "2013-10-18T10:00:00.000+02:00"},
     [("Confirmation of receipt", "2013-09-23T10:05:00.000+02:00")]),
    # One day late as written; in UTC both fall on 7 October.
    ({"concept:name": "case-3", "startdate": "2013-09-24T10:00:00.000+02:00",
      "enddate": "2013-10-08T00:30:00.000+02:00", "enddate_planned": "2013-10-09T10:00:00.000+02:00",
      "deadline": "2013-10-07T23:30:00.000+02:00"},
     [("Confirmation of receipt", "2013-09-22T10:05:00.000+02:00")]),
    # Early, and an event of its department comes after the end.
    ({"concept:name": "case-4", "group": "Group 1", "startdate": "2013-09-24T10:00:00.000+02:00",
      "enddate": "2013-09-27T10:00:00.000+02:00", "enddate_planned": "2013-09-30T10:00:00.000+02:00",
      "deadline": "2013-10-01T10:00:00.000+02:00"},
     [("Confirmation of receipt", "2013-09-24T10:05:00.000+02:00"), ("T02", "2013-10-10T10:05:00.000+02:00")]),
    # Opened after the day of the statistics: its department has no case then, and rates of nothing are nothing.
    ({"concept:name": "case-5", "group": "Group 2", "startdate": "2013-11-01T10:00:00.000+01:00",
      "enddate_planned": "2013-11-08T10:00:00.000+01:00", "deadline": "2013-11-10T10:00:00.000+01:00"},
     [("Confirmation of receipt", "2013-11-01T10:05:00.000+01:00")]),
]

# (limit, calendar, net, first day, last day) -> the CSV as rows.
MONTHS = ["department", "2013-09-30", "2013-10-31", "2013-11-15"]
ONE_DAY = ["department", "2013-10-05"]
TOWN_HEAT_MAPS: dict[tuple[str, str, bool, str, str], list[list[str]]] = {
    ("10cd", "mf", False, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "0", "2", "2"], ["BETA", "0", "1", "1"]],
    ("10cd", "mf", True, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "0", "1", "2"], ["BETA", "0", "1", "1"]],
    ("10cd", "mf", False, "2013-10-05", "2013-10-05"): [ONE_DAY, ["ALPHA", "3"], ["BETA", "3"]],
    ("10cd", "mf", True, "2013-10-05", "2013-10-05"): [ONE_DAY, ["ALPHA", "1"], ["BETA", "0"]],
    ("5wd", "mf", False, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "2", "2", "2"], ["BETA", "0", "1", "1"]],
    ("5wd", "mf", True, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "2", "1", "2"], ["BETA", "0", "1", "1"]],
    ("5wd", "mf", False, "2013-10-05", "2013-10-05"): [ONE_DAY, ["ALPHA", "4"], ["BETA", "3"]],
    ("5wd", "cn", False, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "5", "2", "2"], ["BETA", "4", "1", "1"]],
    ("5wd", "cn", True, "2013-09-01", "2013-11-15"): [MONTHS, ["ALPHA", "4", "1", "2"], ["BETA", "0", "1", "1"]],
    ("5wd", "cn", False, "2013-10-05", "2013-10-05"): [ONE_DAY, ["ALPHA", "3"], ["BETA", "3"]],
}
OCTOBER_FIRST = ["department", "2013-10-01"]
RECEIPT_HEAT_MAPS: dict[tuple[str, str, bool, str, str], list[list[str]]] = {
    ("own", "mf", False, "2013-09-01", "2013-11-15"):
        [MONTHS, ["(none)", "0", "0", "0"], ["Group 1", "0", "1", "1"], ["Group 2", "0", "0", "1"]],
    ("promised", "mf", False, "2013-10-01", "2013-10-01"):
        [OCTOBER_FIRST, ["(none)", "1"], ["Group 1", "0"], ["Group 2", "0"]],
    ("promised", "mf", True, "2013-10-05", "2013-10-05"):
        [ONE_DAY, ["(none)", "0"], ["Group 1", "1"], ["Group 2", "0"]],
}

_NAMES = ("cases", "closed", "open", "closed_early", "closed_on_due_day", "closed_late", "open_overdue", "early_rate",
          "ontime_rate", "median_duration", "p90_duration", "median_working_days", "p90_working_days",
          "median_calendar_days", "p90_calendar_days")


def _figures(*values: float | None) -> dict[str, float | None]:
    return dict(zip(_NAMES, values, strict=True))


# (limit, calendar, net) -> (all, departments), as of 31 October.
Answers = dict[tuple[str, str, bool], tuple[dict[str, Any], dict[str, dict[str, Any]]]]
TOWN_STATISTICS: Answers = {
    ("10cd", "mf", False): (
        _figures(13, 10, 3, 1, 2, 7, 3, 0.1, 0.3, 12, 24.6, 9, 18.2, 12, 24.6),
        {"ALPHA": _figures(8, 6, 2, 1, 2, 3, 2, 0.166667, 0.5, 10.5, 25.5, 8.5, 17.5, 10.5, 25.5),
         "BETA": _figures(5, 4, 1, 0, 0, 4, 1, 0, 0, 17.5, 23.4, 12.5, 17.4, 17.5, 23.4)}),
    ("10cd", "mf", True): (
        _figures(13, 10, 3, 4, 4, 2, 2, 0.4, 0.8, 10, 11.9, 6.5, 9.3, 10, 11.9),
        {"ALPHA": _figures(8, 6, 2, 1, 3, 2, 1, 0.166667, 0.666667, 10, 15.5, 8, 10.5, 10, 15.5),
         "BETA": _figures(5, 4, 1, 3, 1, 0, 1, 0.75, 1, 7, 9.4, 6, 6.7, 7, 9.4)}),
    ("5wd", "cn", True): (
        _figures(13, 10, 3, 5, 0, 5, 2, 0.5, 0.5, 5, 8.7, 5, 8.7, 10, 11.9),
        {"ALPHA": _figures(8, 6, 2, 1, 0, 5, 1, 0.166667, 0.166667, 6, 11.5, 6, 11.5, 10, 15.5),
         "BETA": _figures(5, 4, 1, 4, 0, 0, 1, 1, 1, 4, 4, 4, 4, 7, 9.4)}),
}
_NOTHING = _figures(0, 0, 0, 0, 0, 0, 0, *[None] * 8)
RECEIPT_STATISTICS: Answers = {
    ("statutory", "mf", False): (
        _figures(4, 3, 1, 1, 1, 1, 1, 0.333333, 0.666667, 10, 13.2, 8, 9.6, 10, 13.2),
        {"(none)": _figures(2, 2, 0, 0, 1, 1, 0, 0, 0.5, 12, 13.6, 9, 9.8, 12, 13.6),
         "Group 1": _figures(2, 1, 1, 1, 0, 0, 1, 1, 1, 3, 3, 3, 3, 3, 3), "Group 2": _NOTHING}),
    ("promised", "mf", True): (
        _figures(4, 3, 1, 2, 0, 1, 1, 0.666667, 0.666667, 10, 13.2, 8, 9.6, 10, 13.2),
        {"(none)": _figures(2, 2, 0, 1, 0, 1, 0, 0.5, 0.5, 12, 13.6, 9, 9.8, 12, 13.6),
         "Group 1": _figures(2, 1, 1, 1, 0, 0, 1, 1, 1, 3, 3, 3, 3, 3, 3), "Group 2": _NOTHING}),
}


def write_logs(folder: Path) -> dict[str, Path]:
    """ALPHA.xes, BETA.xes and GAMMA.xes in the folder, by name."""
    logs = {"ALPHA": ALPHA, "BETA": BETA, "GAMMA": GAMMA}
    return {name: _write(folder / f"{name}.xes", traces) for name, traces in logs.items()}


# The same logs in every form such logs are kept in.
FORMS = ("xes", "xes.gz", "flat csv", "flat csv.gz", "tables")
_PLAIN_NAMES = {"concept:name": "case_id"}


def write_towns(folder: Path, form: str) -> list[Path]:
    """ALPHA and BETA in the folder; as tables, the cases and the events of both in one table each."""
    logs = {"ALPHA": ALPHA, "BETA": BETA}
    if form != "tables":
        return [_write_as(folder / name, traces, form) for name, traces in logs.items()]
    cases = [{"municipality": name, **_plain(attributes)} for name, traces in logs.items() for attributes, _ in traces]
    events = [{"municipality": name, "case_id": attributes["concept:name"], "action_code": code, "timestamp": at}
              for name, traces in logs.items() for attributes, told in traces for code, at in told]
    return [_write_table(folder / "events.csv.gz", events, ","), _write_table(folder / "cases.csv", cases, ";")]


def write_receipt(folder: Path, form: str) -> list[Path]:
    """GAMMA in the folder; as tables, its cases and its events."""
    if form != "tables":
        return [_write_as(folder / "GAMMA", GAMMA, form)]
    cases = [_plain(attributes) for attributes, _ in GAMMA]
    events = [{"case_id": attributes["concept:name"], "seq": str(seq), "activity": code, "task_id": f"{seq}", "timestamp": at}
              for attributes, told in GAMMA for seq, (code, at) in enumerate(told)]
    return [_write_table(folder / "cases.csv.gz", cases, ","), _write_table(folder / "events.csv", events, "\t")]


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    return {_PLAIN_NAMES.get(name, name): value for name, value in attributes.items()}


def _write_as(stem: Path, traces: list[Trace], form: str) -> Path:
    kind, is_packed = form.removesuffix(".gz").removeprefix("flat "), form.endswith(".gz")
    path = stem.with_suffix(f".{kind}")
    if kind == "xes":
        _write(path, traces)
    else:
        _write_table(path, [{**{f"case:{name}": value for name, value in attributes.items()}, "concept:name": code,
                             "time:timestamp": at} for attributes, told in traces for code, at in told], ",")
    if not is_packed:
        return path
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def _write_table(path: Path, rows: list[dict[str, str]], separator: str) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _write(path: Path, traces: list[Trace]) -> Path:
    body = "".join(_trace_text(attributes, events) for attributes, events in traces)
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n'
                    f'<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n{body}</log>\n', encoding="utf-8")
    return path


def _trace_text(attributes: dict[str, str], events: list[tuple[str, str]]) -> str:
    told = "".join(f'  <event>\n{_attribute_text("concept:name", name)}{_attribute_text("action_code", name)}'
                   f'{_attribute_text("time:timestamp", at)}  </event>\n' for name, at in events)
    return f'<trace>\n{"".join(_attribute_text(*pair) for pair in attributes.items())}{told}</trace>\n'


def _attribute_text(key: str, value: str) -> str:
    tag = "date" if "date" in key.lower() or key in ("time:timestamp", "deadline") else "string"
    return f'    <{tag} key="{key}" value="{value}"/>\n'
