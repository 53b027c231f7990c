"""An official paper as part of a page: the words, tables and charts of its files, laid out for a screen. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from dash import html

from papers.chart_pictures import as_svg
from papers.charts import draw
from papers.official import Block, Chart, Heading, Items, OfficialPaper, Table, annex_line, attachment_lines, item_lines

CHART_MM = 156.0
_SIDES = {"l": "", "c": "is-middle", "r": "right"}


def sheet(paper: OfficialPaper, draft_words: str) -> html.Article:
    """The whole paper; where it has no number yet, `draft_words` stand in its place."""
    head = [html.P(paper.head_line, className="sheet-head"), html.P(paper.number or draft_words, className="sheet-number")]
    signature = html.Div([html.P(paper.issuer), html.P(paper.date_line)], className="sheet-signature")
    attached = [html.P(line, className="sheet-attached") for line in attachment_lines(paper.enclosed)] if paper.enclosed else []
    annexes = [html.Section([html.P(annex_line(paper, place), className="sheet-annex"), html.H3(annex.title),
                             *_blocks(annex.body)]) for place, annex in enumerate(paper.annexes)]
    end = [html.P(f"抄送：{paper.copies_to}。")] if paper.copies_to else []
    return html.Article([*head, html.H2(paper.title), html.P(f"{paper.addressee}：", className="sheet-addressee"),
                         *_blocks(paper.body), *attached, signature, *annexes, html.Footer(end)],
                        className="paper-page", lang="zh-CN")


def _blocks(blocks: Sequence[Block]) -> list[Any]:
    return [part for block in blocks for part in _block(block)]


def _block(block: Block) -> list[Any]:
    if isinstance(block, Table):
        return [html.Div(_table(block), className="sheet-scroll")]
    if isinstance(block, Chart):
        return [chart(block)]
    if isinstance(block, Items):
        return [html.P(line) for line in item_lines(block)]
    if isinstance(block, Heading):
        return [html.H3(block.text, className=f"sheet-level-{block.level}")]
    return [html.P(part) for part in block.text.splitlines()]


def chart(block: Chart, width: float = CHART_MM) -> html.Figure:
    """The picture with its caption; as an image, so that nothing of it can act in the page."""
    svg = as_svg(draw(block, width), block.caption)
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    return html.Figure([html.Img(src=source, alt=block.caption), html.Figcaption(block.caption)])


def _table(block: Table) -> html.Table:
    sides = [_SIDES[side] for side in (block.align or "l" * len(block.head))]
    heads = html.Thead(html.Tr([html.Th(head, scope="col") for head in block.head]))
    first_sum = len(block.rows) - block.sums
    rows = [html.Tr([html.Td(text, className=side) for text, side in zip(row, sides, strict=True)],
                    className="is-sum" if place >= first_sum else "") for place, row in enumerate(block.rows)]
    caption = [html.Caption(block.caption)] if block.caption else []
    return html.Table([*caption, heads, html.Tbody(rows)])
