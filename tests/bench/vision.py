"""Detectors of the hall cameras: hits and false alarms on labelled footage, with generated light, noise and faults; their cost.

The footage is that of $YANGGUANG_DATA (else ../shared/data) `/video`; labels stand in its SOURCE.txt. It is not part of the
repository.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from core.instants import SECOND_US
from tests.bench.harness import Line, Options, stopwatch
from tests.unit.video.rooms import crowded, lit, noisy, room, shifted, squeezed, under_lamp
from video.eye import mark_of
from video.vision.looker import Looker, LookRules, Seat
from video.vision.motion import SeatMotion, Stillness
from video.vision.pictures import Frame, Polygon
from video.vision.scene import Fault, Scene, SceneLimits
from video.vision.seat import ReferenceDetector, SeatLimits

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = (("−30 %", 0.7), ("set", 1.0), ("+30 %", 1.3))
Change = Callable[[Frame], Frame]
CHANGES: dict[str, Change] = {
    "as filmed": lambda frame: frame, "light 10 %": lambda frame: lit(frame, 0.1), "light 30 %": lambda frame: lit(frame, 0.3),
    "light 150 %, overexposed": lambda frame: lit(frame, 1.5), "a lamp at one side": under_lamp,
    "noise σ 10": lambda frame: noisy(frame, 10, 1), "noise σ 20": lambda frame: noisy(frame, 20, 1),
    "night: light 30 %, noise σ 10": lambda frame: noisy(lit(frame, 0.3), 10, 1),
    "dark night: light 10 %, noise σ 5": lambda frame: noisy(lit(frame, 0.1), 5, 1),
    "JPEG quality 20": lambda frame: squeezed(frame, 20)}


def run(options: Options) -> list[Line]:
    """Nothing is measured without the footage. A line holds when the default limits and ±30 % all keep what is promised."""
    folder = Path(os.environ.get("YANGGUANG_DATA") or REPOSITORY.parent / "shared" / "data") / "video"
    if not folder.is_dir():
        raise RuntimeError(f"no footage: {folder} does not exist; set YANGGUANG_DATA")
    cv2.setNumThreads(1)
    film = Film(folder)
    scenes = {"people at a table": film.frames[::6], "classroom": _gif(folder / "classroom.gif")[::9],
              "workshop": _gif(folder / "worker-zone-detection.gif")[::12]}
    return [*_presence(film), *_together(film), _sitting(film), *_faults(scenes), _crowds(film, scenes), *_frozen(film),
            *_costs(film)]


class Film:
    """The labelled film, a frame a second, with its seat and labels."""

    def __init__(self, folder: Path) -> None:
        self.frames = list(_seconds(folder / "one-by-one-person-detection.mp4"))
        told = (folder / "SOURCE.txt").read_text(encoding="utf-8")
        height, width = self.frames[0].shape[:2]
        x0, y0, x1, y1 = map(int, re.search(r"= (\d+),(\d+),(\d+),(\d+)", told).groups())  # type: ignore[union-attr]
        self.seat: Polygon = ((x0 / width, y0 / height), (x1 / width, y0 / height), (x1 / width, y1 / height),
                              (x0 / width, y1 / height))
        occupied, empty = re.search(r"occupied, seconds: ([\d, -]+); empty: ([\d, -]+)", told).groups()  # type: ignore[union-attr]
        self.occupied, self.empty = _spans(occupied), _spans(empty)
        self.reference = np.asarray(np.median(self.frames[0:5], axis=0), np.uint8)


def _spans(text: str) -> list[int]:
    ends = [tuple(map(int, span.split("-"))) for span in text.replace(" ", "").split(",") if span]
    return [second for first, last in ends for second in range(first, last + 1)]


def _seconds(path: Path) -> Iterator[Frame]:
    with av.open(str(path)) as film:
        rate = round(float(film.streams.video[0].average_rate or 10))
        for number, frame in enumerate(film.decode(video=0)):
            if number % rate == 0:
                yield frame.to_ndarray(format="bgr24")


def _gif(path: Path) -> list[Frame]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]


# Presence ---------------------------------------------------------------------------------------------------------

def _presence(film: Film) -> list[Line]:
    return [_of_change(film, name, change) for name, change in CHANGES.items()]


def _of_change(film: Film, name: str, change: Change) -> Line:
    detector = ReferenceDetector([film.reference])
    scores = {second: detector.look(change(film.frames[second]), film.seat).score for second in (*film.occupied, *film.empty)}
    there, empty = [scores[s] for s in film.occupied], [scores[s] for s in film.empty]
    found = {label: (sum(score >= SeatLimits().occupied * by for score in there),
                     sum(score >= SeatLimits().empty * by for score in empty)) for label, by in STEPS}
    told = "; ".join(f"{label}: {hits} of {len(there)} seen, {false} of {len(empty)} false"
                     for label, (hits, false) in found.items())
    holds = all(hits == len(there) and false == 0 for hits, false in found.values())
    return Line(f"presence, {name}", told, f"lowest occupied {min(there):.2f}, highest empty {max(empty):.2f}", "",
                f"all seen, none false (occupied ≥ {SeatLimits().occupied:.2f}, empty < {SeatLimits().empty:.2f})", holds,
                "limits −30 %, as set, +30 %")


def _together(film: Film) -> list[Line]:
    """Reference and micro-motion together, looked at once a second in the order of the film."""
    lines = []
    for name in ("as filmed", "light 10 %", "night: light 30 %, noise σ 10"):
        looker = Looker(film.seat, ReferenceDetector([film.reference]), Scene(film.reference))
        said = [looker.look(CHANGES[name](frame), (1000 + s) * SECOND_US).seat for s, frame in enumerate(film.frames)]
        absent = sum(said[s] is Seat.ABSENT for s in film.occupied)
        present = sum(said[s] is Seat.PRESENT for s in film.empty)
        doubted = sum(said[s] is Seat.UNKNOWN for s in film.empty)
        told = (f"{absent} of {len(film.occupied)} occupied called absent, "
                f"{present} of {len(film.empty)} empty called present, {doubted} left unknown")
        lines.append(Line(f"reference and motion, {name}", told, "", "", "no wrong word", absent + present == 0, "in order"))
    return lines


def _sitting(film: Film) -> Line:
    """One person for fifteen minutes: the longest visit played forth and back, beside background subtraction."""
    visit = [*range(96, 117), *range(116, 95, -1)]
    looker = Looker(film.seat, ReferenceDetector([film.reference]), None, LookRules())
    subtraction = cv2.createBackgroundSubtractorMOG2(history=500, detectShadows=False)
    present = subtracted = 0
    seen = cache(lambda at, seed: noisy(film.frames[at], 2, seed))
    for second in range(900):
        # One pose held for nine seconds in ten: how people sit.
        frame = seen(visit[(second // 10 if second % 10 else second) % len(visit)], second % 2)
        present += looker.look(frame, (1000 + second) * SECOND_US).seat is Seat.PRESENT
        moved = subtraction.apply(frame, learningRate=1 / 60)[20:360, 330:560]
        subtracted += second >= 180 and np.count_nonzero(moved) / moved.size > 0.2
    return Line("a person who sits for 15 minutes", f"seen {present / 9:.1f} % of the time",
                f"background subtraction (MOG2), after 3 minutes: {subtracted / 7.2:.1f} %", "", "100 %", present == 900,
                "900 looks, one a second")


# Faults -----------------------------------------------------------------------------------------------------------

def _covered(level: int, share: float) -> Change:
    def change(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        cover = noisy(np.full_like(frame, level), 4, 3)
        step = (np.arange(width) < share * width).astype(np.float32)[None, :].repeat(height, 0)
        edge = cv2.GaussianBlur(step, (0, 0), width / 40)
        return np.asarray(frame * (1 - edge[..., None]) + cover * edge[..., None], np.uint8)
    return change


def _blurred(sigma: float) -> Change:
    return lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma * frame.shape[1] / 640)


FAULTS: dict[Fault, dict[str, Change]] = {
    Fault.BLACK: {"no signal": lambda frame: frame * 0, "black with noise": lambda frame: noisy(frame * 0, 4, 1)},
    Fault.COVERED: {"dark": _covered(30, 1.0), "grey": _covered(100, 1.0), "white": _covered(230, 1.0),
                    "85 %": _covered(60, 0.85)},
    Fault.BLURRED: {"σ 2": _blurred(2), "σ 4": _blurred(4), "σ 8": _blurred(8),
                    "σ 4, dark, noise": lambda frame: noisy(lit(_blurred(4)(frame), 0.4), 4, 1)},
    Fault.MOVED: {"3 %": lambda frame: shifted(frame, 0.03), "10 %": lambda frame: shifted(frame, 0.1, 0.05),
                  "turned 5°": lambda frame: shifted(frame, 0, 0, 5), "turned 15°": lambda frame: shifted(frame, 0, 0, 15),
                  "10 %, night": lambda frame: noisy(lit(shifted(frame, 0.1, 0.05), 0.3), 5, 2)}}


def _faults(scenes: dict[str, Sequence[Frame]]) -> list[Line]:
    told = {label: Counter[tuple[str, str]]() for label, _ in STEPS}   # (what was shown, what was said) → how often
    for frames in scenes.values():
        reference = np.asarray(np.median(frames[:5], axis=0), np.uint8)
        at = {label: Scene(reference, _limits(by)) for label, by in STEPS}
        for frame in frames:
            for shown, picture in _shown(frame):
                for label, scene in at.items():
                    told[label][shown, scene.look(picture).fault or "sound"] += 1
    return [_of_fault(fault, told) for fault in FAULTS]


def _shown(frame: Frame) -> Iterator[tuple[str, Frame]]:
    yield from (("sound", change(frame)) for change in CHANGES.values())
    yield from ((fault.value, change(frame)) for fault, changes in FAULTS.items() for change in changes.values())


def _limits(by: float) -> SceneLimits:
    usual = SceneLimits()
    return SceneLimits(usual.dark * by, usual.seen * by, usual.detail * by, usual.bare * by, usual.sharp * by)


def _of_fault(fault: Fault, told: dict[str, Counter[tuple[str, str]]]) -> Line:
    counts = {label: (counted[fault.value, fault.value], sum(n for (shown, _), n in counted.items() if shown == fault.value),
                      counted["sound", fault.value], sum(n for (shown, _), n in counted.items() if shown == "sound"))
              for label, counted in told.items()}
    said = "; ".join(f"{label}: {hits} of {faulty} seen, {false} of {sound} false"
                     for label, (hits, faulty, false, sound) in counts.items())
    hits, faulty, false, _ = counts["set"]
    return Line(f"{fault.value} ({', '.join(FAULTS[fault])})", said, "", "", "as set: ≥ 95 % seen, none false",
                hits >= 0.95 * faulty and false == 0, f"three films; sound pictures under {len(CHANGES)} changes")


def _crowds(film: Film, scenes: dict[str, Sequence[Frame]]) -> Line:
    """Looks six seconds apart at people crowding before the camera: drawn ones, and those of the film, enlarged."""
    told, looks, hidden = Counter[str](), 0, 0
    for frames in scenes.values():
        reference = np.asarray(np.median(frames[:5], axis=0), np.uint8)
        for crowd in (lambda f, n: crowded(f, n, 0.6), lambda f, n: crowded(f, n, 0.8), lambda f, n: crowded(f, n, 1.0),
                      lambda f, n: _filmed_crowd(film, f, n)):
            looker = Looker((), ReferenceDetector([]), Scene(reference))
            for number in range(60):
                said = looker.look(crowd(frames[number % len(frames)], number), (1000 + 6 * number) * SECOND_US, number)
                told.update(fault.value for fault, there in said.faults.items() if there)
                looks, hidden = looks + 1, hidden + (said.figures.get("seen_again", 1.0) < SceneLimits().seen)
    return Line("people crowding before the camera (drawn 60, 80, 100 %; of the film, enlarged)",
                f"{told['moved']} of {looks} looks called moved, {told['covered']} covered, {told['blurred']} blurred",
                f"by recognition alone: {hidden} of {looks} moved", "", "none called moved", not told["moved"],
                "three films, six minutes each")


def _filmed_crowd(film: Film, frame: Frame, number: int) -> Frame:
    """The person of the film, four times, so large that most of the scene is behind them."""
    there, (height, width) = frame.copy(), frame.shape[:2]
    for place in range(4):
        source = film.frames[film.occupied[(7 * number + 20 * place) % len(film.occupied)]]
        person = cv2.resize(source[20:360, 330:560], (width * 3 // 8, height * 9 // 10))
        x = min(width - person.shape[1], max(0, round(width * 0.21 * place + 25 * np.sin(number + place))))
        there[-person.shape[0]:, x:x + person.shape[1]] = person
    return there


# Frozen -----------------------------------------------------------------------------------------------------------

STILLS = tuple((light, sigma) for light in (1.0, 0.3, 0.1, 0.05) for sigma in (0.3, 1.0))
CODINGS = {"quantiser 24": {"qp": "24"}, "quantiser 34": {"qp": "34"}, "quantiser 42": {"qp": "42"},
           "300 kbit/s": {"x264-params": "vbv-maxrate=300:vbv-bufsize=300:bitrate=300:keyint=2:min-keyint=2:scenecut=0"}}
CONTROLLED = {  # how an encoder keeps to a bit rate: group by group, by its buffer, or on the average
    "300 kbit/s": CODINGS["300 kbit/s"],
    "100 kbit/s": {"x264-params": "vbv-maxrate=100:vbv-bufsize=100:bitrate=100:keyint=2:min-keyint=2:scenecut=0"},
    "300 kbit/s, buffer of 2 s": {
        "x264-params": "vbv-maxrate=300:vbv-bufsize=600:bitrate=300:keyint=4:min-keyint=4:scenecut=0"},
    "300 kbit/s on the average": {"x264-params": "bitrate=300:keyint=4:min-keyint=4:scenecut=0"}}
HELD = 60   # key frames, one a second: what `vision.frozen_s` asks for


def _frozen(film: Film) -> list[Line]:
    empty, drawn = _half(film.reference), _half(room())  # the fewer pixels, the fewer there are for noise to change
    scenes = ([noisy(lit(scene, light), sigma, n) for n in range(2 * HELD + 4)]
              for scene in (empty, drawn) for light, sigma in STILLS)
    alive = [_told_frozen(frames, coding) for frames in scenes for coding in CODINGS.values()]
    still = [_told_frozen([picture] * (4 * HELD), CODINGS[coding]) for coding in CODINGS if coding != "300 kbit/s"
             for picture in (empty, lit(empty, 0.3), drawn, noisy(drawn, 3, 1))]
    controlled = [_told_frozen([picture] * (12 * HELD), coding) for coding in CONTROLLED.values() for picture in (
        empty, lit(empty, 0.3), drawn, noisy(drawn, 3, 1))]
    looped = [_told_frozen([_half(frame) for frame in film.frames[at:at + 6] for _ in range(2)] * (HELD // 4), coding)
              for at in (8, 53, 126) for coding in CODINGS.values()]
    begun_again = [_told_frozen([_half(frame) for frame in film.frames[:long] for _ in range(2)] * (2 * HELD // long), coding)
                   for long in (3, 6) for coding in CODINGS.values()]
    limit = f"{HELD} key frames in a row bit by bit as one of the few before"
    return [Line("a still hall, lit and at night, not frozen", f"{sum(key for key, _ in alive)} of {len(alive)} called frozen",
                 f"of the pictures between them repeat the one before: {sum(each for _, each in alive) / len(alive):.0%}", "",
                 "none", not any(key for key, _ in alive), f"light 100–5 %, noise σ 0.3 and 1, {', '.join(CODINGS)}; {limit}"),
            Line("one picture for ever, constant quantiser", f"{sum(key for key, _ in still)} of {len(still)} called frozen",
                 "", "", "all", all(key for key, _ in still), limit),
            Line("one picture for ever, compressed to a bit rate",
                 f"{sum(key for key, _ in controlled)} of {len(controlled)} called frozen", "", "", "", None,
                 f"{', '.join(CONTROLLED)}; three to six minutes"),
            Line("six seconds with people again and again, not frozen",
                 f"{sum(key for key, _ in looped)} of {len(looped)} called frozen", "", "", "none",
                 not any(key for key, _ in looped), "somebody comes, sits, goes; " + limit),
            Line("three and six seconds of an empty window again and again, not frozen",
                 f"{sum(key for key, _ in begun_again)} of {len(begun_again)} called frozen", "", "", "none",
                 not any(key for key, _ in begun_again), limit)]


def _half(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    return np.asarray(cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def _told_frozen(frames: Sequence[Frame], coding: dict[str, str]) -> tuple[bool, float]:
    """Whether it holds by key frames, and the share of the pictures in between that repeat the one before them."""
    keys, run, longest, repeated, between, before = Stillness(), 0, 0, 0, 0, 0
    for frame in _coded(frames, coding):
        mark = mark_of(frame)
        if frame.key_frame:
            run = run + 1 if keys.look(frame.to_ndarray(format="bgr24"), mark) else 0
            longest = max(longest, run)
        else:
            between, repeated = between + 1, repeated + (mark == before)
        before = mark
    return longest >= HELD, repeated / max(1, between)


def _coded(frames: Sequence[Frame], coding: dict[str, str]) -> Iterator[Any]:
    """Two pictures a second, the first of each second a key frame, as a camera would send and a viewer decode them."""
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.height, coder.width = frames[0].shape[:2]
    coder.pix_fmt, coder.time_base = "yuv420p", Fraction(1, 2)
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "x264-params": "keyint=2:min-keyint=2:scenecut=0", **coding}
    reader: Any = av.CodecContext.create("h264", "r")
    reader.thread_count = 1
    for frame in [*frames, None]:
        picture = None if frame is None else av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="bgr24")
        for packet in coder.encode(picture):
            if not reader.extradata and coder.extradata:
                reader.extradata = coder.extradata
            yield from reader.decode(packet)


# Cost -------------------------------------------------------------------------------------------------------------

def _costs(film: Film) -> list[Line]:
    lines = []
    for width, height in ((640, 360), (1920, 1080)):
        frames = [noisy(cv2.resize(frame, (width, height)), 2, n) for n, frame in enumerate(film.frames[:6])]
        floor = _decoding(frames)
        size = min(width, 960), min(width, 960) * 9 // 16
        small = [np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8) for frame in frames]
        reference, scene = ReferenceDetector([small[0]]), Scene(small[0])
        motion, still = SeatMotion(), Stillness()
        parts: dict[str, Callable[[Frame], Any]] = {
            "seat": lambda frame, it=reference: it.look(frame, film.seat),
            "motion": lambda frame, it=motion: it.look(frame, film.seat),
            "frozen": lambda frame, it=still: it.look(frame, id(frame)), "scene": scene.look,
            "scene sought elsewhere": lambda frame, it=scene: it.look(shifted(frame, 0.05))}
        spent = {name: _ms(part, small) for name, part in parts.items()}
        each = spent["seat"] + spent["motion"] + spent["frozen"] + spent["scene"] / 5
        told = ", ".join(f"{name} {ms:.2f}" for name, ms in spent.items())
        lines.append(Line(f"one look at {width}×{height}", f"{each:.2f} ms CPU ({told}; the scene every fifth look)",
                          f"decoding the key frame: {floor:.2f} ms CPU", f"{each / floor:.1f}", "", None, "60 looks"))
    return lines


def _ms(work: Callable[[Frame], Any], frames: Sequence[Frame]) -> float:
    work(frames[0])
    with stopwatch() as spent:
        for number in range(60):
            work(frames[number % len(frames)])
    return spent.cpu / 60 * 1000


def _decoding(frames: Sequence[Frame]) -> float:
    """Milliseconds to decode a key frame alone."""
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.height, coder.width = frames[0].shape[:2]
    coder.pix_fmt, coder.time_base = "yuv420p", Fraction(1, 25)
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "x264-params": "keyint=1"}
    packets = [packet for frame in frames for packet in coder.encode(av.VideoFrame.from_ndarray(frame, format="bgr24"))]
    packets += coder.encode(None)
    reader: Any = av.CodecContext.create("h264", "r")
    reader.extradata, reader.thread_count = coder.extradata, 1
    with stopwatch() as spent:
        count = sum(len(reader.decode(packet)) for _ in range(10) for packet in packets)
    return spent.cpu / max(1, count) * 1000
