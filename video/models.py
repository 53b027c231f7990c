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
    Column("kind", String(8), nullable=False),                                  # video.cameras.SourceKind
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
    Column("press", String(36)),                                                # of the button; null: none was pressed
    Index("uq_video_views_press", "viewer", "press", "camera", unique=True),
    Index("ix_video_views_at", "at"),
    Index("ix_video_views_camera", "camera", "at"),
    Index("ix_video_views_viewer", "viewer", "until_at"),
)

# What cameras found. A fault or an empty seat is one row from its beginning to its end: `ended_at` says that it is over,
# `state` what a person (or the rule in his place) decided of it. `occurrence` names it: telling it again changes nothing.
video_signals = Table(
    "video_signals", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("kind", String(16), nullable=False),                                 # config.onsite.SignalKind
    Column("occurrence", String(64), nullable=False),
    Column("state", String(16), nullable=False),                                # video.onsite.service.State
    Column("camera_code", String(32), nullable=False),                          # as it was then
    Column("camera_name", String(64), nullable=False),
    Column("area", String(64), nullable=False),
    Column("hall", String(64), nullable=False),
    Column("window_no", String(32), nullable=False),
    Column("post", String(64), nullable=False),
    Column("org", String(128), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("began_business_at", BigInteger, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("raised_business_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_business_at", BigInteger),
    Column("ended_reason", String(32), nullable=False, server_default=text("''")),
    Column("picture", String(160), nullable=False, server_default=text("''")),  # below vision.picture_dir
    Column("picture_sha256", String(64), nullable=False, server_default=text("''")),
    Column("picture_at", BigInteger),
    Column("detector", String(32), nullable=False),
    Column("parameters", Text, nullable=False),                                 # JSON: what it was set to
    Column("figures", Text, nullable=False),                                    # JSON: what it measured
    Column("rule", String(64), nullable=False, server_default=text("''")),
    Column("rule_version", String(96), nullable=False, server_default=text("''")),
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("decided_at", BigInteger),
    Column("comment", Text, nullable=False, server_default=text("''")),
    Column("rev", Integer, nullable=False),
)

Index("uq_video_signals_occurrence", video_signals.c.camera_id, video_signals.c.kind, video_signals.c.occurrence, unique=True)
Index("uq_video_signals_open", video_signals.c.camera_id, video_signals.c.kind, unique=True,
      sqlite_where=video_signals.c.ended_at.is_(None), postgresql_where=video_signals.c.ended_at.is_(None))
Index("ix_video_signals_state", video_signals.c.state, video_signals.c.raised_at)

# Pictures of empty seats. `asked` for by a person, `proposed` by the camera's process, `active` with a person's consent.
seat_references = Table(
    "seat_references", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("state", String(16), nullable=False),                                # video.references.State
    Column("picture", String(160), nullable=False, server_default=text("''")),
    Column("picture_sha256", String(64), nullable=False, server_default=text("''")),
    Column("taken_at", BigInteger),
    Column("taken_business_at", BigInteger),
    Column("reason", String(32), nullable=False),                               # why it is proposed
    Column("difference", Integer),                                              # thousandths of the seat that differ
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("decided_by", String(64)),
    Column("decided_name", String(64)),
    Column("decided_at", BigInteger),
    Column("comment", Text, nullable=False, server_default=text("''")),
    Column("rev", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

Index("ix_seat_references_camera", seat_references.c.camera_id, seat_references.c.state)

# Who sat where when, in spans that touch or leave a gap; what lies between two spans is not known.
presence_spans = Table(
    "presence_spans", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("state", String(8), nullable=False),                                 # video.vision.looker.Seat
    Column("reason", String(32), nullable=False, server_default=text("''")),    # why it is unknown
    Column("began_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("began_business_at", BigInteger, nullable=False),
    Column("until_business_at", BigInteger, nullable=False),
)

Index("uq_presence_spans_began", presence_spans.c.camera_id, presence_spans.c.began_at, unique=True)
Index("ix_presence_spans_business", presence_spans.c.camera_id, presence_spans.c.began_business_at)
