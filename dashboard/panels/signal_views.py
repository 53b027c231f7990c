"""现场信号: the queue of what cameras found, one signal with why it is judged so, how often each camera was right. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from core.instants import MINUTE_US
from dashboard.panels.tables import facts, grid
from dashboard.times import span_text, stamp
from dashboard.words import Words

TABS = ("waiting", "standing", "history", "seats")
OF_SEAT = ("changed", "moved", "readable", "light", "confidence", "people", "overlap", "minutes", "lasted_minutes")
OF_SCENE = ("seen_again", "detail", "sharpness", "bright", "light", "shift_x", "shift_y", "turned", "seen_there",
            "same_keys", "silent_s", "likeness")
PRESENCE = frozenset({"unattended", "late", "early"})
SHARES = frozenset({"changed", "moved", "readable", "light", "confidence", "seen_again", "detail", "sharpness", "shift_x",
                    "shift_y", "overlap", "occupied_from", "empty_below", "readable_from", "lively_from", "restless_from",
                    "confidence_from", "overlap_from", "seen", "sharp", "seen_there"})


def tabs(here: str, counts: Mapping[str, int], t: Words) -> html.Nav:
    """Where one is, with what waits there."""
    return html.Nav([dcc.Link([t(f"signals_page.tab.{name}"), *([html.Span(str(counts[name]), className="num")]
                                                                if counts.get(name) else [])],
                              href=f"?tab={name}", refresh=False,
                              className="finding-tab is-here" if name == here else "finding-tab") for name in TABS],
                    className="finding-tabs", **{"aria-label": t("signals_page.title")})


def queue(signals: Sequence[Any], chosen: int | None, tab: str, t: Words) -> Any:
    """One line a signal; the oldest stands first where people wait for an answer."""
    if not signals:
        return html.P(t(f"signals_page.nothing.{tab}"), className="case-none")
    here = signals[0].id if chosen is None and tab == "waiting" else chosen  # as the page itself chooses
    return html.Ol([_line(one, one.id == here, tab, t) for one in signals], className="finding-lines signal-lines")


def _line(one: Any, is_here: bool, tab: str, t: Words) -> html.Li:
    head = html.Span([html.Strong(t(f"signal_kind.{one.kind.value}")), html.Span(place_of(one), className="finding-kind"),
                      html.Span(stamp(one.began_business_at)[5:], className="finding-month num")], className="finding-head")
    said = html.Span(summary(one, t), className="finding-said")
    doubt = [html.Span(t("signals_page.calendar_unknown"), className="chip")] if is_assumed(one) else []
    chip = [] if tab == "waiting" else [html.Span(state_of(one, t), className=f"chip signal-{one.state}")]
    return html.Li(dcc.Link([html.Span(className=f"signal-dot signal-kind-{one.kind.value}", **{"aria-hidden": "true"}),
                             html.Span([head, said, *doubt, *chip], className="finding-words")],
                            href=f"?tab={tab}&signal={one.id}", refresh=False, id={"signal": one.id},
                            className="finding-line is-here" if is_here else "finding-line"))


def place_of(one: Any) -> str:
    """Hall and window."""
    return " ".join(filter(None, (one.hall, one.window)))


def summary(one: Any, t: Words) -> str:
    """What is said of it in one line."""
    if one.minutes:
        minutes = round(float(one.figures.get("lasted_minutes", one.figures["minutes"])))
        over = t(f"signal_over.{one.ended_reason}") if one.ended_reason else t("signals_page.goes_on")
        return t("signals_page.minutes", n=minutes, over=over)
    if one.ended_at is None:
        return t("signals_page.goes_on")
    return t("signals_page.lasted", span=span_text(max(MINUTE_US, one.ended_at - one.began_at), t))


def detail(one: Any, org_name: str, t: Words) -> html.Section:
    """One signal: picture, where and when, why the detector says so, what was decided."""
    rows = [(t("signals_page.place"), place_of(one)), (t("signals_page.post"), one.post), (t("signals_page.org"), org_name),
            (t("signals_page.camera"), f"{one.camera_name} {one.camera_code}"),
            (t("signals_page.since"), stamp(one.began_business_at)),
            (t("signals_page.until"), stamp(one.ended_business_at) if one.ended_business_at else t("signals_page.goes_on")),
            (t("signals_page.state"), decided(one, t)), (t("signals_page.comment"), one.comment)]
    head = html.H2([html.Span(t(f"signal_kind.{one.kind.value}")), html.Small(summary(one, t))], className="finding-title")
    assumed = [html.P(t("signals_page.calendar_assumed"), className="signal-doubt", role="note")] if is_assumed(one) else []
    homeless = [html.P(t("signals_page.no_unit"), className="signal-doubt", role="note")] if lacks_unit(one) else []
    known = html.Div(facts(rows), className="finding-facts")
    return html.Section([head, *assumed, *homeless, _picture(one, t), known, _why(one, t)],
                        className="panel finding signal-detail")


def is_assumed(one: Any) -> bool:
    """Whether it was counted in office hours of a day that may be a holiday."""
    return bool(one.figures.get("calendar_assumed"))


def lacks_unit(one: Any) -> bool:
    """Whether it waits to be confirmed and there would be nobody to give a card to."""
    return one.state == "to_confirm" and not one.org


def _picture(one: Any, t: Words) -> Any:
    if not one.picture:
        why = "picture_gone" if one.picture_sha256 else "no_picture"
        if "picture_missing" in one.figures:
            return html.P(t("signals_page.picture_missing", problem=one.figures["picture_missing"]), className="case-none")
        return html.P(t(f"signals_page.{why}"), className="case-none")
    address = f"/api/v1/video/signals/{one.id}/picture.jpg"
    image = html.Img(src=address, alt=t("signals_page.picture"), className="signal-picture")
    told = t("signals_page.taken", at=stamp(one.picture_at, seconds=True), camera=one.camera_name)
    return html.Figure([image, html.Figcaption(told)])


def decided(one: Any, t: Words) -> str:
    """State, and who decided when."""
    state = state_of(one, t)
    if not one.decided_at or one.decided_by == "rule":
        return state
    return t("signals_page.decided", state=state, who=one.decided_name, at=stamp(one.decided_at))


def state_of(one: Any, t: Words) -> str:
    """Where it stands; what no person had to decide is not called true."""
    return t("signals_page.by_rule" if one.decided_by == "rule" else f"signal_state.{one.state}")


def _why(one: Any, t: Words) -> html.Div:
    """A sentence, and every figure with its limit, so that the verdict can be judged."""
    sentence = t.first(f"signal_why.{one.kind.value}.{one.detector}", f"signal_why.{one.kind.value}.any",
                       **{name: shown(name, value) for name, value in {**one.parameters, **one.figures}.items()})
    wanted = OF_SEAT if one.kind.value in PRESENCE else OF_SCENE
    measured = [(name, one.figures[name]) for name in wanted if name in one.figures]
    rows = [html.Tr([html.Td(t(f"signal_figure.{name}")), html.Td(shown(name, value), className="num right")])
            for name, value in measured]
    limits = [html.Tr([html.Td(t.first(f"signal_limit.{name}", "signals_page.plain", name=name)),
                       html.Td(shown(name, value), className="num right")]) for name, value in sorted(one.parameters.items())]
    table = grid((t("signals_page.figure"), t("signals_page.value")), rows, "signal-figures", right=(1,))
    more = html.Details([html.Summary(t("signals_page.limits", detector=t.first(
        f"signal_detector.{one.detector}", f"signal_kind.{one.detector}", "signals_page.plain", name=one.detector))),
        grid((t("signals_page.limit"), t("signals_page.value")), limits, "signal-figures", right=(1,))])
    return html.Div([html.H3(t("signals_page.why")), html.P(sentence, className="signal-why"), table, more])


def shown(name: str, value: Any) -> str:
    """Shares as per cent, the rest as they are."""
    if isinstance(value, float) and name in SHARES:
        return f"{value * 100:.1f}".rstrip("0").rstrip(".") + " %"
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.0f} %"


def records(rows: Sequence[Any], t: Words) -> html.Section:
    """How often each camera was right."""
    heads = [t(f"signals_page.record.{name}") for name in ("camera", "place", "confirmed", "rejected", "waiting", "share")]
    lines = [html.Tr([html.Td(row.name), html.Td(place_of(row)), *(html.Td(figure, className="num right") for figure in (
        str(row.confirmed), str(row.rejected), str(row.waiting), _share(row.false_share)))]) for row in rows]
    body = grid(heads, lines, right=(2, 3, 4, 5)) if lines else html.P(t("signals_page.record.none"), className="case-none")
    words = html.P(t("signals_page.record.words"), className="panel-note")
    return html.Section([html.H3(t("signals_page.record.title")), words, body], className="panel signal-records")
