"""Makes the files of an export from one consistent state of the record, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from cases.areas import Area
from config.texts import Texts
from core.access import Actor
from core.database import Database
from core.errors import Conflict, InvalidInput, TooLarge
from core.files import written_whole
from core.models import ledger
from evaluation.exports import dictionary
from evaluation.exports.columns import PLACES
from evaluation.exports.csv_file import write_csv
from evaluation.exports.manifest import FileEntry, Manifest, area_entry, chains_of, file_entry
from evaluation.exports.parquet import write_parquet
from evaluation.exports.privacy import Privacy, PrivacyRules
from evaluation.exports.rows import READ, Name, Row, RowMaker
from evaluation.exports.slices import Slice, counted, selected
from evaluation.exports.xes import EXTENSION_FILE, extension, write_xes

BATCH = 2_000  # rows fetched together
TOLD_EVERY = 5_000  # rows between two words on the progress
_CHAIN, _AREA = PLACES["chain"], PLACES["area"]


class Format(StrEnum):
    """How the rows are written; the value is the end of the file's name."""

    XES = "xes"
    XES_GZ = "xes.gz"
    PARQUET = "parquet"
    CSV = "csv"
    CSV_GZ = "csv.gz"


def format_of(text: str) -> Format:
    """Raises InvalidInput."""
    if text not in set(Format):
        raise InvalidInput("export_format_unknown", value=text[:16], accepted=", ".join(Format))
    return Format(text)


@dataclass(frozen=True, slots=True)
class ExportRules:
    """From the settings."""

    privacy: PrivacyRules
    rows_max: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What rows are made from beside the record: names of codes, words of every language, the key of pseudonyms, areas."""

    org_name: Name
    item_name: Name
    languages: Mapping[str, Texts]
    key: bytes
    area_of: Callable[[str], Area]
    now_us: Callable[[], int]


Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Seen:
    """What went by."""

    total: int
    progress: Progress
    is_cancelled: Callable[[], bool]
    rows: int = 0
    cases: int = 0
    first_at: int | None = None
    last_at: int | None = None
    chains: set[str] = field(default_factory=set)
    areas: set[str] = field(default_factory=set)


class Exporter:
    """Reads the record, writes files, changes nothing."""

    def __init__(self, database: Database, sources: Sources, rules: ExportRules) -> None:
        self._database, self._sources, self.rules = database, sources, rules

    def export(self, wanted: Slice, form: Format, target: Path, actor: Actor, *, personal: bool = False,
               progress: Progress = lambda _done, _total: None,
               is_cancelled: Callable[[], bool] = lambda: False) -> Manifest:
        """Write `target` and, beside it, the manifest, the dictionary and for XES our extension.

        1. One read transaction: everything is as of the journal's head when it began.
        2. The rows the actor may see, counted first: more than the limit are refused.
        3. Every file takes its name when it is whole; the manifest is the last.

        Raises TooLarge, Conflict (`export_cancelled`), InvalidInput.
        """
        wanted = wanted.checked()
        privacy = Privacy(self.rules.privacy, self._sources.key, personal)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._database.snapshot() as conn:
            head = conn.execute(select(ledger.c.journal_head)).scalar() or 0
            total = conn.execute(counted(wanted, actor, head)).scalar_one()
            if total > self.rules.rows_max:
                raise TooLarge("export_too_large", rows=total, most=self.rules.rows_max, setting="exports.rows_max")
            seen = _Seen(total, progress, is_cancelled)
            maker = RowMaker(privacy, self._sources.org_name, self._sources.item_name)
            with conn.execute(selected(wanted, actor, head, READ), execution_options={"yield_per": BATCH}) as result:
                self._write(form, target, _watched(maker.cases(_dated(result, seen)), seen), head)
            files = [file_entry(target), *self._companions(form, target)]
            areas = [area_entry(self._sources.area_of(code)) for code in sorted(seen.areas)]
            made = Manifest(
                dictionary=dictionary.VERSION, format=form.value, made_at=self._sources.now_us(), made_by=actor.name,
                slice=wanted, privacy=privacy.told(), head=head, rows=seen.rows, cases=seen.cases, first_at=seen.first_at,
                last_at=seen.last_at, chains=chains_of(conn, seen.chains), areas=areas, files=files)
        _write_text(beside(target, "manifest.json"), _json(made))
        return made

    def _write(self, form: Format, target: Path, cases: Iterator[list[Row]], head: int) -> None:
        if form is Format.PARQUET:
            notes = {"yangguang_dictionary": dictionary.VERSION, "yangguang_head": str(head)}
            write_parquet(cases, target, self.rules.memory_mib, notes)
            return
        write = write_csv if form in (Format.CSV, Format.CSV_GZ) else write_xes
        with written_whole(target, packed=form.value.endswith(".gz")) as out:
            write(cases, out)

    def _companions(self, form: Format, target: Path) -> Sequence[FileEntry]:
        languages = self._sources.languages
        texts = {beside(target, "dictionary.json"): _json(dictionary.as_data(languages)),
                 beside(target, "dictionary.html"): dictionary.as_page(languages)}
        if form in (Format.XES, Format.XES_GZ):
            texts[target.with_name(EXTENSION_FILE)] = extension(
                lambda language, name: languages[language].get(f"export_column.{name}"))
        for path, text in texts.items():
            _write_text(path, text)
        return [file_entry(path) for path in texts]


def beside(target: Path, what: str) -> Path:
    """The companion of an export: log.xes.gz → log.xes.gz.manifest.json."""
    return target.with_name(f"{target.name}.{what}")


def _dated(rows: Iterable[Any], seen: _Seen) -> Iterator[Any]:
    for row in rows:
        at = row.claimed_at
        seen.first_at = at if seen.first_at is None else min(at, seen.first_at)
        seen.last_at = at if seen.last_at is None else max(at, seen.last_at)
        yield row


def _watched(cases: Iterator[list[Row]], seen: _Seen) -> Iterator[list[Row]]:
    told = 0
    for rows in cases:
        seen.cases += 1
        seen.rows += len(rows)
        for row in rows:
            seen.chains.add(row[_CHAIN])  # type: ignore[arg-type]
        seen.areas.add(rows[0][_AREA])  # type: ignore[arg-type]
        if seen.rows - told >= TOLD_EVERY:
            told = seen.rows
            seen.progress(seen.rows, seen.total)
            if seen.is_cancelled():
                raise Conflict("export_cancelled")
        yield rows
    seen.progress(seen.rows, seen.total)


def _write_text(path: Path, text: str) -> None:
    with written_whole(path) as out:
        out.write(text.encode())


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
