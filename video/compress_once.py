"""Makes an MP4 that browsers play out of one they do not. Run by `core.child.Children` in a process of its own, which knows
nothing of this program: what is in a stranger's pictures ends this process at worst.

Arguments: the file, the greatest height in pixels, the greatest number of pixels of a picture, and as JSON what must not be
seen (`masks`: polygons in fractions of the picture; `is_coarse`: the whole of it in large blocks). Standard output: the MP4,
H.264 with the instants of the original.
"""

from __future__ import annotations

import io
import json
import sys
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

BASE = Fraction(1, 90_000)
OPTIONS = {"preset": "ultrafast", "crf": "26", "bf": "0"}
KEY_EVERY = 50
GREY, NEUTRAL = 60, 128
COARSE = 24   # blocks across the height


def main() -> None:
    av.logging.set_level(None)
    path, height_max, pixels_max = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.buffer.write(compressed(path, height_max, pixels_max, json.loads(sys.argv[4])))


def compressed(path: str, height_max: int, pixels_max: int, hidden: dict[str, Any]) -> bytes:
    """Raises av.FFmpegError and ValueError for what cannot be read."""
    made = io.BytesIO()
    with av.open(path, options={"protocol_whitelist": "file"}) as source, \
            av.open(made, "w", format="mp4") as target:
        stream = source.streams.video[0]
        stream.thread_type = "NONE"
        if stream.codec_context.width * stream.codec_context.height > pixels_max:
            raise ValueError("pictures too large")
        height = min(stream.codec_context.height, height_max) // 2 * 2
        out = target.add_stream("libx264", options=OPTIONS)
        out.width = max(2, round(stream.codec_context.width * height / stream.codec_context.height) // 2 * 2)
        out.height, out.pix_fmt = height, "yuv420p"
        out.time_base = out.codec_context.time_base = BASE
        out.codec_context.gop_size, out.codec_context.thread_count = KEY_EVERY, 1
        for frame in source.decode(stream):
            target.mux(out.encode(_shown(frame, out.width, out.height, hidden)))
        target.mux(out.encode(None))
    return made.getvalue()


def _shown(frame: av.VideoFrame, width: int, height: int, hidden: dict[str, Any]) -> av.VideoFrame:
    at = int((frame.pts or 0) * (frame.time_base or BASE) / BASE)
    shown = frame.reformat(width=width, height=height, format="yuv420p")
    if hidden["masks"] or hidden["is_coarse"]:
        shown = _veiled(shown, hidden)
    shown.pts, shown.time_base, shown.pict_type = at, BASE, av.video.frame.PictureType.NONE
    return shown


def _veiled(frame: av.VideoFrame, hidden: dict[str, Any]) -> av.VideoFrame:
    """The picture without what must not be seen: the planes of brightness and of both colours lie one below the other."""
    whole = frame.to_ndarray()
    flat, at = whole.reshape(-1), 0
    for width, height, fill in ((frame.width, frame.height, GREY), *[(frame.width // 2, frame.height // 2, NEUTRAL)] * 2):
        plane = flat[at:at + width * height].reshape(height, width)
        if hidden["is_coarse"]:
            small = cv2.resize(plane, (max(1, COARSE * width // height), COARSE), interpolation=cv2.INTER_AREA)
            plane[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
        for mask in hidden["masks"]:
            corners = np.round(np.array(mask) * (width, height)).astype(np.int32)
            cv2.fillPoly(plane, [corners], fill)
            cv2.polylines(plane, [corners], True, fill, 5)  # a little larger than it was drawn
        at += width * height
    return av.VideoFrame.from_ndarray(whole, format="yuv420p")


if __name__ == "__main__":
    main()
