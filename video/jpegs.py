"""One compressed picture as JPEG."""

from __future__ import annotations

import io

import av
from av.error import FFmpegError
from PIL.Image import Image

from video.packets import MediaPacket

QUALITY, WIDTH_MAX = 88, 1920


def jpeg_of(packet: MediaPacket, max_pixels: int) -> bytes | None:
    """A key frame decoded and compressed as JPEG; None when no decoder makes a picture of it."""
    try:
        decoder = av.CodecContext.create(packet.track.codec, "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.thread_count, decoder.options = 1, {"max_pixels": str(max_pixels)}
        decoder.extradata = packet.track.extradata or None
        for frame in [*decoder.decode(av.Packet(packet.data)), *decoder.decode(None)]:
            return _jpeg(frame)
    except (FFmpegError, ValueError):
        return None
    return None


def _jpeg(frame: av.VideoFrame) -> bytes:
    width = min(frame.width, WIDTH_MAX)
    image: Image = frame.to_image(  # type: ignore[no-untyped-call]
        width=width, height=max(2, round(frame.height * width / frame.width)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
