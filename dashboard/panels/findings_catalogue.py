"""The detectors in words: what each looks for, why it matters, what it cannot show, and the values it works with. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from alerts.detectors.base import Watch
from alerts.detectors.registry import DETECTORS
from dashboard.words import Words


def render(settings: Any, t: Words) -> html.Section:
    """`settings` are the DetectorSettings in force."""
    note = html.P(t("findings_page.catalogue_words", version=settings.version), className="panel-note")
    return html.Section([html.H2(t("findings_page.catalogue")), note,
                         html.Div([_detector(detector, settings, t) for detector in DETECTORS], className="catalogue")],
                        className="panel finding-catalogue")


def _detector(detector: type[Watch], settings: Any, t: Words) -> html.Details:
    key, parameters = f"detector.{detector.id}", settings.default[detector.id]
    off = [] if parameters.enabled else [html.Span(t("findings_page.off"), className="chip chip-stale")]
    lines = [html.Div([html.Dt(t(f"findings_page.{name}")), html.Dd(t(f"{key}.{name}"))])
             for name in ("looks_for", "why", "cannot")]
    least = t("findings_page.least", cases=parameters.min_cases, hits=parameters.min_hits)
    return html.Details([html.Summary([html.Strong(detector.id), html.Span(t(f"{key}.name")), *off]),
                         html.Dl(lines), html.P(least, className="panel-note")], className="catalogue-entry")
