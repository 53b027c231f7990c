"""Settings of the analysis of hall cameras (docs/video.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.documents import Strict
from config.setting_types import Count, Seconds

Share = Annotated[float, Field(gt=0, le=1)]


class VisionSettings(Strict):
    """What is looked for in the pictures of the hall cameras."""

    enabled: bool = Field(description="Look at the pictures of the cameras this process reads.")
    threads: Count = Field(description="Threads that look; one is enough for about twenty cameras.")
    interval_s: Seconds = Field(description="Seconds between two looks at one camera.")
    key_gap_s: Seconds = Field(
        description="Cameras with a key frame at least every so many seconds are looked at in those alone; of others every "
                    "picture is decoded.")
    width: Annotated[int, Field(ge=160, le=1920)] = Field(description="Widest picture looked at and kept as proof, in pixels.")
    scene_s: Seconds = Field(description="Seconds between two looks at the whole scene (black, covered, blurred, moved).")
    occupied_share: Share = Field(description="Share of the seat that must differ from the empty one to count as occupied.")
    empty_share: Share = Field(description="The same, below which it counts as empty; between both nothing changes.")
    propose_share: Share = Field(description="A closed hall's empty seat that differs by more proposes a new reference.")
    still_s: Seconds = Field(description="What differs and has not moved for so many seconds counts as a thing, not a person.")
    back_s: Seconds = Field(description="Seconds somebody must be at the seat to have come back; less is passing through.")
    gap_s: Seconds = Field(description="Seconds without a look, or with looks that cannot tell, after which nothing is known.")
    offline_s: Seconds = Field(description="Seconds without a picture after which a camera counts as offline.")
    frozen_s: Seconds = Field(description="Seconds for which the very same picture must come.")
    black_s: Seconds = Field(description="Seconds for which the picture must be black.")
    covered_s: Seconds = Field(description="Seconds for which the lens must be covered.")
    blurred_s: Seconds = Field(description="Seconds for which the picture must be blurred.")
    moved_s: Seconds = Field(description="Seconds for which the camera must show another view.")
    clear_s: Seconds = Field(description="Seconds for which a fault must be gone to be over.")
    faults_when_closed: bool = Field(
        description="Tell of black, covered and blurred pictures outside office hours too; off where halls are dark at night.")
    picture_dir: Path = Field(
        description="Folder of the pictures that justify signals, and of the references; the same for all processes.")
    picture_days: Count = Field(
        description="Days for which a picture is kept after what it shows is over; longer while its card is needed.")
    write_tries: Count = Field(
        description="Times a finding that the database or the disk refuses is tried, farther and farther apart. A picture is "
                    "then left out of its signal; anything else is lost and an alarm. While the database is away all wait.")
    write_waiting_max: Count = Field(description="Findings of one kind at one camera that may wait to be written.")
    presence_days: Count = Field(description="Days for which it is kept who sat where when.")
    model_file: Path | None = Field(description="ONNX file of a person detector that takes the reference's place; empty: none.")
    model_layout: Literal["yolo", "ssd"] = Field(description="How its outputs are laid out.")
    model_width: Count = Field(description="Width of its input, in pixels.")
    model_height: Count = Field(description="Height of its input, in pixels.")
    model_scale: Annotated[float, Field(gt=0)] = Field(description="Factor for the values of pixels, e.g. 0.00392157 (1/255).")
    model_mean: tuple[float, float, float] = Field(description="Taken off each channel before that.")
    model_swap_rb: bool = Field(description="It wants red first.")
    model_objectness: bool = Field(description="yolo: rows have a column of objectness before those of the classes.")
    model_in_pixels: bool = Field(description="Boxes are in pixels of the input; else in fractions of it.")
    model_person_class: Annotated[int, Field(ge=0)] = Field(description="Number of the class person.")
    model_confidence: Share = Field(description="Confidence from which a box counts.")
    model_overlap: Share = Field(description="Share of the seat (or of the box) that must be covered by the other.")
