"""Settings of the hall cameras (docs/video.md)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config.documents import Strict
from config.setting_types import Count, Seconds


def _listed(written: object) -> object:
    """An environment variable holds them in one line, separated by spaces or commas."""
    return written.replace(",", " ").split() if isinstance(written, str) else written


def _networks(written: tuple[str, ...]) -> tuple[str, ...]:
    for text in written:
        try:
            ip_network(text)
        except ValueError:
            raise ValueError(f"{text} is no network; write them as 10.20.0.0/16 192.168.1.0/24") from None
    return written


def _socket_url(written: str) -> str:
    if written and not written.startswith(("ws://", "wss://")):
        raise ValueError("it must begin with ws:// or wss://")
    return written.rstrip("/")




class VideoSettings(Strict):
    """Hall cameras: reading their streams and showing them live."""

    enabled: bool = Field(description="Read the cameras in the default process; a process of the role video always does.")
    host: str | None = Field(description="Address the live pictures are served at; empty: that of server.host.")
    port: int = Field(ge=0, le=65535, description="TCP port of the live pictures, not that of the pages; 0: any free one.")
    public_url: Annotated[str, AfterValidator(_socket_url)] = Field(
        description="Where browsers reach that port, ws:// or wss://; empty: ws:// at the host of the page.")
    tls_cert_file: Path | None = Field(description="Certificate (PEM) for wss:// at that port; empty: none, or a proxy has it.")
    tls_key_file: Path | None = Field(description="Its private key (PEM).")
    networks: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)] = Field(
        description="Networks in which cameras may be, as 10.20.0.0/16; every address of a camera's name must lie inside.")
    tls_ca_file: Path | None = Field(description="Authority (PEM) that verifies rtsps:// and ONVIF https://; empty: none does.")
    file_dir: Path | None = Field(description="Folder of films that may stand for cameras; empty: none may.")
    watch: bool = Field(description="Read every enabled camera all the time, so that an outage is seen while nobody looks.")
    open_timeout_s: Seconds = Field(description="Seconds until a camera must have answered and begun to send.")
    read_timeout_s: Seconds = Field(description="Seconds FFmpeg waits for the next picture of a film or device.")
    stalled_after_s: Seconds = Field(description="Seconds without a picture after which a connected camera counts as stalled.")
    restart_after_s: Seconds = Field(description="Seconds without a picture after which its connection is cut and opened anew.")
    retry_s: Seconds = Field(description="Seconds between two tries to reach a camera that is away.")
    refused_retry_s: Seconds = Field(description="Seconds between two tries where only a person can help (wrong password).")
    idle_s: Seconds = Field(description="Seconds after which a stream that nobody needs is no longer read.")
    ring_s: Seconds = Field(description="Seconds of each stream kept in memory.")
    ring_bytes: Count = Field(description="Most bytes of one stream kept in memory.")
    max_pixels: Count = Field(description="Largest picture accepted, in pixels.")
    max_picture_bytes: Count = Field(description="Most bytes received without a complete picture; then the camera is cut off.")
    viewers_max: Count = Field(description="Live pictures shown at once by one process; one more is refused with a message.")
    viewer_queue_bytes: Count = Field(description="Bytes waiting for one slow viewer; then it is skipped to a key frame.")
    view_minutes: Count = Field(description="Minutes a permission to look lasts; a page that stays open renews it.")
    transcoders_max: Count = Field(description="Streams transcoded at once by one process; one more is refused with a message.")
    transcode_height: Count = Field(description="A transcoded picture is at most so many lines high.")
    transcode_fps: Count = Field(description="A transcoded stream has at most so many pictures a second.")
    face_model: Path | None = Field(
        description="ONNX file of the YuNet face detector; without it a camera with blurred faces is shown coarse as a whole.")
    worker: str | None = Field(description="Name of this video process among several; empty: host name and process number.")
    cameras_max: Count = Field(description="Cameras one video process takes on; several share them by lease.")
    lease_s: Seconds = Field(description="Seconds after which the cameras of a dead video process go to another.")
    discovery_s: Seconds = Field(description="Seconds a search for ONVIF cameras, and asking one for its streams, may take.")
    test_s: Seconds = Field(description="Seconds within which a camera must give a picture when it is tried.")
    tests_at_once: Count = Field(description="Cameras tried at a time, by all who do so in one process.")
