"""Turns what a demuxer gives into packets of tracks, and notices when the camera changed what it sends."""

from __future__ import annotations

from dataclasses import replace

import av
from av.error import FFmpegError

from video.bitstreams import h264_sets, h264_size, hevc_sets, is_length_prefixed, jpeg_size
from video.faults import refused
from video.packets import MediaPacket, Piece, Track
from video.sources import Format

NAMES = {"h264": "h264", "hevc": "hevc", "mjpeg": "mjpeg", "mjpegb": "mjpeg", "libdav1d": "av1", "av1": "av1"}


class Tracks:
    """The tracks of one stream over all its connections; their serials only grow."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._serial = 0
        self._track: Track | None = None
        self._mark = b""

    def connected(self, stream: Format) -> None:
        """A new connection: whatever comes is a new track, which begins with a key frame."""
        self._serial += 1
        self._mark = b""
        codec = NAMES.get(stream.codec, stream.codec)
        self._format = Track(codec, stream.width, stream.height, stream.time_base, stream.extradata, self._serial)
        self._track = None

    def packet(self, piece: Piece, arrived_us: int, steady_us: int | None = None) -> MediaPacket | None:
        """The packet, or None before the first key frame. Raises SourceFault when the picture is too large."""
        if piece.is_key:
            self._notice(piece.data)
        elif self._track is None:
            return None
        assert self._track is not None
        return MediaPacket(self._track, piece.data, piece.pts, piece.dts, piece.is_key, arrived_us, steady_us)

    def _notice(self, data: bytes) -> None:
        """What describes the pictures comes with key frames; another description makes another track."""
        current = self._track or self._format
        mark, extradata = _described(current, data)
        if self._track is not None and mark in (b"", self._mark):
            return
        if self._track is not None:
            self._serial += 1
        width, height = self._size(replace(current, extradata=extradata), data, is_first=self._track is None)
        if width * height > self._max_pixels:
            raise refused("camera_picture_too_wide", width=width, height=height, setting="video.max_pixels")
        self._mark = mark
        self._track = replace(current, serial=self._serial, extradata=extradata, width=width, height=height)

    def _size(self, track: Track, data: bytes, *, is_first: bool) -> tuple[int, int]:
        """0 by 0 where it cannot be told."""
        told = (track.width, track.height) if is_first else (0, 0)
        if track.codec == "h264":
            sets = h264_sets(track.extradata)
            return (h264_size(sets.sps) if sets else None) or told
        if track.codec == "mjpeg":
            return jpeg_size(data) or told
        return told if told[0] else self._decoded_size(track, data) or told

    def _decoded_size(self, track: Track, data: bytes) -> tuple[int, int] | None:
        try:
            decoder = av.CodecContext.create(track.codec, "r")
            assert isinstance(decoder, av.VideoCodecContext)
            decoder.thread_count, decoder.options = 1, {"max_pixels": str(self._max_pixels)}
            for frame in [*decoder.decode(av.Packet(data)), *decoder.decode(None)]:
                return frame.width, frame.height
        except (FFmpegError, ValueError):
            return None
        return None


def _described(current: Track, data: bytes) -> tuple[bytes, bytes]:
    """What changes when the pictures change (empty: nothing is said), and what a decoder needs before them."""
    if is_length_prefixed(current.extradata):
        return b"", current.extradata  # a film: its parameter sets stand in front
    if current.codec == "mjpeg":
        return repr(jpeg_size(data)).encode(), current.extradata
    found = b""
    if current.codec == "h264":
        sets = h264_sets(data)
        found = sets.annex_b if sets else b""
    elif current.codec == "hevc":
        found = hevc_sets(data)
    return found, found or current.extradata
