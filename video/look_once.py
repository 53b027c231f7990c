"""Opens one stream, takes one picture, prints it. Run by `core.child.Children` in a process of its own, which knows nothing
of this program: what a stranger's stream does to it, it does to nobody else.

Standard input: JSON with `address`, `kind`, `seconds`, `width_max`. Standard output: one line of JSON (`codec`, `width`,
`height`, `fps`, or `code` when there is no picture), then the picture as JPEG.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import av

PACKETS_MAX = 600
KINDS: dict[str, dict[str, Any]] = {
    "rtsp": {"options": {"rtsp_transport": "tcp", "protocol_whitelist": "rtsp,rtp,tcp",
                         "allowed_media_types": "video", "max_delay": "500000"}},
    "file": {"options": {"protocol_whitelist": "file"}},
    "device": {"format": "v4l2"},
}
CODES = ((av.HTTPUnauthorizedError, "camera_unauthorized"), (av.HTTPForbiddenError, "camera_unauthorized"),
         (av.HTTPNotFoundError, "camera_path_unknown"), (av.TimeoutError, "camera_timeout"), (av.ExitError, "camera_timeout"))


def main() -> None:
    asked = json.loads(sys.stdin.buffer.read())
    av.logging.set_level(None)
    try:
        said, picture = look(asked)
    except (OSError, ValueError, av.FFmpegError) as failure:
        code = next((code for kind, code in CODES if isinstance(failure, kind)), "camera_stream_broken")
        said, picture = {"code": code, "details": {"problem": type(failure).__name__}}, b""
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + picture)


def look(asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What the stream is, and its first whole picture."""
    with av.open(asked["address"], timeout=(asked["seconds"], asked["seconds"]), **KINDS[asked["kind"]]) as container:
        if not container.streams.video:
            return {"code": "camera_no_video"}, b""
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        rate = stream.average_rate or stream.guessed_rate
        said = {"codec": stream.codec_context.name, "fps": float(rate) if rate else 0.0}
        begun = False  # what comes before the first key frame is a smear
        for number, packet in enumerate(container.demux(stream)):
            begun = begun or packet.is_keyframe
            for frame in packet.decode() if begun and packet.size else ():
                return {**said, "width": frame.width, "height": frame.height}, _jpeg(frame, asked["width_max"])
            if number > PACKETS_MAX:
                break
    return {"code": "camera_no_pictures"}, b""


def _jpeg(frame: Any, width_max: int) -> bytes:
    width = min(frame.width, width_max)
    image = frame.to_image(width=width, height=max(2, round(frame.height * width / frame.width)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


if __name__ == "__main__":
    main()
