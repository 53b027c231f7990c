"""The drawn halls: the same instant is the same picture, and what they show is what a detector sees and a program reads."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from core.instants import SECOND_US
from video.scenes.clock_bars import draw_bars, read_bars
from video.scenes.course import COME_US, LEAVE_US, Course, Cue
from video.scenes.designs import BY_KEY, DESIGNS
from video.scenes.encoding import Encoder, write_clip
from video.scenes.furniture import seat_of
from video.scenes.scene import Scene
from video.vision.motion import SeatMotion
from video.vision.seat import ReferenceDetector, Verdict

AT = 1_795_748_400 * SECOND_US
SIZE = 640, 360
MOMENTS_S = range(0, 300, 13)
AWAY = Course().then(AT - 60 * SECOND_US, Cue.LEAVE)


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plates")


@pytest.fixture(scope="module")
def scene(plates: Path) -> Scene:
    return Scene(BY_KEY["w03"], *SIZE, kept_in=plates)


def test_the_same_window_and_instant_are_the_same_picture(scene: Scene, plates: Path) -> None:
    course = Course(((AT, Cue.LEAVE),))
    again = Scene(BY_KEY["w03"], *SIZE, kept_in=plates)
    again.frame(course, AT - 5 * SECOND_US)  # what was drawn before does not matter

    for ms in (0, 1300, 2600, 9000):
        at = AT + ms * 1000
        assert np.array_equal(scene.frame(course, at), again.frame(course, at))


def test_every_window_has_its_own_name_hall_and_seat() -> None:
    assert len({design.label for design in DESIGNS}) == len(DESIGNS) == 9
    assert len({design.hall.name for design in DESIGNS}) == 3
    assert len({seat_of(design) for design in DESIGNS}) == 9
    for design in DESIGNS:
        corners = np.array(seat_of(design))
        assert 3 <= len(corners) <= 16
        assert corners.min() >= 0
        assert corners.max() <= 1
        assert 0.01 < cv2.contourArea(corners.astype(np.float32)) < 0.12


def test_a_detector_sees_the_clerk_and_the_empty_seat(scene: Scene) -> None:
    seat = seat_of(scene.design)
    detector = ReferenceDetector([scene.frame(AWAY, AT)])

    there = [detector.look(scene.frame(Course(), AT + s * SECOND_US), seat).verdict for s in MOMENTS_S]
    gone = [detector.look(scene.frame(AWAY, AT + s * SECOND_US), seat).verdict for s in MOMENTS_S]

    assert set(there) == {Verdict.OCCUPIED}
    assert set(gone) == {Verdict.EMPTY}


def test_a_clerk_is_never_quite_still(scene: Scene) -> None:
    def moved(course: Course) -> list[float]:
        motion = SeatMotion()
        looks = [motion.look(scene.frame(course, AT + s * SECOND_US), seat_of(scene.design)) for s in range(30)]
        return [look for look in looks if look is not None]

    assert np.mean(moved(Course())) > 0.01
    assert max(moved(AWAY)) == 0


def test_a_covered_lens_and_a_dark_hall_look_so(scene: Scene) -> None:
    bright = scene.frame(Course(), AT)[30:150].mean()
    covered = scene.frame(Course().then(AT - 9 * SECOND_US, Cue.COVER), AT)[30:150]
    dark = scene.frame(Course().then(AT - 9 * SECOND_US, Cue.CLOSE), AT)[30:150]

    assert covered.mean() < 80
    assert covered.std() < 12
    assert 0.25 * bright < dark.mean() < 0.5 * bright


def test_a_course_keeps_what_is_true_and_forgets_what_is_over() -> None:
    course = Course()
    for second in range(0, 200, 20):
        course = course.then(AT + second * SECOND_US, Cue.LEAVE if second % 40 == 0 else Cue.COME)
    course = course.then(AT + 190 * SECOND_US, Cue.COVER).then(AT + 191 * SECOND_US, Cue.COVER)

    assert len(course.cues) == 2
    assert course.cover(AT + 189 * SECOND_US) == 0
    assert course.cover(AT + 191 * SECOND_US) == 1
    assert course.seat(AT + 180 * SECOND_US).share == 0
    assert course.seat(AT + 180 * SECOND_US + COME_US // 2).share == pytest.approx(0.5)
    assert course.seat(AT + 180 * SECOND_US + COME_US).share == 1
    assert Course(((AT, Cue.LEAVE),)).seat(AT + LEAVE_US).share == 0


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)])
def test_the_clock_is_read_back_after_compression_and_scaling(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    picture = cv2.GaussianBlur(picture, (9, 9), 0)
    draw_bars(picture, AT + 123_000)
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    seen = cv2.imdecode(packed, cv2.IMREAD_COLOR)

    assert read_bars(seen, AT + 5 * SECOND_US) == AT + 123_000
    assert read_bars(cv2.resize(seen, (600, 338), interpolation=cv2.INTER_AREA), AT) == AT + 123_000
    assert read_bars(np.full_like(seen, 90), AT) is None


def test_a_stream_begins_anew_every_second_even_when_pictures_are_left_out(scene: Scene) -> None:
    encoder, decoder = Encoder(*SIZE, 15), av.CodecContext.create("h264", "r")
    instants = [AT + n * SECOND_US // 15 for n in (*range(8), *range(21, 40))]
    coded = [one for at in instants for one in encoder.encode(scene.planes(Course(), at), at)]
    shown = [frame for one in coded for frame in decoder.decode(av.Packet(one.data))] + decoder.decode(None)

    assert [at for at, one in zip(instants, coded, strict=True) if one.is_key] == [AT, AT + 21 * SECOND_US // 15,
                                                                                  AT + 2 * SECOND_US]
    assert instants[-1] // 1000 * 1000 == read_bars(shown[-1].to_ndarray(format="bgr24"), AT)


def test_a_clip_is_whole_or_not_there(scene: Scene, tmp_path: Path) -> None:
    write_clip(tmp_path / "deep" / "w03.mp4", scene, Course(), AT, 2, 15)

    with av.open(str(tmp_path / "deep" / "w03.mp4")) as clip:
        packets = [packet for packet in clip.demux(video=0) if packet.size]
    assert [number for number, packet in enumerate(packets) if packet.is_keyframe] == [0, 15]
    assert len(packets) == 30
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["w03.mp4"]
