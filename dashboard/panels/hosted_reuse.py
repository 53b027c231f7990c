"""免重复提交 at the window: files the applicant gave with other cases, to be taken over for a paper of this one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import html

from approval.detail import HostedDetail
from approval.reuse import Earlier
from dashboard.panels.hosted_facts import FILES
from dashboard.times import stamp
from dashboard.words import Words


def render(detail: HostedDetail, earlier: Sequence[Earlier], listed: Mapping[str, Any], item_name: Callable[[str], str],
           t: Words) -> html.Section | None:
    """Nothing where there is nothing to take over. The button is worked by assets/js/modules/hall_page.mjs."""
    if not earlier or not listed:
        return None
    rows = [_row(one, detail.head.case_no, listed, item_name, t) for one in earlier]
    consent = html.Div([html.Label(t("hosted.reuse_consent"), htmlFor="reuse-consent"),
                        html.Textarea(id="reuse-consent", maxLength=500, rows=2, className="field")], className="reuse-consent")
    return html.Section([html.H2(t("hosted.reuse")), html.P(t("hosted.reuse_words"), className="panel-note"), consent,
                         html.Ul(rows, className="reuse-list")], className="panel", id="reuse")


def _row(one: Earlier, case_no: str, listed: Mapping[str, Any], item_name: Callable[[str], str], t: Words) -> html.Li:
    options = [html.Option(paper.name, value=code) for code, paper in listed.items()]
    choice = html.Select(options, className="field reuse-paper", **{"aria-label": t("hosted.reuse_for", name=one.file_name)})
    button = html.Button(t("hosted.reuse_take"), className="button", type="button",
                         **{"data-reuse": f"{FILES}/{case_no}/earlier", "data-sha256": one.sha256, "data-name": one.file_name})
    told = html.Div([html.Strong(one.file_name), html.Span(f"{item_name(one.item)} · {one.case_no} · {stamp(one.at)[:10]}",
                                                           className="paper-note num")])
    return html.Li([told, choice, button], className="reuse-row")
