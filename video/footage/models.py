"""Tables of the recordings: segments and gaps, clips of evidence, incidents marked by hand, random looks.

Columns named *_at are microseconds UTC of the machine's own clock (pictures are taken in real time); those named
*_business_at are of the business clock, by which office hours, judgements and cards go. `reason` columns are JSON objects: a
code and its parameters, said in words by `footage.reason.<code>`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from core.database import metadata

EMPTY = text("''")
CALENDAR_MAX = 120

# A file of compressed packets, cut at a key frame. `file` is below recording.dir; `sha256` is there once it is closed.
video_segments = Table(
    "video_segments", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("stream", String(4), nullable=False),
    Column("begin_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("begin_business_at", BigInteger, nullable=False),
    Column("end_business_at", BigInteger, nullable=False),
    Column("file", String(200), nullable=False, unique=True),
    Column("bytes", BigInteger, nullable=False),
    Column("codec", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("extradata", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False, server_default=EMPTY),
    Column("state", String(8), nullable=False),                    # open | closed | damaged
    Column("reason", Text, nullable=False, server_default=EMPTY),  # why it ends where it ends, or is damaged
    Column("worker", String(64), nullable=False),
)
Index("ix_video_segments_camera", video_segments.c.camera_id, video_segments.c.begin_at)
Index("ix_video_segments_business", video_segments.c.camera_id, video_segments.c.begin_business_at)
Index("ix_video_segments_begin", video_segments.c.begin_at)

# When nothing was recorded though it should have been. A gap that lasts has no end yet.
video_gaps = Table(
    "video_gaps", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("stream", String(4), nullable=False),
    Column("begin_at", BigInteger, nullable=False),
    Column("end_at", BigInteger),
    Column("begin_business_at", BigInteger, nullable=False),
    Column("end_business_at", BigInteger),
    Column("reason", Text, nullable=False),
)
Index("ix_video_gaps_camera", video_gaps.c.camera_id, video_gaps.c.begin_business_at)

# Evidence: what a camera saw around an instant. The folder <id> below recording.evidence_dir has it whole, or does not exist.
video_clips = Table(
    "video_clips", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("card_id", BigInteger, nullable=False, server_default=text("0")),      # 0: of no card
    Column("incident_id", Integer, nullable=False, server_default=text("0")),     # 0: of no incident
    Column("at", BigInteger, nullable=False),                                     # the real instant it is about
    Column("business_at", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),                                # what was asked for
    Column("to_at", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),                                   # pending | ready | absent | removed
    Column("reason", Text, nullable=False, server_default=EMPTY),
    Column("begin_at", BigInteger),                                               # what it shows
    Column("end_at", BigInteger),
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("sha256", String(64), nullable=False, server_default=EMPTY),
    Column("snapshot_sha256", String(64), nullable=False, server_default=EMPTY),
    Column("manifest_sha256", String(64), nullable=False, server_default=EMPTY),
    Column("key_id", String(64), nullable=False, server_default=EMPTY),           # which key signed
    Column("clock_offset_us", BigInteger),                                        # the camera's clock minus ours
    Column("asked_by", String(64), nullable=False),
    Column("asked_name", String(64), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("tried_at", BigInteger),
    Column("tries", Integer, nullable=False, server_default=text("0")),           # that failed
    Column("settled_at", BigInteger),                                             # ready or absent since
    Column("released_at", BigInteger),                                            # no card needs it any more since
)
Index("ix_video_clips_card", video_clips.c.card_id)
Index("ix_video_clips_state", video_clips.c.state, video_clips.c.to_at)
Index("ix_video_clips_camera", video_clips.c.camera_id, video_clips.c.business_at)

video_incidents = Table(
    "video_incidents", metadata,
    Column("id", Integer, primary_key=True),
    Column("camera_id", Integer, nullable=False),
    Column("kind", String(16), nullable=False),                                   # video.footage.incidents.IncidentKind
    Column("begin_at", BigInteger, nullable=False),
    Column("end_at", BigInteger, nullable=False),
    Column("begin_business_at", BigInteger, nullable=False),
    Column("end_business_at", BigInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("marked_by", String(64), nullable=False),
    Column("marked_name", String(64), nullable=False),
    Column("marked_at", BigInteger, nullable=False),
    Column("marked_business_at", BigInteger, nullable=False),
    Column("card_id", BigInteger, nullable=False, server_default=text("0")),
    Column("withdrawn_by", String(64), nullable=False, server_default=EMPTY),     # empty: it stands
    Column("withdrawn_name", String(64), nullable=False, server_default=EMPTY),
    Column("withdrawn_business_at", BigInteger),
    Column("withdrawn_reason", Text, nullable=False, server_default=EMPTY),
)
Index("ix_video_incidents_camera", video_incidents.c.camera_id, video_incidents.c.begin_business_at)

# One look at one window at a moment drawn by lot. `drawn_from`: the codes of all windows that could have been drawn.
video_samplings = Table(
    "video_samplings", metadata,
    Column("id", Integer, primary_key=True),
    Column("area", String(64), nullable=False),
    Column("day", Integer, nullable=False),                                       # epoch day of the area
    Column("round", Integer, nullable=False),
    Column("place", Integer, nullable=False),                                     # in the order of the draw
    Column("camera_id", Integer, nullable=False),
    Column("due_business_at", BigInteger, nullable=False),
    Column("drawn_at", BigInteger, nullable=False),
    Column("drawn_business_at", BigInteger, nullable=False),
    Column("drawn_from", Text, nullable=False),
    Column("picture_sha256", String(64), nullable=False, server_default=EMPTY),
    Column("picture_at", BigInteger),
    Column("calendar", String(CALENDAR_MAX), nullable=False, server_default=EMPTY),  # by which it was a working day
    Column("reason", Text, nullable=False, server_default=EMPTY),                 # why there is no picture
    Column("presence", String(8), nullable=False, server_default=EMPTY),          # good | bad | unseen; empty: not looked at
    Column("dress", String(8), nullable=False, server_default=EMPTY),
    Column("badge", String(8), nullable=False, server_default=EMPTY),
    Column("conduct", String(8), nullable=False, server_default=EMPTY),
    Column("comment", Text, nullable=False, server_default=EMPTY),
    Column("done_by", String(64), nullable=False, server_default=EMPTY),
    Column("done_name", String(64), nullable=False, server_default=EMPTY),
    Column("done_business_at", BigInteger),
)
Index("uq_video_samplings_place", video_samplings.c.area, video_samplings.c.day, video_samplings.c.round,
      video_samplings.c.place, unique=True)
