"""A form from a pydantic model: one field per field of the model, with a place for what is wrong with it.

Ids are {"field": path, "of": form}; values come back as what the browser holds and are read by `read`, which knows the model.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, Union, get_args, get_origin

from dash import dcc, html
from pydantic import BaseModel

from dashboard.words import Words

SEARCHED = 12  # choices beyond which one types to find
LONG = ("legal_basis", "source", "demanded_action", "demanded_action_en")


def fields(model: type[BaseModel], values: Mapping[str, Any], form: str, t: Words, *, prefix: str = "",
           leave_out: Iterable[str] = (), disabled: bool = False, said: str = "") -> list[html.Div]:
    """Every field of the model, in its order."""
    return [field(name, info.annotation, values.get(name), form, t, prefix=prefix, disabled=disabled, said=said)
            for name, info in model.model_fields.items() if name not in leave_out]


def field(name: str, kind: Any, value: Any, form: str, t: Words, *, prefix: str = "", disabled: bool = False,
          names: Mapping[str, str] | None = None, said: str = "") -> html.Div:
    """One field under its name, and below it the place of its error. `names` are what choices are called that are no words of
    ours, such as units; `said` is the group of texts that names these fields, where it is not that of the form."""
    path = f"{prefix}{name}"
    keys = (f"{said}.{name}",) * bool(said) + (f"{form}_field.{name}", f"rules_page.field.{name}", "case.clock.plain")
    label = html.Label(t.first(*keys, name=name))
    return html.Div([label, _control(name, kind, value, {"field": path, "of": form}, t, disabled, names or {}, said),
                     html.Small(id={"error": path, "of": form}, className="field-error", role="alert")],
                    className=f"edit-field{' is-long' if name in LONG else ''}")


def _control(name: str, kind: Any, value: Any, key: dict[str, str], t: Words, disabled: bool,
             names: Mapping[str, str], said: str) -> Any:
    plain, is_optional = _without_none(kind)
    if plain is bool:
        return dcc.Checklist(id=key, options=[{"label": t("rules_page.yes"), "value": "yes", "disabled": disabled}],
                             value=["yes"] if value else [], className="edit-check")
    choices = _choices(plain)
    if choices:
        several = get_origin(plain) is tuple
        own = f"{said}_value.{name}" if said else f"rules_page.choice.{name}"
        options = [{"label": t.first(f"{own}.{one}", f"clock.{one}", f"violation.{one}", "case.clock.plain",
                                     name=names.get(one, str(one))),
                    "value": one} for one in choices]
        return dcc.Dropdown(id=key, options=options, value=list(value or ()) if several else value, multi=several,
                            clearable=is_optional or several, searchable=len(options) > SEARCHED,
                            disabled=disabled, placeholder="—", className="edit-choice", labels=dropdown_words(t))
    if name in LONG:
        return dcc.Textarea(id=key, value=_shown(value), className="field edit-input", disabled=disabled, spellCheck=False)
    return dcc.Input(id=key, value=_shown(value), className="field edit-input", disabled=disabled, debounce=True,
                     type="text", autoComplete="off")


def place_words(path: str, form: str, t: Words) -> str:
    """收费 第 1 行 标准（元）: a path of the form as its reader finds it."""
    def called(within: str, part: str) -> str:
        if part.isdigit():
            return t("rules_page.row", n=int(part) + 1)
        keys = (f"{within}.{part}", f"item_page.part.{part}", f"{form}_field.{part}", f"rules_page.field.{part}")
        return t.first(*keys, "case.clock.plain", name=part)

    parts = [part for part in path.split(".") if part]
    return " ".join(called(within, part) for within, part in zip(["", *parts], parts, strict=False))


def dropdown_words(t: Words) -> Any:
    """What Dash writes in a dropdown by itself, in the language of the page."""
    named = {name: t(f"dropdown.{name}") for name in ("select_all", "deselect_all", "search", "clear_search", "clear_selection",
                                                      "no_options_found")}
    return {**named, "selected_count": t("dropdown.selected_count", n="{num_selected}")}


def read(model: type[BaseModel], values: Mapping[str, Any], *, prefix: str = "",
         leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """What the fields hold, as plain data for the model; an empty field of one that may be absent is None."""
    return {name: _read(info.annotation, values.get(f"{prefix}{name}")) for name, info in model.model_fields.items()
            if name not in leave_out and f"{prefix}{name}" in values}


def _read(kind: Any, value: Any) -> Any:
    plain, is_optional = _without_none(kind)
    if plain is bool:
        return bool(value)
    if get_origin(plain) is tuple:
        return _parts(value)
    if get_origin(plain) is dict:
        return {name.strip(): number.strip() for part in _parts(value) for name, _, number in [str(part).partition("=")]}
    text = value.strip() if isinstance(value, str) else value
    if text in ("", None):
        return None if is_optional else ""
    return text


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
    return list(value or ())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) in (Union, types.UnionType):
        rest = [one for one in get_args(kind) if one is not type(None)]
        return rest[0], len(rest) < len(get_args(kind))
    return kind, False


def _choices(kind: Any) -> tuple[Any, ...]:
    """The values of a Literal, an enum, or a tuple of either."""
    inner = get_args(kind)[0] if get_origin(kind) is tuple else kind
    if get_origin(inner) is Literal:
        return get_args(inner)
    members = getattr(inner, "__members__", None)
    return tuple(member.value for member in members.values()) if members else ()
