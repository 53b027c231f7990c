"""The cameras by hall with how each of them is, and who changed it last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from core.instants import SECOND_US
from dashboard.times import stamp
from dashboard.words import Words

NEW = "new"
QUIET_US = 15 * SECOND_US  # a camera that sends is told anew every ten seconds: an older picture has lost who tells of it


def render(rows: Sequence[Any], here: str, now_us: int, t: Words, *, may_edit: bool) -> list[Any]:
    """`rows` are video.queries.CameraRow in their order."""
    new = html.P(dcc.Link(t("camera_page.new"), href=f"?camera={NEW}", refresh=False), hidden=not may_edit,
                 className="edit-begin")
    if not rows:
        return [new, html.P(t("camera_page.none"), className="case-none")]
    return [new, *(_hall(hall, list(inside), here, now_us, t) for hall, inside in groupby(rows, key=lambda row: row.hall))]


def _hall(hall: str, rows: Sequence[Any], here: str, now_us: int, t: Words) -> html.Section:
    live = sum(row.state == "live" for row in rows)
    head = html.H3([html.Span(hall), html.Span(t("camera_page.count", n=len(rows), live=live), className="camera-count num")])
    return html.Section([head, html.Ul([_camera(row, row.code == here, now_us, t) for row in rows], className="edit-list")],
                        className="camera-hall")


def _camera(row: Any, is_here: bool, now_us: int, t: Words) -> html.Li:
    place = t("video.window", window=row.window) if row.window else t("wall.cameras.overall")
    title = html.Span([html.Strong(row.name), html.Small(place, className="num")], className="camera-name")
    how = html.Span([html.Span(className="camera-dot"), html.Span(state_words(row, t)), _age(row, now_us, t)],
                    className="camera-state")
    why = reason_words(row.reason, t) if row.state in ("offline", "refused", "stalled") else ""
    parts = [title, how, *([html.Small(why, className="camera-why")] if why else [])]
    link = dcc.Link(parts, href=f"?camera={quote(row.code)}", refresh=False)
    return html.Li(link, className=f"camera-row camera-{shown_state(row)}{' is-here' if is_here else ''}")


def shown_state(row: Any) -> str:
    return "retired" if row.retired_at is not None else str(row.state)


def state_words(row: Any, t: Words) -> str:
    return t("camera_page.retired") if row.retired_at is not None else t(f"camera_state.{row.state}")


def reason_words(reason: Any, t: Words) -> str:
    """The sentence of a reason `{"code": …}`, empty for none."""
    code = reason.get("code") if reason else None
    if not code:
        return ""
    return t.first(f"error.{code}", "video.reason_unknown", **{**reason, "code": code})


def _age(row: Any, now_us: int, t: Words) -> html.Span:
    if row.seen_at is None or row.state not in ("live", "stalled", "offline"):
        return html.Span()
    age = max(0, now_us - row.seen_at)
    return html.Span("" if row.state == "live" and age < QUIET_US else t("camera_page.seen", age=age_words(age, t)),
                     className="num")


def age_words(age_us: int, t: Words) -> str:
    """`14 秒`, `3 分钟`, `5 小时`."""
    seconds = age_us // 1_000_000
    if seconds < 120:
        return t("video.age.seconds", n=seconds)
    return t("video.age.minutes", n=seconds // 60) if seconds < 7_200 else t("video.age.hours", n=seconds // 3_600)


def changed(row: Any, t: Words) -> str:
    return t("camera_page.changed", name=row.changed_by, at=stamp(row.changed_at), rev=row.rev)
