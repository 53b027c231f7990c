"""What a page says while it waits for an answer, and where none comes (assets/js/modules/wait_lock.mjs)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import Output, html

IDLE_ONLY: dict[str, Any] = {"data-idle-only": "true"}  # takes neither click nor key while the page waits


def waits(name: str, words: str, *, said: str, no_answer: str, wait_s: float, holds: Sequence[str] = ()) -> html.P:
    """`words` while it waits. After so many seconds without an answer `no_answer` stands in the place `said`, and the buttons
    `holds` may be pressed again."""
    told = {"said": said, "words": no_answer, "ms": round(wait_s * 1000), "holds": list(holds)}
    return html.P(words, id=name, className="form-said", role="status", hidden=True, **{"data-waits": json.dumps(told)})


def waiting_on(name: str, holds: Sequence[str] = ()) -> list[tuple[Output, bool, bool]]:
    """The `running` of a callback one waits for."""
    return [(Output(name, "hidden"), False, True), *((Output(button, "disabled"), True, False) for button in holds)]
