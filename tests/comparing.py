"""A small city whose figures are known: rows of the day tables as the record would have written them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from defusedxml.ElementTree import fromstring
from sqlalchemy import Connection, insert, update

from config.calendars import load_calendars
from core.database import Database, bulk_upsert
from core.instants import HOUR_US, day_of, to_us
from evaluation.duties import Duties
from evaluation.models import DAY_KEY, FIGURES, figure_days, figure_details, figure_months
from evaluation.period import Basis, first_of_month
from evaluation.places import Place, Places, row_number, time_key

AREA = "360500"
CALENDAR = load_calendars()["cn"]
DUTIES = Duties(lambda _area: CALENDAR, 8 * HOUR_US)


def count_day(database: Database, org: str, day: date, item: str = "", *, area: str = AREA, basis: Basis = Basis.EVENT,
              **figures: int) -> None:
    """One department's day; with `item` in the detailed table, too."""
    counted = {**dict.fromkeys(FIGURES, 0), **figures}
    with database.transaction() as conn:
        conn.execute(insert(figure_days).values(basis=int(basis), day=day_of(day), area=area, org=org, **counted))
        month = (int(basis), first_of_month(day_of(day)), area, org)
        bulk_upsert(conn, figure_months, (*DAY_KEY, *FIGURES), [(*month, *counted.values())], key=DAY_KEY, add=FIGURES)
        if item:
            _detail(conn, database, (area, org, item, "window"), day, basis, counted)


def correct_day(database: Database, org: str, day: date, at: datetime, *, area: str = AREA) -> None:
    """As if facts that came at that instant had changed the department's day."""
    c = figure_days.c
    of_day = (c.org == org, c.day == day_of(day), c.area == area, c.basis == int(Basis.EVENT))
    with database.transaction() as conn:
        conn.execute(update(figure_days).where(*of_day).values(corrected_at=to_us(at)))


def count_details(database: Database, rows: Mapping[tuple[Place, date], Mapping[str, int]], basis: Basis = Basis.EVENT) -> None:
    """Rows in detail alone: what each place (area, organisation, item, channel) counted on each day."""
    with database.transaction() as conn:
        for (place, day), figures in rows.items():
            _detail(conn, database, place, day, basis, {**dict.fromkeys(FIGURES, 0), **figures})


def _detail(conn: Connection, database: Database, place: Place, day: date, basis: Basis, counted: Mapping[str, int]) -> None:
    number = row_number(time_key(int(basis), day_of(day)), Places(database).numbers(conn, [place])[place])
    conn.execute(insert(figure_details).values(id=number, **counted))


def concluded(n: int, early: int = 0, late: int = 0, **figures: int) -> Mapping[str, int]:
    """n cases concluded, of which so many early and late, the others on their due day; each had 20 days by law and took 10."""
    return {"received": n, "received_promised": n, "accepted": n, "concluded": n, "early": early, "late": late,
            "on_due_day": n - early - late, "statutory_days": 20 * n, "statutory_used": 10 * n, "timed": n, "used_days": 10 * n,
            **figures}


def each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def sheet_rows(content: bytes, number: int) -> list[list[str | float | None]]:
    """The rows of a sheet of a workbook (the first is 1) as others read them: numbers, texts, None for what is empty."""
    names = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = ["".join(one.itertext()) for one in fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", names)]
        sheet = fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    rows: list[list[str | float | None]] = []
    for row in sheet.iterfind(".//m:row", names):
        rows.append([])
        for cell in row.iterfind("m:c", names):
            value = cell.findtext("m:v", namespaces=names)
            place = sum((ord(letter) - 64) * 26 ** at for at, letter in enumerate(reversed(cell.get("r").rstrip("0123456789"))))
            rows[-1] += [None] * (place - 1 - len(rows[-1]))
            rows[-1].append(None if value is None else texts[int(value)] if cell.get("t") == "s" else float(value))
    return rows
