"""The halls of the demonstration: nine drawn windows, their cameras registered, and what happens there while it runs.

Where Debian's RTSP server is there, a process of its own draws the windows live and follows the business clock (office hours,
absences); elsewhere clips are written once and played again and again. Both go on beside the start, which waits for neither.
"""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from bootstrap import Services
from commands.demo_hall_day import HallDay
from commands.demo_people import person
from config.settings import Settings
from core.access import Role
from core.clock import SystemClock
from core.errors import SupervisionError
from core.instants import SECOND_US
from video import rtsp_server
from video.attendance import Moment
from video.cameras import SourceKind
from video.references import Why
from video.registration import CameraForm
from video.scenes import clips, live
from video.scenes.course import Course, Cue
from video.scenes.designs import COUNTY, DESIGNS, Design
from video.scenes.furniture import seat_of
from video.scenes.plate import is_kept
from video.scenes.scene import Scene

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[1]
TICK_S = 0.25
REASON = "演示：绘制的窗口画面"
POST = "综合窗口"
COUNTY_AREA = "360521"
LOOPBACK = "127.0.0.0/8"
ROOM_MIB = 4096
# Whose window it is. A catalogue of one's own may not know them: then nobody's.
ORGS = {1: "shichang", 2: "fagai", 3: "zhujian", 4: "renshe", 5: "ziran", 6: "caizheng", 7: "zhujian", 8: "fagai",
        9: "minzheng"}


def hall_settings(settings: Settings, folder: Path, *, is_new: bool) -> Settings:
    """Cameras on this machine and clips below `folder` are allowed, in a demonstration only; pictures of signals are kept
    there, and forgotten with a database that `is_new`. Recordings take `ROOM_MIB` of the disk at most: the oldest go first."""
    pictures = folder / "signals"
    if is_new:
        shutil.rmtree(pictures, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    left = max(settings.recording.free_min_mib, shutil.disk_usage(folder).free // 2**20 - ROOM_MIB)
    video = settings.video.model_copy(update={"networks": (*settings.video.networks, LOOPBACK), "file_dir": folder.resolve()})
    return settings.model_copy(update={
        "video": video, "vision": settings.vision.model_copy(update={"picture_dir": pictures}),
        "recording": settings.recording.model_copy(update={"free_min_mib": left})})


class HallShow:
    """The windows, from their registration to the end of the demonstration."""

    def __init__(self, services: Services, folder: Path) -> None:
        demo = services.settings.demo
        self._services, self._folder, self._designs = services, folder, DESIGNS[:demo.windows]
        self._port = _free_port() if self._designs and rtsp_server.has_packages("h264") else 0
        self._day = HallDay([design.key for design in self._designs], services.areas.default.calendar, demo.seed, demo.speed,
                            demo.idle_speed)
        self._began = time.perf_counter()
        self._registered: set[str] = set()
        self._known_seats: set[str] = set()

    @property
    def is_live(self) -> bool:
        """Whether the windows are drawn while they are watched, and not clips."""
        return self._port > 0

    def register(self) -> None:
        """The cameras whose pictures there are, once each; in a database that knows them from another day, their new address.
        A clip is registered when it has been written."""
        for design in self._designs:
            if design.key not in self._registered and self._has_pictures(design):
                self._registered.add(design.key)
                self._register(design)

    def live(self, stop: threading.Event) -> None:
        """Until told to stop: the process that draws, what happens in the halls, and what else has to wait for pictures."""
        if not self._designs:
            return
        process = self._start()
        try:
            while not stop.wait(TICK_S):
                self._step(process)
        finally:
            _end(process)

    def _step(self, process: subprocess.Popen[str]) -> None:
        if self.is_live and process.stdin is not None and process.poll() is None:
            for command in self._day.commands(self._services.clock.now_us(), time.perf_counter() - self._began):
                process.stdin.write(json.dumps(command) + "\n")
                process.stdin.flush()
        elif not self.is_live:
            self.register()
        self._tell_empty_seats()

    def _tell_empty_seats(self) -> None:
        """The picture of an empty seat, as an operator would consent to it while the hall is closed: one window at a time, as
        soon as it has been drawn."""
        for design in self._designs:
            is_new = design.key in self._registered and design.key not in self._known_seats
            if is_new and is_kept(design, *live.SUB, self._folder):
                self._known_seats.add(design.key)
                self._tell_empty_seat(design)
                return

    def _tell_empty_seat(self, design: Design) -> None:
        services, officer, at = self._services, person(Role.DUTY_OFFICER), SystemClock().now_us()
        row = services.video.queries.find(design.key, officer)
        if services.analysis.references.of(row.id):
            return
        empty = Scene(design, *live.SUB, kept_in=self._folder).frame(Course(((at - 60 * SECOND_US, Cue.LEAVE),)), at)
        kept = services.analysis.pictures.keep(empty, row.masks)
        number = services.analysis.references.propose(row.id, kept, Moment(at, services.clock.now_us()), Why.FIRST, None)
        services.analysis.references.accept(number, officer)

    def _start(self) -> subprocess.Popen[str]:
        arguments = [str(self._folder.resolve()), *([str(self._port)] if self.is_live else [])]
        module = live.__name__ if self.is_live else clips.__name__
        windows = [design.key for design in self._designs]
        command = [sys.executable, "-m", module, *arguments, *windows]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)

    def _has_pictures(self, design: Design) -> bool:
        return self.is_live or (self._folder / clips.name_of(design)).is_file()

    def _register(self, design: Design) -> None:
        registry, administrator = self._services.video, person(Role.ADMINISTRATOR)
        known = {row.code: row.rev for row in registry.queries.rows(administrator, codes=[design.key])}
        form = self._form(design, *self._addresses(design))
        try:
            if design.key in known:
                registry.service.edit(form, known[design.key], reason=REASON, actor=administrator)
            else:
                registry.service.register(form, reason=REASON, actor=administrator)
        except SupervisionError as refusal:
            log.warning("a camera of the demonstration is not registered: %s", refusal)

    def _addresses(self, design: Design) -> tuple[str, str]:
        """Main and smaller stream."""
        if not self.is_live:
            return clips.name_of(design), ""
        small, *large = (f"rtsp://127.0.0.1:{self._port}{mount}" for mount, _size, _fps in live.mounts_of(design))
        return (large[0], small) if large else (small, "")

    def _form(self, design: Design, main: str, sub: str) -> CameraForm:
        catalogue, org = self._services.catalogue, ORGS[design.number]
        area = COUNTY_AREA if design.hall is COUNTY and COUNTY_AREA in catalogue.areas else catalogue.default_area
        kind = SourceKind.RTSP if self.is_live else SourceKind.FILE
        return CameraForm(code=design.key, name=f"{design.title}窗口", area=area, hall=design.hall.name,
                          kind=kind.value, main=main, sub=sub, window=str(design.number), post=POST,
                          org=org if org in catalogue.organisations else "", seat=seat_of(design))


def _end(process: subprocess.Popen[str]) -> None:
    """The end of its input ends it, and with it its server."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=8)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
