"""Charts on the sheet of a PDF, as lines and letters that stay sharp, with the caption below (图在上、图题在下)."""

from __future__ import annotations

from papers.charts import Box, Dot, Line, Shape, Words, draw, height_of
from papers.official import Chart
from papers.pdf_sheet import BLACK, LEFT, LINE, TABLE_PT, WIDTH, Sheet

GAP = 2.0


def room_of(chart: Chart) -> float:
    """Picture and caption stay together."""
    return height_of(chart) + LINE + GAP


def write_chart(sheet: Sheet, chart: Chart) -> None:
    sheet.make_room(room_of(chart))
    top = sheet.down + GAP
    drawing = draw(chart, WIDTH)
    for shape in drawing.shapes:
        _put(sheet, shape, LEFT, top)
    sheet.down = top + drawing.height
    sheet.ink("heading", TABLE_PT)
    sheet.write_centred(chart.caption)


def _put(sheet: Sheet, shape: Shape, left: float, top: float) -> None:
    match shape:
        case Line():
            sheet.set_draw_color(*shape.colour)
            sheet.set_line_width(shape.thick)
            if shape.is_dashed:
                sheet.set_dash_pattern(1.2, 1.2)
            sheet.line(left + shape.x1, top + shape.y1, left + shape.x2, top + shape.y2)
            sheet.set_dash_pattern()
        case Box():
            sheet.set_fill_color(*shape.colour)
            sheet.rect(left + shape.x, top + shape.y, shape.width, shape.height, style="F")
        case Dot():
            sheet.set_fill_color(*shape.colour)
            sheet.ellipse(left + shape.x - shape.radius, top + shape.y - shape.radius, 2 * shape.radius, 2 * shape.radius,
                          style="F")
        case Words():
            sheet.ink("heading", shape.points, shape.colour)
            width = sheet.get_string_width(shape.text)
            back = {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
            sheet.text(left + shape.x - back, top + shape.y, shape.text)
            sheet.set_text_color(*BLACK)
