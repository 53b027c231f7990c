"""Draws a page of a PDF, or an image, as PNG, in a process of its own: the file on standard input; media type, page (from 1)
and greatest width as arguments. Prints a line of JSON (how many pages there are) and the PNG. Run by core.child; imports
nothing of this program. What comes out is pixels: no metadata, no script, no font of the file.
"""

import json
import sys
from io import BytesIO
from typing import Any

PIXELS_MAX = 120_000_000


def main() -> None:
    media_type, page, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    content = sys.stdin.buffer.read()
    pages, picture = pdf_page(content, page, width) if media_type == "application/pdf" else (1, image(content, width))
    made = BytesIO()
    picture.save(made, "PNG")
    sys.stdout.buffer.write(json.dumps({"pages": pages}).encode() + b"\n" + made.getvalue())


def pdf_page(content: bytes, page: int, width: int) -> tuple[int, Any]:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    if not 1 <= page <= len(document):
        raise SystemExit("no such page")
    sheet = document[page - 1]
    across, down = sheet.get_size()
    scale = min(width / max(across, 1), 3 * width / max(down, 1))
    return len(document), sheet.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")


def image(content: bytes, width: int) -> Any:
    """Turned as its EXIF says, on white where it is clear; never larger than it was."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as found:
        if found.width * found.height > PIXELS_MAX:
            raise SystemExit("too many pixels")
        found.draft("RGB", (2 * width, 2 * width))
        turned = ImageOps.exif_transpose(found).convert("RGBA")
    turned.thumbnail((width, 3 * width))
    ground = Image.new("RGB", turned.size, "white")
    ground.paste(turned, mask=turned.getchannel("A"))
    return ground


if __name__ == "__main__":
    main()
