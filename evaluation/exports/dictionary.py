"""The data dictionary of an export: every column with its type, unit, time zone, meaning and origin, as JSON and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from config.texts import Texts
from evaluation.exports.columns import COLUMNS, Column, Kind

VERSION = "1"
PARQUET_TYPES = {Kind.TEXT: "BYTE_ARRAY (UTF8)", Kind.JSON: "BYTE_ARRAY (UTF8)", Kind.INTEGER: "INT64",
                 Kind.INSTANT: "INT64 (TIMESTAMP, microseconds, UTC)"}
_HEADS = ("column", "xes", "type", "unit", "zone", "meaning", "origin", "personal")
_STYLE = ("body{font:15px/1.5 sans-serif;margin:2em}table{border-collapse:collapse}"
          "td,th{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}code{white-space:nowrap}")


def as_data(languages: Mapping[str, Texts]) -> dict[str, Any]:
    """The dictionary as JSON-safe values."""
    return {"version": VERSION, "empty": {name: texts.get("export_dictionary.empty") for name, texts in languages.items()},
            "columns": [_entry(column, languages) for column in COLUMNS]}


def as_page(languages: Mapping[str, Texts]) -> str:
    """The same for people: one HTML page that needs nothing else, every language side by side."""
    zh = languages["zh"].get
    heads = "".join(f"<th>{escape(_both(languages, f'export_dictionary.{head}'))}</th>" for head in _HEADS)
    rows = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(column, languages))}</tr>" for column in COLUMNS)
    title = escape(_both(languages, "export_dictionary.title"))
    note = escape(_both(languages, "export_dictionary.empty", " "))
    return (f'<!doctype html>\n<html lang="{languages["zh"].language}"><head><meta charset="utf-8">'
            f"<title>{escape(zh('export_dictionary.title'))}</title><style>{_STYLE}</style></head>\n"
            f"<body><h1>{title}</h1>\n<p>{note}</p>\n<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n"
            "</tbody></table></body></html>\n")


def as_table(languages: Mapping[str, Texts]) -> str:
    """The same as a table of docs/export.md."""
    lines = ["| column | key in XES | type | unit, zone | meaning | origin | personal |", "|---|---|---|---|---|---|---|"]
    for column in COLUMNS:
        unit = ", ".join(part for part in (column.unit, column.zone) if part)
        scope = " (trace)" if column.of_case else ""
        meaning = _both(languages, f"export_column.{column.name}", " · ").replace("|", "\\|")
        personal = "" if column.personal == "nobody" else column.personal.value
        lines.append(f"| `{column.name}` | `{column.key}`{scope} | {column.kind.value} | {unit} | {meaning} | "
                     f"{column.origin} | {personal} |")
    return "\n".join([*lines, ""])


def _entry(column: Column, languages: Mapping[str, Texts]) -> dict[str, Any]:
    return {"name": column.name, "type": column.kind.value, "parquet": PARQUET_TYPES[column.kind], "unit": column.unit,
            "zone": column.zone, "origin": column.origin, "personal": column.personal.value, "of_case": column.of_case,
            "xes": {"key": column.key, "scope": "trace" if column.of_case else "event"},
            "meaning": {name: texts.get(f"export_column.{column.name}") for name, texts in languages.items()}}


def _cells(column: Column, languages: Mapping[str, Texts]) -> list[str]:
    of_case = f" ({_both(languages, 'export_dictionary.of_case')})" if column.of_case else ""
    return [f"<code>{escape(column.name)}</code>", f"<code>{escape(column.key)}</code>{escape(of_case)}",
            escape(_both(languages, f"export_kind.{column.kind.value}")), escape(column.unit), escape(column.zone),
            "<br>".join(escape(texts.get(f"export_column.{column.name}")) for texts in languages.values()),
            escape(column.origin), escape(_both(languages, f"export_personal.{column.personal.value}"))]


def _both(languages: Mapping[str, Texts], key: str, between: str = " / ") -> str:
    return between.join(dict.fromkeys(texts.get(key) for texts in languages.values()))
