"""The form of a camera: where it hangs, how its streams are reached. Areas of the picture are drawn beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from core.errors import SupervisionError
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.people_form import area_name, known_areas
from dashboard.panels.waiting import IDLE_ONLY, waits
from dashboard.words import Words
from video.cameras import NETWORK, SourceKind
from video.registration import CameraForm

FORM = "camera"
FIELDS = ("code", "name", "area", "hall", "window", "post", "org", "kind", "main", "sub", "user", "password", "options",
          "reason")
LONG = ("main", "sub", "options", "reason")
ADDRESSES = ("main", "sub")
HINTED = ("code", "window", "password")
TRIALS = 4  # so many times the seconds of a trial a browser waits: two streams are tried, and starting takes its time


def layout(services: Any, t: Words, *, may_edit: bool) -> html.Div:
    fields = [_field(name, _control(services, name, t, may_edit), t) for name in FIELDS if name != "reason"]
    bar = html.Div([_field("reason", _text("reason", t, may_edit), t),
                    dcc.Checklist(id="camera-anyway", options=[{"value": "yes", "label": t("camera_page.anyway")}], value=[],
                                  className="edit-check"),
                    html.Div([html.Button(t("camera_page.test"), id="camera-test", className="button"),
                              html.Button(t("camera_page.save"), id="camera-save", className="button button-main"),
                              html.Button(t("camera_page.retire"), id="camera-retire", className="button button-quiet")],
                             className="camera-buttons")], className="camera-bar", hidden=not may_edit, **IDLE_ONLY)
    read_only = html.P(t("camera_page.read_only"), className="panel-note", hidden=may_edit)
    return html.Div([html.Header(id="camera-head", className="edit-head"), read_only,
                     html.Div(fields, className="edit-fields camera-fields", **IDLE_ONLY), bar,
                     waits("camera-trying", t("camera_page.trying"), said="camera-said", no_answer=t("camera_page.no_answer"),
                           wait_s=services.settings.video.test_s * TRIALS),
                     html.P(id="camera-said", className="form-said", role="status")])


def values_of(row: Any, default_area: str, hall: str = "") -> tuple[Any, ...]:
    """What the fields hold of a camera, in their order; of none, what a new one begins with."""
    if row is None:
        return "", "", default_area, hall, "", "", "", SourceKind.RTSP.value, "", "", "", "", ["is_enabled"], ""
    options = [name for name in ("is_enabled", "blur_faces") if getattr(row, name)]
    return (row.code, row.name, row.area, row.hall, row.window, row.post, row.org, row.kind, row.main_shown, row.sub_shown, "",
            "", options, "")


def form_of(values: Mapping[str, Any], areas: Mapping[str, Any] | None) -> CameraForm:
    """What was written, as the service takes it; nothing of it is believed yet."""
    given = {name: str(values.get(name) or "") for name in FIELDS if name not in ("options", "reason")}
    options, drawn = values.get("options") or (), areas or {}
    masks = tuple(_corners(mask) for mask in list(drawn.get("masks") or ())[:64])
    return CameraForm(**given, is_enabled="is_enabled" in options, blur_faces="blur_faces" in options,
                      seat=_corners(drawn.get("seat")), masks=masks)


def example_of(name: str, kind: str, t: Words) -> str:
    """How an address of that kind looks, in the empty field."""
    source = "rtsp" if kind in NETWORK else kind
    return t.first(f"camera_page.hint.{name}_{source}", f"camera_page.hint.main_{source}")


def key_of(refusal: SupervisionError) -> str:
    """The field an error is about; empty when it is about none, or about an area of the picture."""
    return str(refusal.details.get("key", ""))


def _corners(given: Any) -> tuple[tuple[float, float], ...]:
    """Corners a browser sent; what is none makes the area one that is refused."""
    try:
        return tuple((float(x), float(y)) for x, y in list(given or ())[:64])
    except (TypeError, ValueError):
        return ((-1.0, -1.0),)


def _control(services: Any, name: str, t: Words, may_edit: bool) -> Any:
    if name == "area":
        areas = [{"value": code, "label": area_name(services, code, t)} for code in known_areas(services)]
        return _choice(name, areas, t, may_edit)
    if name == "org":
        units = [{"value": one.code, "label": one.name} for one in services.catalogue.units]
        return _choice(name, [{"value": "", "label": t("camera_page.no_org")}, *units], t, may_edit)
    if name == "kind":
        kinds = [{"value": kind.value, "label": t(f"camera_page.kinds.{kind.value}")} for kind in SourceKind]
        return _choice(name, kinds, t, may_edit)
    if name == "options":
        return dcc.Checklist(id="camera-options", value=[], className="edit-check camera-options", options=[
            {"value": one, "label": t(f"camera_page.{one}"), "disabled": not may_edit} for one in ("is_enabled", "blur_faces")])
    return _text(name, t, may_edit)


def _text(name: str, t: Words, may_edit: bool) -> dcc.Input:
    hint = {"placeholder": t(f"camera_page.hint.{name}")} if name in HINTED and name != "code" else {}
    kind, fill = ("password", "new-password") if name == "password" else ("text", "off")
    return dcc.Input(id=f"camera-{name}", type=kind, autoComplete=fill, className="field edit-input", disabled=not may_edit,
                     spellCheck=False, **hint)


def _choice(name: str, options: list[dict[str, str]], t: Words, may_edit: bool) -> dcc.Dropdown:
    return dcc.Dropdown(id=f"camera-{name}", options=options, value=options[0]["value"], clearable=False,
                        searchable=len(options) > 8, disabled=not may_edit, className="edit-choice", placeholder="",
                        labels=dropdown_words(t))


def _field(name: str, control: Any, t: Words) -> html.Div:
    label = html.Label(t(f"camera_page.field.{name}"), htmlFor=f"camera-{name}")
    return html.Div([label, control, html.Small(id={"error": name, "of": FORM}, className="field-error", role="alert")],
                    className=f"edit-field{' is-long' if name in LONG else ''}")
