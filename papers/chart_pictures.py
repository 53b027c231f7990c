"""Drawings of charts as SVG for pages and as PNG for a docx, whose readers draw no shapes of ours alike."""

from __future__ import annotations

from html import escape
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from papers.charts import MM_PER_PT, Box, Colour, Dot, Drawing, Line, Shape, Words
from papers.fonts import Fonts

DOTS_PER_MM = 200 / 25.4
SMOOTH = 2  # drawn so many times larger first, so that edges are not stairs
DASH_MM = 1.2


def as_svg(drawing: Drawing, name: str) -> str:
    """An image of its own, named for whoever cannot see it. Words are in the font of the page."""
    parts = "".join(_svg_of(shape) for shape in drawing.shapes)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:.1f} {drawing.height:.1f}" role="img" '
            f'aria-label="{escape(name)}" font-family="Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif">'
            f"<title>{escape(name)}</title>{parts}</svg>")


def _svg_of(shape: Shape) -> str:
    match shape:
        case Line():
            dashes = f' stroke-dasharray="{DASH_MM} {DASH_MM}"' if shape.is_dashed else ""
            return (f'<line x1="{shape.x1:.2f}" y1="{shape.y1:.2f}" x2="{shape.x2:.2f}" y2="{shape.y2:.2f}" '
                    f'stroke="{_hex(shape.colour)}" stroke-width="{shape.thick}"{dashes}/>')
        case Box():
            return (f'<rect x="{shape.x:.2f}" y="{shape.y:.2f}" width="{shape.width:.2f}" height="{shape.height:.2f}" '
                    f'fill="{_hex(shape.colour)}"/>')
        case Dot():
            return f'<circle cx="{shape.x:.2f}" cy="{shape.y:.2f}" r="{shape.radius}" fill="{_hex(shape.colour)}"/>'
        case Words():
            return (f'<text x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.points * MM_PER_PT:.2f}" '
                    f'text-anchor="{shape.anchor}" fill="{_hex(shape.colour)}">{escape(shape.text)}</text>')


def as_png(drawing: Drawing, fonts: Fonts, smooth: int = SMOOTH) -> bytes:
    """A picture of 200 dots an inch, the same for the same drawing. Words and straight lines need no smoothing. Raises
    FontsMissing."""
    scale = DOTS_PER_MM * smooth
    picture = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), "white")
    words = "".join(shape.text for shape in drawing.shapes if isinstance(shape, Words))
    face = str(fonts.file("heading", words))
    pen = ImageDraw.Draw(picture)
    for shape in drawing.shapes:
        _paint(pen, shape, scale, face)
    made = BytesIO()
    if smooth > 1:
        picture = picture.resize((picture.width // smooth, picture.height // smooth), Image.Resampling.LANCZOS)
    picture.save(made, "PNG", dpi=(200, 200), optimize=smooth > 1)  # of a long table it takes five seconds, for a thirtieth
    return made.getvalue()


def _paint(pen: ImageDraw.ImageDraw, shape: Shape, scale: float, face: str) -> None:
    match shape:
        case Line():
            for x1, y1, x2, y2 in _strokes(shape):
                pen.line((x1 * scale, y1 * scale, x2 * scale, y2 * scale), shape.colour, max(1, round(shape.thick * scale)))
        case Box():
            pen.rectangle((shape.x * scale, shape.y * scale, (shape.x + shape.width) * scale,
                           (shape.y + shape.height) * scale), shape.colour)
        case Dot():
            pen.ellipse(tuple(scale * edge for edge in (shape.x - shape.radius, shape.y - shape.radius,
                                                        shape.x + shape.radius, shape.y + shape.radius)), shape.colour)
        case Words():
            font = ImageFont.truetype(face, max(1, round(shape.points * MM_PER_PT * scale)),
                                      layout_engine=ImageFont.Layout.BASIC)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            pen.text((shape.x * scale, shape.y * scale), shape.text, shape.colour, font, anchor)


def _strokes(line: Line) -> list[tuple[float, float, float, float]]:
    """The line, or its dashes."""
    if not line.is_dashed:
        return [(line.x1, line.y1, line.x2, line.y2)]
    length = ((line.x2 - line.x1) ** 2 + (line.y2 - line.y1) ** 2) ** 0.5
    steps = max(1, round(length / DASH_MM))
    across, down = (line.x2 - line.x1) / steps, (line.y2 - line.y1) / steps
    return [(line.x1 + across * at, line.y1 + down * at, line.x1 + across * (at + 1), line.y1 + down * (at + 1))
            for at in range(0, steps, 2)]


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
