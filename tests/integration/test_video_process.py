"""`python app.py video` as a process: it reads a registered camera, shows it live with a ticket of the web process, shares the
cameras with a second process, and another takes over when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from bootstrap import Services, build_services
from config.settings import load_settings
from core.access import Actor, Role
from core.models import leases
from tests.conftest import REPOSITORY
from tests.services import free_port, wait_until
from tests.streams import RtspServer
from tests.viewing import Watching
from video.models import camera_states
from video.registration import CameraForm
from video.tickets import Tickets

ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}), "", "管理员")
SECRET, PASSWORD = "s" * 32, "Geheim-7f!x"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings of both processes."""
    folders = {"YANGGUANG_JOURNAL__ANCHOR_DIR": "anchors", "YANGGUANG_FEEDS__DROP_DIR": "drop",
               "YANGGUANG_PAPERS__KEY_DIR": "keys", "YANGGUANG_APPROVAL__MATERIAL_DIR": "materials"}
    return {"YANGGUANG_DATABASE__URL": f"sqlite:///{tmp_path / 'y.db'}", "YANGGUANG_JOURNAL__KEY": "j" * 32,
            "YANGGUANG_SECURITY__SECRET_KEY": SECRET, "YANGGUANG_COMPLAINTS__IDENTITY_KEY": "i" * 32,
            "YANGGUANG_APPLICANTS__KEY": "a" * 32, "YANGGUANG_VIDEO__NETWORKS": "127.0.0.0/8", "YANGGUANG_VIDEO__LEASE_S": "3",
            **{name: str(tmp_path / folder) for name, folder in folders.items()}}


@pytest.fixture
def services(environment: dict[str, str]) -> Iterator[Services]:
    services = build_services(load_settings(env=environment))
    yield services
    services.database.dispose()


class VideoProcess:
    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.log = folder / f"video-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "app.py", "video"], cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={"PATH": os.environ["PATH"], **environment, "YANGGUANG_VIDEO__PORT": str(self.port)})

    def __enter__(self) -> VideoProcess:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self.process.poll() is None:
            self.end()

    def end(self) -> None:
        """In order. One that does not end says where its threads stand."""
        self.process.terminate()
        try:
            assert self.process.wait(15) == 0
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            pytest.fail(f"it did not end\n{self.log.read_text()[-6000:]}")


def register(services: Services, code: str, address: str) -> None:
    area = services.catalogue.default_area
    form = CameraForm(code=code, name="一号窗口", area=area, hall="市民中心", kind="rtsp", main=address)
    services.video.service.register(form, reason="新装", actor=ADMIN)


@pytest.mark.slow
def test_cameras_are_shared_and_taken_over(services: Services, environment: dict[str, str], rtsp_server: RtspServer,
                                           tmp_path: Path) -> None:
    for number in (1, 2):  # the server asks for no password: what matters is that none shows
        register(services, f"hall-{number}", rtsp_server.address("/hall", user="admin", password=PASSWORD))
    with ExitStack() as ends:
        one = ends.enter_context(VideoProcess(environment, tmp_path))
        wait_until(lambda: _states(services) == ["live", "live"], timeout_s=60, what="both cameras to be live")
        ticket = Tickets(SECRET.encode(), services.clock, 15).issue(["hall-1"], "zhang", "patrol", unmasked=False)[0]
        with Watching(f"ws://127.0.0.1:{one.port}/live/hall-1/main?ticket={ticket}") as viewer:
            viewer.until_pictures(5)
        two = ends.enter_context(VideoProcess(environment, tmp_path))
        wait_until(lambda: len(_holders(services)) == 2, timeout_s=60, what="the cameras to be shared")
        one.process.kill()
        wait_until(lambda: _holders(services) == {f"{os.uname().nodename}:{two.port}"}, timeout_s=30,
                   what="the other to take over")
        two.end()
        assert _holders(services) == set()
        for process in (one, two):
            assert PASSWORD not in process.log.read_text()
            assert "Traceback" not in process.log.read_text()


def _states(services: Services) -> list[str]:
    with services.database.read() as conn:
        return list(conn.scalars(select(camera_states.c.state)))


def _holders(services: Services) -> set[str]:
    with services.database.read() as conn:
        return set(conn.scalars(select(leases.c.owner).where(leases.c.name.startswith("video-camera:"))))
