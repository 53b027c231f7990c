"""The form of an export and the list of those there are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from dash import dcc, html

from cases.events import EventKind
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.exports.exporter import Format
from evaluation.exports.queries import ExportRow
from evaluation.exports.service import OPEN
from evaluation.exports.slices import Slice

HEADS = ("head_number", "head_asked", "head_what", "head_state", "head_files")
_FORMAT_NAMES = {Format.XES_GZ: "XES 1.0 (.xes.gz)", Format.XES: "XES 1.0 (.xes)", Format.PARQUET: "Parquet (.parquet)",
                 Format.CSV_GZ: "CSV (.csv.gz)", Format.CSV: "CSV (.csv)"}
_MIB = 1 << 20
_CHECK = "edit-check people-check exports-check"
Names = Mapping[str, str]


def form(areas: Names, orgs: Names, items: Names, t: Words) -> html.Div:
    """Choices have the names people know; codes are what is asked for."""
    every = t("exports_page.every")
    kinds = [{"label": t(f"event_kind.{kind.value}"), "value": kind.value} for kind in EventKind]
    formats = [{"label": name, "value": form.value} for form, name in _FORMAT_NAMES.items()]
    spans = [{"label": t(f"exports_page.by_{by}"), "value": by} for by in ("claimed", "received")]
    personal = [{"label": t("exports_page.personal"), "value": "yes"}]
    rows = [
        _field("format", _choice("format", formats, t, value=Format.XES_GZ.value), t),
        _field("by", dcc.RadioItems(spans, "claimed", id="exports-by", className="act-choice"), t),
        _field("since", _date("since"), t), _field("until", _date("until"), t),
        _field("area", _choice("area", _options(areas), t, placeholder=every), t),
        _field("org", _choice("org", _options(orgs), t, placeholder=every), t),
        _field("item", _choice("item", _options(items), t, placeholder=every), t),
        _field("kinds", _choice("kinds", kinds, t, multi=True, placeholder=every), t),
        dcc.Checklist([{"label": t("exports_page.whole"), "value": "yes"}], [], id="exports-whole", className=_CHECK),
        html.Div([dcc.Checklist(personal, [], id="exports-personal", className=_CHECK),
                  html.Small(t("exports_page.personal_words"), className="panel-note"),
                  dcc.Input(id="exports-reason", type="text", autoComplete="off", className="field edit-input", maxLength=200,
                            placeholder=t("exports_page.reason"))], id="exports-personal-part", className="exports-personal")]
    start = html.Button(t("exports_page.start"), id="exports-start", className="button button-main")
    return html.Div([html.Div(rows, className="exports-fields"), html.Div(
        [start, html.Span(id="exports-said", className="feeds-said", role="status")], className="act-buttons")])


def table(rows: Sequence[ExportRow], files: Mapping[int, Sequence[str]], until: Mapping[int, int], names: Names,
          t: Words) -> Any:
    """`files`: what of each can be taken away; `until`: until when (microseconds UTC); `names` of codes."""
    if not rows:
        return html.P(t("exports_page.none"), className="case-none")
    lines = (html.Tr([num(str(row.id)), html.Td([html.Strong(row.asked_name or row.asked_by), html.Br(), stamp(row.asked_at)]),
                      html.Td([html.Strong(_FORMAT_NAMES[Format(row.format)]), html.Br(), slice_words(row, names, t)]),
                      html.Td(_state(row, until.get(row.id), t)), html.Td(_files(row, files.get(row.id, ()), t))],
                     id=f"export-{row.id}") for row in rows)
    return grid([t(f"exports_page.{head}") for head in HEADS], lines, "exports-grid")


def slice_words(row: ExportRow, names: Names, t: Words) -> str:
    """What was asked for, in words."""
    wanted = msgspec.json.decode(row.slice, type=Slice)
    told = [t("exports_page.from_words", since=stamp(wanted.since)) if wanted.since is not None else "",
            t("exports_page.to_words", until=stamp(wanted.until)) if wanted.until is not None else "",
            *(names.get(code, code) for code in (wanted.area, wanted.org, wanted.item)),
            "、".join(t(f"event_kind.{kind.value}") for kind in wanted.kinds),
            t("exports_page.with_personal") if row.personal else ""]
    return " · ".join(one for one in told if one) or t("exports_page.everything")


def _state(row: ExportRow, until: int | None, t: Words) -> list[Any]:
    chip = html.Span(t(f"export_state.{row.state}"), className=f"chip export-{row.state}")
    if row.state == "running":
        share = html.Progress(value=str(row.done), max=str(max(row.total, 1)))
        words = t("exports_page.progress", done=f"{row.done:,}", total=f"{row.total:,}")
        return [chip, share, html.Span(words, className="num")]
    if row.state == "failed":
        words = t.first(f"error.{row.error}", "error.export_failed", rows=f"{row.total:,}", most="", value="", year="")
        return [chip, html.Div(words, className="panel-note")]
    if row.state != "done":
        return [chip]
    size = f"{row.bytes / _MIB:.1f} MiB"
    kept = [html.Div(t("exports_page.until_words", at=stamp(until)), className="panel-note")] if until is not None else []
    return [chip, html.Div(t("exports_page.rows", rows=f"{row.total:,}", cases=f"{row.cases:,}"), className="num"),
            html.Div(t("exports_page.done_words", size=size, sha=row.sha256[:12]), className="num", title=row.sha256), *kept]


def _files(row: ExportRow, files: Sequence[str], t: Words) -> list[Any]:
    if row.state in OPEN:
        return [html.Button(t("exports_page.cancel"), id={"cancel": row.id}, className="button")]
    return [html.A(t(f"exports_page.{what}"), href=f"/api/v1/exports/{row.id}/files/{what}", className="export-file")
            for what in ("data", "manifest", "dictionary", "extension") if what in files]


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"exports_page.{name}"), htmlFor=f"exports-{name}"), control], className="edit-field")


def _choice(name: str, options: Sequence[Any], t: Words, **more: Any) -> dcc.Dropdown:
    given = {"multi": False, "placeholder": "", "value": None, **more}
    return dcc.Dropdown(id=f"exports-{name}", options=list(options), clearable=name != "format", searchable=len(options) > 8,
                        className="edit-choice", labels=dropdown_words(t), **given)


def _date(name: str) -> dcc.Input:
    return dcc.Input(id=f"exports-{name}", type="date", className="field edit-input")


def _options(names: Names) -> list[dict[str, str]]:
    return [{"label": name, "value": code} for code, name in names.items()]
