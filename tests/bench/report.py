"""Results as Markdown, each benchmark in its own part of docs/benchmarks.md, or of the page it belongs to, so that one can be
run again alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.render_docs import with_part
from tests.bench.harness import Line, hardware

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"forecast-quality": "forecast.md"}  # those that say how good something is stand where that is explained
_HEAD = "| what | figure | floor, same run | times the floor | limit | holds | sample |\n|---|---|---|---|---|---|---|"


def as_table(lines: Sequence[Line]) -> str:
    return "\n".join([_HEAD, *(_row(line) for line in lines)])


def write_part(name: str, lines: Sequence[Line]) -> None:
    """Replace that benchmark's part of the page. Raises ValueError when the page lacks its marks."""
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    part = f"{day}; {hardware()}.\n\n{as_table(lines)}\n"
    page = DOCS / PAGES.get(name, "benchmarks.md")
    page.write_text(with_part(page.read_text(encoding="utf-8"), f"bench-{name}", part), encoding="utf-8")


def _row(line: Line) -> str:
    verdict = {True: "yes", False: "**no**", None: ""}[line.holds]
    return f"| {line.what} | {line.figure} | {line.floor} | {line.ratio} | {line.limit} | {verdict} | {line.sample} |"
