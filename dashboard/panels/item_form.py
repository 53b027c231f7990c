"""The form of an item: names, limits, the flow with its picture beside it, materials, fees, special procedures, result. Pure.

Fields of rows have paths such as steps.1.limit, the same as the errors of the document, so every error finds its field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from dash import html

from config.item_details import FeeStandard, Material
from config.item_document import ItemDocument, StepDocument
from config.item_form import FormField
from config.item_guide import Guide
from config.item_steps import StepField, StepPaper
from dashboard.limit_words import stated_words
from dashboard.panels import hosted_flow
from dashboard.panels.form_fields import field, fields, read
from dashboard.words import Words

FORM = "items"
NEW = "new"
HEAD = ("name", "org", "kind", "category", "legal_basis", "retired")
LIMITS = ("promised", "statutory", "granularity", "forward")
SPECIALS = ("special", "ceilings", "hearing", "hearing_limit")
RESULT = ("licence", "fee", "unpublished")
ROWS: Mapping[str, Any] = {"steps": StepDocument, "form": FormField, "step_fields": StepField, "step_papers": StepPaper,
                            "materials": Material, "fees": FeeStandard}
GUIDE = "guide."
STANDARD, YUAN = "standard_fen", "standard_yuan"  # people write yuan, the document holds fen
_RESULT_KINDS = Literal["paper", "electronic"] | None


def render(content: Mapping[str, Any], code: str, choices: Mapping[str, Any], t: Words, *, may_edit: bool) -> list[Any]:
    """Everything but flow and tables, which `picture` and `tables` draw. `code` "" asks for one; `choices` are units and
    posts."""
    def part(names: Sequence[str]) -> html.Div:
        return html.Div([_field(name, content, choices, t, may_edit) for name in names], className="edit-fields")

    asked = [] if code else [html.Div([field("code", str, "", FORM, t, disabled=not may_edit)], className="edit-fields")]
    words = html.P(t("rules_page.limit_words"), className="panel-note")
    return [_part("names", [*asked, part(HEAD)], t), _part("limits", [words, part(LIMITS)], t),
            _part("specials", [part(SPECIALS)], t), _part("result", [part(RESULT)], t),
            _part("guide", [_guide(content, t, may_edit)], t)]


def _guide(content: Mapping[str, Any], t: Words, may_edit: bool) -> html.Div:
    return html.Div(fields(Guide, content.get("guide") or {}, FORM, t, prefix=GUIDE, disabled=not may_edit,
                           said="guide"),
                    className="edit-fields")


def tables(content: Mapping[str, Any], choices: Mapping[str, Any], t: Words, *, may_edit: bool) -> list[Any]:
    """Steps, materials and fees: whatever has rows that come and go."""
    return [_part(name, _rows(name, content.get(name) or (), choices, t, may_edit), t) for name in ROWS]


def picture(content: Mapping[str, Any], t: Words) -> list[Any]:
    """The flow as it would be, and how much of the promise its steps use."""
    steps = [one for one in content.get("steps") or () if one.get("name")]
    asked = {one.get("code"): one.get("name") for one in content.get("form") or ()}
    notes = {one["name"]: _note(one, asked, _asks(content, one["name"]), t) for one in steps}
    seen = hosted_flow.steps_of([one["name"] for one in steps], ())
    for step in seen:
        step.state = "waiting"
    used = sum(int(one["limit"][:-2]) for one in steps if str(one.get("limit") or "")[:-2].isdigit() and
               str(one["limit"]).endswith("wd"))
    told = t("item_page.steps_use", days=used, promised=stated_words(content.get("promised") or "", t))
    return [hosted_flow.picture(seen, "", notes, t), html.P(told, className="panel-note num")]


def _asks(content: Mapping[str, Any], step: str) -> str:
    """The names of the fields and documents a step asks for."""
    return "、".join(str(one.get("name") or "") for name in ("step_fields", "step_papers") for one in content.get(name) or ()
                    if one.get("step") == step)


def _note(step: Mapping[str, Any], asked: Mapping[Any, Any], asks: str, t: Words) -> str:
    """Under a step of the picture: its limit, who does it, and what is special about it."""
    signed = t("item_page.signed_by", posts="、".join(step["signers"])) if step.get("signers") else ""
    when = t("item_page.done_when", field=asked.get(step["field"]) or step["field"]) if step.get("field") else ""
    back = t("item_page.back_to", steps="、".join(step["returns"])) if step.get("returns") else ""
    posts = signed or "、".join(step.get("posts") or ())
    return " · ".join(filter(None, (str(step.get("limit") or ""), posts, when, back, asks)))


def _part(name: str, children: Sequence[Any], t: Words) -> html.Section:
    return html.Section([html.H3(t(f"item_page.part.{name}")), *children], className=f"item-part item-{name}")


def _field(name: str, content: Mapping[str, Any], choices: Mapping[str, Any], t: Words, may_edit: bool) -> html.Div:
    kind: Any = ItemDocument.model_fields[name].annotation
    kind = {"org": choices["orgs"], "licence": _RESULT_KINDS}.get(name, kind)
    return field(name, kind, content.get(name) or None if name == "licence" else content.get(name), FORM, t,
                 disabled=not may_edit, names=choices["names"] if name == "org" else None)


def _rows(name: str, rows: Sequence[Mapping[str, Any]], choices: Mapping[str, Any], t: Words, may_edit: bool) -> list[Any]:
    drawn = [html.Div([*_cells(name, place, row, choices, t, may_edit), _buttons(name, place, len(rows), t, may_edit)],
                      className="item-row") for place, row in enumerate(rows)]
    add = html.Button(t(f"item_page.add.{name}"), id={"row": "add", "of": name, "at": len(rows)}, className="button",
                      disabled=not may_edit)
    return [*drawn, add]


def _cells(name: str, place: int, row: Mapping[str, Any], choices: Mapping[str, Any], t: Words, may_edit: bool) -> list[Any]:
    prefix = f"{name}.{place}."
    if name == "steps":
        kinds: Mapping[str, Any] = {key: info.annotation for key, info in StepDocument.model_fields.items()}
        kinds = {**kinds, "posts": choices["posts"], "signers": choices["posts"], "at_least": str | None}
        return [field(key, kind, row.get(key), FORM, t, prefix=prefix, disabled=not may_edit) for key, kind in kinds.items()]
    if name in ("form", "step_fields"):
        shown = sorted(ROWS[name].model_fields.items(), key=lambda one: one[0] != "step")
        kinds = {key: str | None if key in ("at_least", "at_most") else info.annotation for key, info in shown}
        return [field(key, kind, row.get(key), FORM, t, prefix=prefix, disabled=not may_edit, said="form_field")
                for key, kind in kinds.items()]
    cells = fields(ROWS[name], row, FORM, t, prefix=prefix, leave_out=(STANDARD,), disabled=not may_edit)
    if name == "fees":
        cells.insert(2, field(YUAN, str, _yuan(row.get(STANDARD)), FORM, t, prefix=prefix, disabled=not may_edit))
    return cells


def _buttons(name: str, place: int, count: int, t: Words, may_edit: bool) -> html.Div:
    shown = [("up", "↑", place > 0), ("down", "↓", place < count - 1), ("remove", "✕", True)]
    return html.Div([html.Button(sign, id={"row": act, "of": name, "at": place}, className="button",
                                 disabled=not (may_edit and can), **{"aria-label": t(f"item_page.row.{act}", n=place + 1)})
                     for act, sign, can in shown], className="item-row-buttons")


# Back from the browser -----------------------------------------------------------------------------------------------

def edited(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what the form holds. A row keeps what the form does not show of it."""
    plain = read(ItemDocument, values, leave_out=(*ROWS, "power", "guide"))
    guide = read(Guide, values, prefix=GUIDE)
    if guide:
        plain["guide"] = {name: one for name, one in guide.items() if one not in ("", None, [])}
    if "licence" in values:
        plain["licence"] = values["licence"] or ""
    if not _count("steps", values):  # the tables are not drawn yet
        return {**before, **plain}
    rows = {name: [_row(name, before, values, place) for place in range(_count(name, values))] for name in ROWS}
    return {**before, **plain, **rows}


