"""Makes an MP4 that browsers play out of one they do not. Run by `core.child.Children` in a process of its own, which knows
nothing of this program: what is in a stranger's pictures ends this process at worst.

Arguments: the file, the greatest height in pixels, the greatest number of pixels of a picture. Standard output: the MP4, H.264
with the instants of the original.
"""

from __future__ import annotations

import io
import sys
from fractions import Fraction

import av

BASE = Fraction(1, 90_000)
OPTIONS = {"preset": "ultrafast", "crf": "26", "bf": "0"}
KEY_EVERY = 50


def main() -> None:
    av.logging.set_level(None)
    path, height_max, pixels_max = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.buffer.write(compressed(path, height_max, pixels_max))


def compressed(path: str, height_max: int, pixels_max: int) -> bytes:
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
            target.mux(out.encode(_shown(frame, out.width, out.height)))
        target.mux(out.encode(None))
    return made.getvalue()


def _shown(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    at = int((frame.pts or 0) * (frame.time_base or BASE) / BASE)
    shown = frame.reformat(width=width, height=height, format="yuv420p")
    shown.pts, shown.time_base, shown.pict_type = at, BASE, av.video.frame.PictureType.NONE
    return shown


if __name__ == "__main__":
    main()
