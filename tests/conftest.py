"""Fixtures every test may use: real servers, a real browser, databases, data and a clock that stands still."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
import psycopg
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy.engine import make_url

import core.database
import core.migration
import core.passwords
from core import collector
from core.clock import FrozenClock
from tests import ground
from tests.services import Service, ServiceUnavailable, memory_folder, start_postgres, start_redis

if TYPE_CHECKING:
    from tests.streams import Clip, RtspServer  # imported where they are used: av and cv2 take their time

PREPARE_SQLITE = core.database._prepare_sqlite
REPOSITORY = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0")
LONGEST_FIRST = ("e2e", "integration", "property", "independent", "unit/exchange", "unit/commands", "unit/papers")
# First the one without windows: the others draw bars of their own for every page, unseen, which takes half as much again.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",  # as the kiosk browser of a wall is started
]


def pytest_configure() -> None:
    """What tests write goes where writing is quick (tests.services.memory_folder); what a failed test wrote is kept."""
    gc.disable()  # until all tests are collected: what is made meanwhile stays
    if folder := memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first (with --no-loadscope-reorder workers take them in this order), so that all workers have small
    ones left to end with together."""
    def place(item: pytest.Item) -> int:
        name = item.nodeid.removeprefix("tests/")
        return next((rank for rank, folder in enumerate(LONGEST_FIRST) if name.startswith(f"{folder}/")), len(LONGEST_FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules are a million objects that stay: no test waits while they are looked through."""
    gc.enable()
    collector.settle()


# --- the outside world is not part of a test --------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_outside_network() -> Iterator[None]:
    """A test that talks to anything but this machine fails at once and says with whom."""
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to connect to {address[0]}; tests talk to this machine only")
        real_connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_ground() -> Iterator[pytest.MonkeyPatch]:
    """Schema and configuration files are worked out once per process (tests.ground)."""
    with pytest.MonkeyPatch.context() as patch:
        clones = ground.lay(patch)
        yield patch
    clones.drop()


@pytest.fixture
def plain_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations themselves, step by step; passwords hashed, and files written, as the product does it."""
    monkeypatch.setattr(core.migration, "command", alembic.command)
    monkeypatch.setattr(core.passwords, "PasswordHasher", PasswordHasher)
    monkeypatch.setattr(core.database, "_prepare_sqlite", PREPARE_SQLITE)


# --- servers ----------------------------------------------------------------------------------------------------


def _or_skip(start: Callable[[], Service]) -> Service:
    """`make test` installs everything, so there a missing server is a failure; elsewhere it is a reason to skip."""
    try:
        return start()
    except ServiceUnavailable as missing:
        if os.environ.get("YANGGUANG_TEST_REQUIRE_SERVICES"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres_service() -> Iterator[Service]:
    """The session's PostgreSQL. A test that takes it away brings it back before it ends (`restored` does)."""
    service = _or_skip(start_postgres)
    yield service
    service.close()


@pytest.fixture(scope="session")
def redis_service() -> Iterator[Service]:
    """The session's Redis. A test that takes it away brings it back before it ends (`restored` does)."""
    service = _or_skip(start_redis)
    yield service
    service.close()


@pytest.fixture(scope="session")
def clip_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process keeps the clips it made: `streams.make_clip(clip_dir, codec="hevc")` makes each once."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def rtsp_clip(clip_dir: Path) -> Clip:
    """What the session's RTSP server shows at /hall: H.264, 640x360, 15 pictures a second, a key frame each second."""
    from tests.streams import make_clip

    return make_clip(clip_dir)


@pytest.fixture(scope="session")
def _rtsp_service(rtsp_clip: Clip) -> Iterator[RtspServer]:
    from tests.streams import RtspServer

    service = _or_skip(lambda: RtspServer({"/hall": rtsp_clip}))
    assert isinstance(service, RtspServer)
    yield service
    service.close()


@pytest.fixture
def rtsp_server(_rtsp_service: RtspServer) -> Iterator[RtspServer]:
    """The session's RTSP server, running; a test may kill, freeze and start it, and `serve` more mounts."""
    _rtsp_service.start()
    yield _rtsp_service
    _rtsp_service.thaw()


@pytest.fixture
def restored() -> Iterator[Callable[[Service], Service]]:
    """`server = restored(redis_service)`: whatever the test does to the server, it runs again afterwards."""
    borrowed: list[Service] = []

    def borrow(service: Service) -> Service:
        borrowed.append(service)
        return service

    yield borrow
    for service in borrowed:
        service.start()


@pytest.fixture(scope="session")
def postgres_url(postgres_service: Service) -> str:
    """SQLAlchemy URL of a PostgreSQL server's maintenance database. Tests that write want `fresh_postgres_url`."""
    return postgres_service.url


@pytest.fixture
def redis_url(redis_service: Service) -> Iterator[str]:
    """URL of a Redis whose database is empty."""
    import redis

    client = redis.Redis.from_url(redis_service.url)
    client.flushdb()
    yield redis_service.url
    client.close()


# --- databases --------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'yangguang.db'}"


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database of this test's own."""
    with postgres_database(postgres_url) as url:
        yield url


@contextmanager
def postgres_database(postgres_url: str) -> Iterator[str]:
    """URL of an empty database on that server, dropped at the end; for fixtures of a module."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    _administer(postgres_url, f'CREATE DATABASE "{name}"')
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    _administer(postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice: on an empty SQLite file and on an empty PostgreSQL database."""
    fixture = {"sqlite": "fresh_sqlite_url", "postgresql": "fresh_postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


def _administer(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


# --- browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium installed on this machine, or the one YANGGUANG_TEST_CHROMIUM names."""
    for name in filter(None, (os.environ.get("YANGGUANG_TEST_CHROMIUM"), *CHROMIUMS)):
        if found := shutil.which(name):
            return found
    if os.environ.get("YANGGUANG_TEST_REQUIRE_SERVICES"):
        pytest.fail("no Chromium installed: apt-get install chromium-headless-shell")
    pytest.skip("no Chromium installed")


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A wall-sized page in Chinese at Shanghai time, in a profile of its own.

    It may reach this machine only. A script error or a request to anybody else fails the test when it ends.
    """
    context = browser.new_context(
        viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    page.on("request", lambda request: problems.extend(_outside(request.url)))
    yield page
    context.close()
    assert problems == []


def _outside(url: str) -> list[str]:
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].rsplit(":", 1)[0]
    is_local = scheme not in ("http", "https", "ws", "wss") or host in LOOPBACK
    return [] if is_local else [f"request to {url}"]


# --- data and time ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real case logs: $YANGGUANG_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("YANGGUANG_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real case logs: {folder} does not exist; set YANGGUANG_DATA")
    return folder


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Monday 2018-10-15 10:00 in Shanghai: an ordinary working morning."""
    return FrozenClock(datetime(2018, 10, 15, 2, 0, tzinfo=UTC))
