"""Single pictures out of recordings: for a form, for the player. What leaves the house carries the name of who looked."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFound
from core.instants import SECOND_US
from video.footage.cutting import Cutting, Source, picture_of
from video.footage.mp4 import FAULTS
from video.footage.queries import FootageQueries, SegmentRow

BACK_US = 5 * SECOND_US


class Pictures:
    """Reads pictures from the files of the recordings."""

    def __init__(self, queries: FootageQueries, recordings: Path) -> None:
        self._queries, self._recordings = queries, recordings

    def path_of(self, segment: SegmentRow) -> Path:
        """The file of a segment. Raises NotFound: the index must not lead out of its folder, whatever a row says."""
        path = (self._recordings / segment.file).resolve()
        if not path.is_relative_to(self._recordings.resolve()) or not path.is_file():
            raise NotFound("segment_not_found", id=segment.id)
        return path

    def at(self, camera_id: int, at_us: int) -> tuple[bytes, int] | None:
        """JPEG of what the camera recorded at a real instant, or up to five seconds before, and the instant it is of."""
        found = self._queries.segments_at(camera_id, at_us - BACK_US, at_us)
        sources = [Source(path, one.begin_at) for one in found if (path := self._recordings / one.file).is_file()]
        try:
            with Cutting(sources, at_us, at_us) as cutting:
                stretch = cutting.about(at_us)
                made = None if stretch is None else picture_of(stretch, at_us)
        except FAULTS:
            return None
        return made if made is not None and made[1] >= at_us - BACK_US else None