def _count(name: str, values: Mapping[str, Any]) -> int:
    return 1 + max((int(path.split(".")[1]) for path in values if path.startswith(f"{name}.")), default=-1)


def _row(name: str, before: Mapping[str, Any], values: Mapping[str, Any], place: int) -> dict[str, Any]:
    made = read(ROWS[name], values, prefix=f"{name}.{place}.")
    if name == "fees":
        made[STANDARD] = _fen(values.get(f"fees.{place}.{YUAN}"))
    keys = {"steps": ("name",), "step_fields": ("step", "code"), "step_papers": ("step", "code")}.get(name, ("code",))
    known = next((one for one in before.get(name) or () if all(one[key] == made.get(key) for key in keys)), {})
    return {**known, **made}


def moved(content: Mapping[str, Any], act: str, name: str, place: int) -> dict[str, Any]:
    """The content with a row added, taken out, or put one place up or down."""
    rows = [dict(row) for row in content.get(name) or ()]
    if act == "add":
        blank = {"steps": {"name": ""}, "form": {"code": "", "name": "", "kind": "text", "required": True},
                 "materials": {"code": "", "name": "", "required": True},
                 "step_fields": {"step": "", "code": "", "name": "", "kind": "text", "required": True},
                 "step_papers": {"step": "", "code": "", "name": "", "required": True},
                 "fees": {"code": "", "name": "", STANDARD: 0, "unit": "", "basis": ""}}[name]
        rows.insert(len(rows) - 1 if name == "steps" and rows else len(rows), blank)  # 办结 stays the last
    elif act == "remove":
        rows.pop(place)
    else:
        other = place - 1 if act == "up" else place + 1
        rows[place], rows[other] = rows[other], rows[place]
    return {**content, name: rows}


def place_of_error(key: str) -> str:
    """The field an error is shown at."""
    parts = key.split(".")
    if parts[0] == "fees" and parts[-1] == STANDARD:
        return ".".join([*parts[:-1], YUAN])
    if len(parts) > 3:
        return ".".join(parts[:3])
    return key if len(parts) != 2 or parts[0] == "guide" else parts[0]


def _yuan(fen: Any) -> str:
    return f"{int(fen) / 100:.2f}" if isinstance(fen, int) else str(fen or "")


def _fen(text: Any) -> Any:
    try:
        fen = Decimal(str(text).strip()) * 100
    except InvalidOperation:
        return text or ""
    return int(fen) if fen.is_finite() and fen == fen.to_integral_value() else text

