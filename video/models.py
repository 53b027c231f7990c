"""Tables of the hall video: cameras, how each of them is, and who looked at what.

Columns named *_at are microseconds UTC of the machine's own clock, not of a replayed or accelerated one: pictures are taken
in real time whatever the business clock shows. A business instant stands in columns named *_business_at.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, false, text, true

from core.database import metadata

# Addresses carry credentials, so they are sealed (core/sealing.py, label `camera:<code>`); `address_shown` is the one without.
cameras = Table(
    "cameras", metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("area", String(64), nullable=False),
    Column("hall", String(64), nullable=False),
    Column("window_no", String(32), nullable=False, server_default=text("''")),   # empty: overlooks the hall, no window
    Column("post", String(64), nullable=False, server_default=text("''")),
    Column("org", String(128), nullable=False, server_default=text("''")),     # whose window it is; answers for it
    Column("kind", String(8), nullable=False),                                  # rtsp | file | device
    Column("sealed_main", LargeBinary, nullable=False),                         # main stream
    Column("sealed_sub", LargeBinary),                                          # smaller stream for tiles
    Column("address_shown", Text, nullable=False),
    Column("seat", Text, nullable=False, server_default=text("'[]'")),          # JSON: corners [[x, y], …], 0…1 of the picture
    Column("masks", Text, nullable=False, server_default=text("'[]'")),         # JSON: list of such polygons
    Column("blur_faces", Boolean, nullable=False, server_default=false()),
    Column("is_enabled", Boolean, nullable=False, server_default=true()),
    Column("rev", Integer, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),                                           # out of service; its recordings keep their name
)

camera_states = Table(
    "camera_states", metadata,
    Column("camera_id", Integer, primary_key=True, autoincrement=False),
    Column("worker", String(64), nullable=False),
    Column("state", String(16), nullable=False),                                # video.cameras.CameraState
    Column("reason", Text, nullable=False, server_default=text("''")),          # JSON: code and parameters
    Column("since_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),                                              # last packet
    Column("told_at", BigInteger, nullable=False),                              # when the worker wrote this row
    Column("codec", String(16), nullable=False, server_default=text("''")),
    Column("width", Integer, nullable=False, server_default=text("0")),
    Column("height", Integer, nullable=False, server_default=text("0")),
    Column("milli_fps", Integer, nullable=False, server_default=text("0")),
    Column("clock_offset_us", BigInteger),                                      # the camera's clock minus ours, where it says
)

Index("ix_cameras_hall", cameras.c.area, cameras.c.hall)

# A look at the pictures of a camera. Looks that follow one another without a pause are one row, whose `until_at` moves on.
# It names the camera by code and keeps its area and name, so that it can be read when the camera is long gone.
video_views = Table(
    "video_views", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),                                   # real time of the first picture asked for
    Column("until_at", BigInteger, nullable=False),                             # … and of the last
    Column("camera", String(32), nullable=False),                               # code
    Column("camera_name", String(64), nullable=False),
    Column("area", String(64), nullable=False),
    Column("viewer", String(64), nullable=False),
    Column("viewer_name", String(64), nullable=False),
    Column("what", String(16), nullable=False),                                 # video.view_log.ViewKind
    Column("reason", String(16), nullable=False),                               # video.view_log.ViewReason
    Column("note", String(200), nullable=False, server_default=text("''")),     # in his own words; a card, an order
    Column("address", String(64), nullable=False, server_default=text("''")),   # the machine he looked from
    Index("ix_video_views_at", "at"),
    Index("ix_video_views_camera", "camera", "at"),
    Index("ix_video_views_viewer", "viewer", "until_at"),
)
