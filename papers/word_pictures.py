"""Pictures that lie over the text of a docx at a fixed place; python-docx itself only sets them in the line."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm


def float_picture(line: Any, picture: bytes, x_mm: float, y_mm: float, size_mm: float, name: str, *, behind: bool) -> None:
    """A square picture, `x` from the left edge of the text, `y` below the top of this paragraph."""
    run = line.add_run()
    inline = run.add_picture(BytesIO(picture), Mm(size_mm), Mm(size_mm))._inline
    inline.docPr.set("descr", name)
    anchor = parse_xml(
        f'<wp:anchor {nsdecls("wp")} distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="251658240" '
        f'behindDoc="{int(behind)}" locked="0" layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/>'
        f'<wp:positionH relativeFrom="margin"><wp:posOffset>{Mm(x_mm)}</wp:posOffset></wp:positionH>'
        f'<wp:positionV relativeFrom="paragraph"><wp:posOffset>{Mm(y_mm)}</wp:posOffset></wp:positionV></wp:anchor>')
    anchor.append(inline.extent)
    anchor.append(parse_xml(f'<wp:wrapNone {nsdecls("wp")}/>'))
    for part in (inline.docPr, inline.find("{*}cNvGraphicFramePr"), inline.graphic):
        if part is not None:
            anchor.append(part)
    inline.getparent().replace(inline, anchor)
