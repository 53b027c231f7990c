"""The inbox in the bar: how many in-site notices this person has not read, and the last ones.

Filled by the page itself (assets/js/modules/inbox.mjs), so that it is there on every page and goes on counting. Its parts bear
its name: those of the page around it are looked for in the whole page.
"""

from __future__ import annotations

import json

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words


def layout(t: Words) -> html.Div:
    """The button with its badge, and the panel it opens."""
    words = [html.Span(t("inbox.title")), part("inbox-count", html.Span, "inbox-count num")]
    opener = html.Button(
        words, type="button", className="button inbox-opener",
        **{"data-part": "inbox-opener", "aria-label": t("inbox.label_none"), "aria-expanded": "false", "aria-haspopup": "true"})
    head = html.Div([html.Strong(t("inbox.title")),
                     html.Button(t("inbox.read_all"), type="button", className="button", hidden=True,
                                 **{"data-part": "inbox-read"})], className="inbox-head")
    found = [part("inbox-list", html.Ul, "inbox-list"), part("inbox-empty", html.P, "inbox-empty", t("inbox.empty"))]
    panel = html.Div([head, *found], hidden=True, className="inbox-panel",
                     **{"data-part": "inbox-panel", "role": "region", "aria-label": t("inbox.title")})
    texts = json.dumps({"texts": {"inbox": t.tree.get("inbox", {})}}, ensure_ascii=False)
    return html.Div([opener, panel], className="inbox", **{"data-inbox": "", "data-config": texts})
