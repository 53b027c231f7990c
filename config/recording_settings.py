"""Settings of recordings, evidence and random looks (docs/video.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.documents import Strict
from config.setting_types import Count, Natural, Seconds


class RecordingSettings(Strict):
    """What of the hall cameras is kept: recordings, evidence of cards, random looks (抽查)."""

    mode: Literal["always", "evidence", "off"] = Field(
        description="always: record every camera; evidence: only around what a card is about; off: nothing.")
    dir: Path = Field(description="Folder of the recordings; web, worker and video processes must see the same one.")
    evidence_dir: Path = Field(description="Folder of evidence and of the pictures of random looks; the same for them.")
    copies_dir: Path = Field(description="Folder of copies in H.264 of what browsers do not play; may be emptied at any time.")
    copies_mib: Count = Field(description="MiB the copies may take; those nobody looked at the longest go first.")
    copies_keep_hours: Annotated[float, Field(gt=0)] = Field(
        description="Hours a copy stays that nobody looks at; so long at most it outlives the recording it was made of.")
    copy_s: Seconds = Field(description="Seconds the making of one may take.")
    segment_s: Annotated[float, Field(ge=2, le=600)] = Field(description="Seconds of one file; it ends at the next key frame.")
    queue_mib: Count = Field(description="MiB of a camera that wait for a slow disk; then it is dropped to a key frame.")
    retry_s: Seconds = Field(description="Seconds until a disk that refused is tried again.")
    keep_days: Count = Field(description="Days recordings are kept; less than the 30 the law asks for is an alarm.")
    free_min_mib: Natural = Field(description="MiB kept free on their disk, by deleting the oldest recordings earlier.")
    room_wait_s: Seconds = Field(
        description="Seconds until deleted recordings must have become free space; until then no more are deleted for it.")
    evidence_keep_days: Count = Field(
        description="Days evidence is kept after its card is closed and the time to appeal is over; without a card, at all.")
    before_s: Natural = Field(description="Seconds before its instant that a clip of evidence shows.")
    after_s: Natural = Field(description="Seconds after it.")
    wait_s: Seconds = Field(description="Seconds a clip waits for footage that is late; then it is absent with the reason.")
    clip_tries: Count = Field(description="Times a clip is tried at least before it is absent, however late the first try.")
    clip_interval_s: Seconds = Field(description="Seconds between two looks for clips that are due.")
    retention_interval_s: Seconds = Field(description="Seconds between two looks for what may be deleted.")
    view_minutes: Count = Field(description="Minutes for which a reason to look at recordings, once given, holds.")
    samplings_per_day: Natural = Field(description="Random looks a working day in each area, at moments drawn by lot; 0: none.")
    sampling_windows: Count = Field(description="Windows drawn each time.")
    sampling_keep_days: Count = Field(
        description="Days pictures of random looks are kept; longer while the form is open or a card of that hour is needed.")
    sampling_interval_s: Seconds = Field(description="Seconds between two looks whether such a moment has come.")
