"""A configured model takes the reference's place: both layouts are read, boxes off the seat do not count, bad files told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from tests.unit.video.onnx_file import write_detector
from video.vision.onnx import ModelRules, OnnxDetector
from video.vision.seat import Verdict

SEAT = ((0.25, 0.25), (0.75, 0.25), (0.75, 1.0), (0.25, 1.0))
BRIGHT, DARK = np.full((90, 160, 3), 220, np.uint8), np.full((90, 160, 3), 40, np.uint8)
AT_SEAT, TWIN, ELSEWHERE = (16, 20, 12, 20), (17, 20, 12, 20), (3, 4, 5, 6)   # pixels of an input of 32


def rules(path: Path, **given: object) -> ModelRules:
    return ModelRules(path, **{"width": 32, "height": 32, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(("boxes", "frame", "verdict", "people"), [
    ([AT_SEAT], BRIGHT, Verdict.OCCUPIED, 1), ([AT_SEAT, TWIN], BRIGHT, Verdict.OCCUPIED, 1),
    ([ELSEWHERE], BRIGHT, Verdict.EMPTY, 1), ([AT_SEAT, ELSEWHERE], BRIGHT, Verdict.OCCUPIED, 2),
    ([AT_SEAT], DARK, Verdict.EMPTY, 0)],
    ids=["a person", "two boxes of one person", "somebody elsewhere", "both", "nobody sure"])
def test_candidates_of_yolo_are_read(tmp_path, boxes, frame, verdict, people):
    look = OnnxDetector(rules(write_detector(tmp_path / "m.onnx", boxes))).look(frame, SEAT)

    assert (verdict, people) == (look.verdict, look.figures["people"])


def test_rows_of_an_ssd_are_read_by_class(tmp_path):
    path = write_detector(tmp_path / "m.onnx", [(0.3, 0.3, 0.7, 0.9)], "ssd")

    found = [OnnxDetector(rules(path, layout="ssd", in_pixels=False, person_class=kind)).look(BRIGHT, SEAT).verdict
             for kind in (15, 1)]
    assert [Verdict.OCCUPIED, Verdict.EMPTY] == found


def test_a_file_that_is_no_model_and_a_layout_that_does_not_fit_are_told(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ConfigError, match="vision_model_unreadable"):
        OnnxDetector(rules(tmp_path / "no.onnx"))
    ssd = write_detector(tmp_path / "ssd.onnx", [(0.3, 0.3, 0.7, 0.9)], "ssd")
    with pytest.raises(ConfigError, match="vision_model_layout"):
        OnnxDetector(rules(ssd, person_class=80)).look(BRIGHT, SEAT)


def test_it_knows_people_and_without_a_seat_says_nothing(tmp_path):
    detector = OnnxDetector(rules(write_detector(tmp_path / "m.onnx", [AT_SEAT])))

    assert detector.knows_people
    assert "no_seat" == detector.look(BRIGHT, ()).reason
